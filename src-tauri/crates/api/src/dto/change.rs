//! What the stream tells after the snapshot.

use serde::Serialize;

use super::{Backfill, Limits, Listener, Problem, Session, Time, Today};

/// What differs between the snapshot sent last and the newest; versions skipped are contained in it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Change<'a> {
    pub(crate) revision: i64,
    /// Grows with every change of one stream.
    pub(crate) version: u64,
    pub(crate) as_of: Time,
    /// The changed and the new ones.
    pub(crate) sessions: Vec<Session<'a>>,
    pub(crate) removed: Vec<&'a str>,
    /// Every session's id, in the order to show.
    pub(crate) order: Vec<&'a str>,
    /// `null` where it did not change, as `limits`, `listeners`, `problems` and `backfill`.
    pub(crate) today: Option<Today<'a>>,
    pub(crate) limits: Option<Limits>,
    pub(crate) last_arrival_at: Option<Time>,
    pub(crate) listeners: Option<Vec<Listener<'a>>>,
    pub(crate) problems: Option<Vec<Problem<'a>>>,
    pub(crate) backfill: Option<Backfill>,
}
