//! The client's transcripts beside its telemetry: whatever telemetry loses they know, and nothing counts twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use plimsoll_replay::{Capture, Order};
use plimsoll_testkit::{Books, Expected, Start, TestResident, Truth};
use serde_json::Value;

use crate::house::{books, capture, expected, folder, records, replay, start, until};

/// Captures whose telemetry is cut, with those among them in which answers were aborted or the client was killed.
const CUT: [&str; 6] = [
    "kill9",
    "multiturn-manual-compact",
    "resume",
    "subagents-parallel",
    "tools-autocompact",
    "user-abort",
];

/// Puts a capture's transcripts where the client keeps them.
fn write_transcripts(home: &Path, name: &str) {
    copy(&folder(name).join("transcripts"), &home.join(".claude/projects"));
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Waits until everything that lay there at the start was read.
async fn untold_history(house: &TestResident) {
    let api = house.api().unwrap();
    until("the end of the first reading", async || {
        let health = api.json("/api/v1/health").await.ok()?;
        health["backfill"]["endedAt"].is_string().then_some(())
    })
    .await;
}

/// Starts beside transcripts, and waits until they are read.
pub(crate) async fn beside_transcripts(name: &str) -> TestResident {
    let start = start();
    write_transcripts(&start.home(), name);
    let house = start.run().await.unwrap();
    untold_history(&house).await;
    house
}

/// The ids of requests that a witness told of.
async fn told_by(house: &TestResident, witness: &str) -> BTreeSet<String> {
    let all = records(&house.api().unwrap()).await;
    let told = all.iter().filter(|record| {
        let provenance = record["provenance"].as_array().unwrap();
        provenance.iter().any(|one| one == witness)
    });
    told.filter_map(|record| record["requestId"].as_str().map(str::to_owned)).collect()
}

/// What was completed and is known: no more of it may be in the books, and no less.
async fn assert_exact_so_far(what: &str, name: &str, house: &TestResident) {
    let truth = Truth::read(&folder(name)).unwrap();
    let books = books(house).await;
    assert!(books.doubles().is_empty(), "{what}: {:?}", books.doubles());
    let known: BTreeSet<_> = books.requests().map(str::to_owned).collect();
    let least = truth.told_of(&known);
    let most = expected(name);
    for (session, told) in &least.sessions {
        let total = books.total(session);
        let room = &most.sessions[session];
        assert_eq!(
            told.totals.minus(total),
            plimsoll_domain::Tokens::ZERO,
            "{what}: {session} lacks"
        );
        assert!(total.input <= room.totals.input, "{what}: {session} has too much input");
        assert!(total.output <= room.output_max, "{what}: {session} has too much output");
        assert!(total.cache_read <= room.totals.cache_read, "{what}: {session}: cache read");
        assert!(total.cache_creation <= room.totals.cache_creation, "{what}: {session}: creation");
    }
}

fn assert_whole(what: &str, expected: &Expected, books: &Books) {
    let differences = expected.differences(books);
    assert!(differences.is_empty(), "{what}:\n{}", differences.join("\n"));
}

/// What complete books hold.
///
/// In `kill9` the client was killed after the last answer came and before it told anyone: no event, no metric and no
/// line of the transcript knows of it, so nothing can.
fn whole(name: &str) -> Expected {
    const UNTOLD: &str = "req_mock_0015_16ce7ba5";
    if name != "kill9" {
        return expected(name);
    }
    let truth = Truth::read(&folder(name)).unwrap();
    let mut told = truth.completed();
    assert!(told.remove(UNTOLD));
    truth.told_of(&told)
}

/// Every capture's name.
fn names() -> Vec<String> {
    let folders = fs::read_dir(folder("")).unwrap();
    let mut names: Vec<_> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Scenario: sessions without any telemetry, as their transcripts tell them, for every capture.
/// Guarantees: every completed request that a transcript knows is in the books once, with its tokens, its session,
/// a price, and the transcript as its only witness; nothing else is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transcripts_alone_are_exact() {
    for name in names() {
        let house = beside_transcripts(&name).await;
        let told = told_by(&house, "transcript").await;
        let completed = Truth::read(&folder(&name)).unwrap().completed();
        let whole: BTreeSet<_> = told.intersection(&completed).cloned().collect();
        assert!(!whole.is_empty() || completed.is_empty(), "{name}: nothing was read");
        let truth = Truth::read(&folder(&name)).unwrap().told_of(&whole);
        let all = records(&house.api().unwrap()).await;
        let of_completed: Vec<Value> = all
            .iter()
            .filter(|record| record["requestId"].as_str().is_some_and(|id| whole.contains(id)))
            .cloned()
            .collect();
        assert_whole(&name, &truth, &Books::from_api(&of_completed));
        for record in &all {
            assert_eq!(record["provenance"], serde_json::json!(["transcript"]), "{name}");
            assert!(
                record["costNanoUsd"].as_i64().is_some_and(|cost| cost > 0),
                "{name}: {record}"
            );
            assert_eq!(record["costBasis"], "priceTable", "{name}");
        }
    }
}

/// Scenario: the client was killed, an answer was aborted, a session was resumed and forked; telemetry and
/// transcripts are both there, in both orders.
/// Guarantees: the books hold what `expected.json` says of all that any witness knows, to the token.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn telemetry_and_transcripts_together_are_whole() {
    for name in ["kill9", "user-abort", "resume", "interactive", "subagents", "api-errors"] {
        let traffic = capture(name);
        let first = beside_transcripts(name).await;
        replay(&first, &traffic, Order::Recorded).await;
        assert_whole(&format!("{name}, transcripts first"), &whole(name), &books(&first).await);

        let start = start();
        let home = start.home();
        fs::create_dir_all(home.join(".claude/projects")).unwrap();
        let second = start.run().await.unwrap();
        untold_history(&second).await;
        replay(&second, &traffic, Order::Shuffled(3)).await;
        write_transcripts(&home, name);
        let wanted = told_by(&first, "transcript").await;
        until("all transcripts read", async || {
            (told_by(&second, "transcript").await == wanted).then_some(())
        })
        .await;
        assert_whole(&format!("{name}, telemetry first"), &whole(name), &books(&second).await);
    }
}

/// Scenario: telemetry is cut off after each of its requests while the transcripts are complete; then the late rest
/// arrives, some of it twice.
/// Guarantees: at each cut everything that either witness knows is in the books once, with the witnesses that told of
/// it; at the end the books are whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn telemetry_may_be_cut_anywhere() {
    for name in CUT {
        let traffic = capture(name);
        let house = beside_transcripts(name).await;
        let by_transcript = told_by(&house, "transcript").await;
        for (index, entry) in traffic.entries.iter().enumerate() {
            let what = format!("{name} cut after {}", entry.file);
            assert_exact_so_far(&format!("{name} cut before {}", entry.file), name, &house).await;
            let one = Capture { name: what.clone(), entries: vec![entry.clone()] };
            replay(&house, &one, Order::Recorded).await;
            if index % 3 == 0 {
                replay(&house, &one, Order::Recorded).await;
            }
            assert_eq!(told_by(&house, "transcript").await, by_transcript, "{what}");
        }
        assert_whole(name, &whole(name), &books(&house).await);
    }
}

/// Scenario: the resident is started again on the same ledger, after lines were appended, and after a file was
/// replaced by an older copy of itself.
/// Guarantees: what is new is read, and nothing is counted again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_goes_on_where_it_ended() {
    let name = "kill9";
    let start = start();
    let home = start.home();
    write_transcripts(&home, name);
    let path = only_transcript(&home.join(".claude/projects"));
    let lines = fs::read(&path).unwrap();
    // In the middle of a line.
    fs::write(&path, &lines[..lines.len() / 2]).unwrap();
    let mut house = start.run().await.unwrap();
    untold_history(&house).await;
    let half = told_by(&house, "transcript").await;
    fs::write(&path, &lines).unwrap();
    let all = until("the rest read", async || {
        let told = told_by(&house, "transcript").await;
        (told.len() > half.len() && told.len() == 14).then_some(told)
    })
    .await;
    house.kill9().unwrap();
    fs::write(&path, &lines[..lines.len() / 3]).unwrap();
    house.start_again().await.unwrap();
    untold_history(&house).await;
    assert_eq!(told_by(&house, "transcript").await, all);
    assert_whole(name, &whole(name), &books(&house).await);
}

fn only_transcript(projects: &Path) -> std::path::PathBuf {
    let folder = fs::read_dir(projects).unwrap().next().unwrap().unwrap().path();
    let file = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    assert_eq!(file.extension().unwrap(), "jsonl");
    file
}

/// Scenario: the folders that `CLAUDE_CONFIG_DIR` lists, one of which comes after the start with a hook that names its
/// transcript.
/// Guarantees: all of them are read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_listed_folder_is_read() {
    let start: Start = start();
    let (one, other) = (start.root().join("one"), start.root().join("other"));
    copy(&folder("subagents").join("transcripts"), &one.join("projects"));
    copy(&folder("resume").join("transcripts"), &other.join("projects"));
    let list = format!("{},{}", one.display(), other.display());
    let house = start.variable("CLAUDE_CONFIG_DIR", &list).run().await.unwrap();
    untold_history(&house).await;
    let mut sessions: BTreeMap<String, usize> = BTreeMap::new();
    for record in records(&house.api().unwrap()).await {
        *sessions.entry(record["sessionId"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let counts: Vec<_> = sessions.into_values().collect();
    assert_eq!(counts, [1, 7, 5, 1]);
}
