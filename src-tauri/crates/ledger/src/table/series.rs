//! What cumulative metrics told, the largest counts per series, start and quarter.

use plimsoll_domain::{NanoUsd, Quarter};
use sqlx::{Row as _, SqliteConnection};

use super::{Rows, Script, bind_tokens, tokens};
use crate::books::{Counts, Cumulative};

/// Identity of a cumulative series: series and start.
pub(crate) type SeriesKey = (i64, i64);

const LOAD: &str = "SELECT * FROM series WHERE series = ? AND start = ?";
static UPSERT: Rows = Rows::new(
    "INSERT INTO series (series, start, quarter, input, output, cache_read, cache_creation, cost) VALUES",
    8,
    "ON CONFLICT (series, start, quarter) DO UPDATE SET input = excluded.input, output = excluded.output, \
     cache_read = excluded.cache_read, cache_creation = excluded.cache_creation, cost = excluded.cost",
);

/// The tracker of a series as it was stored; an empty one where it is new.
pub(crate) async fn load(
    connection: &mut SqliteConnection,
    key: SeriesKey,
) -> sqlx::Result<Cumulative> {
    let mut tracker = Cumulative::default();
    for row in sqlx::query(LOAD).bind(key.0).bind(key.1).fetch_all(connection).await? {
        let counts = Counts { tokens: tokens(&row)?, cost: NanoUsd(row.try_get("cost")?) };
        tracker.restore(Quarter(row.try_get("quarter")?), counts);
    }
    Ok(tracker)
}

/// Writes counts, new or grown.
pub(crate) fn upsert(script: &mut Script, rows: &[(SeriesKey, Quarter, Counts)]) {
    script.add(&UPSERT, rows, |values, (key, quarter, counts)| {
        let values = values.bind(key.0).bind(key.1).bind(quarter.0);
        bind_tokens(values, &counts.tokens).bind(counts.cost.0)
    });
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[LOAD];
#[cfg(test)]
pub(crate) static ROWS: &[&Rows] = &[&UPSERT];
