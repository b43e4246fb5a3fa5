//! What a snapshot knows of an alert's thread.

use std::sync::Arc;

use plimsoll_domain::{Alert, SessionId};
use plimsoll_watch::{Gauge, Snapshot, Subagent};

/// An alert's thread as a snapshot has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    /// Where the thread is one of a subagent that is listed.
    pub(crate) subagent: Option<&'a Subagent>,
    /// Of a main thread it is the one shown: that of the session's process which is active.
    pub(crate) gauge: Option<&'a Gauge>,
}

impl<'a> Known<'a> {
    pub(crate) fn of(alert: &Alert, snapshot: &'a Snapshot) -> Self {
        let session = &alert.thread.session;
        let view = snapshot.sessions.iter().find(|view| view.session == *session);
        let Some(agent) = &alert.thread.agent else {
            return Self { subagent: None, gauge: view.and_then(|view| view.gauge.as_ref()) };
        };
        let subagent = view.and_then(|view| view.subagents.iter().find(|it| it.agent == *agent));
        Self { subagent, gauge: subagent.map(|subagent| &subagent.gauge) }
    }
}

/// Where an alert's session works, as far as a snapshot knows.
pub(crate) fn project(alert: &Alert, snapshot: &Snapshot) -> Option<Arc<str>> {
    project_of(&alert.thread.session, snapshot)
}

/// Where a session works, as far as a snapshot knows.
pub(crate) fn project_of(session: &SessionId, snapshot: &Snapshot) -> Option<Arc<str>> {
    let mut sessions = snapshot.sessions.iter();
    sessions.find(|view| view.session == *session)?.project.clone()
}
