//! Something for each of the last sessions, or whatever else it may be for.

use plimsoll_domain::SessionId;

/// Sessions remembered at most; who put something first is forgotten first.
const SESSIONS: usize = 64;

/// One thing per session, in the order in which they were put.
#[derive(Debug)]
pub(crate) struct Recent<T, K = SessionId>(Vec<(K, T)>);

impl<T, K: PartialEq> Default for Recent<T, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, K: PartialEq> Recent<T, K> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn get(&self, session: &K) -> Option<&T> {
        self.0.iter().find(|(known, _)| known == session).map(|(_, thing)| thing)
    }

    /// Takes the place of what was there.
    pub(crate) fn put(&mut self, session: K, thing: T) {
        self.remove(&session);
        if self.0.len() == SESSIONS {
            self.0.remove(0);
        }
        self.0.push((session, thing));
    }

    pub(crate) fn remove(&mut self, session: &K) -> Option<T> {
        let at = self.0.iter().position(|(known, _)| known == session)?;
        Some(self.0.remove(at).1)
    }

    /// Everything, oldest first; nothing is left.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = T> + use<T, K> {
        std::mem::take(&mut self.0).into_iter().map(|(_, thing)| thing)
    }

    /// Everything of which this is true, oldest first; the rest stays.
    pub(crate) fn take_if(&mut self, mut is_meant: impl FnMut(&T) -> bool) -> Vec<T> {
        self.0.extract_if(.., |(_, thing)| is_meant(thing)).map(|(_, thing)| thing).collect()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(number: usize) -> SessionId {
        SessionId::new(format!("session-{number}"))
    }

    /// Scenario: more sessions than are remembered, one of them put twice, one removed, some taken.
    /// Guarantees: the newest thing of each session, in order; the oldest sessions are forgotten.
    #[test]
    fn the_last_sessions_are_remembered() {
        let mut recent = Recent::new();
        for number in 0..SESSIONS {
            recent.put(session(number), number);
        }
        recent.put(session(0), 1_000);
        recent.put(session(SESSIONS), SESSIONS);
        recent.remove(&session(5));
        assert_eq!(recent.get(&session(0)), Some(&1_000));
        assert_eq!((recent.get(&session(1)), recent.get(&session(2))), (None, Some(&2)));
        assert_eq!(recent.take_if(|thing| [1_000, 3].contains(thing)), [3, 1_000]);
        let all: Vec<usize> = recent.take().collect();
        let wished: Vec<usize> = [2, 4].into_iter().chain(6..=SESSIONS).collect();
        assert_eq!(all, wished);
        assert!(recent.is_empty());
        assert_eq!(recent.take().count(), 0);
    }
}
