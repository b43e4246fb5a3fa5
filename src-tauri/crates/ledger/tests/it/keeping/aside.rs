//! Unclean ends, damaged files and files of other versions.

use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use plimsoll_domain::Timestamp;
use plimsoll_ledger::{Clock, Ledger, LedgerError, LedgerOptions, TranscriptPart, Writer};
use sqlx::{Connection, SqliteConnection};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::desk::event;

/// A ledger's file in a folder of its own.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("ledger.db")
    }

    fn mark(&self) -> PathBuf {
        self.0.path().join("ledger.db.running")
    }

    fn options(&self) -> LedgerOptions {
        let busy = Duration::from_millis(200);
        LedgerOptions { path: self.path(), queue: 64, busy, prices: Arc::default() }
    }

    async fn open(&self) -> Result<(Ledger, Writer), LedgerError> {
        Ledger::open(self.options()).await
    }

    async fn open_or_replace(&self) -> (Ledger, Writer) {
        let clock: Clock = Arc::new(|| Timestamp::from_millis(1_795_880_701_000));
        Ledger::open_or_replace(self.options(), clock).await.unwrap()
    }

    /// A ledger with so many requests, closed in order.
    async fn fill(&self, requests: i64) {
        let (ledger, writer) = self.open().await.unwrap();
        let run = Run::begin(writer);
        let facts = (0..requests).map(|n| event("s", &format!("req_{n}"), n, 1)).collect();
        ledger.record(facts).await.unwrap();
        run.end().await;
    }

    /// Another program at the same file.
    async fn connect(&self) -> SqliteConnection {
        SqliteConnection::connect(&format!("sqlite://{}", self.path().display())).await.unwrap()
    }

    fn aside(&self) -> PathBuf {
        self.0.path().join("ledger.db.damaged-20261128-154501")
    }
}

/// A running writer.
struct Run {
    cancel: CancellationToken,
    task: JoinHandle<Result<(), LedgerError>>,
}

impl Run {
    fn begin(mut writer: Writer) -> Self {
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        Self { cancel, task: tokio::spawn(async move { writer.run(stop).await }) }
    }

    async fn end(self) {
        self.cancel.cancel();
        self.task.await.unwrap().unwrap();
    }
}

/// Overwrites everything but the first page.
fn damage(path: &Path) {
    let size = fs::metadata(path).unwrap().len();
    let mut file = fs::File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0x5a; usize::try_from(size - 4096).unwrap()]).unwrap();
}

/// Scenario: a ledger is closed in order; its writer is ended as a crash does; it is opened again.
/// Guarantees: the mark of a run is there while it runs and after a crash, and gone after an end in order.
#[tokio::test]
async fn a_run_leaves_its_mark_until_it_ends_well() {
    let place = Place::new();
    let (_, writer) = place.open().await.unwrap();
    let run = Run::begin(writer);
    assert!(place.mark().exists());
    run.end().await;
    assert!(!place.mark().exists());

    let (_, writer) = place.open().await.unwrap();
    let run = Run::begin(writer);
    run.task.abort();
    let _ = run.task.await;
    assert!(place.mark().exists());
    let (_, writer) = place.open().await.unwrap();
    Run::begin(writer).end().await;
    assert!(!place.mark().exists());
}

/// Scenario: pages in the middle of a ledger are overwritten while nobody runs, after an end in order and after a
/// crash.
/// Guarantees: only after the crash all of it is looked at, and the damage is found when it is opened.
#[tokio::test]
async fn a_ledger_that_was_not_closed_is_checked() {
    let place = Place::new();
    place.fill(4_000).await;
    let size = fs::metadata(place.path()).unwrap().len();
    let mut file = fs::File::options().write(true).open(place.path()).unwrap();
    file.seek(SeekFrom::Start(size / 4096 / 2 * 4096)).unwrap();
    file.write_all(&[0x5a; 4096]).unwrap();
    drop(place.open().await.unwrap());
    assert!(place.mark().exists(), "the writer did not run, and nobody closed the file");
    let found = place.open().await.unwrap_err();
    assert!(found.is_damaged(), "{found}");
}

/// Scenario: a ledger is no database any more, or damaged behind its first page, when it is opened.
/// Guarantees: without leave it is an error and the file stays as it is; with leave it is set aside unchanged, a new
/// one is there, takes facts, and it is told where the old one is.
#[tokio::test]
async fn a_damaged_ledger_is_set_aside() {
    for text in [
        Some("no database at all, and longer than its head of a hundred bytes would be, by some"),
        None,
    ] {
        let place = Place::new();
        place.fill(50).await;
        match text {
            Some(text) => fs::write(place.path(), text).unwrap(),
            None => damage(&place.path()),
        }
        fs::write(place.mark(), "").unwrap();
        let damaged = fs::read(place.path()).unwrap();
        assert!(place.open().await.unwrap_err().is_damaged());
        assert_eq!(fs::read(place.path()).unwrap(), damaged);

        let (ledger, writer) = place.open_or_replace().await;
        let told = ledger.replaced().borrow().clone().unwrap();
        assert_eq!(told.aside, place.aside());
        assert_eq!(fs::read(place.aside()).unwrap(), damaged);
        let run = Run::begin(writer);
        ledger.record(vec![event("s", "req_1", 1, 7)]).await.unwrap();
        run.end().await;
        assert!(!place.mark().exists());
        let (ledger, _) = place.open_or_replace().await;
        assert_eq!(*ledger.replaced().borrow(), None);
        assert_eq!(ledger.sessions(None, 10).await.unwrap()[0].usage.requests, 1);
    }
}

/// Scenario: the file is damaged while the ledger is open, with a reader's connection open, before the writer reads it
/// for the first time.
/// Guarantees: the writer sets it aside and goes on with a new one, revisions go on, readers see the new file, and its
/// write-ahead log is not taken away by whoever had the old one open.
#[tokio::test]
async fn damage_that_shows_later_is_set_aside_too() {
    let place = Place::new();
    place.fill(400).await;
    let (ledger, writer) = place.open_or_replace().await;
    let before = ledger.revision();
    assert_eq!(ledger.sessions(None, 10).await.unwrap()[0].usage.requests, 400);
    damage(&place.path());
    let run = Run::begin(writer);
    let mut replaced = ledger.replaced();
    replaced.wait_for(Option::is_some).await.unwrap();
    ledger.record(vec![event("t", "req_new", 9, 7)]).await.unwrap();
    assert!(ledger.revision() > before);
    assert_eq!(replaced.borrow().as_ref().unwrap().aside, place.aside());
    let sessions = ledger.sessions(None, 10).await.unwrap();
    let listed: Vec<_> = sessions.iter().map(|books| books.session.as_str()).collect();
    assert_eq!(listed, ["t"]);
    let log = fs::metadata(place.0.path().join("ledger.db-wal")).unwrap();
    assert!(log.len() > 0);
    run.end().await;
}

/// Scenario: a commit meets the damage: the file is overwritten while the writer works and holds nothing of it in
/// memory.
/// Guarantees: the call fails and may be repeated; repeated, it is in the new ledger, which takes no transcript's part
/// that follows on what the former one held.
#[tokio::test]
async fn a_commit_that_meets_damage_can_be_repeated() {
    let place = Place::new();
    place.fill(400).await;
    let (ledger, writer) = place.open_or_replace().await;
    let run = Run::begin(writer);
    let before = ledger.file();
    ledger.record(vec![event("s", "req_more", 9, 1)]).await.unwrap();
    // The writer gives back what it holds when it had nothing to do for a while.
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(20)).await;
    tokio::time::resume();
    let mut other = place.connect().await;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    damage(&place.path());
    let facts = vec![event("t", "req_new", 9, 7)];
    ledger.record(facts.clone()).await.unwrap_err();
    ledger.record(facts).await.unwrap();
    assert!(ledger.replaced().borrow().is_some());
    assert_eq!(ledger.sessions(None, 10).await.unwrap().len(), 1);

    // What goes on where the former file was read to would leave a gap in the new one.
    let part = |file| TranscriptPart { file, ..TranscriptPart::default() };
    ledger.record_read(part(before)).await.unwrap_err();
    ledger.record_read(part(ledger.file())).await.unwrap();
    run.end().await;
}

/// Scenario: a ledger of a later version, and another program's database, are opened; both with a mark left over.
/// Guarantees: each is refused by name, with both versions where there are versions, and nothing in it is changed.
#[tokio::test]
async fn foreign_files_are_refused() {
    let place = Place::new();
    place.fill(3).await;
    let mut other = place.connect().await;
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (901, 'later', TRUE, x'00', 0)";
    sqlx::query(later).execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    fs::write(place.mark(), "").unwrap();
    let newer = place.open().await.unwrap_err();
    assert!(matches!(newer, LedgerError::Newer { found: 901, .. }), "{newer}");
    let sentence = newer.to_string();
    assert!(sentence.contains("901") && sentence.contains(env!("CARGO_PKG_VERSION")), "{sentence}");

    let place = Place::new();
    let url = format!("sqlite://{}?mode=rwc", place.path().display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("CREATE TABLE bookmark (url TEXT)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let before = fs::read(place.path()).unwrap();
    let foreign = place.open().await.unwrap_err();
    assert!(matches!(foreign, LedgerError::Foreign { .. }), "{foreign}");
    assert_eq!(fs::read(place.path()).unwrap(), before);
    assert!(!place.mark().exists());
}
