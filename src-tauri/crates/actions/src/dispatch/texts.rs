//! Texts that wait for agents: put down as alerts come, again after a restart, and away once their cycle is over.

use std::{
    convert::Infallible,
    future::pending,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use plimsoll_domain::{Action, ActionKind, Alert, Revision};
use plimsoll_ledger::Unfinished;

use super::{Desk, Dispatcher};
use crate::{ActionsError, Upshot, cycle::has_begun_anew, in_session::sentence, webhook::Post};

/// What nobody took for so long is told no more.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

const REPLACED: &str = "a later level took its place before it was told";
const OVER: &str = "its cycle was over before the session's next hook";
const NOT_TAKEN: &str = "the session had no hook for a day";
const NOT_WISHED: &str = "it is no longer set that agents are told";

impl<D: Desk, P: Post> Dispatcher<D, P> {
    /// Has a text wait for the alert's session; a subagent's is not told to it.
    pub(super) fn tell(&self, alert: &Alert, project: Option<&str>, action: &Action) {
        let Some(revision) = alert.revision.filter(|_| alert.thread.agent.is_none()) else {
            return;
        };
        // The session may take it before this is written, and what became of it then stays.
        let waits = Upshot::begun("it waits for the session's next hook");
        self.scribe.note_begun(revision, ActionKind::InSession, waits);
        let text = sentence(alert, project, action.instruction.as_deref());
        if let Some(replaced) = self.around.inbox.put(alert, text) {
            self.miss(replaced, REPLACED);
        }
        self.drop_over();
    }

    /// Has the texts wait again that a former run of the program left. Once is enough: what this one put down is still
    /// there, or was taken.
    pub(super) async fn recall_texts(&self) -> Result<(), ActionsError> {
        if self.has_recalled.load(Ordering::Acquire) {
            return Ok(());
        }
        let left = self.desk.untold().await.map_err(ActionsError::ReadTexts)?;
        // Which cycles are over is known with the sessions.
        let newest = left.iter().filter_map(|one| one.alert.revision).max();
        let mut snapshots = self.around.snapshots.clone();
        if snapshots.wait_for(|snapshot| Some(snapshot.revision) >= newest).await.is_err() {
            return Ok(());
        }
        self.has_recalled.store(true, Ordering::Release);
        for Unfinished { alert, project, replaced, over } in left {
            let policy = Arc::clone(&self.around.policy.borrow());
            let terms = policy.terms(project.as_deref(), alert.model.as_ref());
            let action = terms.actions.at(alert.level);
            let missed = [(replaced, REPLACED), (over, OVER), (!action.in_session, NOT_WISHED)];
            match missed.into_iter().find(|(is_so, _)| *is_so) {
                Some((_, why)) => self.miss(alert.revision.unwrap_or_default(), why),
                None => self.tell(&alert, project.as_deref(), action),
            }
        }
        Ok(())
    }

    /// Drops texts as soon as a snapshot shows that their cycle is over. Never ends.
    pub(super) async fn follow_cycles(&self) -> Infallible {
        let mut snapshots = self.around.snapshots.clone();
        while snapshots.changed().await.is_ok() {
            self.drop_over();
        }
        // Nobody watches any more: the program ends.
        pending().await
    }

    /// Drops what must not be told any more by the newest snapshot.
    fn drop_over(&self) {
        let snapshot = Arc::clone(&self.around.snapshots.borrow());
        for alert in self.around.inbox.drop_if(|alert| has_begun_anew(alert, &snapshot)) {
            self.miss(alert, OVER);
        }
        let now = (self.around.now)();
        for alert in self.around.inbox.drop_if(|alert| now.since(alert.at) > KEPT) {
            self.miss(alert, NOT_TAKEN);
        }
    }

    /// Notes that an agent was not told.
    fn miss(&self, alert: Revision, why: &str) {
        self.scribe.note(alert, ActionKind::InSession, Upshot::failed(why));
    }
}
