//! The loop: alerts come, the notification service comes and goes.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use plimsoll_bus::Presence;
use plimsoll_domain::{
    Alert,
    health::{Hint, Hints},
};
use plimsoll_watch::Snapshot;
use tokio::{sync::watch, time::timeout};

use super::{
    Clock, NotificationsError,
    outage::{Failure, describe},
};
use crate::{
    Notice,
    feed::{Books, Feed},
    recent::Recent,
    showing::{Refused, Showing},
};

/// What happened longer ago than this (event time) is not shown any more.
const FRESH: Duration = Duration::from_secs(2 * 60);

/// How long the notification service may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait for the snapshot that knows of an alert: it is published within 20 ms.
const SNAPSHOT_DELAY: Duration = Duration::from_secs(1);

/// What an attendant knows of and tells.
pub(super) struct Surroundings {
    pub(super) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(super) service: watch::Receiver<Presence>,
    pub(super) hints: Arc<dyn Hints>,
    pub(super) now: Clock,
}

/// Shows alerts.
pub(super) struct Attendant<B, S> {
    around: Surroundings,
    feed: Feed<B>,
    showing: S,
    /// The presence last acted upon.
    service: Presence,
    /// Under which number the service shows a session's last notice.
    shown: Recent<u32>,
    /// Alerts that could not be shown because nobody was there; each is tried once more.
    parked: Recent<Alert>,
    /// What went wrong last, unless something went right since.
    failure: Option<Failure>,
    /// How many attempts failed.
    failures: u64,
    /// The hint that is up.
    hint: Option<&'static str>,
}

impl<B: Books, S: Showing> Attendant<B, S> {
    pub(super) fn new(around: Surroundings, feed: Feed<B>, showing: S) -> Self {
        Self {
            around,
            feed,
            showing,
            service: Presence::default(),
            shown: Recent::new(),
            parked: Recent::new(),
            failure: None,
            failures: 0,
            hint: None,
        }
    }

    /// Never ends well.
    pub(super) async fn attend(&mut self) -> Result<(), NotificationsError> {
        // A run before this one may have left it up.
        self.around.hints.clear(Hint::NoNotifications);
        self.look().await;
        loop {
            tokio::select! {
                biased;
                Ok(()) = self.around.service.changed() => self.look().await,
                alert = self.feed.next() => self.meet(alert?).await,
            }
        }
    }

    /// The notification service came, went or was replaced.
    async fn look(&mut self) {
        let before = self.service;
        self.service = *self.around.service.borrow_and_update();
        // Numbers are the service's own. Those that one gave which was being started are of the one that is
        // there now; any others are of one that is gone.
        if before == Presence::Present || self.service != Presence::Present {
            self.shown.clear();
        }
        if self.service == Presence::Present {
            self.failure = None;
        }
        self.tell();
        if self.service.answers() {
            for alert in self.parked.take() {
                if self.is_fresh(&alert) {
                    // Not parked again: a service that ends whenever it is called would be started for ever.
                    let _ = self.show(&alert).await;
                }
            }
        }
    }

    async fn meet(&mut self, alert: Alert) {
        if !self.is_fresh(&alert) {
            return;
        }
        let session = alert.thread.session.clone();
        // What waits of this session is older.
        self.parked.remove(&session);
        if !self.service.answers() || self.show(&alert).await == Err(Failure::NotThere) {
            self.parked.put(session, alert);
        }
    }

    /// Shows an alert. After [`Failure::NotThere`] it is on no screen; after the others it may be, so that it
    /// must not be tried again.
    async fn show(&mut self, alert: &Alert) -> Result<(), Failure> {
        let notice = Notice::of(alert, &*self.snapshot(alert).await);
        let session = &alert.thread.session;
        let showing = self.showing.show(&notice, self.shown.get(session).copied());
        let outcome = match timeout(PATIENCE, showing).await {
            Ok(Ok(id)) => {
                self.shown.put(session.clone(), id);
                Ok(())
            }
            Ok(Err(error)) => Err((self.blame(), error)),
            Err(_) => Err((Failure::Silent, Refused("no answer".to_owned()))),
        };
        let outcome = outcome.map_err(|(failure, error)| {
            self.failures += 1;
            let (failures, level) = (self.failures, alert.level.name());
            tracing::warn!(%error, level, failures, "an alert was not shown");
            failure
        });
        self.failure = outcome.err();
        self.tell();
        outcome
    }

    /// Whose fault an error is.
    fn blame(&self) -> Failure {
        match *self.around.service.borrow() {
            Presence::Present => Failure::Refused,
            _ => Failure::NotThere,
        }
    }

    /// The snapshot that knows of an alert; the newest where none comes.
    async fn snapshot(&mut self, alert: &Alert) -> Arc<Snapshot> {
        let knows = |snapshot: &Arc<Snapshot>| Some(snapshot.revision) >= alert.revision;
        let known = self.around.snapshots.wait_for(knows);
        // Too late or never: the newest must do.
        let _ = timeout(SNAPSHOT_DELAY, known).await;
        Arc::clone(&self.around.snapshots.borrow())
    }

    fn is_fresh(&self, alert: &Alert) -> bool {
        (self.around.now)().since(alert.at) <= FRESH
    }

    /// Brings the hint up to date.
    fn tell(&mut self) {
        let hint = describe(self.service, self.failure);
        if hint == self.hint {
            return;
        }
        match hint {
            Some(message) => self.around.hints.raise(Hint::NoNotifications, message.to_owned()),
            None => self.around.hints.clear(Hint::NoNotifications),
        }
        self.hint = hint;
    }
}
