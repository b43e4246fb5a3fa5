//! A resident of its own for each test, and what tests ask of it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use plimsoll_domain::Tokens;
use plimsoll_replay::{Capture, Order, Pace, Replayer, Report};
use plimsoll_testkit::{Books, Expected, Loopback, Start, TestResident};
use serde_json::Value;

/// How long anything may take that has to happen; far more than it ever should.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The folder of a recorded capture.
pub(crate) fn folder(capture: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures").join(capture)
}

/// A recorded capture.
pub(crate) fn capture(name: &str) -> Capture {
    Capture::open(&folder(name)).unwrap()
}

/// What complete books hold of a capture.
///
/// The script that answered `interactive` took its side question for a request of the main conversation; the
/// client's event and its metric both call it auxiliary, and so do the books.
pub(crate) fn expected(name: &str) -> Expected {
    const SIDE_QUESTION: Tokens =
        Tokens { input: 17, output: 108, cache_read: 15_000, cache_creation: 30 };
    let mut expected = Expected::read(&folder(name)).unwrap();
    if name == "interactive" {
        let sources = &mut expected.sessions.values_mut().next().unwrap().by_source;
        let (main, auxiliary) = (sources["main"], sources["auxiliary"]);
        sources.insert("main".to_owned(), main.minus(SIDE_QUESTION));
        sources.insert("auxiliary".to_owned(), auxiliary.plus(SIDE_QUESTION));
    }
    expected
}

/// The resident, not started yet.
pub(crate) fn start() -> Start {
    Start::new(env!("CARGO_BIN_EXE_plimsoll")).unwrap()
}

/// A running resident with an empty ledger.
pub(crate) async fn resident() -> TestResident {
    start().run().await.unwrap()
}

/// Sends a capture as fast as it is answered.
pub(crate) async fn send(resident: &TestResident, capture: &Capture, order: Order) -> Report {
    let replayer = Replayer {
        http: resident.http().ok(),
        grpc: resident.grpc().ok(),
        pace: Pace::AtOnce,
        order,
        ..Replayer::default()
    };
    replayer.run(capture).await
}

/// Sends a capture, all of which has to be accepted.
pub(crate) async fn replay(resident: &TestResident, capture: &Capture, order: Order) {
    let report = send(resident, capture, order).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!((report.accepted, report.rejected), (capture.entries.len(), 0));
}

/// All usage records, page by page.
pub(crate) async fn records(api: &Loopback) -> Vec<Value> {
    let mut records = Vec::new();
    let mut path = "/api/v1/usage-records?limit=7".to_owned();
    loop {
        let page = api.json(&path).await.unwrap();
        records.extend(page["records"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_i64() else { break };
        path = format!("/api/v1/usage-records?limit=7&cursor={next}");
    }
    records
}

/// The books by session, model and source. What only metrics know of a session with events is listed among the
/// records as soon as it outlived two minutes of quiet, or was known before the first event: it is taken from
/// the session's sum instead, under no model and source.
pub(crate) async fn books(resident: &TestResident) -> Books {
    let api = resident.api().unwrap();
    let sessions = api.json("/api/v1/sessions?limit=200").await.unwrap();
    let sessions = sessions["sessions"].as_array().unwrap();
    let mut records = records(&api).await;
    records.retain(|record| {
        let of = sessions.iter().find(|session| session["sessionId"] == record["sessionId"]);
        record["unattributed"] == false || of.is_some_and(|of| of["telemetry"]["events"] == false)
    });
    let mut books = Books::from_api(&records);
    for session in sessions {
        let id = session["sessionId"].as_str().unwrap();
        let total = tokens(&session["usage"]["tokens"]);
        let unlisted = total.minus(books.total(id));
        assert_eq!(
            books.total(id).plus(unlisted),
            total,
            "{id}: the records add up to more than the sum"
        );
        if !unlisted.is_zero() {
            books.add(id, "", "", unlisted);
        }
    }
    books
}

/// Tokens as the API writes them.
pub(crate) fn tokens(value: &Value) -> Tokens {
    let count = |name: &str| value[name].as_u64().unwrap();
    Tokens {
        input: count("input"),
        output: count("output"),
        cache_read: count("cacheRead"),
        cache_creation: count("cacheCreation"),
    }
}

/// Waits until `look` gives something.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("not {what} in time"))
}
