//! The task with a real ledger and real files.

use std::{
    fmt::Write as _,
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
};

use plimsoll_domain::{
    ApiRequest, Envelope, Fact, Model, QuerySource, RequestId, SessionId, Statement, Timestamp,
    Tokens, Witness,
};
use plimsoll_ledger::{Clock, LedgerOptions};
use sqlx::{Connection as _, SqliteConnection};
use tokio::task::JoinHandle;

use super::*;

/// So many that the ledger has pages behind its first.
const REQUESTS: u64 = 400;

/// A client's folder with one session.
fn write_transcript(claude: &Path) {
    let mut lines = String::new();
    for number in 0..REQUESTS {
        writeln!(
            lines,
            r#"{{"type":"assistant","uuid":"u{number}","sessionId":"s","timestamp":"2026-11-28T12:00:00.000Z","requestId":"req_{number}","message":{{"id":"msg_{number}","model":"claude-sonnet-4-6","stop_reason":"end_turn","usage":{{"input_tokens":1,"output_tokens":2}}}}}}"#
        )
        .unwrap();
    }
    let folder = claude.join("projects/harbour");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("s.jsonl"), lines).unwrap();
}

/// Waits until the books of a session hold so many requests.
async fn holds(ledger: &Ledger, session: &str, requests: u64) {
    let mut commits = ledger.commits();
    let held = async {
        loop {
            let books = ledger.session(&SessionId::new(session)).await.unwrap();
            if books.is_some_and(|books| books.usage.requests == requests) {
                return;
            }
            commits.recv().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(30), held).await.unwrap();
}

/// One request that telemetry tells.
fn told() -> Fact {
    let at = Timestamp::from_millis(1_795_880_701_000);
    let envelope = Envelope {
        witness: Witness::Event,
        at,
        arrived: at,
        connection: None,
        client_version: None,
        sequence: None,
    };
    let (id, model) = (RequestId::new("req_other"), Model::parse("claude-sonnet-4-6").0);
    let request = ApiRequest::new(Some(id), model, QuerySource::Main, Tokens::ZERO);
    Fact {
        envelope,
        session: Some(SessionId::new("other")),
        statement: Statement::Request(request),
    }
}

/// Overwrites all but the first page of a file that holds everything.
async fn damage(path: &Path) {
    let url = format!("sqlite://{}", path.display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let size = fs::metadata(path).unwrap().len();
    let mut file = fs::File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0x5a; usize::try_from(size - 4096).unwrap()]).unwrap();
}

/// A new ledger, and the task that reads this client's transcripts into it and has looked through them once; with the
/// writer, both until stopped.
async fn begin(path: &Path, claude: &Path) -> (Ledger, CancellationToken, [JoinHandle<()>; 2]) {
    let busy = Duration::from_secs(1);
    let options = LedgerOptions { path: path.to_owned(), queue: 64, busy, prices: Arc::default() };
    let clock: Clock = Arc::new(|| Timestamp::from_millis(1_795_880_701_000));
    let (ledger, mut writer) = Ledger::open_or_replace(options, Arc::clone(&clock)).await.unwrap();
    let stop = CancellationToken::new();
    let board = Arc::new(Board::new(Arc::clone(&clock)));
    let mut status = board.status();
    let task = Transcripts {
        ledger: ledger.clone(),
        folders: Arc::new([claude.to_owned()]),
        hints: Hints::default(),
        now: clock,
        board,
    };
    let (ended, read) = (stop.clone(), stop.clone());
    let writing = tokio::spawn(async move { writer.run(ended).await.unwrap() });
    let reading = tokio::spawn(async move { task.run(read).await.unwrap() });
    let looked =
        status.wait_for(|status| status.backfill.is_some_and(|state| state.ended.is_some()));
    tokio::time::timeout(Duration::from_secs(30), looked).await.unwrap().unwrap();
    (ledger, stop, [reading, writing])
}

/// Scenario: transcripts are read; then the ledger's file is damaged while everything runs, and a commit meets that.
/// Guarantees: what the transcripts tell is in the new ledger, without a restart.
#[tokio::test]
async fn a_new_ledger_is_filled_again() {
    let folder = tempfile::tempdir().unwrap();
    let (path, claude) = (folder.path().join("ledger.db"), folder.path().join("claude"));
    write_transcript(&claude);
    let (ledger, stop, [reading, writing]) = begin(&path, &claude).await;
    holds(&ledger, "s", REQUESTS).await;
    // The writer gives back what it holds when it had nothing to do for a while.
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(20)).await;
    tokio::time::resume();

    damage(&path).await;
    ledger.record(vec![told()]).await.unwrap_err();
    ledger.record(vec![told()]).await.unwrap();
    holds(&ledger, "s", REQUESTS).await;
    holds(&ledger, "other", 1).await;
    stop.cancel();
    reading.await.unwrap();
    writing.await.unwrap();
}

/// Scenario: the client was never started, so that none of its folders is there; then it is, and writes a session.
/// Guarantees: the session is read at once, not when everything is looked through again minutes later.
#[tokio::test]
async fn folders_that_appear_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    let claude = folder.path().join("home/.claude");
    fs::create_dir(folder.path().join("home")).unwrap();
    let (ledger, stop, [reading, writing]) = begin(&folder.path().join("ledger.db"), &claude).await;
    write_transcript(&claude);
    holds(&ledger, "s", REQUESTS).await;
    stop.cancel();
    reading.await.unwrap();
    writing.await.unwrap();
}
