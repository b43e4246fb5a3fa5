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
/// Turns in which a context that nobody saves comes to its checkpoint twice.
const UNSAVED: usize = 23;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// An example beside a resident, or where one was.
fn example(name: &str, beside: &Start, receiver: &str, turns: usize) -> Start {
    let folder = beside.root().join("stand-in");
    fs::create_dir_all(&folder).unwrap();
    beside
        .beside()
        .program(file("examples").join(name))
        .command(&["count to a million", &turns.to_string()])
        .variable("CLAUDE", file("tests/fixtures/stand-in/claude").to_str().unwrap())
        .variable("PLIMSOLL", env!("CARGO_BIN_EXE_plimsoll"))
        .variable("STAND_IN_FOLDER", folder.to_str().unwrap())
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", receiver)
}

/// Runs it to its end, which is a good one.
async fn run(example: Start) -> Ended {
    let ended = example.run_to_end(PATIENCE * 6).await.unwrap();
    assert!(ended.status.success(), "{} {}", ended.out, ended.err);
    ended
}

fn receiver(house: &TestResident) -> String {
    format!("http://{}", house.http().unwrap())
}

/// Every call of the stand-in, in order.
fn journal(beside: &Start) -> Vec<Value> {
    let text = fs::read_to_string(beside.root().join("stand-in/journal.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn loops_without_compaction(name: &str) {
    let house = resident().await;
    let ended = run(example(name, house.start(), &receiver(&house), TURNS)).await;
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

/// What was acknowledged of a session.
async fn checkpoints(house: &TestResident, session: &str) -> Vec<Value> {
    let path = format!("/api/v1/sessions/{session}/checkpoints");
    let told = house.api().unwrap().json(&path).await.unwrap();
    told["checkpoints"].as_array().unwrap().clone()
}

async fn is_acknowledged(house: &TestResident, save: &Value, cycle: usize) {
    let told = checkpoints(house, save["session"].as_str().unwrap()).await;
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

async fn goes_on_alone(name: &str) {
    let mut house = start().run().await.unwrap();
    house.terminate(PATIENCE).await.unwrap();
    let ended = run(example(name, house.start(), "http://127.0.0.1:9", CYCLE + 4)).await;
    let calls = journal(house.start());
    assert_eq!(calls.len(), CYCLE + 4);
    let sessions: BTreeSet<&str> =
        calls.iter().map(|call| call["session"].as_str().unwrap()).collect();
    assert_eq!(sessions.len(), 1);
    assert!(calls.iter().any(|call| call["compacted"] == true), "{calls:#?}");
    let said = ended.out.matches("going on without Plimsoll").count();
    assert_eq!(said, CYCLE + 3, "{}", ended.out);
}

async fn goes_on_unsaved(name: &str) {
    let house = resident().await;
    let example = example(name, house.start(), &receiver(&house), UNSAVED);
    let ended = run(example.variable("STAND_IN_SAVES", "never")).await;
    let calls = journal(house.start());
    assert_eq!(calls.len(), UNSAVED, "{}", ended.out);
    let asked: Vec<usize> = (0..UNSAVED).filter(|at| calls[*at]["saves"] == true).collect();
    let saves = asked.len();
    assert!(saves >= 2, "{}", ended.out);
    for at in asked {
        let Some(next) = calls.get(at + 1) else { continue };
        assert_eq!((&next["isNew"], &next["saves"]), (&false.into(), &false.into()), "{next}");
    }
    assert_eq!(ended.err.matches("the session goes on").count(), saves, "{}", ended.err);
    let session = calls[0]["session"].as_str().unwrap();
    assert_eq!(checkpoints(&house, session).await, Vec::<Value>::new());
}

async fn takes_no_older_file(name: &str, saves: &str) {
    let house = resident().await;
    let older = house.start().root().join("state-1.md");
    fs::write(&older, "The work of another task.\n").unwrap();
    let example = example(name, house.start(), &receiver(&house), CYCLE + 2);
    run(example.variable("STAND_IN_SAVES", saves)).await;
    assert_eq!(fs::read_to_string(older).unwrap(), "The work of another task.\n");
    let calls = journal(house.start());
    assert!(calls.iter().any(|call| call["saves"] == true), "{calls:#?}");
    for call in &calls {
        let prompt = call["prompt"].as_str().unwrap();
        assert!(!prompt.contains("another task") && !prompt.contains("state-1.md"), "{prompt}");
    }
    let told = checkpoints(&house, calls[0]["session"].as_str().unwrap()).await;
    let paths: Vec<&str> = told.iter().map(|told| told["path"].as_str().unwrap()).collect();
    match saves {
        "never" => assert!(paths.is_empty(), "{paths:?}"),
        _ => assert!(matches!(*paths, [path] if path.ends_with("state-2.md")), "{paths:?}"),
    }
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

/// Scenario: both orchestrators drive a client that never writes the file it is asked for.
/// Guarantees: after each failed save the work itself goes on, in the same session, before it is asked again; nothing is
/// acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_save_does_not_stop_the_work() {
    goes_on_unsaved("loop.sh").await;
    goes_on_unsaved("loop.py").await;
}

/// Scenario: both orchestrators in a folder in which another task left its state, with a client that saves and with one
/// that does not.
/// Guarantees: what is there already is neither changed nor taken for this task's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_file_is_not_this_tasks() {
    for name in ["loop.sh", "loop.py"] {
        takes_no_older_file(name, "always").await;
        takes_no_older_file(name, "never").await;
    }
}

/// Scenario: both orchestrators beside a running resident, without the program `plimsoll`.
/// Guarantees: they make every turn, and say what they could not do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loops_go_on_without_the_program() {
    for name in ["loop.sh", "loop.py"] {
        let house = resident().await;
        let example = example(name, house.start(), &receiver(&house), CYCLE + 4);
        let ended = run(example.variable("PLIMSOLL", "/nowhere/plimsoll")).await;
        assert_eq!(journal(house.start()).len(), CYCLE + 4);
        let said = ended.out + &ended.err;
        assert!(said.contains("/nowhere/plimsoll"), "{said}");
    }
}
