//! Ledgers that are damaged, and one of a later version.

use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    path::Path,
};

use plimsoll_replay::Order;
use plimsoll_testkit::TestResident;
use sqlx::{Connection, SqliteConnection};

use super::{command, ledger};
use crate::{
    house::{PATIENCE, books, capture, expected, folder, replay, resident, start, until},
    transcripts::copy,
};

/// Overwrites all but the first page.
fn damage(path: &Path) {
    let size = fs::metadata(path).unwrap().len();
    let mut file = fs::File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0x5a; usize::try_from(size - 4096).unwrap()]).unwrap();
}

/// The sentence of a problem that is up.
async fn problem(house: &TestResident, code: &str) -> Option<String> {
    let health = house.api().unwrap().json("/api/v1/health").await.unwrap();
    let problems = health["problems"].as_array().unwrap().clone();
    let found = problems.into_iter().find(|problem| problem["code"] == code)?;
    found["message"].as_str().map(str::to_owned)
}

/// Scenario: the resident is killed, its ledger damaged, and it is started again beside the client's transcripts; then
/// the telemetry comes once more; it is started a third time.
/// Guarantees: the damaged file is kept beside the new one, a problem says where; what transcripts know is back, and
/// with the telemetry the books are whole; after a start that found all in order nothing is said any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_ledger_is_filled_again_from_transcripts() {
    let name = "subagents-parallel";
    let start = start();
    copy(&folder(name).join("transcripts"), &start.home().join(".claude/projects"));
    let mut house = start.run().await.unwrap();
    replay(&house, &capture(name), Order::Recorded).await;
    house.kill9().unwrap();
    let path = ledger(house.start());
    // What was committed last may lie in the log alone; the file is to hold all of it.
    let mut other =
        SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    damage(&path);
    house.start_again().await.unwrap();

    let said = until("said", async || problem(&house, "ledger-damaged").await).await;
    let aside = said.split("set aside as ").nth(1).and_then(|rest| rest.split(';').next()).unwrap();
    assert!(Path::new(aside).is_file() && aside.contains(".damaged-"), "{said}");
    until("read again", async || {
        let health = house.api().unwrap().json("/api/v1/health").await.unwrap();
        health["backfill"]["endedAt"].is_string().then_some(())
    })
    .await;
    assert!(books(&house).await.requests().count() > 0);
    replay(&house, &capture(name), Order::Recorded).await;
    let differences = expected(name).differences(&books(&house).await);
    assert!(differences.is_empty(), "{}", differences.join("\n"));

    house.terminate(PATIENCE).await.unwrap();
    house.start_again().await.unwrap();
    assert_eq!(problem(&house, "ledger-damaged").await, None);
}

/// Scenario: a later version has written the ledger.
/// Guarantees: one sentence names both formats and what to do, the exit code is 69, and the ledger is as it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_of_a_later_version_is_refused() {
    let mut house = resident().await;
    house.terminate(PATIENCE).await.unwrap();
    let path = ledger(house.start());
    let url = format!("sqlite://{}", path.display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (901, 'later', TRUE, x'00', 0)";
    sqlx::query(later).execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let before = fs::read(&path).unwrap();

    let refused = command(&house, &["serve"]).await;
    assert_eq!(refused.status.code(), Some(69), "{}", refused.err);
    let sentence = refused.err.lines().find(|line| line.starts_with("plimsoll: ")).unwrap();
    for told in ["901", "newer Plimsoll", "update Plimsoll"] {
        assert!(sentence.contains(told), "{sentence}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(!path.with_file_name("ledger.db.running").exists());
    let refused = command(&house, &["export"]).await;
    assert!(refused.err.contains("newer Plimsoll"), "{}", refused.err);
}
