//! The books of one session, as the writer holds them while it is active.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use plimsoll_domain::{Envelope, Quarter, SessionId, Timestamp, Witness};

use super::{Cell, CellKey, Remainder, Side, Tally};
use crate::{SessionSummary, Usage};

/// What is known of a session besides its use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionRow {
    /// Its number.
    pub(crate) id: i64,
    /// `session.id`, or empty for what came without one.
    pub(crate) name: Arc<str>,
    pub(crate) project: Option<Arc<str>>,
    pub(crate) branch: Option<Arc<str>>,
    pub(crate) client_version: Option<Arc<str>>,
    pub(crate) first_at: Timestamp,
    pub(crate) last_at: Timestamp,
    pub(crate) last_arrival: Timestamp,
    pub(crate) has_events: bool,
    pub(crate) has_metrics: bool,
    pub(crate) has_transcript: bool,
    pub(crate) has_hooks: bool,
    /// When telemetry of it last arrived; the epoch where none ever did.
    pub(crate) last_telemetry: Timestamp,
}

impl SessionRow {
    /// A session of which nothing is known but its name and a first moment.
    pub(crate) fn new(id: i64, name: &str, at: Timestamp) -> Self {
        Self {
            id,
            name: name.into(),
            project: None,
            branch: None,
            client_version: None,
            first_at: at,
            last_at: at,
            last_arrival: Timestamp::EPOCH,
            has_events: false,
            has_metrics: false,
            has_transcript: false,
            has_hooks: false,
            last_telemetry: Timestamp::EPOCH,
        }
    }
}

/// One session's row and cells.
#[derive(Debug, Clone)]
pub(crate) struct SessionBooks {
    pub(crate) row: SessionRow,
    /// The row as it is stored; `None` before the first commit.
    pub(crate) stored: Option<SessionRow>,
    pub(crate) cells: BTreeMap<CellKey, Cell>,
    /// What was published of its unattributed use.
    pub(crate) published: BTreeMap<CellKey, Remainder>,
    /// Sum over the cells.
    pub(crate) usage: Usage,
}

/// How old the stored time of the last arrival may be: it changes with every export, and only ages hang on it.
const STALE: Duration = Duration::from_secs(1);

impl SessionBooks {
    /// Empty books.
    pub(crate) fn new(row: SessionRow, stored: Option<SessionRow>) -> Self {
        let (cells, published) = (BTreeMap::new(), BTreeMap::new());
        Self { row, stored, cells, published, usage: Usage::default() }
    }

    /// The row, if it has to be stored.
    pub(crate) fn unstored(&mut self) -> Option<SessionRow> {
        let fresh = self.stored.as_ref().is_some_and(|stored| {
            let aged = SessionRow {
                last_at: stored.last_at,
                last_arrival: stored.last_arrival,
                last_telemetry: stored.last_telemetry,
                ..self.row.clone()
            };
            aged == *stored && self.row.last_arrival.since(stored.last_arrival) < STALE
        });
        if fresh {
            return None;
        }
        self.stored = Some(self.row.clone());
        Some(self.row.clone())
    }

    /// What only metrics know of a cell, where that is not what was published of it.
    pub(crate) fn unpublished(&self, key: CellKey) -> Option<Remainder> {
        let mut now = self.cells.get(&key).map(Cell::remainder)?;
        if let Some(published) = self.published.get(&key).filter(|_| now.is_zero()) {
            // Taken back: dated as before, so that whoever asks for that span sees it.
            (now.from, now.at) = (published.from, published.at);
        }
        match self.published.get(&key) {
            Some(published) if *published == now => None,
            None if now.is_zero() => None,
            _ => Some(now),
        }
    }

    /// Takes note of something that a witness told.
    pub(crate) fn touch(&mut self, envelope: &Envelope) {
        let Envelope { at, arrived, witness, .. } = *envelope;
        let version = envelope.client_version.as_ref();
        let row = &mut self.row;
        match witness {
            Witness::Event | Witness::Metric => {
                row.last_telemetry = row.last_telemetry.max(arrived);
            }
            Witness::Transcript => row.has_transcript = true,
            Witness::Hook => row.has_hooks = true,
        }
        row.first_at = row.first_at.min(at);
        row.last_at = row.last_at.max(at);
        if arrived >= row.last_arrival {
            row.last_arrival = arrived;
            if let Some(version) = version
                && row.client_version.as_ref() != Some(version)
            {
                row.client_version = Some(version.clone());
            }
        }
    }

    /// Whether witnesses that know tokens tell of it.
    pub(crate) fn is_well_told(&self) -> bool {
        self.row.has_events || self.row.has_metrics || self.row.has_transcript
    }

    /// Changes one side of a cell and keeps the sums; the unattributed part is derived by [`Self::settle`].
    pub(crate) fn book(
        &mut self,
        key: CellKey,
        quarter: Quarter,
        side: Side,
        change: (Tally, Tally),
    ) {
        let (before, after) = change;
        let cell = self.cells.entry(key).or_default();
        if before != Tally::EMPTY {
            cell.subtract(quarter, side, before);
        }
        if after != Tally::EMPTY {
            cell.add(quarter, side, after);
        }
        if side == Side::Known {
            self.usage = exchange(self.usage, side, before, after);
        }
    }

    /// Puts a stored sum back.
    pub(crate) fn restore(&mut self, key: CellKey, quarter: Quarter, side: Side, tally: Tally) {
        self.cells.entry(key).or_default().restore(quarter, side, tally);
        if side != Side::Metered {
            self.usage = exchange(self.usage, side, Tally::EMPTY, tally);
        }
    }

    /// Derives a cell's unattributed part; returns the quarters where it changed, before and after.
    pub(crate) fn settle(&mut self, key: CellKey) -> Vec<(Quarter, Tally, Tally)> {
        let changed = self.cells.entry(key).or_default().derive_unattributed();
        for (_, before, after) in &changed {
            self.usage = exchange(self.usage, Side::Unattributed, *before, *after);
        }
        changed
    }

    /// The books as others see them; `None` for what came without a session id.
    pub(crate) fn summary(&self) -> Option<SessionSummary> {
        let row = &self.row;
        (!row.name.is_empty()).then(|| SessionSummary {
            session: SessionId::new(row.name.clone()),
            project: row.project.clone(),
            branch: row.branch.clone(),
            client_version: row.client_version.clone(),
            first_at: row.first_at,
            last_at: row.last_at,
            last_arrival: row.last_arrival,
            usage: self.usage,
            has_events: row.has_events,
            has_metrics: row.has_metrics,
            has_transcript: row.has_transcript,
            has_hooks: row.has_hooks,
            last_telemetry: (row.last_telemetry > Timestamp::EPOCH).then_some(row.last_telemetry),
        })
    }
}

/// A sum of use in which one tally of a side took the place of another.
pub(crate) fn exchange(usage: Usage, side: Side, before: Tally, after: Tally) -> Usage {
    let unattributed = match side {
        Side::Unattributed => usage.unattributed.minus(before.tokens).plus(after.tokens),
        Side::Known | Side::Metered => usage.unattributed,
    };
    Usage {
        tokens: usage.tokens.minus(before.tokens).plus(after.tokens),
        cost: usage.cost.minus(before.cost).plus(after.cost),
        requests: usage.requests.saturating_sub(before.requests).saturating_add(after.requests),
        unpriced: usage.unpriced.saturating_sub(before.unpriced).saturating_add(after.unpriced),
        unattributed,
    }
}
