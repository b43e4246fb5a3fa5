//! One notification for every alert that the ledger granted and the user wants to be shown.

mod attend;
mod outage;
mod quiet;
mod screen;

use std::{fmt, sync::Arc, time::Duration};

use plimsoll_bus::{Bus, Presence};
use plimsoll_domain::{
    ActionKind, ActionResult, Calendar, Policy, QuietHours, Revision, SessionId, Silence,
    Timestamp, health::Hints,
};
use plimsoll_ledger::Ledger;
use plimsoll_watch::Snapshot;
use tokio::{sync::watch, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    ActionsError, Clock,
    desktop::Desktop,
    feed::{Feed, Position},
    outcome::Scribe,
    showing::Bundling,
};
use attend::Attendant;
use quiet::Quiet;

/// The notification service's name on the session bus.
const SERVICE: &str = "org.freedesktop.Notifications";

/// How long the last outcomes may take to be written when it is stopped.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The port through which notifications tell of their buttons. Nothing here may wait.
pub trait Pressed: Send + Sync + 'static {
    /// To show a session; `None`: all of them.
    fn open(&self, session: Option<&SessionId>);
    /// To hold a session's notifications back until then.
    fn snooze(&self, session: &SessionId, until: Timestamp);
}

/// What notifications need of others.
#[derive(Clone)]
pub struct Ports {
    /// Grants the alerts.
    pub ledger: Ledger,
    /// Alerts that were granted after this revision are shown.
    pub since: Revision,
    /// Knows the sessions' names, and when what was said of them is over.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Which levels are shown.
    pub policy: watch::Receiver<Arc<Policy>>,
    /// The user's wishes for quiet.
    pub silences: watch::Receiver<Arc<[Silence]>>,
    /// The hours of the day in which nothing is shown.
    pub quiet_hours: watch::Receiver<Option<QuietHours>>,
    /// By which those hours count.
    pub calendar: Calendar,
    /// What the buttons do.
    pub pressed: Arc<dyn Pressed>,
    /// Where the absence of a notification service is told.
    pub hints: Arc<dyn Hints>,
    /// Where the notification service is.
    pub bus: Bus,
    /// The clock.
    pub now: Clock,
}

/// Shows alerts as notifications of the desktop.
#[derive(Clone)]
pub struct Notifications {
    ports: Ports,
    position: Position,
}

impl fmt::Debug for Notifications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifications").field("position", &self.position).finish_non_exhaustive()
    }
}

impl Notifications {
    /// Every alert that is granted after `ports.since` is shown once it runs.
    #[must_use]
    pub fn new(ports: Ports) -> Self {
        let position = Position::at(ports.since);
        Self { ports, position }
    }

    /// Runs until stopped: one notification for each alert whose level shows one, at most once; those that happened more
    /// than two minutes ago are past. What is held back because of quiet is shown afterwards, if it is still so. What is
    /// no longer so is taken down. After an error another run of a clone goes on where this one ended.
    ///
    /// # Errors
    /// When the ledger cannot be followed. What the desktop lacks is none.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ActionsError> {
        let writing = TaskTracker::new();
        let serving = Box::pin(self.serve(writing.clone()));
        let ended = stop.run_until_cancelled_owned(serving).await;
        writing.close();
        // Outcomes of the last moment; the ledger's writer ends later than this.
        let _ = timeout(LAST_WORDS, writing.wait()).await;
        ended.unwrap_or(Ok(()))
    }

    async fn serve(self, writing: TaskTracker) -> Result<(), ActionsError> {
        let Self { ports, position } = self;
        let service = watch::Sender::new(Presence::default());
        let held = ports.ledger.unfinished(ActionKind::Notification, ActionResult::Quiet).await;
        let held = held.map_err(ActionsError::ReadHeld)?;
        let scribe = Scribe::new(ports.ledger.clone(), Arc::clone(&ports.now), writing);
        let feed = Feed::after(position, ports.ledger);
        let mut attendant = Attendant::new(
            attend::Surroundings {
                snapshots: ports.snapshots,
                service: service.subscribe(),
                hints: ports.hints,
                policy: ports.policy,
                quiet: Quiet {
                    silences: ports.silences,
                    hours: ports.quiet_hours,
                    calendar: ports.calendar,
                },
                pressed: ports.pressed,
                now: ports.now,
            },
            feed,
            scribe,
            Bundling::new(Desktop::on(ports.bus.clone())),
        );
        attendant.recall(held);
        let names = [(SERVICE, &service)];
        tokio::select! {
            () = ports.bus.follow(&names) => Ok(()),
            ended = attendant.attend() => ended,
        }
    }
}
