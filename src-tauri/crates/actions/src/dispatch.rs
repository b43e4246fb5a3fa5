//! The loop: alerts come, and what their level asks for is set going.

mod texts;

use std::{
    convert::Infallible,
    fmt,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use plimsoll_domain::{ActionKind, ActionResult, Alert, Checkpoint, Policy, Revision};
use plimsoll_ledger::{Ledger, LedgerError, Unfinished};
use plimsoll_watch::Snapshot;
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    ActionsError, Clock,
    command::{Commands, Order},
    cycle::is_fresh,
    feed::{Books, Feed, News, Position},
    in_session::Inbox,
    known::project,
    outcome::{Outcomes, Scribe},
    webhook::{self, Mail, Outbox, Post, Wire},
};

/// How long to wait for the snapshot that knows of an alert: it is published within 20 ms.
const SNAPSHOT_DELAY: Duration = Duration::from_millis(100);

/// Sessions whose last checkpoint is read at the start, at most.
const CHECKPOINTS: u32 = 64;

/// What carrying alerts out needs of others.
#[derive(Clone)]
pub struct DispatchPorts {
    /// Grants the alerts, keeps the outbox, and is told what becomes of actions.
    pub ledger: Ledger,
    /// Alerts that were granted after this revision are carried out.
    pub since: Revision,
    /// Knows the sessions' projects.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// What each level does.
    pub policy: watch::Receiver<Arc<Policy>>,
    /// Where texts wait for sessions. It is told of checkpoints too.
    pub inbox: Inbox,
    /// Where commands work that have no project's folder: the user's home.
    pub home: PathBuf,
    /// The clock.
    pub now: Clock,
}

/// Carries alerts out as commands, webhooks and texts in sessions.
#[derive(Clone)]
pub struct Dispatch {
    inner: Dispatcher<Ledger, Wire>,
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch").field("position", &self.inner.position).finish_non_exhaustive()
    }
}

impl Dispatch {
    /// Every alert that is granted after `ports.since` is carried out once it runs.
    #[must_use]
    pub fn new(ports: DispatchPorts) -> Self {
        let DispatchPorts { ledger, since, snapshots, policy, inbox, home, now } = ports;
        let around = Surroundings { snapshots, policy, inbox, home, now };
        Self { inner: Dispatcher::new(ledger, Wire::default(), around, since) }
    }

    /// Runs until stopped: for each alert what its level asks for, commands at most once, webhooks at least once. What
    /// happened more than two minutes ago runs no command and is told to no session; but a text that a former run of the
    /// program left waits again for its session, unless its cycle is over. After an error another run of a clone goes on
    /// where this one ended; commands that run meanwhile go on. When it is stopped they have a second to end.
    ///
    /// # Errors
    /// When the ledger cannot be followed.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ActionsError> {
        self.inner.run(stop).await
    }
}

/// What a dispatcher knows of and tells.
pub(crate) struct Surroundings {
    pub(crate) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(crate) policy: watch::Receiver<Arc<Policy>>,
    pub(crate) inbox: Inbox,
    pub(crate) home: PathBuf,
    pub(crate) now: Clock,
}

/// What a dispatcher needs of the ledger.
pub(crate) trait Desk: Books + Outcomes + Mail {
    /// The last checkpoint of each of the last sessions, so many at most.
    fn last_checkpoints(
        &self,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Checkpoint>, LedgerError>> + Send;

    /// Alerts whose sessions were to be told, and were not as far as it knows.
    fn untold(&self) -> impl Future<Output = Result<Vec<Unfinished>, LedgerError>> + Send;
}

impl Desk for Ledger {
    async fn last_checkpoints(&self, limit: u32) -> Result<Vec<Checkpoint>, LedgerError> {
        self.checkpoints(None, limit).await
    }

    async fn untold(&self) -> Result<Vec<Unfinished>, LedgerError> {
        self.unfinished(ActionKind::InSession, ActionResult::Begun).await
    }
}

/// [`Dispatch`], whatever the ledger and the network are.
pub(crate) struct Dispatcher<D, P> {
    desk: D,
    position: Position,
    around: Arc<Surroundings>,
    scribe: Scribe<D>,
    commands: Commands<D>,
    outbox: Arc<Outbox<D, D, P>>,
    bell: Arc<Notify>,
    /// Whether the texts of a former run of the program wait again.
    has_recalled: Arc<AtomicBool>,
}

impl<D: Clone, P> Clone for Dispatcher<D, P> {
    fn clone(&self) -> Self {
        Self {
            desk: self.desk.clone(),
            position: self.position.clone(),
            around: Arc::clone(&self.around),
            scribe: self.scribe.clone(),
            commands: self.commands.clone(),
            outbox: Arc::clone(&self.outbox),
            bell: Arc::clone(&self.bell),
            has_recalled: Arc::clone(&self.has_recalled),
        }
    }
}

impl<D: Desk, P: Post> Dispatcher<D, P> {
    pub(crate) fn new(desk: D, post: P, around: Surroundings, since: Revision) -> Self {
        let tasks = TaskTracker::new();
        let scribe = Scribe::new(desk.clone(), Arc::clone(&around.now), tasks.clone());
        let bell = Arc::new(Notify::new());
        let outside = webhook::Surroundings {
            policy: around.policy.clone(),
            bell: Arc::clone(&bell),
            now: Arc::clone(&around.now),
        };
        Self {
            commands: Commands::new(scribe.clone(), around.home.clone(), tasks),
            outbox: Arc::new(Outbox::new(desk.clone(), scribe.clone(), post, outside)),
            position: Position::at(since),
            around: Arc::new(around),
            desk,
            scribe,
            bell,
            has_recalled: Arc::default(),
        }
    }

    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), ActionsError> {
        let ended = tokio::select! {
            () = stop.cancelled() => Ok(()),
            Err(error) = self.follow() => Err(error),
            never = self.outbox.run() => match never {},
            never = self.follow_cycles() => match never {},
        };
        if stop.is_cancelled() {
            self.commands.drain().await;
        }
        ended
    }

    /// Never ends well.
    async fn follow(&self) -> Result<Infallible, ActionsError> {
        let known = self.desk.last_checkpoints(CHECKPOINTS).await;
        for checkpoint in known.map_err(ActionsError::ReadCheckpoints)? {
            self.around.inbox.remember(&checkpoint);
        }
        self.recall_texts().await?;
        let mut feed = Feed::after(self.position.clone(), self.desk.clone());
        loop {
            let alert = match feed.news().await? {
                News::Alert(alert) => alert,
                News::Checkpoint(checkpoint) => {
                    self.around.inbox.remember(&checkpoint);
                    continue;
                }
                // It is shown, and starts nothing.
                News::Warning(_) => continue,
            };
            // Its message, if there is one, was put into the outbox as it was granted.
            self.bell.notify_one();
            if is_fresh(&alert, (self.around.now)()) {
                self.carry_out(alert).await;
            }
        }
    }

    /// Sets going what an alert's level asks for; waits for nothing of it.
    async fn carry_out(&self, alert: Alert) {
        let project = self.project(&alert).await;
        let policy = Arc::clone(&self.around.policy.borrow());
        let terms = policy.terms(project.as_deref(), alert.model.as_ref());
        let action = terms.actions.at(alert.level);
        if action.in_session {
            self.tell(&alert, project.as_deref(), action);
        }
        if let Some(line) = &action.command {
            let line = Arc::clone(line);
            self.commands.order(Order { alert, project, line });
        }
    }

    /// The project of an alert's session, as soon as a snapshot tells it, or knows of the alert and does not.
    async fn project(&self, alert: &Alert) -> Option<Arc<str>> {
        let mut snapshots = self.around.snapshots.clone();
        let knows = |snapshot: &Arc<Snapshot>| {
            Some(snapshot.revision) >= alert.revision || project(alert, snapshot).is_some()
        };
        // Too late or never: the newest must do.
        let _ = timeout(SNAPSHOT_DELAY, snapshots.wait_for(knows)).await;
        let snapshot = Arc::clone(&snapshots.borrow());
        project(alert, &snapshot)
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
