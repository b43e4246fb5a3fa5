//! The one task that changes the file: takes everything that waits, commits once, then answers.

mod amount;
mod commit;
mod lookup;
mod merge;
mod sheet;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use plimsoll_domain::{Alert, Fact, Revision};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    sync::{broadcast, mpsc, oneshot},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{Change, Claim, Commit, LedgerError, RecordError, books::Cache, table};

/// A difference between metrics and requests is published when it outlived so much quiet of its session.
const QUIET: Duration = Duration::from_secs(120);
/// How long after its last job the writer gives back the memory that it works with.
const RESTLESS: Duration = Duration::from_secs(15);
/// Sessions that are settled in one transaction, at most: what waits behind it must not wait long.
const MOST_SETTLED: usize = 50;
/// Facts of one transaction, at most; a single call may hold more.
const MOST_FACTS: usize = 4096;

/// What others ask of the writer.
#[derive(Debug)]
pub(crate) enum Job {
    Record(Vec<Fact>, oneshot::Sender<Result<Revision, RecordError>>),
    Claim(Box<Alert>, oneshot::Sender<Result<Claim, RecordError>>),
}

/// The one task that changes the file.
#[derive(Debug)]
pub struct Writer {
    pub(crate) options: SqliteConnectOptions,
    pub(crate) jobs: mpsc::Receiver<Job>,
    pub(crate) commits: broadcast::Sender<Arc<Commit>>,
    pub(crate) revision: Arc<AtomicI64>,
    /// Sessions with unpublished unattributed use, and when their quiet time is over.
    pub(crate) unsettled: BTreeMap<i64, Instant>,
}

/// The file, and what is held in memory of it.
struct Book {
    connection: SqliteConnection,
    cache: Cache,
}

impl Writer {
    /// Runs until cancelled, then commits what waits, checkpoints and closes the file. May be run again after
    /// it ended or panicked.
    ///
    /// # Errors
    /// When the file cannot be opened, or the last checkpoint fails.
    pub async fn run(&mut self, cancel: CancellationToken) -> Result<(), LedgerError> {
        let mut book = self.open().await?;
        let mut rest = None;
        loop {
            let due = self.unsettled.values().min().copied();
            let job = tokio::select! {
                biased;
                job = self.jobs.recv() => job,
                () = until(due) => {
                    self.settle(&mut book).await?;
                    continue;
                }
                () = until(rest) => {
                    rest = None;
                    self.rest(&mut book).await?;
                    continue;
                }
                () = cancel.cancelled() => {
                    self.jobs.close();
                    self.jobs.recv().await
                }
            };
            let Some(job) = job else { break };
            self.work(&mut book, job).await?;
            rest = Some(Instant::now() + RESTLESS);
        }
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&mut book.connection)
            .await
            .map_err(LedgerError::Checkpoint)?;
        book.connection.close().await.map_err(LedgerError::Checkpoint)
    }

    async fn open(&mut self) -> Result<Book, LedgerError> {
        let opened = async {
            let mut connection = self.options.connect().await?;
            let cache = Cache::open(&mut connection).await?;
            for session in table::remainder::unsettled(&mut connection).await? {
                self.unsettled.entry(session).or_insert_with(|| Instant::now() + QUIET);
            }
            Ok(Book { connection, cache })
        };
        let path = self.options.get_filename().to_owned();
        opened.await.map_err(|source| LedgerError::Open { path, source })
    }

    /// Does a job and everything of its kind that waits behind it.
    async fn work(&mut self, book: &mut Book, first: Job) -> Result<(), LedgerError> {
        let mut next = Some(first);
        while let Some(job) = next.take() {
            match job {
                Job::Claim(alert, reply) => {
                    let claim = self.claim(book, *alert).await;
                    let _ =
                        reply.send(claim.map_err(|error| RecordError::Commit(error.to_string())));
                }
                Job::Record(mut facts, reply) => {
                    let mut replies = vec![reply];
                    while facts.len() < MOST_FACTS {
                        match self.jobs.try_recv() {
                            Ok(Job::Record(more, reply)) => {
                                facts.extend(more);
                                replies.push(reply);
                            }
                            Ok(claim) => {
                                next = Some(claim);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.record(book, facts, replies).await?;
                }
            }
        }
        Ok(())
    }

    async fn record(
        &mut self,
        book: &mut Book,
        facts: Vec<Fact>,
        replies: Vec<oneshot::Sender<Result<Revision, RecordError>>>,
    ) -> Result<(), LedgerError> {
        let revision = self.revision();
        match commit::facts(&mut book.connection, &mut book.cache, revision, &facts).await {
            Ok(booked) => {
                let reached = booked.commit.revision;
                self.publish(booked.commit);
                for session in booked.unsettled {
                    self.unsettled.insert(session, Instant::now() + QUIET);
                }
                for reply in replies {
                    let _ = reply.send(Ok(reached));
                }
                book.cache.trim();
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, facts = facts.len(), "commit failed");
                for reply in replies {
                    let _ = reply.send(Err(RecordError::Commit(error.to_string())));
                }
                self.recover(book).await
            }
        }
    }

    /// Gives back what only a busy writer needs: prepared statements, pages, and the books held in memory, all of
    /// which the next commit brings back in milliseconds.
    async fn rest(&mut self, book: &mut Book) -> Result<(), LedgerError> {
        tracing::debug!("the writer rests");
        let rested = async {
            book.connection.clear_cached_statements().await?;
            sqlx::query("PRAGMA shrink_memory").execute(&mut book.connection).await?;
            book.cache.rest();
            Ok::<_, sqlx::Error>(())
        };
        match rested.await {
            Ok(()) => Ok(()),
            Err(_) => self.recover(book).await,
        }
    }

    /// Begins anew with the file as it is, after a failed transaction.
    async fn recover(&mut self, book: &mut Book) -> Result<(), LedgerError> {
        match Cache::open(&mut book.connection).await {
            Ok(cache) => book.cache = cache,
            Err(_) => *book = self.open().await?,
        }
        Ok(())
    }

    async fn claim(&mut self, book: &mut Book, mut alert: Alert) -> sqlx::Result<Claim> {
        let revision = self.revision().next();
        let Book { connection, cache } = book;
        let session = cache.number(connection, Some(&alert.thread.session), alert.at).await?;
        if !table::alert::claim(connection, session, revision, &alert).await? {
            return Ok(Claim::Taken);
        }
        alert.revision = Some(revision);
        let changes = vec![Change::Alert(alert.clone())];
        self.publish(Commit { revision, changes, ..Commit::default() });
        Ok(Claim::Granted(alert))
    }

    async fn settle(&mut self, book: &mut Book) -> Result<(), LedgerError> {
        let now = Instant::now();
        let due: Vec<_> = self
            .unsettled
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(session, _)| *session)
            .take(MOST_SETTLED)
            .collect();
        let revision = self.revision();
        match commit::settle(&mut book.connection, &mut book.cache, revision, &due).await {
            Ok(commit) => {
                for session in due {
                    self.unsettled.remove(&session);
                }
                self.publish(commit);
                book.cache.trim();
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, "publishing unattributed use failed");
                for session in due {
                    self.unsettled.insert(session, now + QUIET);
                }
                self.recover(book).await
            }
        }
    }

    fn revision(&self) -> Revision {
        Revision(self.revision.load(Ordering::Acquire))
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
