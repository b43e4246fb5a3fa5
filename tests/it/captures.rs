//! Every recorded capture through the real sockets, over the protocol and the connections it came on.

use std::collections::BTreeSet;

use plimsoll_replay::{Capture, Order, Signal};
use plimsoll_testkit::{Books, Expected, Truth};

use crate::house::{books, capture, expected, folder, replay, resident};

/// What the books have to hold of a capture.
fn truth(name: &str, books: &Books) -> Expected {
    if name == "kill9" {
        // The client was killed: its transcripts know more than it could tell.
        let told: BTreeSet<String> = books.requests().map(str::to_owned).collect();
        assert_eq!(told.len(), 13);
        return Truth::read(&folder(name)).unwrap().told_of(&told);
    }
    expected(name)
}

fn assert_exact(name: &str, books: &Books) {
    let differences = truth(name, books).differences(books);
    assert!(differences.is_empty(), "{name}:\n{}", differences.join("\n"));
}

fn assert_each_completed_once(name: &str, books: &Books) {
    assert!(books.doubles().is_empty(), "{name}: {:?}", books.doubles());
    if name == "kill9" {
        return;
    }
    let recorded: BTreeSet<_> = books.requests().map(str::to_owned).collect();
    let missing: Vec<_> =
        Truth::read(&folder(name)).unwrap().completed().difference(&recorded).cloned().collect();
    assert!(missing.is_empty(), "{name}: no record of {missing:?}");
}

/// Sends a capture as recorded, then again, then in three shuffled orders; each into the same or into empty
/// books.
async fn check(name: &str) {
    let traffic = capture(name);
    let house = resident().await;
    replay(&house, &traffic, Order::Recorded).await;
    let first = books(&house).await;
    assert_exact(name, &first);
    assert_each_completed_once(name, &first);
    replay(&house, &traffic, Order::Recorded).await;
    assert_eq!(books(&house).await, first, "{name}: sent twice");
    replay(&house, &traffic, Order::Shuffled(7)).await;
    assert_eq!(books(&house).await, first, "{name}: sent a third time, shuffled");
    for seed in [1, 2] {
        let house = resident().await;
        replay(&house, &traffic, Order::Shuffled(seed)).await;
        assert_eq!(books(&house).await, first, "{name}: shuffled by seed {seed}");
    }
}

/// Sends only one signal of a capture.
async fn only(name: &str, signal: Signal) -> Books {
    let traffic = capture(name);
    let entries = traffic.entries.into_iter().filter(|entry| entry.signal == signal).collect();
    let house = resident().await;
    replay(&house, &Capture { name: traffic.name, entries }, Order::Recorded).await;
    books(&house).await
}

macro_rules! captures {
    ($($test:ident: $name:literal;)*) => {
        const NAMES: &[&str] = &[$($name),*];
        $(
            /// Scenario: the capture is sent as it was recorded, twice, a third time shuffled, and shuffled
            /// into empty books.
            /// Guarantees: the books hold what `expected.json` says by session, model, source and type, and
            /// one record per completed request; repetition and order change nothing.
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                check($name).await;
            }
        )*
    };
}

captures! {
    all_metrics: "all-metrics";
    api_errors: "api-errors";
    gzip: "gzip";
    hooks_print_mode: "hooks-print-mode";
    interactive: "interactive";
    kill9: "kill9";
    multiturn_manual_compact: "multiturn-manual-compact";
    resume: "resume";
    simple_grpc: "simple-grpc";
    simple_http_json: "simple-http-json";
    simple_http_protobuf: "simple-http-protobuf";
    subagents: "subagents";
    subagents_parallel: "subagents-parallel";
    temporality: "temporality";
    tools_autocompact: "tools-autocompact";
    traces: "traces";
    user_abort: "user-abort";
}

/// Scenario: the fixtures' folder is listed.
/// Guarantees: no capture is without a test.
#[test]
fn every_capture_has_a_test() {
    let folders = std::fs::read_dir(folder("")).unwrap();
    let mut found: Vec<_> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, NAMES);
}

/// Scenario: each capture's metrics alone, and each capture's events alone.
/// Guarantees: both give the expected totals (where no answer was aborted and the client was not killed), the
/// metrics as unattributed use that is listed at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_alone_and_events_alone_give_the_same_totals() {
    for name in NAMES.iter().filter(|name| !["kill9", "api-errors", "user-abort"].contains(name)) {
        let by_metrics = only(name, Signal::Metrics).await;
        assert_eq!(by_metrics.requests().count(), 0);
        assert_exact(name, &by_metrics);
        assert_exact(name, &only(name, Signal::Logs).await);
    }
}

/// Scenario: captures with aborted answers and a killed client, by metrics alone and by events alone.
/// Guarantees: metrics give the full expected totals with the client's estimate of the output; events give
/// what completed and what was told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aborted_answers_are_known_to_metrics_only() {
    for name in ["api-errors", "user-abort"] {
        assert_exact(name, &only(name, Signal::Metrics).await);
        let by_events = only(name, Signal::Logs).await;
        assert_each_completed_once(name, &by_events);
    }
    let killed = only("kill9", Signal::Metrics).await;
    let session = killed.sessions()[0].to_owned();
    assert_eq!(killed.total(&session).output, 2226);
}
