//! The handle that others hold.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use plimsoll_domain::{Fact, Position, PriceTable, Revision, SessionId, Timestamp};
use sqlx::{
    ConnectOptions as _, Sqlite, SqlitePool,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::{
    Audit, AuditFilter, Change, Clock, Commit, FileInUse, Grouping, History, LedgerError, Pruned,
    RecordError, RecordFilter, Replacement, SessionSummary, UsageRecord, UsageRow, Writer,
    keeping::{self, Aside, Piece},
    query, table,
    writer::Job,
};

/// How many commits a slow subscriber may fall behind before it has to read them from the file.
const BACKLOG: usize = 256;
/// How long a reader waits for a lock; readers of a write-ahead log hardly ever do.
const READ_PATIENCE: Duration = Duration::from_secs(2);

/// Where and how the ledger is kept.
#[derive(Debug, Clone)]
pub struct LedgerOptions {
    /// The SQLite file; its folder must exist.
    pub path: PathBuf,
    /// How many waiting calls to `record` are let in before further ones are refused.
    pub queue: usize,
    /// How long a commit waits for another program's lock on the file.
    pub busy: Duration,
    /// What requests cost whose cost nobody told.
    pub prices: Arc<PriceTable>,
}

/// What was read of transcripts.
#[derive(Debug, Default)]
pub struct TranscriptPart {
    /// What they tell.
    pub facts: Vec<Fact>,
    /// How far they were read.
    pub positions: Vec<Position>,
    /// What happened before this time is booked, and [`Commit`] does not tell of it: nobody watches it any more.
    pub told_from: Timestamp,
    /// Which file said how far was read before: another one does not take what follows.
    pub file: FileInUse,
}

/// A cheap handle: writes through the writer task, reads on connections of its own.
#[derive(Debug, Clone)]
pub struct Ledger {
    jobs: mpsc::Sender<Job>,
    readers: SqlitePool,
    commits: broadcast::Sender<Arc<Commit>>,
    revision: Arc<AtomicI64>,
    replaced: watch::Sender<Option<Replacement>>,
    pub(crate) prices: Arc<PriceTable>,
}

impl Ledger {
    /// Opens or creates the file, checks it where the last run did not close it, and brings its schema up to date.
    ///
    /// # Errors
    /// When the file cannot be opened, is damaged or no ledger, or was written by a later version.
    pub async fn open(options: LedgerOptions) -> Result<(Self, Writer), LedgerError> {
        Self::begin(options, None).await
    }

    /// As [`Ledger::open`], but a damaged file is set aside and a new one takes its place, also where the damage
    /// shows only later.
    ///
    /// # Errors
    /// When the file cannot be opened or is no ledger, was written by a later version, or cannot be set aside.
    pub async fn open_or_replace(
        options: LedgerOptions,
        clock: Clock,
    ) -> Result<(Self, Writer), LedgerError> {
        Self::begin(options, Some(clock)).await
    }

    async fn begin(
        options: LedgerOptions,
        clock: Option<Clock>,
    ) -> Result<(Self, Writer), LedgerError> {
        let write = SqliteConnectOptions::new()
            .filename(&options.path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(options.busy)
            // A prepared script holds some hundred kilobytes; the few of a steady load fit.
            .statement_cache_capacity(16)
            .pragma("cache_size", "-768")
            .pragma("journal_size_limit", "16777216")
            .disable_statement_logging();
        let replaced = watch::Sender::new(None);
        let aside = clock.map(|clock| Aside::new(clock, replaced.clone()));
        let revision = match (keeping::prepare(&write).await, &aside) {
            (Err(damage), Some(aside)) if damage.is_damaged() => {
                aside.replace(&write, &damage).await.map(|()| 0)
            }
            (prepared, _) => prepared,
        }?;
        let readers = readers(&write, replaced.subscribe());
        let prices = Arc::clone(&options.prices);
        let (jobs, waiting) = mpsc::channel(options.queue);
        let (commits, _) = broadcast::channel(BACKLOG);
        let revision = Arc::new(AtomicI64::new(revision));
        let writer = Writer {
            options: write,
            jobs: waiting,
            commits: commits.clone(),
            revision: Arc::clone(&revision),
            prices: options.prices,
            unsettled: BTreeMap::new(),
            aside,
        };
        Ok((Self { jobs, readers, commits, revision, replaced, prices }, writer))
    }

    /// Tells when a damaged file was set aside for a new one; nothing before that.
    #[must_use]
    pub fn replaced(&self) -> watch::Receiver<Option<Replacement>> {
        self.replaced.subscribe()
    }

    /// Which file is in use.
    #[must_use]
    pub fn file(&self) -> FileInUse {
        FileInUse::of(self.replaced.borrow().as_ref())
    }

    /// Has the writer remove a piece, as soon as it is its turn.
    pub(crate) async fn remove(&self, piece: Piece) -> Result<Pruned, RecordError> {
        let (reply, answer) = oneshot::channel();
        self.give(Job::Prune(piece, reply), answer).await
    }

    /// Waits until the writer takes a job, and for its answer.
    pub(crate) async fn give<T>(
        &self,
        job: Job,
        answer: oneshot::Receiver<Result<T, RecordError>>,
    ) -> Result<T, RecordError> {
        self.jobs.send(job).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Records facts; returns after COMMIT with the revision then reached.
    ///
    /// # Errors
    /// [`RecordError`]: nothing of `facts` was recorded, and the call may be repeated.
    pub async fn record(&self, facts: Vec<Fact>) -> Result<Revision, RecordError> {
        self.ask(|reply| Job::Record(facts, reply)).await
    }

    /// Records what was read of transcripts and how far they were read, in one commit of its own.
    ///
    /// # Errors
    /// [`RecordError`]: nothing of either was recorded, and the call may be repeated.
    pub async fn record_read(&self, part: TranscriptPart) -> Result<Revision, RecordError> {
        self.ask(|reply| Job::Read(part, reply)).await
    }

    /// How far each transcript was read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn positions(&self) -> Result<Vec<Position>, LedgerError> {
        let mut reader = self.reader().await?;
        table::transcript::all(&mut reader).await.map_err(LedgerError::Read)
    }

    /// Asks the writer for something, unless too much waits for it.
    pub(crate) async fn ask<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, RecordError>>) -> Job,
    ) -> Result<T, RecordError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.try_send(job(reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => RecordError::Full,
            mpsc::error::TrySendError::Closed(_) => stopped(),
        })?;
        answer.await.map_err(|_| stopped())?
    }

    /// Every commit from now on. A receiver that lags must begin anew from [`Ledger::history`] or
    /// [`Ledger::changes`].
    #[must_use]
    pub fn commits(&self) -> broadcast::Receiver<Arc<Commit>> {
        self.commits.subscribe()
    }

    /// The revision reached.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision(self.revision.load(Ordering::Acquire))
    }

    /// The recent past, for subscribers that begin.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn history(&self, since: Timestamp) -> Result<History, LedgerError> {
        let mut reader = self.reader().await?;
        query::history(&mut reader, since, || self.revision()).await.map_err(LedgerError::Read)
    }

    /// Usage records in order of revision.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn usage_records(
        &self,
        filter: RecordFilter,
    ) -> Result<Vec<UsageRecord>, LedgerError> {
        let mut reader = self.reader().await?;
        query::records(&mut reader, &filter).await.map_err(LedgerError::Read)
    }

    /// Changes after a revision, in order, at most `limit` (1 to 1000).
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn changes(&self, after: Revision, limit: u32) -> Result<Vec<Change>, LedgerError> {
        let mut reader = self.reader().await?;
        query::changes(&mut reader, after, limit).await.map_err(LedgerError::Read)
    }

    /// A report of use between two times (whole quarters; `from` rounded down, `to` rounded up).
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn usage(
        &self,
        by: Grouping,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<UsageRow>, LedgerError> {
        let mut reader = self.reader().await?;
        query::report(&mut reader, by, from, to).await.map_err(LedgerError::Read)
    }

    /// The books of sessions, the last active first, at most `limit`, last arrived before `before`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn sessions(
        &self,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<SessionSummary>, LedgerError> {
        let mut reader = self.reader().await?;
        query::sessions(&mut reader, Timestamp::EPOCH, before, limit)
            .await
            .map_err(LedgerError::Read)
    }

    /// The books of one session.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn session(
        &self,
        session: &SessionId,
    ) -> Result<Option<SessionSummary>, LedgerError> {
        let mut reader = self.reader().await?;
        query::session(&mut reader, session).await.map_err(LedgerError::Read)
    }

    /// What every witness tells of the same use, and why they differ.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn audit(&self, filter: &AuditFilter, now: Timestamp) -> Result<Audit, LedgerError> {
        let mut reader = self.reader().await?;
        query::audit(&mut reader, filter, now).await.map_err(LedgerError::Read)
    }

    pub(crate) async fn reader(&self) -> Result<PoolConnection<Sqlite>, LedgerError> {
        self.readers.acquire().await.map_err(LedgerError::Read)
    }
}

fn stopped() -> RecordError {
    RecordError::Commit("the writer is not running".to_owned())
}

/// The connections of readers. Those that were opened before the file was replaced are not used any more.
fn readers(
    write: &SqliteConnectOptions,
    replaced: watch::Receiver<Option<Replacement>>,
) -> SqlitePool {
    let read =
        write.clone().read_only(true).busy_timeout(READ_PATIENCE).pragma("cache_size", "-512");
    // Neither idle timeout nor lifetime: their timers would wake an idle resident.
    SqlitePoolOptions::new()
        .max_connections(2)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(move |_, connection| {
            let former = replaced.borrow().as_ref().is_some_and(|new| connection.age >= new.age());
            Box::pin(async move { Ok(!former) })
        })
        .connect_lazy_with(read)
}
