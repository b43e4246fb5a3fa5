//! Client processes: which of them a connection belongs to.

use std::{
    collections::{BTreeSet, HashMap},
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
    /// The largest event number seen.
    pub(crate) last_sequence: u64,
}

/// The processes of the connections that are or were lately open.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    by_connection: HashMap<ConnectionId, Process>,
    stored: HashMap<ConnectionId, Timestamp>,
}

/// How old the stored row of a process may be: its last number only narrows which process a new connection
/// continues.
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
            if stored.is_none_or(|stored| process.last_arrival.since(*stored) >= STALE) {
                self.stored.insert(*connection, process.last_arrival);
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
        .filter(|process| process.last_sequence < sequence)
        .max_by_key(|process| process.last_sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(id: i64, last_sequence: u64) -> Process {
        Process {
            id: ProcessId(id),
            session: 1,
            client_version: None,
            first_arrival: Timestamp::EPOCH,
            last_arrival: Timestamp::EPOCH,
            last_sequence,
        }
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
