//! What is held back while the user wishes for quiet, and the buttons by which that is wished.

use std::{future::pending, sync::Arc, time::Duration};

use plimsoll_domain::{ActionKind, Alert, SessionId, Timestamp};
use plimsoll_ledger::Unfinished;
use plimsoll_watch::Snapshot;
use tokio::time::timeout;

use super::{Attendant, PATIENCE, Quiet};
use crate::{
    Clock, Upshot,
    cycle::is_over,
    feed::Books,
    known::project,
    outcome::Outcomes,
    showing::{Button, Press, Showing},
};

/// How long the button holds a session back.
const SNOOZE: Duration = Duration::from_secs(30 * 60);

/// How long it may take until a wish that was told comes back as one that holds.
const UNDER_WAY: Duration = Duration::from_secs(5);

/// What happened longer ago than this is held back no more once a run begins.
const RECALLED: Duration = Duration::from_secs(24 * 60 * 60);

/// An alert that is held back.
#[derive(Debug)]
pub(super) struct Held {
    alert: Alert,
    /// Not to be shown before, whatever is wished.
    not_before: Timestamp,
}

/// Waits until something that is held back may have to be shown; for ever while nothing is. May be dropped while it
/// waits: nothing is lost.
pub(super) async fn time_to_look(is_held: bool, quiet: &mut Quiet, now: &Clock) {
    if !is_held {
        return pending().await;
    }
    quiet.changed(now()).await;
}

impl<B: Books, O: Outcomes, S: Showing> Attendant<B, O, S> {
    /// Holds back again what a former run left: whether it is to be shown is looked at with the next minute in which the
    /// sessions are known.
    pub(in crate::notifications) fn recall(&mut self, left: Vec<Unfinished>) {
        let now = (self.around.now)();
        let policy = Arc::clone(&self.around.policy.borrow());
        for Unfinished { alert, project, replaced, over } in left {
            let terms = policy.terms(project.as_deref(), alert.model.as_ref());
            let is_wished = terms.actions.at(alert.level).notify;
            if is_wished && !replaced && !over && now.since(alert.at) <= RECALLED {
                let session = alert.thread.session.clone();
                self.held.put(session, Held { alert, not_before: now });
            }
        }
    }

    /// The alert again, unless it is to be held back, and then is.
    pub(super) fn unless_quiet(&mut self, alert: Alert, snapshot: &Snapshot) -> Option<Alert> {
        let now = (self.around.now)();
        let (session, project) = (&alert.thread.session, project(&alert, snapshot));
        let why = self.around.quiet.wish(Some(session), project.as_deref(), now);
        let Some(why) = why else { return Some(alert) };
        self.note(&alert, Upshot::quiet(why));
        let session = alert.thread.session.clone();
        self.held.put(session, Held { alert, not_before: now });
        None
    }

    /// Shows what is held back no more, if it is still so.
    pub(super) async fn release(&mut self) {
        let now = (self.around.now)();
        let snapshot = Arc::clone(&self.around.snapshots.borrow());
        self.held.take_if(|held| is_over(&held.alert, &snapshot, now));
        let quiet = &self.around.quiet;
        let is_free = |Held { alert, not_before }: &Held| {
            let project = project(alert, &snapshot);
            let session = Some(&alert.thread.session);
            // Until then neither its project is known nor whether it is still so.
            let is_known = Some(snapshot.revision) >= alert.revision;
            is_known && *not_before <= now && quiet.wish(session, project.as_deref(), now).is_none()
        };
        for Held { alert, .. } in self.held.take_if(is_free) {
            if let Some(revision) = alert.revision {
                // Written first: should the program end now, it is not held back again and shown twice.
                let begun = Upshot::begun("it is held back no more");
                self.scribe.write(revision, ActionKind::Notification, begun).await;
            }
            self.offer(alert, &snapshot).await;
        }
        self.release_warnings(&snapshot, now).await;
    }

    /// Somebody pressed a button.
    pub(super) async fn press(&mut self, Press { button, sessions }: Press) {
        match button {
            Button::Open => {
                let one = sessions.first().filter(|_| sessions.len() == 1);
                self.around.pressed.open(one);
            }
            Button::Snooze => {
                for session in &sessions {
                    self.snooze(session).await;
                }
            }
        }
    }

    /// Holds a session back: its notice goes, and comes again afterwards.
    async fn snooze(&mut self, session: &SessionId) {
        let now = (self.around.now)();
        let until = now.after(SNOOZE);
        self.around.pressed.snooze(session, until);
        let Some((id, alert)) = self.screen.take(session) else { return };
        let until = self.around.quiet.calendar.clock(until, now);
        self.note(&alert, Upshot::quiet(format!("snoozed until {until}")));
        self.held.put(session.clone(), Held { alert, not_before: now.after(UNDER_WAY) });
        // Most services have taken it down by themselves.
        let _ = timeout(PATIENCE, self.showing.withdraw(id)).await;
    }
}
