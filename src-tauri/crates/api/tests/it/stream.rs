//! The stream of what is live, and of signals.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use http_body_util::BodyExt;
use plimsoll_api::Signal;
use plimsoll_domain::health::{Listener, ListenerState, Status};
use plimsoll_ledger::TranscriptPart;
use tokio::time::{Instant, timeout};

use crate::desk::{Desk, KEY, at, request, snapshot, told, view};

const SOON: Duration = Duration::from_secs(10);

/// Scenario: over a real socket, a client follows while a session appears and a request is recorded.
/// Guarantees: the snapshot first, then the change, then the record with its revision as id; at the end of
/// the resident the stream ends by itself.
#[tokio::test]
async fn a_client_sees_what_happens() {
    let desk = Desk::open().await;
    let mut events = desk.serve().await.events("/api/v1/events", None).await.unwrap();
    let first = events.next(SOON).await.unwrap().unwrap();
    assert_eq!((first.event.as_str(), first.id), ("snapshot", None));

    desk.show(snapshot(2, &[view("s-1", Some(100_200))]));
    let change = events.next(SOON).await.unwrap().unwrap();
    assert_eq!((change.event.as_str(), &change.id), ("change", &None));
    assert_eq!(change.json().unwrap()["sessions"][0]["context"]["level"], "notice");

    desk.record(vec![told("s-1", "r1", 0)]).await;
    let recorded = events.next(SOON).await.unwrap().unwrap();
    assert_eq!((recorded.event.as_str(), recorded.id.as_deref()), ("usage.recorded", Some("1")));
    assert_eq!(recorded.json().unwrap()["requestId"], "r1");

    desk.closing.cancel();
    assert_eq!(events.next(SOON).await.unwrap(), None);
}

/// Scenario: while a client follows, history is read, of which commits tell nothing, and then something new comes.
/// Guarantees: the client gets the records of both, in order: the first from the file.
#[tokio::test]
async fn what_commits_do_not_list_is_read_from_the_file() {
    let desk = Desk::open().await;
    let mut events = desk.follow("/api/v1/events").await;
    events.expect("snapshot").await;
    let facts = vec![told("s-1", "r1", 0), told("s-1", "r2", 10)];
    let part = TranscriptPart { facts, told_from: at(1_000), ..TranscriptPart::default() };
    desk.ledger.record_read(part).await.unwrap();
    desk.record(vec![told("s-1", "r3", 2_000)]).await;
    for id in ["r1", "r2", "r3"] {
        assert_eq!(events.expect("usage.recorded").await["requestId"], id);
    }
}

/// Scenario: many snapshots come at once, then one after a while.
/// Guarantees: they are told together, as the newest, 20 ms after the last telling; the later one at once.
#[tokio::test]
async fn changes_are_told_together() {
    let desk = Desk::open().await;
    let mut events = desk.follow("/api/v1/events").await;
    events.expect("snapshot").await;
    tokio::time::pause();
    let begin = Instant::now();
    for version in 2..=9 {
        desk.show(snapshot(version, &[view(&format!("s-{version}"), None)]));
    }
    let change = events.expect("change").await;
    assert!(begin.elapsed() <= Duration::from_millis(21), "{:?}", begin.elapsed());
    assert_eq!(change["version"], 9);
    assert_eq!(change["order"], serde_json::json!(["s-9"]));
    assert_eq!(change["removed"], serde_json::json!([]));

    desk.show(snapshot(10, &[]));
    let told = Instant::now();
    assert_eq!(events.expect("change").await["removed"], serde_json::json!(["s-9"]));
    assert!(told.elapsed() >= Duration::from_millis(20), "{:?}", told.elapsed());

    tokio::time::advance(Duration::from_millis(100)).await;
    desk.show(snapshot(11, &[view("s-11", None)]));
    let told = Instant::now();
    events.expect("change").await;
    assert_eq!(told.elapsed(), Duration::ZERO);
}

/// Scenario: a listener loses its port while no snapshot is made; then a snapshot that tells nothing new; then
/// a session comes.
/// Guarantees: the status is told with a version of its own, the snapshot is not told, and versions grow.
#[tokio::test]
async fn a_status_is_told_without_a_snapshot() {
    let desk = Desk::open().await;
    let mut events = desk.follow("/api/v1/events").await;
    let first = events.expect("snapshot").await;
    desk.status.send_replace(Arc::new(Status {
        listeners: vec![Listener {
            name: "otlp-http",
            addresses: vec!["127.0.0.1:4318".into()],
            state: ListenerState::Failed,
        }],
        problems: Vec::new(),
        backfill: None,
    }));
    let change = events.expect("change").await;
    assert_eq!(change["listeners"][0]["state"], "failed");
    assert_eq!(change["sessions"], serde_json::json!([]));
    assert!(change["version"].as_u64() > first["version"].as_u64());

    desk.show(snapshot(2, &[]));
    desk.show(snapshot(3, &[view("s-1", None)]));
    let next = events.expect("change").await;
    assert_eq!(next["order"], serde_json::json!(["s-1"]));
    assert!(next["version"].as_u64() > change["version"].as_u64());
}

/// Scenario: nothing happens for 15 seconds, twice.
/// Guarantees: a comment each time, so that both sides know that the connection lives.
#[tokio::test]
async fn silence_is_broken_by_a_heartbeat() {
    let desk = Desk::open().await;
    let mut events = desk.follow("/api/v1/events").await;
    events.expect("snapshot").await;
    tokio::time::pause();
    for _ in 0..2 {
        let begin = Instant::now();
        let bytes = events.body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(bytes, ": still here\n\n");
        let waited = begin.elapsed();
        assert!(waited.abs_diff(Duration::from_secs(15)) < Duration::from_millis(50), "{waited:?}");
    }
}

/// Scenario: signals arrive while one client watches with the key; then more than it can follow; then the end.
/// Guarantees: each is shown as told, what was missed is counted, and the stream ends with the resident.
#[tokio::test]
async fn signals_are_shown_as_they_arrive() {
    let desk = Desk::open().await;
    let watch = request("GET", "/api/v1/inspect").header("x-plimsoll-key", KEY);
    let mut body = desk.ask(watch.body(Body::empty()).unwrap()).await.into_body();
    let mut next = async || {
        let frame = timeout(SOON, body.frame()).await.unwrap();
        frame.map(|frame| String::from_utf8(frame.unwrap().into_data().unwrap().into()).unwrap())
    };
    let signal = |name: &str| {
        Arc::new(Signal {
            at: at(0),
            kind: "event",
            scope: "com.example".into(),
            name: name.into(),
            session: None,
            attributes: vec![("model".into(), "x".into()), ("length".into(), "7".into())],
            understood: "unknown".into(),
        })
    };
    desk.signals.send(signal("first")).unwrap();
    insta::assert_snapshot!(next().await.unwrap());
    for n in 0..6 {
        desk.signals.send(signal(&n.to_string())).unwrap();
    }
    assert_eq!(next().await.unwrap(), ": 2 signals missed\n\n");
    assert!(next().await.unwrap().contains(r#""name":"2""#));
    desk.closing.cancel();
    assert_eq!(next().await, None);
}
