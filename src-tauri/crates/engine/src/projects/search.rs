//! Which sessions' projects are looked for, and when.

use std::{collections::HashMap, time::Duration};

use plimsoll_domain::{SessionId, Timestamp};
use tokio::time::Instant;

/// The pauses after the first attempts: a transcript may be written a little later than the first signals.
const PAUSES: [Duration; 3] =
    [Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(60)];
/// After that a session is looked for only when something of it arrives, and no more often than this.
const RARELY: Duration = Duration::from_secs(300);
/// How many sessions are looked for at once; beyond it the one tried most often is forgotten.
const MOST: usize = 512;

/// The times of a session that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Its last known moment, by event time.
    pub(super) at: Timestamp,
    /// When something of it last arrived.
    pub(super) arrived: Timestamp,
}

#[derive(Debug)]
struct Attempt {
    wanted: Wanted,
    tries: usize,
    due: Instant,
    /// Whether something of it arrived since the last attempt.
    mentioned: bool,
}

impl Attempt {
    fn is_due(&self, now: Instant) -> bool {
        self.due <= now && self.is_timed()
    }

    /// Whether its time comes by itself.
    fn is_timed(&self) -> bool {
        self.mentioned || self.tries <= PAUSES.len()
    }
}

/// The sessions that are looked for.
#[derive(Debug, Default)]
pub(super) struct Search {
    attempts: HashMap<SessionId, Attempt>,
}

impl Search {
    /// A session without a project was active.
    pub(super) fn want(&mut self, session: &SessionId, wanted: Wanted, now: Instant) {
        if let Some(attempt) = self.attempts.get_mut(session) {
            attempt.wanted = wanted;
            attempt.mentioned = true;
            return;
        }
        if self.attempts.len() >= MOST {
            self.forget_one();
        }
        let attempt = Attempt { wanted, tries: 0, due: now, mentioned: true };
        self.attempts.insert(session.clone(), attempt);
    }

    /// A session's project is known.
    pub(super) fn found(&mut self, session: &SessionId) {
        self.attempts.remove(session);
    }

    /// A session to look for now; it counts as tried.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<(SessionId, Wanted)> {
        let (session, attempt) =
            self.attempts.iter_mut().find(|(_, attempt)| attempt.is_due(now))?;
        attempt.due = now + PAUSES.get(attempt.tries).copied().unwrap_or(RARELY);
        attempt.tries += 1;
        attempt.mentioned = false;
        Some((session.clone(), attempt.wanted))
    }

    /// When the next one is due; `None` while nothing needs a timer.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let timed = self.attempts.values().filter(|attempt| attempt.is_timed());
        timed.map(|attempt| attempt.due).min()
    }

    fn forget_one(&mut self) {
        let tired = self.attempts.iter().max_by_key(|(_, attempt)| attempt.tries);
        if let Some(session) = tired.map(|(session, _)| session.clone()) {
            self.attempts.remove(&session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted = Wanted { at: Timestamp::EPOCH, arrived: Timestamp::EPOCH };

    /// Scenario: a session's project is never found; then something of the session arrives again, twice.
    /// Guarantees: four attempts with growing pauses, then no timer; later ones only when it is active, and
    /// five minutes apart.
    #[tokio::test(start_paused = true)]
    async fn attempts_become_rare_and_end() {
        let session = SessionId::new("s");
        let begun = Instant::now();
        let mut search = Search::default();
        search.want(&session, WANTED, begun);
        let mut tried = Vec::new();
        while let Some(due) = search.next_due() {
            assert!(search.take_due(due).is_some());
            assert!(search.take_due(due).is_none());
            tried.push((due - begun).as_secs());
        }
        assert_eq!(tried, [0, 2, 12, 72]);

        search.want(&session, WANTED, begun + Duration::from_secs(80));
        let due = search.next_due().unwrap();
        assert_eq!((due - begun).as_secs(), 372);
        assert!(search.take_due(due).is_some());
        assert_eq!(search.next_due(), None);
        search.want(&session, WANTED, due);
        search.found(&session);
        assert_eq!(search.next_due(), None);
    }

    /// Scenario: a thousand sessions without a project.
    /// Guarantees: memory is bounded.
    #[tokio::test(start_paused = true)]
    async fn the_search_is_bounded() {
        let mut search = Search::default();
        for number in 0..1000 {
            search.want(&SessionId::new(number.to_string()), WANTED, Instant::now());
        }
        assert_eq!(search.attempts.len(), MOST);
    }
}
