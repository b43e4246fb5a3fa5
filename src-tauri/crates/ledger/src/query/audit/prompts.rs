//! Prompts of whose answer nobody told.

use std::collections::BTreeMap;

use plimsoll_domain::Timestamp;
use sqlx::{Row as _, SqliteConnection};

use super::{case::Case, evidence::look, load::case_of};
use crate::table::count;

/// An answer is a request of the main thread, an error, or what a delta reading measured after the prompt. Several
/// prompts within a second are answered together; the client's own commands are not sent.
const UNANSWERED: &str = "WITH {PICKED}, said AS (SELECT session, time AS at, 1 AS asks FROM event \
    WHERE kind = 1 AND name IS NULL AND process IS NOT NULL AND session IN picked \
    UNION ALL SELECT session, time, 0 FROM event WHERE kind = 5 AND session IN picked \
    UNION ALL SELECT session, at, 0 FROM request WHERE source = 0 AND retracted = 0 AND session IN picked \
    UNION ALL SELECT session, start, 0 FROM point \
    WHERE source = 0 AND time >= (SELECT MIN(first_at) FROM session WHERE id IN picked) AND session IN picked), \
    followed AS (SELECT session, asks, at, LEAD(asks) OVER said AS next, LEAD(at) OVER said AS then_at \
    FROM said WINDOW said AS (PARTITION BY session ORDER BY at, asks)) \
    SELECT session, MAX(COALESCE(then_at, 9223372036854775807)) AS until FROM followed \
    WHERE asks = 1 AND (next IS NULL OR (next = 1 AND then_at - at > 1000000000)) GROUP BY session";

/// Adds to each case that its client has not summed up until when prompts are unanswered.
pub(super) async fn add(
    view: &mut SqliteConnection,
    cases: &mut BTreeMap<i64, Case>,
) -> sqlx::Result<()> {
    let open = |case: &Case| case.has_events && case.stated.is_empty();
    for row in look(view, cases, UNANSWERED, open).await? {
        let Some(case) = case_of(cases, &row)? else { continue };
        case.unanswered_until = Timestamp::from_nanos(count(row.try_get("until")?));
    }
    Ok(())
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    vec![super::evidence::filled(UNANSWERED)]
}
