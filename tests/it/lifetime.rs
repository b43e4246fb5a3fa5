//! Starting, ending, and what happens when something stands in the way.

use std::{net::TcpListener, process::Command};

use plimsoll_replay::Order;
use serde_json::Value;
use sqlx::{Connection, SqliteConnection};

use crate::house::{PATIENCE, books, capture, expected, replay, resident, start, until};

/// Scenario: another program has the HTTP receiver's port; later it gives it up.
/// Guarantees: the resident says which port it is and how to change it, serves everything else meanwhile, moves
/// silently nowhere, and takes the port when it is free, without a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_told_and_taken_back() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let house = start()
        .variable("PLIMSOLL_RECEIVER_HTTP", &format!("127.0.0.1:{port}"))
        .run()
        .await
        .unwrap();
    let api = house.api().unwrap();
    let snapshot = api.json("/api/v1/snapshot").await.unwrap();
    let http = listener(&snapshot, "otlp-http");
    assert_eq!(http["state"], "portTaken");
    let problem = &snapshot["problems"][0];
    assert_eq!(problem["code"], "port-taken");
    let message = problem["message"].as_str().unwrap();
    assert!(
        message.contains(&port.to_string()) && message.contains("[receiver] http"),
        "{message}"
    );
    replay(&house, &capture("simple-grpc"), Order::Recorded).await;

    drop(other);
    until("listening", async || {
        let snapshot = api.json("/api/v1/snapshot").await.unwrap();
        (listener(&snapshot, "otlp-http")["state"] == "listening").then_some(())
    })
    .await;
    let snapshot = api.json("/api/v1/snapshot").await.unwrap();
    assert_eq!(snapshot["problems"], Value::Array(Vec::new()));
}

fn listener(snapshot: &Value, name: &str) -> Value {
    let listeners = snapshot["listeners"].as_array().unwrap();
    listeners.iter().find(|listener| listener["name"] == name).unwrap().clone()
}

/// Scenario: SIGTERM while a client is connected to the stream and a capture has just been sent.
/// Guarantees: the process drains and ends with 0 in time, the stream ends, the write-ahead log is folded into
/// the ledger, and the runtime file is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_drains() {
    let mut house = resident().await;
    let mut stream = house.api().unwrap().events("/api/v1/events", None).await.unwrap();
    replay(&house, &capture("interactive"), Order::Recorded).await;
    let status = house.terminate(PATIENCE).await.unwrap();
    assert!(status.success(), "{status}");
    while let Ok(Some(_)) = stream.next(PATIENCE).await {}
    let ledger = house.runtime().ledger.clone();
    let log = ledger.with_extension("db-wal");
    assert!(!log.exists() || std::fs::metadata(&log).unwrap().len() == 0);
    let runtime = house.home().parent().unwrap().join("run/plimsoll/runtime.json");
    assert!(!runtime.exists());
    house.start_again().await.unwrap();
    assert_eq!(expected("interactive").differences(&books(&house).await), Vec::<String>::new());
}

/// Scenario: a second resident is started on the same ledger.
/// Guarantees: it ends at once with a sentence that names the first, which goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_one_writer_per_ledger() {
    let house = resident().await;
    let root = house.home().parent().unwrap().to_owned();
    let output = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args([
            "serve",
            "--http",
            "127.0.0.1:0",
            "--grpc",
            "127.0.0.1:0",
            "--dashboard",
            "127.0.0.1:0",
        ])
        .env_clear()
        .env("HOME", root.join("home"))
        .env("XDG_RUNTIME_DIR", root.join("run"))
        .env("XDG_DATA_HOME", root.join("data"))
        .env("XDG_CONFIG_HOME", root.join("config"))
        .env("XDG_STATE_HOME", root.join("state"))
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&house.pid().to_string()), "{said}");
    house.api().unwrap().json("/api/v1/health").await.unwrap();
}

/// Scenario: `status`, with and without a running resident.
/// Guarantees: it shows the session with its gauge, as JSON on request, and ends with a code of its own when
/// nothing runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_shows_what_runs() {
    let mut house = resident().await;
    replay(&house, &capture("subagents"), Order::Recorded).await;
    let root = house.home().parent().unwrap().to_owned();
    let status = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command.arg("status").args(arguments).env_clear();
        command.env("HOME", root.join("home")).env("XDG_RUNTIME_DIR", root.join("run"));
        command.output().unwrap()
    };
    let shown = until("shown", async || {
        let shown = String::from_utf8(status(&[]).stdout).unwrap();
        shown.contains(" of 167k").then_some(shown)
    })
    .await;
    assert!(shown.contains('%'), "{shown}");
    let json: Value = serde_json::from_slice(&status(&["--json"]).stdout).unwrap();
    assert_eq!(json["sessions"].as_array().unwrap().len(), 1);
    house.terminate(PATIENCE).await.unwrap();
    let stopped = status(&[]);
    assert_eq!(stopped.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&stopped.stderr).contains("`plimsoll`"));
}

/// Scenario: another program locks the ledger when the resident starts; `status` and `prune` ask for what needs it; the
/// lock goes.
/// Guarantees: each says that it runs, and why it has no ledger, and ends with 69; afterwards, without a restart, with 0.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_is_not_open_is_told() {
    let start = start();
    let path = start.root().join("ledger.db");
    std::fs::write(&path, "").unwrap();
    let mut lock =
        SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut lock).await.unwrap();
    let house = start.variable("PLIMSOLL_LEDGER_PATH", path.to_str().unwrap()).run().await.unwrap();
    let asked = async |words: &[&str]| {
        house.start().beside().command(words).run_to_end(PATIENCE).await.unwrap()
    };
    let commands: [&[&str]; 3] =
        [&["status"], &["status", "--json"], &["prune", "--older-than", "1"]];
    for words in commands {
        let ended = asked(words).await;
        let told = format!(
            "plimsoll: Plimsoll is running. The ledger {} cannot be opened: another program locks it.",
            path.display()
        );
        assert!(
            ended.status.code() == Some(69) && ended.err.starts_with(&told),
            "{words:?}: {ended:?}"
        );
    }
    let doctor = asked(&["doctor", "--json"]).await;
    let report: Value = serde_json::from_str(&doctor.out).unwrap();
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["code"] == "ledger-closed"), "{report}");
    lock.close().await.unwrap();
    until("open", async || asked(&["status"]).await.status.success().then_some(())).await;
}

/// Scenario: `backfill` beside a resident that reads no transcripts.
/// Guarantees: it says so in one sentence and ends with 2, instead of waiting for what never comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backfill_that_never_comes_is_not_waited_for() {
    let house = start().variable("PLIMSOLL_TRANSCRIPTS_ENABLED", "false").run().await.unwrap();
    let backfill = house.start().beside().command(&["backfill"]);
    let ended = backfill.run_to_end(PATIENCE).await.unwrap();
    let sentence = "plimsoll: the Plimsoll that runs reads no transcripts: [transcripts] enabled is false in its \
                    configuration\n";
    assert_eq!((ended.status.code(), ended.err.as_str()), (Some(2), sentence));
}
