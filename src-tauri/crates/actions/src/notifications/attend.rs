//! The loop: alerts and warnings come, the notification service and the wish for quiet come and go, buttons are pressed.

mod holding;
#[cfg(test)]
mod tests;
mod warnings;

use std::{sync::Arc, time::Duration};

use plimsoll_bus::Presence;
use plimsoll_domain::{
    ActionKind, Alert, Policy, Revision,
    health::{Hint, Hints},
};
use plimsoll_watch::Snapshot;
use tokio::{sync::watch, time::timeout};

use super::{
    Pressed,
    outage::{Failure, describe},
    quiet::Quiet,
    screen::Screen,
};
use crate::{
    ActionsError, Clock, Notice, Upshot,
    cycle::{is_fresh, is_over},
    feed::{Books, Feed, News},
    known::project,
    outcome::{Outcomes, Scribe},
    recent::Recent,
    showing::{Refused, Showing},
};
use holding::Held;
use warnings::Warned;

/// How long the notification service may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait for the snapshot that knows of an alert: it is published within 20 ms.
const SNAPSHOT_DELAY: Duration = Duration::from_secs(1);

/// What an attendant knows of and tells.
pub(super) struct Surroundings {
    pub(super) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(super) service: watch::Receiver<Presence>,
    pub(super) hints: Arc<dyn Hints>,
    pub(super) policy: watch::Receiver<Arc<Policy>>,
    pub(super) quiet: Quiet,
    pub(super) pressed: Arc<dyn Pressed>,
    pub(super) now: Clock,
}

/// Shows alerts and warnings.
pub(super) struct Attendant<B, O, S> {
    around: Surroundings,
    feed: Feed<B>,
    scribe: Scribe<O>,
    showing: S,
    /// The presence last acted upon.
    service: Presence,
    screen: Screen,
    /// Alerts that could not be shown because nobody was there; each is tried once more.
    parked: Recent<Alert>,
    /// Alerts that are held back while the user wishes for quiet.
    held: Recent<Held>,
    warnings: Warned,
    /// What went wrong last, unless something went right since.
    failure: Option<Failure>,
    /// How many attempts failed.
    failures: u64,
    /// The hint that is up.
    hint: Option<&'static str>,
}

impl<B: Books, O: Outcomes, S: Showing> Attendant<B, O, S> {
    pub(super) fn new(around: Surroundings, feed: Feed<B>, scribe: Scribe<O>, showing: S) -> Self {
        Self {
            around,
            feed,
            scribe,
            showing,
            service: Presence::default(),
            screen: Screen::new(),
            parked: Recent::new(),
            held: Recent::new(),
            warnings: Warned::default(),
            failure: None,
            failures: 0,
            hint: None,
        }
    }

    /// Never ends well.
    pub(super) async fn attend(&mut self) -> Result<(), ActionsError> {
        // A run before this one may have left it up.
        self.around.hints.clear(Hint::NoNotifications);
        // The numbers of a service that is only assumed would be taken for those of a former one once the bus has said it.
        if self.around.service.changed().await.is_err() {
            return Err(ActionsError::Closed);
        }
        self.look().await;
        loop {
            let is_held = !self.held.is_empty() || self.warnings.is_held();
            tokio::select! {
                biased;
                Ok(()) = self.around.service.changed() => self.look().await,
                news = self.feed.news() => match news? {
                    News::Alert(alert) => self.meet(alert).await,
                    News::Warning(warning) => self.warn(warning).await,
                    News::Checkpoint(_) => {}
                },
                press = self.showing.pressed() => self.press(press).await,
                () = holding::time_to_look(is_held, &mut self.around.quiet, &self.around.now) => {
                    self.release().await;
                }
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
            self.warnings.forget();
            self.showing.forget();
        }
        if self.service == Presence::Present {
            self.failure = None;
        }
        self.tell();
        if self.service.answers() {
            for alert in self.parked.take() {
                self.retry(alert).await;
            }
            self.retry_warnings().await;
        }
    }

    /// Shows what waited for the service, if that still matters.
    async fn retry(&mut self, alert: Alert) {
        let now = (self.around.now)();
        let snapshot = Arc::clone(&self.around.snapshots.borrow());
        if is_fresh(&alert, now)
            && !is_over(&alert, &snapshot, now)
            && let Some(alert) = self.unless_quiet(alert, &snapshot)
        {
            // Not parked again: a service that ends whenever it is called would be started for ever.
            let _ = self.show(&alert, &snapshot).await;
        }
    }

    async fn meet(&mut self, alert: Alert) {
        if !is_fresh(&alert, (self.around.now)()) {
            return;
        }
        let snapshot = self.snapshot(alert.revision).await;
        let policy = Arc::clone(&self.around.policy.borrow());
        let terms = policy.terms(project(&alert, &snapshot).as_deref(), alert.model.as_ref());
        if terms.actions.at(alert.level).notify {
            // What waits of this session is older.
            self.parked.remove(&alert.thread.session);
            self.held.remove(&alert.thread.session);
            self.offer(alert, &snapshot).await;
        }
    }

    /// Shows an alert, or has it wait for the end of quiet or for the service.
    async fn offer(&mut self, alert: Alert, snapshot: &Snapshot) {
        let Some(alert) = self.unless_quiet(alert, snapshot) else { return };
        if !self.service.answers() {
            self.note(&alert, Upshot::failed("no notification service is there"));
        } else if self.show(&alert, snapshot).await != Err(Failure::NotThere) {
            return;
        }
        self.parked.put(alert.thread.session.clone(), alert);
    }

    /// Notes what became of an alert's notification.
    fn note(&self, alert: &Alert, upshot: Upshot) {
        if let Some(revision) = alert.revision {
            self.scribe.note(revision, ActionKind::Notification, upshot);
        }
    }

    /// Shows an alert. Only after [`Failure::NotThere`] may it be tried again: it is on no screen.
    async fn show(&mut self, alert: &Alert, snapshot: &Snapshot) -> Result<(), Failure> {
        let notice = Notice::of(alert, snapshot);
        let replaced = self.screen.number(&alert.thread.session);
        match self.call(&notice, replaced, alert.level.name()).await {
            Ok(id) => {
                self.screen.put(alert.clone(), id);
                self.note(alert, Upshot::done("shown"));
                Ok(())
            }
            Err((failure, error)) => {
                self.note(alert, Upshot::failed(error.to_string()));
                Err(failure)
            }
        }
    }

    /// Has the service show a notice of something.
    async fn call(
        &mut self,
        notice: &Notice,
        replaced: Option<u32>,
        of: &'static str,
    ) -> Result<u32, (Failure, Refused)> {
        let outcome = match timeout(PATIENCE, self.showing.show(notice, replaced)).await {
            Ok(Ok(id)) => Ok(id),
            Ok(Err(error)) => Err((self.blame(), error)),
            Err(_) => Err((Failure::Silent, Refused("no answer".to_owned()))),
        };
        if let Err((_, error)) = &outcome {
            self.failures += 1;
            tracing::warn!(%error, of, failures = self.failures, "a notice was not shown");
        }
        self.failure = outcome.as_ref().err().map(|(failure, _)| *failure);
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

    /// The snapshot that knows of an alert or a warning; the newest where none comes.
    async fn snapshot(&self, revision: Option<Revision>) -> Arc<Snapshot> {
        let knows = |snapshot: &Arc<Snapshot>| Some(snapshot.revision) >= revision;
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
