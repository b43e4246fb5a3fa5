//! Storms of refusals by the API.

use std::{collections::BTreeSet, time::Duration};

use plimsoll_domain::{SessionId, Timestamp, Warning, WarningKind};

/// So many refusals are a storm,
const MANY: usize = 5;

/// within this time.
const SPAN: Duration = Duration::from_secs(5 * 60);

/// A storm within this time after another one is still the same to people.
const REST: Duration = Duration::from_secs(30 * 60);

/// The refusals of the last minutes, over all sessions, and the last storm.
#[derive(Debug, Default)]
pub(super) struct Storm {
    recent: BTreeSet<(Timestamp, SessionId)>,
    last: Option<Seen>,
}

/// A storm, as it was seen first.
#[derive(Debug, Clone, Copy)]
struct Seen {
    first: Timestamp,
    at: Timestamp,
    refusals: u64,
}

impl Storm {
    /// The API refused a request of a session. The same refusal counts once, however often it is told.
    pub(super) fn refused(&mut self, at: Timestamp, session: &SessionId) {
        self.recent.insert((at, session.clone()));
        let newest = self.recent.last().map_or(at, |(newest, _)| *newest);
        self.recent.retain(|(at, _)| newest.since(*at) <= SPAN);
        let rested = self.last.is_none_or(|last| newest.since(last.at) >= REST);
        if self.recent.len() >= MANY && rested {
            let first = self.recent.first().map_or(at, |(first, _)| *first);
            let refusals = u64::try_from(self.recent.len()).unwrap_or(u64::MAX);
            self.last = Some(Seen { first, at: newest, refusals });
        }
    }

    /// The warning of the last storm.
    pub(super) fn warning(&self) -> Option<Warning> {
        self.last.map(|Seen { first, at, refusals }| Warning {
            kind: WarningKind::Errors,
            session: None,
            period: first,
            amount: refusals,
            at,
            revision: None,
        })
    }
}
