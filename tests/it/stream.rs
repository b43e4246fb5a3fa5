//! The stream of events and the sessions' live state.

use std::time::Duration;

use plimsoll_domain::Timestamp;
use plimsoll_replay::{Capture, Order, Pace, Replayer, Shift};
use plimsoll_testkit::{SseEvent, TestResident};
use serde_json::Value;

use crate::desk::now;
use crate::house::{PATIENCE, books, capture, replay, resident, start, until};

async fn next(stream: &mut plimsoll_testkit::EventStream, name: &str) -> SseEvent {
    stream.until(PATIENCE, |event| event.event == name).await.unwrap().unwrap()
}

/// A capture with new ids, so that its first record happened `ago`.
pub(crate) fn moved(name: &str, ago: Duration, seed: u64) -> Capture {
    let old = capture(name);
    let from = Timestamp::from_nanos(old.first_time().unwrap().unwrap()).unwrap();
    Shift { from, to: now().before(ago), stretch: 1, seed }.capture(&old).unwrap()
}

/// Scenario: a client opens the stream, and a capture is sent.
/// Guarantees: the snapshot comes first, a change shows the session with its gauge, and every request's
/// record comes once, in order of revision.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stream_begins_with_a_snapshot_and_tells_every_record() {
    let house = resident().await;
    let mut stream = house.api().unwrap().events("/api/v1/events", None).await.unwrap();
    let first = stream.next(PATIENCE).await.unwrap().unwrap();
    assert_eq!(first.event, "snapshot");
    assert_eq!(first.json().unwrap()["sessions"], Value::Array(Vec::new()));
    replay(&house, &capture("subagents"), Order::Recorded).await;
    let (mut revisions, mut gauge) = (Vec::new(), None);
    while revisions.len() < 7 || gauge.is_none() {
        let event = stream.next(PATIENCE).await.unwrap().unwrap();
        match event.event.as_str() {
            "usage.recorded" => {
                let record = event.json().unwrap();
                assert_eq!(event.id.as_deref(), Some(record["revision"].to_string().as_str()));
                revisions.push(record["revision"].as_i64().unwrap());
            }
            "change" => {
                let change = event.json().unwrap();
                gauge = change["sessions"][0]["context"]["occupancyTokens"].as_u64().or(gauge);
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(revisions, (1..=7).collect::<Vec<_>>());
    assert!(gauge.unwrap() > 0);
}

/// Scenario: a client that saw some records comes back with `Last-Event-ID`, also after a restart.
/// Guarantees: it gets exactly the later ones, from the ledger, then the live ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_comes_back_misses_nothing() {
    let mut house = resident().await;
    replay(&house, &capture("subagents"), Order::Recorded).await;
    house.terminate(PATIENCE).await.unwrap();
    house.start_again().await.unwrap();
    let mut stream = house.api().unwrap().events("/api/v1/events", Some("4")).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.push(next(&mut stream, "usage.recorded").await.id.unwrap());
    }
    assert_eq!(seen, ["5", "6", "7"]);
    replay(&house, &capture("simple-grpc"), Order::Recorded).await;
    assert_eq!(next(&mut stream, "usage.recorded").await.id.unwrap(), "8");
}

/// Scenario: a session grows past all three levels and compacts, as it happens now; the resident is then
/// restarted, and the same traffic is sent again.
/// Guarantees: each level that is newly the highest speaks once in the cycle, in order, and never again; the
/// session then shows as compacted or with its new, smaller context.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_level_speaks_once_a_cycle() {
    let mut house = resident().await;
    let traffic = moved("tools-autocompact", Duration::from_secs(30), 11).spread().unwrap();
    let api = house.api().unwrap();
    let mut stream = api.events("/api/v1/events", None).await.unwrap();
    replay(&house, &traffic, Order::Recorded).await;
    let mut levels = Vec::new();
    while levels.last().is_none_or(|level| level != "urgent") {
        let alert = next(&mut stream, "session.level").await.json().unwrap();
        assert!(alert["percentOfLine"].as_f64().unwrap() >= 60.0);
        levels.push(alert["level"].as_str().unwrap().to_owned());
    }
    let mut sorted = levels.clone();
    sorted.sort_by_key(|level| {
        ["notice", "checkpoint", "urgent"].iter().position(|name| name == level)
    });
    sorted.dedup();
    assert_eq!(levels, sorted);

    house.terminate(PATIENCE).await.unwrap();
    house.start_again().await.unwrap();
    replay(&house, &traffic, Order::Recorded).await;
    let mut stream = house.api().unwrap().events("/api/v1/events", Some("0")).await.unwrap();
    let mut replayed = Vec::new();
    while replayed.len() < levels.len() {
        let alert = next(&mut stream, "session.level").await.json().unwrap();
        replayed.push(alert["level"].as_str().unwrap().to_owned());
    }
    assert_eq!(replayed, levels);
    let session = only_session(&house).await;
    assert_eq!(session["compactions"], 1);
    assert!(session["context"]["occupancyTokens"].as_u64().unwrap() < 60_000, "{session}");
    assert_eq!(session["context"]["line"]["tokens"], 167_000);
}

/// Scenario: the traffic of hours ago is sent.
/// Guarantees: gauges show it, and nothing that is long past raises an alert.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_long_past_raises_no_alert() {
    let house = resident().await;
    let traffic = moved("tools-autocompact", Duration::from_secs(3 * 3600), 5);
    replay(&house, &traffic, Order::Recorded).await;
    replay(&house, &capture("simple-grpc"), Order::Recorded).await;
    let mut stream = house.api().unwrap().events("/api/v1/events", Some("0")).await.unwrap();
    for _ in 0..20 {
        let event = stream
            .until(PATIENCE, |event| {
                ["usage.recorded", "session.level"].contains(&event.event.as_str())
            })
            .await
            .unwrap()
            .unwrap();
        assert_eq!(event.event, "usage.recorded");
    }
}

/// Scenario: a session's metrics arrive before any of its events, then its events.
/// Guarantees: it is shown and counted at once, without a gauge; the events add the gauge, not the tokens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_of_metrics_only_is_shown_at_once() {
    let house = resident().await;
    let traffic = capture("simple-http-protobuf");
    let part = |signal| {
        let entries =
            traffic.entries.iter().filter(|entry| entry.signal == signal).cloned().collect();
        Capture { name: traffic.name.clone(), entries }
    };
    replay(&house, &part(plimsoll_replay::Signal::Metrics), Order::Recorded).await;
    let session = only_session(&house).await;
    assert_eq!(session["usage"]["tokens"]["total"], 17 + 113 + 12_011 + 3_307);
    assert_eq!(session["context"], Value::Null);
    replay(&house, &part(plimsoll_replay::Signal::Logs), Order::Recorded).await;
    let session = until("a gauge", async || {
        let session = only_session(&house).await;
        (!session["context"].is_null()).then_some(session)
    })
    .await;
    assert_eq!(session["usage"]["tokens"]["total"], 17 + 113 + 12_011 + 3_307);
    assert_eq!(session["usage"]["unattributed"]["total"], 0);
    assert_eq!(session["context"]["occupancyTokens"], 17 + 113 + 12_011 + 3_307);
}

/// Scenario: `--continue` sends its start under a session id that it never uses again.
/// Guarantees: no such session is shown or listed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phantom_sessions_are_not_shown() {
    let house = resident().await;
    replay(&house, &capture("resume"), Order::Recorded).await;
    let known = crate::house::expected("resume");
    let snapshot = until("three sessions", async || {
        let snapshot = house.api().unwrap().json("/api/v1/snapshot").await.unwrap();
        (snapshot["sessions"].as_array().unwrap().len() >= known.sessions.len()).then_some(snapshot)
    })
    .await;
    for session in snapshot["sessions"].as_array().unwrap() {
        assert!(known.sessions.contains_key(session["sessionId"].as_str().unwrap()), "{session}");
    }
    assert_eq!(books(&house).await.sessions().len(), known.sessions.len());
}

/// Scenario: the session's transcript lies in the client's folder.
/// Guarantees: the session is named after the folder it works in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_gets_its_projects_name() {
    let start = start();
    let projects = start.home().join(".claude/projects/-home-dev-work-api");
    std::fs::create_dir_all(&projects).unwrap();
    let session =
        crate::house::expected("simple-http-protobuf").sessions.keys().next().unwrap().clone();
    let line = format!(
        r#"{{"type":"user","sessionId":"{session}","cwd":"/home/dev/work/api","gitBranch":"main","timestamp":"2026-11-23T04:43:43.000Z","message":{{}}}}"#
    );
    std::fs::write(projects.join(format!("{session}.jsonl")), line + "\n").unwrap();
    let house = start.run().await.unwrap();
    replay(&house, &capture("simple-http-protobuf"), Order::Recorded).await;
    let named = until("named", async || {
        let session = only_session(&house).await;
        session["project"].as_str().map(|name| (name.to_owned(), session["branch"].clone()))
    })
    .await;
    assert_eq!(named, ("api".to_owned(), Value::from("main")));
}

/// Scenario: a reader of the stream reads nothing while much is sent, then goes on.
/// Guarantees: nobody else waits for it, and it still gets every record in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_holds_nobody_up() {
    let house = resident().await;
    let api = house.api().unwrap();
    let mut slow = api.events("/api/v1/events", None).await.unwrap();
    for seed in 0..120 {
        let shifted = moved("subagents", Duration::from_secs(60), seed);
        replay(&house, &shifted, Order::Recorded).await;
    }
    let mut expected = 1;
    while expected <= 120 * 7 {
        let id = next(&mut slow, "usage.recorded").await.id.unwrap();
        assert_eq!(id, expected.to_string());
        expected += 1;
    }
}

/// Scenario: a capture is sent with its own timing, compressed.
/// Guarantees: the session's gauge is seen growing, as a person would see it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gauge_is_seen_moving() {
    let house = resident().await;
    let mut stream = house.api().unwrap().events("/api/v1/events", None).await.unwrap();
    let replayer = Replayer {
        http: Some(house.http().unwrap()),
        pace: Pace::AsRecorded,
        ..Replayer::default()
    };
    let traffic = capture("tools-autocompact").spread().unwrap();
    let sending = tokio::spawn(async move { replayer.run(&traffic).await });
    let mut depths = Vec::new();
    while depths.len() < 5 {
        let change = next(&mut stream, "change").await.json().unwrap();
        if let Some(depth) = change["sessions"][0]["context"]["occupancyTokens"].as_u64()
            && depths.last() != Some(&depth)
        {
            depths.push(depth);
        }
    }
    assert!(depths.is_sorted(), "{depths:?}");
    assert!(sending.await.unwrap().failed.is_empty());
}

async fn only_session(house: &TestResident) -> Value {
    until("a session", async || {
        let snapshot = house.api().unwrap().json("/api/v1/snapshot").await.unwrap();
        let sessions = snapshot["sessions"].as_array().unwrap();
        assert!(sessions.len() <= 1, "{sessions:?}");
        sessions.first().cloned()
    })
    .await
}

/// Scenario: a capture with all content flags switched on is sent.
/// Guarantees: its prompt, commands and file contents are neither in the ledger's files nor in the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_content_reaches_the_disk() {
    const CONTENT: [&str; 4] = ["Do edits", "mock commit", "old_string", "git add"];
    let mut house = resident().await;
    let traffic = capture("all-metrics");
    let sent: Vec<u8> = traffic.entries.iter().flat_map(|entry| entry.body.to_vec()).collect();
    let sent = String::from_utf8_lossy(&sent).into_owned();
    replay(&house, &traffic, Order::Recorded).await;
    let ledger = house.runtime().ledger.clone();
    house.terminate(PATIENCE).await.unwrap();
    let stored = String::from_utf8_lossy(&std::fs::read(ledger).unwrap()).into_owned();
    for content in CONTENT {
        assert!(sent.contains(content), "{content} is not in the capture");
        assert!(!stored.contains(content), "{content} is in the ledger");
        assert!(!house.said().contains(content), "{content} is in the log");
    }
}
