//! What is to be seen, and what of it comes first: the same order as in the page's headline.

use plimsoll_domain::{
    Calendar, Level, Timestamp,
    health::{Listener, ListenerState, Problem, Severity, Status},
};
use plimsoll_watch::{Gauge, SessionView, Snapshot, State};

use crate::{Icon, Shape};

/// A snapshot and the resident's state at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) status: &'a Status,
    pub(super) calendar: &'a Calendar,
    pub(super) now: Timestamp,
}

impl<'a> Scene<'a> {
    /// The sessions that are not of earlier, nearest to their line first.
    pub(super) fn current(self) -> impl Iterator<Item = &'a SessionView> {
        let sessions = self.snapshot.sessions.iter().map(AsRef::as_ref);
        sessions.filter(move |view: &&SessionView| !view.is_earlier(self.now))
    }

    /// The session nearest to its line, with its gauge.
    pub(super) fn fullest(self) -> Option<(&'a SessionView, &'a Gauge)> {
        let view = self.snapshot.fullest(self.now)?;
        Some((view, view.gauge.as_ref()?))
    }

    /// The receivers: everything that is listened on but the dashboard.
    pub(super) fn receivers(self) -> impl Iterator<Item = &'a Listener> {
        self.status.listeners.iter().filter(|listener| listener.name != "dashboard")
    }

    /// The receivers that receive nothing.
    pub(super) fn deaf(self) -> impl Iterator<Item = &'a Listener> {
        self.receivers().filter(|listener| listener.state != ListenerState::Listening)
    }

    /// What is wrong, or only worth knowing, worst first.
    pub(super) fn problems(self, severity: Severity) -> impl Iterator<Item = &'a Problem> {
        self.status.problems.iter().filter(move |problem| problem.severity == severity)
    }

    /// Whether numbers may be late or missing.
    pub(super) fn is_faulty(self) -> bool {
        self.deaf().next().is_some() || self.problems(Severity::Fault).next().is_some()
    }

    pub(super) fn icon(self) -> Icon {
        let shape = self.shape();
        let fill = match shape {
            Shape::NoTelemetry | Shape::Error => 0,
            _ => self
                .fullest()
                .map_or(0, |(_, gauge)| Icon::fill(gauge.occupancy, gauge.line.tokens)),
        };
        Icon { shape, fill }
    }

    /// A fault makes every calm number doubtful: only what is nearly too late goes first.
    pub(super) fn shape(self) -> Shape {
        let fullest = self.fullest();
        match fullest.and_then(|(_, gauge)| gauge.level) {
            Some(level) if level >= Level::Checkpoint => level.into(),
            _ if self.is_faulty() => Shape::Error,
            Some(level) => level.into(),
            None if self.snapshot.sessions.is_empty() => Shape::NoTelemetry,
            None if self.current().all(|view| view.state == State::Idle) => Shape::Idle,
            None if fullest.is_none() => Shape::NoTelemetry,
            None => Shape::Calm,
        }
    }
}
