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
    screen::Screen,
};
use crate::{
    Notice,
    cycle::{is_fresh, is_over},
    feed::{Books, Feed},
    recent::Recent,
    showing::{Refused, Showing},
};

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
    screen: Screen,
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
            screen: Screen::new(),
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
                () = self.screen.time_to_look(&mut self.around.snapshots) => self.tidy().await,
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
            self.screen.clear();
        }
        if self.service == Presence::Present {
            self.failure = None;
        }
        self.tell();
        if self.service.answers() {
            for alert in self.parked.take() {
                let now = (self.around.now)();
                if is_fresh(&alert, now) && !is_over(&alert, &self.around.snapshots.borrow(), now) {
                    // Not parked again: a service that ends whenever it is called would be started for ever.
                    let _ = self.show(&alert).await;
                }
            }
        }
    }

    async fn meet(&mut self, alert: Alert) {
        if !is_fresh(&alert, (self.around.now)()) {
            return;
        }
        let session = alert.thread.session.clone();
        // What waits of this session is older.
        self.parked.remove(&session);
        if !self.service.answers() || self.show(&alert).await == Err(Failure::NotThere) {
            self.parked.put(session, alert);
        }
    }

    /// Shows an alert. Only after [`Failure::NotThere`] may it be tried again: it is on no screen.
    async fn show(&mut self, alert: &Alert) -> Result<(), Failure> {
        let notice = Notice::of(alert, &*self.snapshot(alert).await);
        let session = &alert.thread.session;
        let showing = self.showing.show(&notice, self.screen.number(session));
        let outcome = match timeout(PATIENCE, showing).await {
            Ok(Ok(id)) => {
                self.screen.put(alert.clone(), id);
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

    /// Whose fault an error is. A service that was there when it was called may have shown the alert before
    /// it failed or left.
    fn blame(&self) -> Failure {
        let after = *self.around.service.borrow();
        if self.service == Presence::Present || after == Presence::Present {
            Failure::Refused
        } else {
            Failure::NotThere
        }
    }

    /// The snapshot that knows of an alert; the newest where none comes.
    async fn snapshot(&self, alert: &Alert) -> Arc<Snapshot> {
        let knows = |snapshot: &Arc<Snapshot>| Some(snapshot.revision) >= alert.revision;
        // Its own, so that what it sees is still news to the screen.
        let mut snapshots = self.around.snapshots.clone();
        // Too late or never: the newest must do.
        let _ = timeout(SNAPSHOT_DELAY, snapshots.wait_for(knows)).await;
        Arc::clone(&snapshots.borrow())
    }

    /// Takes down what is no longer so, each once. A service that does not answer is not waited for longer
    /// than for one alert.
    async fn tidy(&mut self) {
        let snapshot = Arc::clone(&self.around.snapshots.borrow_and_update());
        let over = self.screen.take_over(&snapshot, (self.around.now)());
        let withdrawing = async {
            for id in over {
                if let Err(error) = self.showing.withdraw(id).await {
                    tracing::debug!(%error, "a notification was not withdrawn");
                }
            }
        };
        if timeout(PATIENCE, withdrawing).await.is_err() {
            tracing::debug!("notifications were not withdrawn in time");
        }
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
