//! The task around the fleet: reads commits, publishes snapshots, claims alerts and warnings.

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use futures_util::{
    StreamExt,
    future::{BoxFuture, FutureExt},
    stream::FuturesUnordered,
};
use plimsoll_domain::{Alert, Calendar, Policy, Revision, Timestamp, Warning, Warnings};
use plimsoll_ledger::{Commit, Ledger, LedgerError, RecordError};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        watch,
    },
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Books, ClientSettings, Fleet, Snapshot,
    limits::{ALERT_AGE, CLAIM_AGAIN, PUBLICATION_GAP, RECALLED, REMINDED},
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

/// What sessions are judged by.
#[derive(Debug, Clone)]
pub struct Laws {
    /// What the user set in Plimsoll.
    pub policy: Arc<Policy>,
    /// Of what the user wants to be warned.
    pub warnings: Warnings,
    /// What the client's settings say, as far as it is known; the newest wins.
    pub settings: watch::Receiver<Arc<ClientSettings>>,
}

impl Laws {
    /// A fleet under them, of which nothing is known yet.
    fn fleet(&self, calendar: Calendar, now: Timestamp) -> Fleet {
        Fleet::new(Arc::clone(&self.policy), self.warnings, calendar, now)
    }
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
        laws: Laws,
        calendar: Calendar,
        now: Clock,
    ) -> (Self, WatchTask<B>) {
        let empty = laws.fleet(calendar.clone(), now()).snapshot(now(), 0);
        let (sender, snapshots) = watch::channel(Arc::new(empty));
        (Self { snapshots }, WatchTask { books, laws, calendar, now, snapshots: sender })
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
    laws: Laws,
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

/// What has to be claimed in the ledger before anyone is told.
#[derive(Debug, Clone)]
enum Owed {
    /// With whether it owes a message to a web address.
    Alert(Alert, bool),
    Warning(Warning),
}

impl Owed {
    fn at(&self) -> Timestamp {
        match self {
            Self::Alert(alert, _) => alert.at,
            Self::Warning(warning) => warning.at,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Alert(alert, _) => alert.level.name(),
            Self::Warning(warning) => warning.kind.name(),
        }
    }

    /// What is granted goes out with the ledger's commit; what was claimed before has gone out before.
    async fn claim<B: Books>(self, books: B) -> Result<(), RecordError> {
        match self {
            Self::Alert(alert, webhook) => books.claim(alert, webhook).await.map(drop),
            Self::Warning(warning) => books.claim_warning(warning).await.map(drop),
        }
    }
}

/// What was asked to be claimed, and the answer.
type Claimed = (Owed, Result<(), RecordError>);

/// One run, from the history on.
struct Run<'a, B> {
    task: &'a WatchTask<B>,
    settings: watch::Receiver<Arc<ClientSettings>>,
    commits: broadcast::Receiver<Arc<Commit>>,
    /// The revision of the history it began with.
    began: Revision,
    fleet: Fleet,
    /// Whether something was taken in since the last publication.
    changed: bool,
    published: Instant,
    /// When to publish or to claim again unless a commit comes first.
    wake: Instant,
    claims: FuturesUnordered<BoxFuture<'static, Claimed>>,
    /// What could not be claimed, for the next change or wake.
    unclaimed: Vec<Owed>,
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
        let past = task.books.compactions(RECALLED).await.map_err(WatchError::History)?;
        let checkpoints = task.books.checkpoints(REMINDED).await.map_err(WatchError::History)?;
        let mut settings = task.laws.settings.clone();
        let now = (task.now)();
        let began = history.revision;
        let mut fleet = task.laws.fleet(task.calendar.clone(), now);
        fleet.configure(Arc::clone(&settings.borrow_and_update()));
        fleet.recall(&past);
        let alerts = fleet.begin(history, now);
        checkpoints.iter().rev().for_each(|checkpoint| fleet.remember(checkpoint));
        fleet.adopt(&task.snapshots.borrow());
        let mut run = Self {
            task,
            settings,
            commits,
            began,
            fleet,
            changed: true,
            published: Instant::now(),
            wake: Instant::now(),
            claims: FuturesUnordered::new(),
            unclaimed: Vec::new(),
        };
        run.claim_alerts(alerts);
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
            Ok(()) = self.settings.changed() => {
                self.fleet.configure(Arc::clone(&self.settings.borrow_and_update()));
                self.changed = true;
                self.retry();
                self.publish();
            }
            Some((owed, answer)) = self.claims.next() => self.answered(owed, &answer),
        }
        Ok(())
    }

    fn take(&mut self, commit: &Commit) {
        if commit.revision < self.began {
            return;
        }
        self.retry();
        let alerts = self.fleet.apply(commit, (self.task.now)());
        self.claim_alerts(alerts);
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
            let warnings = self.fleet.warnings(now);
            self.claim(warnings.into_iter().map(Owed::Warning).collect());
        }
        self.wake = Instant::now() + self.fleet.next_change().since(now);
    }

    fn claim_alerts(&mut self, alerts: Vec<Alert>) {
        let owed = alerts.into_iter().map(|alert| {
            let webhook = self.fleet.owes_webhook(&alert);
            Owed::Alert(alert, webhook)
        });
        let owed = owed.collect();
        self.claim(owed);
    }

    /// Asks the ledger for claims, without waiting for the answers.
    fn claim(&mut self, all: Vec<Owed>) {
        for owed in all {
            let books = self.task.books.clone();
            let claim = async move {
                let answer = owed.clone().claim(books).await;
                (owed, answer)
            };
            self.claims.push(claim.boxed());
        }
    }

    fn retry(&mut self) {
        let now = (self.task.now)();
        let mut unclaimed = std::mem::take(&mut self.unclaimed);
        unclaimed.retain(|owed| now.since(owed.at()) <= ALERT_AGE);
        self.claim(unclaimed);
    }

    fn answered(&mut self, owed: Owed, answer: &Result<(), RecordError>) {
        if let Err(error) = answer {
            tracing::warn!(%error, of = owed.name(), "what is owed could not be claimed yet");
            self.unclaimed.push(owed);
            self.wake = self.wake.min(Instant::now() + CLAIM_AGAIN);
        }
    }
}
