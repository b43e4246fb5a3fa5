//! Client processes: which of them a connection belongs to, and which of their events did not arrive.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use plimsoll_domain::{ConnectionId, ProcessId, Timestamp};

/// One running client program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) id: ProcessId,
    /// Number of the session that it last spoke of.
    pub(crate) session: i64,
    pub(crate) client_version: Option<Arc<str>>,
    pub(crate) first_arrival: Timestamp,
    pub(crate) last_arrival: Timestamp,
    /// The number of the event that is expected next: one more than the largest seen.
    pub(crate) next_sequence: u64,
    /// Events that did not arrive, by the number of the first of each run.
    pub(crate) gaps: BTreeMap<u64, Gap>,
}

/// A run of events that did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Number of the last one.
    pub(crate) last: u64,
    /// Session that the process spoke of when the gap was seen.
    pub(crate) session: i64,
    /// When the event before it arrived; the epoch where it is the process's beginning.
    pub(crate) since: Timestamp,
    /// When the event after it arrived.
    pub(crate) until: Timestamp,
}

/// More gaps than a process that still works has; the oldest are forgotten.
const MOST_GAPS: usize = 256;

impl Process {
    /// A process of which nothing was heard yet.
    pub(crate) fn new(id: ProcessId, session: i64) -> Self {
        Self {
            id,
            session,
            client_version: None,
            first_arrival: Timestamp::EPOCH,
            last_arrival: Timestamp::EPOCH,
            next_sequence: 0,
            gaps: BTreeMap::new(),
        }
    }

    /// Takes in that a run of its events arrived. What is skipped is a gap; what comes late closes one.
    pub(crate) fn hear(&mut self, first: u64, last: u64, arrived: Timestamp) {
        if first > self.next_sequence {
            let gap = Gap {
                last: first - 1,
                session: self.session,
                since: self.last_arrival,
                until: arrived,
            };
            self.gaps.insert(self.next_sequence, gap);
            if self.gaps.len() > MOST_GAPS {
                self.gaps.pop_first();
            }
        } else {
            self.close(first, last);
        }
        self.next_sequence = self.next_sequence.max(last.saturating_add(1));
    }

    fn close(&mut self, first: u64, last: u64) {
        let touched: Vec<_> = self
            .gaps
            .range(..=last)
            .filter(|(_, gap)| gap.last >= first)
            .map(|(start, gap)| (*start, *gap))
            .collect();
        for (start, gap) in touched {
            self.gaps.remove(&start);
            if start < first {
                self.gaps.insert(start, Gap { last: first - 1, ..gap });
            }
            if gap.last > last {
                self.gaps.insert(last + 1, gap);
            }
        }
    }
}

/// The processes of the connections that are or were lately open.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    by_connection: HashMap<ConnectionId, Process>,
    stored: HashMap<ConnectionId, Stored>,
}

/// What was last stored of a process.
#[derive(Debug, PartialEq, Eq)]
struct Stored {
    last_arrival: Timestamp,
    next_sequence: u64,
    gaps: BTreeMap<u64, Gap>,
}

impl Stored {
    fn of(process: &Process) -> Self {
        let Process { last_arrival, next_sequence, ref gaps, .. } = *process;
        Self { last_arrival, next_sequence, gaps: gaps.clone() }
    }

    /// Whether the stored row is still good enough.
    fn serves(&self, process: &Process) -> bool {
        self.next_sequence == process.next_sequence
            && self.gaps == process.gaps
            && process.last_arrival.since(self.last_arrival) < STALE
    }
}

/// How old the stored time of a process's last arrival may be. Its numbers are always stored with what they came
/// with: a crash must leave no gap that is none.
const STALE: Duration = Duration::from_secs(1);

/// More connections than a machine's clients hold; past that the table is begun anew, and connections find
/// their processes again by session and event number.
const MOST_CONNECTIONS: usize = 1024;

impl Processes {
    /// The process of a connection, where it is known.
    pub(crate) fn of(&mut self, connection: ConnectionId) -> Option<&mut Process> {
        self.by_connection.get_mut(&connection)
    }

    /// Binds a connection to a process.
    pub(crate) fn bind(&mut self, connection: ConnectionId, process: Process) {
        if self.by_connection.len() >= MOST_CONNECTIONS {
            *self = Self::default();
        }
        // A process speaks over one connection at a time: the former one was given up.
        self.by_connection.retain(|_, known| known.id != process.id);
        self.by_connection.insert(connection, process);
    }

    /// The processes that last spoke of a session.
    pub(crate) fn of_session(&self, session: i64) -> Vec<Process> {
        self.by_connection.values().filter(|known| known.session == session).cloned().collect()
    }

    /// Whether a process is bound to a connection.
    pub(crate) fn has(&self, process: ProcessId) -> bool {
        self.by_connection.values().any(|known| known.id == process)
    }

    /// The processes of these connections that have to be stored.
    pub(crate) fn unstored(&mut self, connections: &BTreeSet<ConnectionId>) -> Vec<Process> {
        let mut rows = Vec::new();
        for connection in connections {
            let Some(process) = self.by_connection.get(connection) else { continue };
            let stored = self.stored.get(connection);
            if !stored.is_some_and(|stored| stored.serves(process)) {
                self.stored.insert(*connection, Stored::of(process));
                rows.push(process.clone());
            }
        }
        rows
    }
}

/// Which of a session's stored processes a new connection continues, if its first event carries `sequence`:
/// the one whose numbers it continues most closely. Number 0 is always a new process.
pub(crate) fn continued(candidates: Vec<Process>, sequence: u64) -> Option<Process> {
    candidates
        .into_iter()
        .filter(|process| process.next_sequence <= sequence && process.next_sequence > 0)
        .max_by_key(|process| process.next_sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(id: i64, last_sequence: u64) -> Process {
        let next_sequence = last_sequence + 1;
        Process { next_sequence, ..Process::new(ProcessId(id), 1) }
    }

    fn gaps(process: &Process) -> Vec<(u64, u64)> {
        process.gaps.iter().map(|(first, gap)| (*first, gap.last)).collect()
    }

    /// Scenario: events 2, 3, 7 and 8 arrive, then 5, then 0 and 1, then 4 and 6, some of them again.
    /// Guarantees: what is missing is known at every moment, from the first number on, and closes when it comes.
    #[test]
    fn gaps_open_and_close() {
        let mut process = Process::new(ProcessId(1), 1);
        let mut hear = |first, last| {
            process.hear(first, last, Timestamp::EPOCH);
            (gaps(&process), process.next_sequence)
        };
        assert_eq!(hear(2, 3), (vec![(0, 1)], 4));
        assert_eq!(hear(7, 8), (vec![(0, 1), (4, 6)], 9));
        assert_eq!(hear(5, 5), (vec![(0, 1), (4, 4), (6, 6)], 9));
        assert_eq!(hear(7, 8), (vec![(0, 1), (4, 4), (6, 6)], 9));
        assert_eq!(hear(0, 1), (vec![(4, 4), (6, 6)], 9));
        assert_eq!(hear(4, 6), (vec![], 9));
        assert_eq!(hear(9, 9), (vec![], 10));
    }

    /// Scenario: a new connection of a session that two processes spoke of, with various event numbers.
    /// Guarantees: it continues the process just before it; a first event begins a process.
    #[test]
    fn a_connection_continues_the_closest_process() {
        let candidates = vec![process(1, 40), process(2, 12)];
        let found = |sequence| continued(candidates.clone(), sequence).map(|process| process.id.0);
        assert_eq!(found(41), Some(1));
        assert_eq!(found(20), Some(2));
        assert_eq!(found(12), None);
        assert_eq!(found(0), None);
    }
}
