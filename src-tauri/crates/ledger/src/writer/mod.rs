//! The one task that changes the file: takes everything that waits, commits once, then answers.

mod activities;
mod amount;
mod commit;
mod identity;
mod jobs;
mod known;
mod lookup;
mod merge;
mod news;
mod notes;
mod pricing;
mod sheet;
mod speaker;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use plimsoll_domain::{Alert, Checkpoint, Fact, Outcome, PriceTable, Revision, Warning};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    sync::{broadcast, mpsc, oneshot},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Claim, Commit, FileInUse, LedgerError, Pruned, RecordError, TranscriptPart,
    books::Cache,
    error::is_damage,
    keeping::{Aside, Mark, Piece, Pricing},
    table,
};

/// A difference between metrics and requests is published when it outlived so much quiet of its session.
const QUIET: Duration = Duration::from_secs(120);
/// How long after its last job the writer gives back the memory that it works with.
const RESTLESS: Duration = Duration::from_secs(15);
/// Sessions that are settled in one transaction, at most: what waits behind it must not wait long.
const MOST_SETTLED: usize = 50;
/// Facts of one transaction, at most; a single call may hold more.
const MOST_FACTS: usize = 4096;

/// Facts of a transcript's part that is history, not what a client is writing now.
const MANY_FACTS: usize = 500;
/// While history is read 4 MiB of pages are kept in memory, and 4,000 pages are written before they are copied into
/// the file.
const WIDE: &str = "PRAGMA cache_size = -4096; PRAGMA wal_autocheckpoint = 4000";
/// Afterwards as before, and what is free is given back.
const NARROW: &str =
    "PRAGMA cache_size = -768; PRAGMA wal_autocheckpoint = 1000; PRAGMA shrink_memory";

pub(crate) use notes::Note;

/// What others ask of the writer.
#[derive(Debug)]
pub(crate) enum Job {
    Record(Vec<Fact>, oneshot::Sender<Result<Revision, RecordError>>),
    Read(TranscriptPart, oneshot::Sender<Result<Revision, RecordError>>),
    Claim { alert: Box<Alert>, webhook: bool, reply: oneshot::Sender<Result<Claim, RecordError>> },
    Begin(Outcome, oneshot::Sender<Result<bool, RecordError>>),
    Note(Note, oneshot::Sender<Result<(), RecordError>>),
    Acknowledge(Box<Checkpoint>, oneshot::Sender<Result<Checkpoint, RecordError>>),
    Warn(Box<Warning>, oneshot::Sender<Result<Option<Warning>, RecordError>>),
    Prune(Piece, oneshot::Sender<Result<Pruned, RecordError>>),
    Price(Pricing, oneshot::Sender<Result<u64, RecordError>>),
}

/// The one task that changes the file.
#[derive(Debug)]
pub struct Writer {
    pub(crate) options: SqliteConnectOptions,
    pub(crate) jobs: mpsc::Receiver<Job>,
    pub(crate) commits: broadcast::Sender<Arc<Commit>>,
    pub(crate) revision: Arc<AtomicI64>,
    pub(crate) prices: Arc<PriceTable>,
    /// Sessions with unpublished unattributed use, and when their quiet time is over.
    pub(crate) unsettled: BTreeMap<i64, Instant>,
    /// Takes a damaged file out of the way; `None`: damage is an error.
    pub(crate) aside: Option<Aside>,
}

/// The file, and what is held in memory of it.
struct Book {
    connection: SqliteConnection,
    cache: Cache,
    /// Whether many pages of the file may be in memory.
    is_wide: bool,
}

impl Writer {
    /// Runs until cancelled, then commits what waits, checkpoints and closes the file. May be run again after
    /// it ended or panicked.
    ///
    /// # Errors
    /// When the file cannot be opened, or the last checkpoint fails.
    pub async fn run(&mut self, cancel: CancellationToken) -> Result<(), LedgerError> {
        match (self.keep(&cancel).await, self.aside.clone()) {
            (Err(damage), Some(aside)) if damage.is_damaged() => {
                aside.replace(&self.options, &damage).await?;
                self.unsettled.clear();
                self.keep(&cancel).await
            }
            (ended, _) => ended,
        }
    }

    /// Runs on one file. In the end it is closed, however that came.
    async fn keep(&mut self, cancel: &CancellationToken) -> Result<(), LedgerError> {
        let mut book = self.open().await?;
        let served = self.serve(&mut book, cancel).await;
        let closed = book.connection.close().await.map_err(LedgerError::Checkpoint);
        served.and(closed)?;
        let mark = Mark::beside(self.options.get_filename());
        mark.remove().map_err(|source| LedgerError::Mark { path: mark.path().to_owned(), source })
    }

    async fn serve(
        &mut self,
        book: &mut Book,
        cancel: &CancellationToken,
    ) -> Result<(), LedgerError> {
        let mut rest = None;
        loop {
            let due = self.unsettled.values().min().copied();
            let job = tokio::select! {
                biased;
                job = self.jobs.recv() => job,
                () = until(due) => {
                    self.settle(book).await?;
                    rest = Some(Instant::now() + RESTLESS);
                    continue;
                }
                () = until(rest) => {
                    rest = None;
                    self.rest(book).await?;
                    continue;
                }
                () = cancel.cancelled() => {
                    self.jobs.close();
                    self.jobs.recv().await
                }
            };
            let Some(job) = job else { break };
            self.work(book, job).await?;
            rest = Some(Instant::now() + RESTLESS);
        }
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&mut book.connection)
            .await
            .map_err(LedgerError::Checkpoint)?;
        Ok(())
    }

    async fn open(&mut self) -> Result<Book, LedgerError> {
        let path = self.options.get_filename();
        let open = |source| LedgerError::Open { path: path.to_owned(), source };
        let mark = Mark::beside(path);
        mark.set().map_err(|source| LedgerError::Mark { path: mark.path().to_owned(), source })?;
        let mut connection = self.options.connect().await.map_err(open)?;
        let loaded = async {
            let cache = Cache::open(&mut connection, Arc::clone(&self.prices)).await?;
            Ok((cache, table::remainder::unsettled(&mut connection).await?))
        };
        let loaded: sqlx::Result<_> = loaded.await;
        match loaded {
            Ok((cache, unsettled)) => {
                for session in unsettled {
                    self.unsettled.entry(session).or_insert_with(|| Instant::now() + QUIET);
                }
                Ok(Book { connection, cache, is_wide: false })
            }
            Err(error) => {
                // At once: it may have to be set aside.
                let _ = connection.close().await;
                Err(open(error))
            }
        }
    }

    /// Lets the file's pages stay in memory while history is read: each commit touches many, and all over the file.
    async fn widen(&mut self, book: &mut Book) -> Result<(), LedgerError> {
        if std::mem::replace(&mut book.is_wide, true) {
            return Ok(());
        }
        match sqlx::query(WIDE).execute(&mut book.connection).await {
            Ok(_) => Ok(()),
            Err(error) => self.recover(book, error).await,
        }
    }

    /// Gives back what only a busy writer needs: prepared statements, pages, and the books held in memory, all of
    /// which the next commit brings back in milliseconds.
    async fn rest(&mut self, book: &mut Book) -> Result<(), LedgerError> {
        tracing::debug!("the writer rests");
        let give_back =
            if std::mem::take(&mut book.is_wide) { NARROW } else { "PRAGMA shrink_memory" };
        let rested = async {
            book.connection.clear_cached_statements().await?;
            sqlx::query(give_back).execute(&mut book.connection).await
        };
        match rested.await {
            Ok(_) => {
                book.cache.rest();
                Ok(())
            }
            Err(error) => self.recover(book, error).await,
        }
    }

    /// Begins anew with the file as it is, after a failed transaction; not with a damaged one.
    async fn recover(&mut self, book: &mut Book, cause: sqlx::Error) -> Result<(), LedgerError> {
        if is_damage(&cause) {
            return Err(LedgerError::Damaged {
                path: self.options.get_filename().to_owned(),
                reason: cause.to_string(),
            });
        }
        match Cache::open(&mut book.connection, Arc::clone(&self.prices)).await {
            Ok(cache) => book.cache = cache,
            Err(_) => *book = self.open().await?,
        }
        Ok(())
    }

    fn file(&self) -> FileInUse {
        self.aside.as_ref().map_or_else(FileInUse::default, Aside::file)
    }

    fn revision(&self) -> Revision {
        Revision(self.revision.load(Ordering::Acquire))
    }

    fn tell(&mut self, booked: news::Booked) {
        self.publish(booked.commit);
        for session in booked.unsettled {
            self.unsettled.insert(session, Instant::now() + QUIET);
        }
    }

    fn publish(&self, commit: Commit) {
        if commit.says_nothing() {
            return;
        }
        self.revision.store(commit.revision.0, Ordering::Release);
        // An error means that nobody listens.
        let _ = self.commits.send(Arc::new(commit));
    }
}

/// Waits until a moment; for ever without one.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
