//! Counters that are neither tokens nor cost.

use std::sync::Arc;

use plimsoll_domain::Timestamp;

use super::{Rows, Script, stored};

/// A row of `counter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CounterRow {
    /// End of the span as received; zero for a cumulative series.
    pub(crate) time: i64,
    pub(crate) series: i64,
    /// Start of the span as received.
    pub(crate) start: i64,
    pub(crate) session: i64,
    pub(crate) name: &'static str,
    pub(crate) detail: Option<Arc<str>>,
    pub(crate) at: Timestamp,
    pub(crate) value: u64,
}

// A repeated delta point has the same value, a late cumulative one a lower one: the largest is right for both.
static UPSERT: Rows = Rows::new(
    "INSERT INTO counter (time, series, start, session, name, detail, at, value) VALUES",
    8,
    "ON CONFLICT (time, series, start) DO UPDATE SET value = excluded.value, at = excluded.at \
     WHERE excluded.value > counter.value",
);

/// Writes rows, new or grown.
pub(crate) fn upsert(script: &mut Script, rows: &[CounterRow]) {
    script.add(&UPSERT, rows, |values, row| {
        values
            .bind(row.time)
            .bind(row.series)
            .bind(row.start)
            .bind(row.session)
            .bind(row.name)
            .bind(row.detail.clone())
            .bind(row.at.nanos())
            .bind(stored(row.value))
    });
}

#[cfg(test)]
pub(crate) static ROWS: &[&Rows] = &[&UPSERT];
