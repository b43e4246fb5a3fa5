//! Rehearsals: what a level does, done now, and marked as what did not happen.

use std::{path::PathBuf, sync::Arc};

use plimsoll_actions::{Message, Notice, Upshot, post_webhook, run_command, sentence, show};
use plimsoll_api::orders::Tried;
use plimsoll_domain::{
    Action, ActionKind, ActionResult, Alert, Level, Model, Policy, SessionId, ThreadKey,
};
use plimsoll_watch::{SessionView, Snapshot};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::board::Now;

/// Where the line of an invented session lies, in tokens.
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
    /// Does what a level does, for a session that is live or for an invented one; tells of every kind of action.
    pub(crate) async fn rehearse(&self, level: Level, session: Option<&SessionId>) -> Vec<Tried> {
        let snapshot = Arc::clone(&self.snapshots.borrow());
        let view = snapshot.sessions.iter().find(|view| Some(&view.session) == session);
        let alert = self.alert(level, session, view.map(|view| &**view));
        let project = view.and_then(|view| view.project.as_deref());
        let policy = Arc::clone(&self.policy.borrow());
        let terms = policy.terms(project, alert.model.as_ref());
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
        session: Option<&SessionId>,
        view: Option<&SessionView>,
    ) -> Alert {
        let policy = self.policy.borrow();
        let gauge = view.and_then(|view| view.gauge.as_ref());
        let line = gauge.map_or(LINE, |gauge| gauge.line.tokens);
        let now = (self.now)();
        Alert {
            thread: ThreadKey {
                session: session.cloned().unwrap_or_else(|| SessionId::new("rehearsal")),
                process: None,
                agent: None,
            },
            cycle: gauge.map_or(now, |gauge| gauge.cycle),
            level,
            occupancy: policy.levels.tokens(level, line, None),
            line,
            compacts: gauge.is_none_or(|gauge| gauge.line.compacts()),
            model: view
                .map_or_else(|| Some(Model::parse("claude-opus-4-6").0), |view| view.model.clone()),
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
