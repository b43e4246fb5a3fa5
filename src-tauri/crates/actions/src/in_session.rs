//! What waits to be told to agents in their sessions.

mod reminder;
mod sentence;
mod template;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_domain::{Alert, Checkpoint, Revision, SessionId, Timestamp};

pub use sentence::sentence;

use crate::recent::Recent;

/// The longest text, in characters: the client takes no more from a hook.
const LONGEST: usize = 10_000;

/// What is told to an agent in its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InSession {
    /// The alert that it is about.
    pub alert: Revision,
    /// What the agent is told.
    pub text: String,
}

/// What waits until the client asks for it, and what sessions are reminded of after a compaction. Cheap to clone; no
/// call ever waits for anything but another one.
#[derive(Debug, Clone, Default)]
pub struct Inbox(Arc<Mutex<Places>>);

#[derive(Debug, Default)]
struct Places {
    waiting: Recent<Waiting>,
    checkpoints: Recent<Checkpoint>,
}

#[derive(Debug)]
struct Waiting {
    alert: Alert,
    told: InSession,
}

impl Inbox {
    /// Nothing waits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Has a text wait for an alert's session, in the place of what it was to be told earlier; of that the alert's
    /// number is the answer. Alerts of subagents are not for the session: they are left out. The text is cut after
    /// 10,000 characters.
    pub fn put(&self, alert: &Alert, text: String) -> Option<Revision> {
        let revision = alert.revision?;
        if alert.thread.agent.is_some() {
            return None;
        }
        let mut places = self.places();
        let session = &alert.thread.session;
        let before = places.waiting.get(session).map(|waiting| waiting.told.alert);
        if before.is_some_and(|before| before >= revision) {
            return None;
        }
        let told = InSession { alert: revision, text: cut(text) };
        places.waiting.put(session.clone(), Waiting { alert: alert.clone(), told });
        before
    }

    /// What a session is to be told, once.
    #[must_use]
    pub fn take(&self, session: &SessionId) -> Option<InSession> {
        self.places().waiting.remove(session).map(|waiting| waiting.told)
    }

    /// A session's cycle began at this time: what was said of the one before is no longer so, and is told no more. The
    /// answer is the alert that this concerned.
    pub fn drop_cycle(&self, session: &SessionId, before: Timestamp) -> Option<Revision> {
        let mut places = self.places();
        let is_over = places.waiting.get(session).is_some_and(|waiting| waiting.alert.at < before);
        if !is_over {
            return None;
        }
        places.waiting.remove(session).map(|waiting| waiting.told.alert)
    }

    /// Has the texts of such alerts wait no more. The answer is which they were.
    pub(crate) fn drop_if(&self, is_meant: impl Fn(&Alert) -> bool) -> Vec<Revision> {
        let dropped = self.places().waiting.take_if(|waiting| is_meant(&waiting.alert));
        dropped.into_iter().map(|waiting| waiting.told.alert).collect()
    }

    /// Keeps a session's last acknowledged checkpoint, whichever way round they come.
    pub fn remember(&self, checkpoint: &Checkpoint) {
        let mut places = self.places();
        let known = places.checkpoints.get(&checkpoint.session);
        if known.is_none_or(|known| known.at <= checkpoint.at) {
            places.checkpoints.put(checkpoint.session.clone(), checkpoint.clone());
        }
    }

    /// What a session is reminded of after it was compacted; `None` where no checkpoint was acknowledged, or it says
    /// neither what nor where.
    #[must_use]
    pub fn note_after_compaction(&self, session: &SessionId) -> Option<String> {
        self.places().checkpoints.get(session).and_then(reminder::reminder).map(cut)
    }

    /// Nothing panics while it holds them, so they are never left half changed.
    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A text of at most so many characters as the client takes.
fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests;
