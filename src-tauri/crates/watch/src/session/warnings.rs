//! What there is to be warned of in a session.

use plimsoll_domain::{Timestamp, Warning, WarningKind};

use super::Session;
use crate::{limits::WORKING, rules::Shared};

impl Session {
    /// The warnings that what is known of it at a moment gives rise to, whether or not they were given before.
    pub(crate) fn warnings(
        &self,
        now: Timestamp,
        shared: &Shared,
    ) -> impl Iterator<Item = Warning> {
        let silence = self.silence(now, shared);
        silence.into_iter().chain(self.breaks())
    }

    /// It works, and its telemetry came before but comes no more.
    fn silence(&self, now: Timestamp, shared: &Shared) -> Option<Warning> {
        let works = !self.is_left() && now.since(self.last_active()) < WORKING;
        let silence = self.hearing.silence(self.patience(), shared.listening())?;
        (works && silence.at <= now).then(|| Warning {
            kind: WarningKind::Silent,
            session: Some(self.books.session.clone()),
            period: silence.since,
            amount: 0,
            at: silence.at,
            revision: None,
        })
    }

    /// The main threads whose last loss of the prompt cache is known.
    fn breaks(&self) -> impl Iterator<Item = Warning> {
        let threads = self.timeline.end().threads();
        let mains = threads.filter(|(id, thread)| id.agent.is_none() && !thread.provisional);
        mains.filter_map(|(_, thread)| {
            thread.broke().map(|broke| Warning {
                kind: WarningKind::CacheBreak,
                session: Some(self.books.session.clone()),
                period: broke.at,
                amount: broke.anew,
                at: broke.at,
                revision: None,
            })
        })
    }
}
