//! What metrics do not tell of: after their last reading, or between two delta readings.

use std::collections::BTreeMap;

use plimsoll_domain::Tokens;
use sqlx::{Row as _, SqliteConnection};

use super::{
    case::{Case, Cell},
    evidence::look,
    load::{case_of, cell_key, sum},
};
use crate::Balance;

/// The last reading of each session.
const ENDED: &str = "ended AS MATERIALIZED (SELECT session, MAX(last_at) AS last FROM quarter \
    WHERE side = 1 AND session IN picked GROUP BY session)";
/// The spans of delta readings. One begins with the first measurement in it, or with the one before it; the client tells
/// of the same request a few milliseconds apart in its metric, its event and its transcript.
const READ: &str = "read AS MATERIALIZED (SELECT session, model, source, start - 100000000 AS first, \
    time + 100000000 AS last FROM point \
    WHERE time >= (SELECT MIN(first_at) FROM session WHERE id IN picked) AND session IN picked)";
const UNMETERED: &str = "WITH {PICKED}, {ENDED} SELECT r.session, r.model, r.source, {SUMS} \
    FROM ended m JOIN request r ON r.session = m.session \
    WHERE r.at > m.last AND r.retracted = 0 GROUP BY r.session, r.model, r.source";
const UNREAD: &str = "WITH {PICKED}, {ENDED}, {READ} SELECT r.session, r.model, r.source, \
    r.finished IS 0 AS unfinished, {SUMS} FROM ended m JOIN request r ON r.session = m.session \
    LEFT JOIN read p ON p.session = r.session AND p.model = r.model AND p.source = r.source \
    AND r.at BETWEEN p.first AND p.last \
    WHERE r.at <= m.last AND r.retracted = 0 AND p.session IS NULL AND r.session IN (SELECT session FROM read) \
    GROUP BY r.session, r.model, r.source, unfinished";
// Whatever the times are: those of a transcript may be of another clock.
const LAST: &str = "WITH {PICKED} SELECT session, model, source, COUNT(*) OVER last AS requests, \
    SUM(input) OVER last AS input, SUM(output) OVER last AS output, SUM(cache_read) OVER last AS cache_read, \
    SUM(cache_creation) OVER last AS cache_creation, SUM(COALESCE(cost, price, 0)) OVER last AS cost \
    FROM request WHERE retracted = 0 AND session IN picked \
    WINDOW last AS (PARTITION BY session, model, source ORDER BY at DESC, revision DESC)";
const DELTAS: &str = "WITH {PICKED} SELECT DISTINCT session FROM point \
    WHERE time >= (SELECT MIN(first_at) FROM session WHERE id IN picked) AND session IN picked";

/// Adds to each case what its metrics do not tell of, where they tell less than is counted, and how they tell, where
/// something may be missing.
pub(super) async fn add(
    view: &mut SqliteConnection,
    cases: &mut BTreeMap<i64, Case>,
) -> sqlx::Result<()> {
    let short = |cell: &Cell| !cell.metered_balance().less().is_zero();
    let lacking = |case: &Case| case.row.has_metrics && case.cells.values().any(short);
    for row in look(view, cases, &with(UNMETERED), lacking).await? {
        let Some(case) = case_of(cases, &row)? else { continue };
        case.cells.entry(cell_key(&row)?).or_default().unmetered = sum(&row)?;
    }
    for row in look(view, cases, &with(UNREAD), lacking).await? {
        let Some(case) = case_of(cases, &row)? else { continue };
        let cell = case.cells.entry(cell_key(&row)?).or_default();
        let unread = match row.try_get("unfinished")? {
            true => &mut cell.unread_unfinished,
            false => &mut cell.unread,
        };
        *unread = sum(&row)?;
    }
    for row in look(view, cases, LAST, lacking).await? {
        let Some(case) = case_of(cases, &row)? else { continue };
        let (cell, last) = (case.cells.entry(cell_key(&row)?).or_default(), sum(&row)?);
        if Balance::of(Tokens::ZERO, last.tokens) == cell.metered_balance() {
            cell.last = last;
        }
    }
    let doubtful = |case: &Case| !case.missed.is_empty() || case.unanswered_until.is_some();
    let open = |case: &Case| case.row.has_metrics && doubtful(case);
    for row in look(view, cases, DELTAS, open).await? {
        let Some(case) = case_of(cases, &row)? else { continue };
        case.has_deltas = true;
    }
    Ok(())
}

fn with(statement: &str) -> String {
    statement.replace("{ENDED}", ENDED).replace("{READ}", READ)
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    [UNMETERED, UNREAD, LAST, DELTAS]
        .map(|statement| super::evidence::filled(&with(statement)))
        .to_vec()
}
