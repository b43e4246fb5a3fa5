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

use plimsoll_domain::{Alert, Fact, Revision, SessionId, Timestamp};
use sqlx::{
    ConnectOptions as _, Connection as _, Sqlite, SqlitePool,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::{
    Change, Claim, Commit, Grouping, History, LedgerError, RecordError, RecordFilter,
    SessionSummary, UsageRecord, UsageRow, Writer, query, table, writer::Job,
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
}

/// A cheap handle: writes through the writer task, reads on connections of its own.
#[derive(Debug, Clone)]
pub struct Ledger {
    jobs: mpsc::Sender<Job>,
    readers: SqlitePool,
    commits: broadcast::Sender<Arc<Commit>>,
    revision: Arc<AtomicI64>,
}

impl Ledger {
    /// Opens or creates the file and brings its schema up to date.
    ///
    /// # Errors
    /// When the file cannot be opened, is no ledger, or was written by a later version.
    pub async fn open(options: LedgerOptions) -> Result<(Self, Writer), LedgerError> {
        let path = options.path.clone();
        let write = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(options.busy)
            // A prepared script holds some hundred kilobytes; the few of a steady load fit.
            .statement_cache_capacity(8)
            .pragma("cache_size", "-768")
            .pragma("journal_size_limit", "16777216")
            .disable_statement_logging();
        let revision = migrate(&write, path).await?;
        let read =
            write.clone().read_only(true).busy_timeout(READ_PATIENCE).pragma("cache_size", "-512");
        // Neither idle timeout nor lifetime: their timers would wake an idle resident.
        let readers = SqlitePoolOptions::new()
            .max_connections(2)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(read);
        let (jobs, waiting) = mpsc::channel(options.queue);
        let (commits, _) = broadcast::channel(BACKLOG);
        let revision = Arc::new(AtomicI64::new(revision));
        let writer = Writer {
            options: write,
            jobs: waiting,
            commits: commits.clone(),
            revision: Arc::clone(&revision),
            unsettled: BTreeMap::new(),
        };
        Ok((Self { jobs, readers, commits, revision }, writer))
    }

    /// Records facts; returns after COMMIT with the revision then reached.
    ///
    /// # Errors
    /// [`RecordError`]: nothing of `facts` was recorded, and the call may be repeated.
    pub async fn record(&self, facts: Vec<Fact>) -> Result<Revision, RecordError> {
        self.ask(|reply| Job::Record(facts, reply)).await
    }

    /// Claims an alert, at most once per thread, cycle and level.
    ///
    /// # Errors
    /// [`RecordError`]: the claim was not made, and the call may be repeated.
    pub async fn claim(&self, alert: Alert) -> Result<Claim, RecordError> {
        self.ask(|reply| Job::Claim(Box::new(alert), reply)).await
    }

    async fn ask<T>(
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

    async fn reader(&self) -> Result<PoolConnection<Sqlite>, LedgerError> {
        self.readers.acquire().await.map_err(LedgerError::Read)
    }
}

fn stopped() -> RecordError {
    RecordError::Commit("the writer is not running".to_owned())
}

/// Brings the schema up to date; returns the revision reached.
async fn migrate(options: &SqliteConnectOptions, path: PathBuf) -> Result<i64, LedgerError> {
    let open = |source| LedgerError::Open { path: path.clone(), source };
    let mut connection = options.connect().await.map_err(open)?;
    sqlx::migrate!()
        .run(&mut connection)
        .await
        .map_err(|source| LedgerError::Migrate { path: path.clone(), source })?;
    let mut last = 0;
    for revision in [
        table::request::last_revision(&mut connection).await,
        table::remainder::last_revision(&mut connection).await,
        table::alert::last_revision(&mut connection).await,
    ] {
        last = last.max(revision.map_err(open)?);
    }
    connection.close().await.map_err(open)?;
    Ok(last)
}
