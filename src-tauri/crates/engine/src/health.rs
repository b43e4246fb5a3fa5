//! Gathers the engine's state for whoever asks.

use std::sync::Arc;

use plimsoll_domain::{
    Timestamp,
    health::{Counter, Health, HealthProbe, Status},
};
use plimsoll_loopback::Tally;
use plimsoll_otlp::Receiver;

use crate::{
    board::Board,
    door::SideDoor,
    engine::{DASHBOARD, GRPC, HTTP},
    intake::Intake,
    running::Parts,
};

/// Asks every part for its state.
pub(crate) struct Probe {
    started: Timestamp,
    board: Arc<Board>,
    receiver: Receiver<Intake>,
    intake: Intake,
    door: SideDoor,
    tallies: [(&'static str, Arc<Tally>); 3],
}

impl Probe {
    pub(crate) fn new(
        parts: &Parts,
        (receiver, intake, door): (Receiver<Intake>, Intake, SideDoor),
    ) -> Self {
        let tallies = [HTTP, GRPC, DASHBOARD].map(|name| (name, Arc::default()));
        let board = Arc::clone(&parts.board);
        Self { started: parts.started, board, receiver, intake, door, tallies }
    }

    /// Where the connections of a listener are counted.
    pub(crate) fn tally(&self, listener: &str) -> Arc<Tally> {
        let known = self.tallies.iter().find(|(name, _)| *name == listener);
        known.map_or_else(Arc::default, |(_, tally)| Arc::clone(tally))
    }

    fn counters(&self) -> Vec<Counter> {
        let mut counters = self.receiver.counters();
        counters.extend(self.intake.counters());
        counters.extend(self.door.counters());
        for (name, tally) in &self.tallies {
            counters.extend(tally.report(name));
        }
        counters
    }
}

impl HealthProbe for Probe {
    fn health(&self) -> Health {
        // By itself: what is borrowed here must be given back before `tasks` waits for the board's lock, whose holder
        // may be waiting to change the status.
        let status = Status::clone(&self.board.status().borrow());
        Health {
            started: self.started,
            status,
            tasks: self.board.tasks(),
            counters: self.counters(),
            unknown: self.intake.unknown().report(),
            last_arrival: self.receiver.last_arrival(),
        }
    }
}
