//! One notification for every alert that the ledger granted.

mod attend;
mod outage;
mod screen;

use std::{fmt, sync::Arc};

use plimsoll_bus::{Bus, Presence};
use plimsoll_domain::{Revision, Timestamp, health::Hints};
use plimsoll_ledger::{Ledger, LedgerError};
use plimsoll_watch::Snapshot;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    desktop::Desktop,
    feed::{Feed, Position},
};
use attend::Attendant;

/// The notification service's name on the session bus.
const SERVICE: &str = "org.freedesktop.Notifications";

/// A clock handed in.
type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Why showing alerts ended early.
#[derive(Debug, thiserror::Error)]
pub enum NotificationsError {
    /// What was missed could not be read.
    #[error("read missed alerts: {0}")]
    Read(#[source] LedgerError),
    /// The ledger's writer is gone.
    #[error("the ledger sends no more commits")]
    Closed,
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
    /// Where the absence of a notification service is told.
    pub hints: Arc<dyn Hints>,
    /// Where the notification service is looked for. Notifications themselves always go to the user's bus.
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

    /// Runs until stopped: one notification for each alert, at most once; those that happened more than two
    /// minutes ago are past. What is no longer so is taken down. After an error another run of a clone
    /// goes on where this one ended.
    ///
    /// # Errors
    /// When the ledger cannot be followed. What the desktop lacks is none.
    pub async fn run(self, stop: CancellationToken) -> Result<(), NotificationsError> {
        let serving = Box::pin(self.serve());
        stop.run_until_cancelled_owned(serving).await.unwrap_or(Ok(()))
    }

    async fn serve(self) -> Result<(), NotificationsError> {
        let Self { ports, position } = self;
        let service = watch::Sender::new(Presence::default());
        let feed = Feed::after(position, ports.ledger);
        let mut attendant = Attendant::new(
            attend::Surroundings {
                snapshots: ports.snapshots,
                service: service.subscribe(),
                hints: ports.hints,
                now: ports.now,
            },
            feed,
            Desktop::default(),
        );
        let names = [(SERVICE, &service)];
        tokio::select! {
            () = ports.bus.follow(&names) => Ok(()),
            ended = attendant.attend() => ended,
        }
    }
}
