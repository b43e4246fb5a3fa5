//! Which client process speaks over a connection, and what is heard of it.

use std::collections::HashMap;

use plimsoll_domain::{ConnectionId, Fact, ProcessId, Statement, Timestamp};
use sqlx::SqliteConnection;

use crate::{
    books::{Cache, Process, continued},
    table,
};

/// The first event number that each connection's facts carry.
pub(super) fn first_sequences(facts: &[Fact]) -> HashMap<ConnectionId, u64> {
    let mut first = HashMap::new();
    for envelope in facts.iter().map(|fact| &fact.envelope) {
        if let (Some(connection), Some(sequence)) = (envelope.connection, envelope.sequence) {
            let known = first.entry(connection).or_insert(sequence);
            *known = (*known).min(sequence);
        }
    }
    first
}

/// Finds or begins the process of a connection that speaks events for the first time.
pub(super) async fn bind_process(
    connection_id: ConnectionId,
    session: i64,
    first_sequence: Option<u64>,
    books: (&mut Cache, &mut SqliteConnection),
) -> sqlx::Result<()> {
    let (cache, connection) = books;
    let Some(first) = first_sequence else { return Ok(()) };
    if cache.processes.of(connection_id).is_some() {
        return Ok(());
    }
    let candidates = match first {
        0 => Vec::new(),
        _ => {
            let mut known = cache.processes.of_session(session);
            let stored = table::process::of_session(connection, session).await?;
            known.extend(stored.into_iter().filter(|process| !cache.processes.has(process.id)));
            known
        }
    };
    let process = continued(candidates, first).unwrap_or_else(|| {
        cache.last_process += 1;
        Process::new(ProcessId(cache.last_process), session)
    });
    cache.processes.bind(connection_id, process);
    Ok(())
}

/// Notes what a connection's process says; returns its number, where it is known.
pub(super) fn see(
    cache: &mut Cache,
    connection: ConnectionId,
    session: i64,
    fact: &Fact,
) -> Option<ProcessId> {
    let process = cache.processes.of(connection)?;
    let envelope = &fact.envelope;
    process.session = session;
    if let Some(first) = envelope.sequence {
        let last = match &fact.statement {
            Statement::Heard(heard) => heard.last,
            _ => first,
        };
        process.hear(first, last, envelope.arrived);
    }
    process.last_arrival = envelope.arrived;
    if process.first_arrival == Timestamp::EPOCH {
        process.first_arrival = envelope.arrived;
    }
    if process.client_version.is_none() {
        process.client_version.clone_from(&envelope.client_version);
    }
    Some(process.id)
}
