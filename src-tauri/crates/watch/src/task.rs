//! The task around the fleet: reads commits, publishes snapshots, claims alerts.

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use futures_util::{
    StreamExt,
    future::{BoxFuture, FutureExt},
    stream::FuturesUnordered,
};
use plimsoll_domain::{Alert, Calendar, Levels, Revision, Timestamp};
use plimsoll_ledger::{Claim, Commit, Ledger, LedgerError, RecordError};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        watch,
    },
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Books, Fleet, Snapshot,
    limits::{ALERT_AGE, PUBLICATION_GAP},
};

/// A clock handed in.
type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Why watching ended early.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The recent past could not be read.
    #[error("read the recent past from the ledger: {0}")]
    History(#[source] LedgerError),
    /// The ledger's writer is gone.
    #[error("the ledger sends no more commits")]
    Closed,
}

/// A cheap handle to the live sessions.
#[derive(Debug, Clone)]
pub struct Watch {
    snapshots: watch::Receiver<Arc<Snapshot>>,
}

impl Watch {
    /// The handle, and the task that keeps it up to date once it runs.
    pub fn new<B: Books>(
        books: B,
        levels: Levels,
        calendar: Calendar,
        now: Clock,
    ) -> (Self, WatchTask<B>) {
        let empty = Fleet::new(levels, calendar.clone(), now()).snapshot(now(), 0);
        let (sender, snapshots) = watch::channel(Arc::new(empty));
        (Self { snapshots }, WatchTask { books, levels, calendar, now, snapshots: sender })
    }

    /// The snapshots; the newest wins. Before the task's first one: no session, version zero.
    #[must_use]
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }
}

/// The task that keeps the live sessions up to date. It holds no state between runs: after an error or a
/// panic, calling [`WatchTask::run`] again (of this value or of a clone) begins from the ledger's history,
/// and the version goes on from the last snapshot.
#[derive(Clone)]
pub struct WatchTask<B = Ledger> {
    books: B,
    levels: Levels,
    calendar: Calendar,
    now: Clock,
    snapshots: watch::Sender<Arc<Snapshot>>,
}

impl<B: fmt::Debug> fmt::Debug for WatchTask<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchTask").field("books", &self.books).finish_non_exhaustive()
    }
}

impl<B: Books> WatchTask<B> {
    /// Runs until cancelled. Nothing has to be flushed: what a run knows is in the ledger.
    pub async fn run(&self, cancel: CancellationToken) -> Result<(), WatchError> {
        cancel.run_until_cancelled(self.follow()).await.unwrap_or(Ok(()))
    }

    async fn follow(&self) -> Result<(), WatchError> {
        let mut run = Run::begin(self).await?;
        loop {
            run.turn().await?;
        }
    }
}

/// An alert that was asked to be claimed, and the answer.
type Claimed = (Alert, Result<Claim, RecordError>);

/// One run, from the history on.
struct Run<'a, B> {
    task: &'a WatchTask<B>,
    commits: broadcast::Receiver<Arc<Commit>>,
    /// The revision of the history it began with.
    began: Revision,
    fleet: Fleet,
    /// Whether something was taken in since the last publication.
    changed: bool,
    published: Instant,
    /// When to publish next unless a commit comes first.
    wake: Instant,
    claims: FuturesUnordered<BoxFuture<'static, Claimed>>,
    /// Alerts whose claim failed, for the next change.
    unclaimed: Vec<Alert>,
}

impl<'a, B: Books> Run<'a, B> {
    /// Listens for commits first and reads the history then, so that none is missed. A commit in between
    /// comes twice, in the history and by itself. Those before the history's revision are skipped; of later
    /// ones that cannot be told, but activities count once, and sums are set, not added, by commits that come
    /// in their order, so that the last one leaves them as they are.
    async fn begin(task: &'a WatchTask<B>) -> Result<Self, WatchError> {
        let commits = task.books.commits();
        let since = Fleet::horizon(&task.calendar, (task.now)());
        let history = task.books.history(since).await.map_err(WatchError::History)?;
        let now = (task.now)();
        let began = history.revision;
        let mut fleet = Fleet::new(task.levels, task.calendar.clone(), now);
        let alerts = fleet.begin(history, now);
        fleet.adopt(&task.snapshots.borrow());
        let mut run = Self {
            task,
            commits,
            began,
            fleet,
            changed: true,
            published: Instant::now(),
            wake: Instant::now(),
            claims: FuturesUnordered::new(),
            unclaimed: Vec::new(),
        };
        run.claim(alerts);
        run.publish();
        Ok(run)
    }

    async fn turn(&mut self) -> Result<(), WatchError> {
        tokio::select! {
            commit = self.commits.recv() => match commit {
                Ok(commit) => self.take(&commit),
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "fell behind the ledger: beginning anew from its history");
                    *self = Self::begin(self.task).await?;
                }
                Err(RecvError::Closed) => return Err(WatchError::Closed),
            },
            () = sleep_until(self.wake) => {
                self.retry();
                self.publish();
            }
            Some((alert, answer)) = self.claims.next() => self.answered(alert, &answer),
        }
        Ok(())
    }

    fn take(&mut self, commit: &Commit) {
        if commit.revision < self.began {
            return;
        }
        self.retry();
        let alerts = self.fleet.apply(commit, (self.task.now)());
        self.claim(alerts);
        self.changed = true;
        let allowed = self.published + PUBLICATION_GAP;
        if Instant::now() >= allowed {
            self.publish();
        } else {
            self.wake = allowed;
        }
    }

    fn publish(&mut self) {
        let now = (self.task.now)();
        if self.changed || self.fleet.next_change() <= now {
            let version = self.task.snapshots.borrow().version + 1;
            let snapshot = self.fleet.snapshot(now, version);
            self.task.snapshots.send_replace(Arc::new(snapshot));
            self.published = Instant::now();
            self.changed = false;
        }
        self.wake = Instant::now() + self.fleet.next_change().since(now);
    }

    /// Asks the ledger for alerts, without waiting for the answers.
    fn claim(&mut self, alerts: Vec<Alert>) {
        for alert in alerts {
            let books = self.task.books.clone();
            let claim = async move {
                let answer = books.claim(alert.clone()).await;
                (alert, answer)
            };
            self.claims.push(claim.boxed());
        }
    }

    fn retry(&mut self) {
        let now = (self.task.now)();
        let mut unclaimed = std::mem::take(&mut self.unclaimed);
        unclaimed.retain(|alert| now.since(alert.at) <= ALERT_AGE);
        self.claim(unclaimed);
    }

    /// A granted alert goes out with the ledger's commit; a taken one has gone out before.
    fn answered(&mut self, alert: Alert, answer: &Result<Claim, RecordError>) {
        if let Err(error) = answer {
            tracing::warn!(%error, level = alert.level.name(), "an alert could not be claimed yet");
            self.unclaimed.push(alert);
        }
    }
}
