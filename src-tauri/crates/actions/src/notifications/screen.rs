//! What is on the screen.

use std::{future::pending, sync::Arc, time::Duration};

use plimsoll_domain::{Alert, SessionId, Timestamp};
use plimsoll_watch::Snapshot;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::{cycle::is_over, recent::Recent};

/// How long after a new snapshot to look at it, and so how often at most. Meanwhile an alert of a new cycle
/// takes the place of what the former one left.
pub(super) const PAUSE: Duration = Duration::from_millis(500);

/// The last notice of each session.
#[derive(Debug)]
pub(super) struct Screen {
    shown: Recent<Shown>,
    /// When to look, once there is a new snapshot.
    look: Option<Instant>,
}

/// A notice that was shown and, for all that is known, still is.
#[derive(Debug)]
struct Shown {
    /// Under which number the service shows it.
    id: u32,
    /// What it says.
    alert: Alert,
}

impl Screen {
    pub(super) const fn new() -> Self {
        Self { shown: Recent::new(), look: None }
    }

    /// The number of a session's notice.
    pub(super) fn number(&self, session: &SessionId) -> Option<u32> {
        self.shown.get(session).map(|shown| shown.id)
    }

    pub(super) fn put(&mut self, alert: Alert, id: u32) {
        self.shown.put(alert.thread.session.clone(), Shown { id, alert });
    }

    /// Takes a session's notice off: its number, and what it says.
    pub(super) fn take(&mut self, session: &SessionId) -> Option<(u32, Alert)> {
        self.shown.remove(session).map(|shown| (shown.id, shown.alert))
    }

    pub(super) fn clear(&mut self) {
        self.shown.clear();
    }

    /// Waits until there may be something to take down; for ever while nothing is shown. May be dropped while
    /// it waits: nothing is lost.
    pub(super) async fn time_to_look(&mut self, snapshots: &mut watch::Receiver<Arc<Snapshot>>) {
        if self.shown.is_empty() {
            return pending().await;
        }
        if self.look.is_none() && snapshots.changed().await.is_err() {
            return pending().await;
        }
        let look = *self.look.get_or_insert_with(|| Instant::now() + PAUSE);
        sleep_until(look).await;
        self.look = None;
    }

    /// The numbers of what is no longer so; they are forgotten.
    pub(super) fn take_over(&mut self, snapshot: &Snapshot, now: Timestamp) -> Vec<u32> {
        let over = self.shown.take_if(|shown| is_over(&shown.alert, snapshot, now));
        over.into_iter().map(|shown| shown.id).collect()
    }
}
