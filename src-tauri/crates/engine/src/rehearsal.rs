//! Rehearsals: what a level does, done now, and marked as what did not happen.

#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc};

use plimsoll_actions::{Message, Notice, Upshot, post_webhook, run_command, sentence, show};
use plimsoll_api::orders::Tried;
use plimsoll_domain::{
    Action, ActionKind, ActionResult, Alert, Level, Model, Policy, SessionId, Terms, ThreadKey,
};
use plimsoll_watch::{SessionView, Snapshot};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::board::Now;

/// Where the line lies of a session of which none is known, in tokens, unless the user set one.
const LINE: u64 = 167_000;

/// Does what levels do.
pub(crate) struct Rehearsal {
    pub(crate) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(crate) policy: watch::Receiver<Arc<Policy>>,
    /// Where commands work that have no project's folder.
    pub(crate) home: PathBuf,
    pub(crate) now: Now,
}

impl Rehearsal {
    /// Does what a level does, for a live session or for an invented one; tells of every kind of action.
    pub(crate) async fn rehearse(&self, level: Level, session: Option<&SessionView>) -> Vec<Tried> {
        let snapshot = Arc::clone(&self.snapshots.borrow());
        let project = session.and_then(|view| view.project.as_deref());
        let model = session
            .map_or_else(|| Some(Model::parse("claude-opus-4-6").0), |view| view.model.clone());
        let terms = self.policy.borrow().terms(project, model.as_ref());
        let alert = self.alert(level, session, model, &terms);
        let action = terms.actions.at(level);
        let (notified, commanded, posted) = tokio::join!(
            notify(action, &alert, &snapshot),
            self.command(action, &alert, project),
            call(action, &alert, project),
        );
        let told =
            action.in_session.then(|| sentence(&alert, project, action.instruction.as_deref()));
        let told = Tried {
            action: ActionKind::InSession,
            worked: told.is_some().then_some(true),
            detail: told,
        };
        vec![
            tried(ActionKind::Notification, notified),
            tried(ActionKind::Command, commanded),
            tried(ActionKind::Webhook, posted),
            told,
        ]
    }

    /// The alert as it would be if the session reached the level now.
    fn alert(
        &self,
        level: Level,
        session: Option<&SessionView>,
        model: Option<Model>,
        terms: &Terms,
    ) -> Alert {
        let gauge = session.and_then(|view| view.gauge.as_ref());
        let line = gauge.map_or(terms.line.unwrap_or(LINE), |gauge| gauge.line.tokens);
        let mark = || terms.levels.tokens(level, line, None);
        let now = (self.now)();
        Alert {
            thread: ThreadKey {
                session: session
                    .map_or_else(|| SessionId::new("rehearsal"), |view| view.session.clone()),
                process: None,
                agent: None,
            },
            cycle: gauge.map_or(now, |gauge| gauge.cycle),
            level,
            occupancy: gauge.map_or_else(mark, |gauge| gauge.marks[level as usize]),
            line,
            compacts: gauge.is_none_or(|gauge| gauge.line.compacts()),
            model,
            turns: gauge.and_then(|gauge| gauge.forecast).map(|forecast| forecast.turns.likely),
            minutes: gauge.and_then(|gauge| gauge.forecast).map(|forecast| forecast.minutes.likely),
            at: now,
            revision: None,
        }
    }

    async fn command(
        &self,
        action: &Action,
        alert: &Alert,
        project: Option<&str>,
    ) -> Option<Upshot> {
        let line = action.command.as_ref()?;
        let message = Message::of(alert, project, true);
        Some(run_command(line, &message, &self.home, &CancellationToken::new()).await)
    }
}

async fn notify(action: &Action, alert: &Alert, snapshot: &Snapshot) -> Option<Upshot> {
    if !action.notify {
        return None;
    }
    Some(show(&Notice::of(alert, snapshot)).await)
}

async fn call(action: &Action, alert: &Alert, project: Option<&str>) -> Option<Upshot> {
    Some(post_webhook(action.webhook.as_ref()?, alert, project, true).await)
}

fn tried(action: ActionKind, upshot: Option<Upshot>) -> Tried {
    Tried {
        action,
        worked: upshot.as_ref().map(|upshot| upshot.result == ActionResult::Done),
        detail: upshot.map(|upshot| upshot.detail).filter(|detail| !detail.is_empty()),
    }
}
