//! The examples of orchestrators, run as they stand with a stand-in for the client.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use plimsoll_testkit::{Ended, Start, TestResident};
use serde_json::Value;

use crate::house::{PATIENCE, resident, start};

/// Turns in which a context reaches its checkpoint, and in which it would be compacted.
const CYCLE: usize = 10;
/// Turns that hold more than three cycles.
const TURNS: usize = 35;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Runs an example beside a resident, or where one was.
async fn run(example: &str, beside: &Start, receiver: &str, turns: usize) -> Ended {
    let folder = beside.root().join("stand-in");
    fs::create_dir_all(&folder).unwrap();
    let example = beside
        .beside()
        .program(file("examples").join(example))
        .command(&["count to a million", &turns.to_string()])
        .variable("CLAUDE", file("tests/fixtures/stand-in/claude").to_str().unwrap())
        .variable("PLIMSOLL", env!("CARGO_BIN_EXE_plimsoll"))
        .variable("STAND_IN_FOLDER", folder.to_str().unwrap())
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", receiver);
    example.run_to_end(PATIENCE * 6).await.unwrap()
}

/// Every call of the stand-in, in order.
fn journal(beside: &Start) -> Vec<Value> {
    let text = fs::read_to_string(beside.root().join("stand-in/journal.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn loops_without_compaction(example: &str) {
    let house = resident().await;
    let receiver = format!("http://{}", house.http().unwrap());
    let ended = run(example, house.start(), &receiver, TURNS).await;
    assert!(ended.status.success(), "{} {}", ended.out, ended.err);
    let calls = journal(house.start());
    assert_eq!(calls.len(), TURNS, "{}", ended.out);
    assert!(calls.iter().all(|call| call["compacted"] == false), "{calls:#?}");
    for line in ended.out.lines().filter(|line| line.starts_with("turn ")) {
        assert!(!line.contains("without Plimsoll"), "{line}");
    }
    let saved: Vec<&Value> = calls.iter().filter(|call| call["saves"] == true).collect();
    assert!(saved.len() >= 3, "{}", ended.out);
    for (place, save) in saved.iter().enumerate() {
        goes_on_from_it(&calls, save, house.start(), place + 1);
        is_acknowledged(&house, save, place + 1).await;
    }
    every_alert_is_acknowledged(&house, &saved).await;
}

/// The session after it is another one, and begins with what was saved.
fn goes_on_from_it(calls: &[Value], save: &Value, beside: &Start, cycle: usize) {
    let state = beside.root().join(format!("state-{cycle}.md"));
    let state = fs::read_to_string(state).unwrap();
    let at = calls.iter().position(|call| call == save).unwrap();
    let Some(next) = calls.get(at + 1) else { return };
    assert_eq!(next["isNew"], true);
    assert_ne!(next["session"], save["session"]);
    let prompt = next["prompt"].as_str().unwrap();
    assert!(prompt.contains("count to a million") && prompt.contains(state.trim()), "{prompt}");
}

async fn is_acknowledged(house: &TestResident, save: &Value, cycle: usize) {
    let api = house.api().unwrap();
    let session = save["session"].as_str().unwrap();
    let told = api.json(&format!("/api/v1/sessions/{session}/checkpoints")).await.unwrap();
    let told = told["checkpoints"].as_array().unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["note"], format!("Cycle {cycle} of: count to a million"));
    let path = told[0]["path"].as_str().unwrap();
    assert!(path.ends_with(&format!("state-{cycle}.md")), "{path}");
    assert!(told[0]["tokens"].as_u64().unwrap() > 133_600, "{told:?}");
}

async fn every_alert_is_acknowledged(house: &TestResident, saved: &[&Value]) {
    let alerts = house.api().unwrap().json("/api/v1/alerts?limit=1000").await.unwrap();
    let alerts = alerts["alerts"].as_array().unwrap();
    let deep = alerts.iter().filter(|alert| alert["level"] == "checkpoint");
    let of_saved = |alert: &&Value| {
        let mut sessions = saved.iter().map(|save| &save["session"]);
        sessions.any(|session| *session == alert["sessionId"])
    };
    let spoke: Vec<&Value> = deep.filter(of_saved).collect();
    assert_eq!(spoke.len(), saved.len(), "{alerts:#?}");
    for alert in spoke {
        assert!(!alert["acknowledgedAt"].is_null(), "{alert}");
    }
    let compactions = house.api().unwrap().json("/api/v1/compactions").await.unwrap();
    assert_eq!(compactions["compactions"], Value::Array(Vec::new()));
}

async fn goes_on_alone(example: &str) {
    let mut house = start().run().await.unwrap();
    house.terminate(PATIENCE).await.unwrap();
    let ended = run(example, house.start(), "http://127.0.0.1:9", CYCLE + 4).await;
    assert!(ended.status.success(), "{} {}", ended.out, ended.err);
    let calls = journal(house.start());
    assert_eq!(calls.len(), CYCLE + 4);
    let sessions: BTreeSet<&str> =
        calls.iter().map(|call| call["session"].as_str().unwrap()).collect();
    assert_eq!(sessions.len(), 1);
    assert!(calls.iter().any(|call| call["compacted"] == true), "{calls:#?}");
    let said = ended.out.matches("going on without Plimsoll").count();
    assert_eq!(said, CYCLE + 3, "{}", ended.out);
}

/// Scenario: the orchestrator in shell drives a client whose context would be compacted every eleven turns, for 35 turns.
/// Guarantees: over three cycles none is compacted; each time the work is saved once, acknowledged with its file, and
/// gone on with in a new session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_loop_in_shell_lets_nothing_be_compacted() {
    loops_without_compaction("loop.sh").await;
}

/// Scenario: the same orchestrator in Python.
/// Guarantees: the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_loop_in_python_lets_nothing_be_compacted() {
    loops_without_compaction("loop.py").await;
}

/// Scenario: both orchestrators where Plimsoll has ended.
/// Guarantees: they make every turn in one session, which is then compacted, and say each time that they go on without.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loops_go_on_without_plimsoll() {
    goes_on_alone("loop.sh").await;
    goes_on_alone("loop.py").await;
}
