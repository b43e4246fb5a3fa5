//! A second look at the sessions in which something differs: where the requests lie that a witness does not tell of,
//! and what the client's own sums hold.

use std::{collections::BTreeMap, sync::Arc};

use plimsoll_domain::TokenKind;
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{
    case::{Case, Lack, Place},
    load::{case_of, cell_key, json, sum, whole},
};
use crate::{
    Balance,
    table::{count, stored, tokens},
};

/// Begins every statement: the sessions to look at, as a list of numbers in ?1.
const PICKED: &str = "picked (id) AS (SELECT value FROM json_each(?1))";
/// The spans that each process's events tell of, by session.
pub(super) const EVENT_SPANS: &str = "span AS MATERIALIZED (SELECT session, process, MIN(at) AS first, MAX(at) AS last \
    FROM request WHERE witnesses & 1 AND retracted = 0 AND session IN picked GROUP BY session, process)";
/// The spans that each transcript file tells of.
pub(super) const FILE_SPANS: &str = "span AS MATERIALIZED (SELECT session, source, agent, MIN(at) AS first, MAX(at) AS last \
    FROM request WHERE witnesses & 4 AND retracted = 0 AND session IN picked GROUP BY session, source, agent)";
/// The [`Place`] of a request `r` that no event tells of. An event is exported within a minute, so what was lost
/// may be so much older than the last arrival before the gap; a client that is killed loses two minutes at most.
pub(super) const PLACE_OF_EVENT: &str = "CASE WHEN r.finished = 0 THEN 1 \
    WHEN EXISTS (SELECT 1 FROM gap g WHERE g.session = r.session \
    AND r.at BETWEEN g.since - 60000000000 AND g.until) THEN 2 \
    WHEN EXISTS (SELECT 1 FROM span p WHERE p.session = r.session AND r.at > p.first AND r.at < p.last) THEN 0 \
    WHEN r.at < (SELECT MIN(p.first) FROM span p WHERE p.session = r.session) THEN 3 \
    WHEN r.at - (SELECT MAX(p.last) FROM span p WHERE p.session = r.session AND p.last <= r.at) \
    <= 120000000000 THEN 4 ELSE 5 END";
/// The [`Place`] of a request `r` that no transcript tells of.
pub(super) const PLACE_OF_LINE: &str = "CASE WHEN EXISTS (SELECT 1 FROM span p WHERE p.session = r.session \
    AND p.source = r.source AND p.agent IS r.agent AND r.at > p.first AND r.at < p.last) THEN 0 ELSE 6 END";

const NO_EVENT: &str = "WITH {PICKED}, {EVENT_SPANS} SELECT r.session, r.model, r.source, \
    {PLACE_OF_EVENT} AS place, {SUMS} FROM request r \
    WHERE r.witnesses & 1 = 0 AND r.retracted = 0 AND r.session IN picked \
    GROUP BY r.session, r.model, r.source, place";
const NO_LINE: &str = "WITH {PICKED}, {FILE_SPANS} SELECT r.session, r.model, r.source, \
    {PLACE_OF_LINE} AS place, {SUMS} FROM request r \
    WHERE r.witnesses & 4 = 0 AND r.source < 2 AND r.retracted = 0 AND r.session IN picked \
    GROUP BY r.session, r.model, r.source, place";
const FOUND: &str = "WITH {PICKED} SELECT g.session, g.process, g.first, COUNT(*) AS found FROM gap g \
    JOIN request r ON r.session = g.session AND r.at BETWEEN g.since - 60000000000 AND g.until \
    WHERE r.witnesses & 5 = 4 AND r.retracted = 0 AND r.finished IS NOT 0 AND g.session IN picked \
    GROUP BY g.process, g.first";
const UNTIL: &str = "WITH {PICKED} SELECT r.session, r.model, {SUMS} FROM client_total t \
    JOIN request r ON r.session = t.session AND r.model = t.model \
    WHERE r.at <= t.at AND r.retracted = 0 AND r.session IN picked GROUP BY r.session, r.model";
const PROCESSES: &str = "WITH {PICKED} SELECT session, COUNT(DISTINCT process) AS processes FROM request \
    WHERE witnesses & 1 AND session IN picked GROUP BY session";
// The sums that a session's own requests do not explain are those of another one of the project: of its requests
// before this one's first, or as its own client stated them.
const FORKED: &str = "WITH excess AS (SELECT json_extract(value, '$[0]') AS session, \
    json_extract(value, '$[1]') AS model, json_extract(value, '$[2]') AS input, \
    json_extract(value, '$[3]') AS output, json_extract(value, '$[4]') AS cache_read, \
    json_extract(value, '$[5]') AS cache_creation FROM json_each(?1)) \
    SELECT DISTINCT e.session, e.model FROM excess e JOIN session f ON f.id = e.session \
    JOIN session a ON a.id <> f.id AND a.project IS f.project \
    JOIN request r ON r.session = a.id AND r.model = e.model AND r.retracted = 0 \
    AND r.at < (SELECT MIN(at) FROM request WHERE session = f.id AND retracted = 0) \
    LEFT JOIN client_total t ON t.session = a.id AND t.model = e.model \
    GROUP BY e.session, e.model, a.id, e.input, e.output, e.cache_read, e.cache_creation \
    HAVING (SUM(r.input), SUM(r.output), SUM(r.cache_read), SUM(r.cache_creation)) IS \
    (e.input, e.output, e.cache_read, e.cache_creation) \
    OR (MAX(t.input), MAX(t.output), MAX(t.cache_read), MAX(t.cache_creation)) IS \
    (e.input, e.output, e.cache_read, e.cache_creation)";

/// A statement with its parts filled in.
pub(super) fn filled(statement: &str) -> String {
    let parts = [
        ("{PICKED}", PICKED),
        ("{EVENT_SPANS}", EVENT_SPANS),
        ("{FILE_SPANS}", FILE_SPANS),
        ("{PLACE_OF_EVENT}", PLACE_OF_EVENT),
        ("{PLACE_OF_LINE}", PLACE_OF_LINE),
    ];
    let filled = |text: String, (name, part): (&str, &str)| text.replace(name, part);
    parts.into_iter().fold(whole(statement), filled)
}

/// Adds to each case what can be seen of its differences.
pub(super) async fn add(
    view: &mut SqliteConnection,
    cases: &mut BTreeMap<i64, Case>,
) -> sqlx::Result<()> {
    let lacking = |case: &Case| case.has_events && case.recount.no_event > 0;
    places(view, cases, (NO_EVENT, lacking), |case, key| {
        &mut case.cells.entry(key).or_default().events
    })
    .await?;
    let lacking = |case: &Case| case.row.has_transcript && case.recount.no_line > 0;
    places(view, cases, (NO_LINE, lacking), |case, key| {
        &mut case.cells.entry(key).or_default().transcripts
    })
    .await?;
    for row in look(view, cases, FOUND, |case| !case.missed.is_empty()).await? {
        let Some(case) = case_of(cases, &row)? else { continue };
        let (process, first): (i64, i64) = (row.try_get("process")?, row.try_get("first")?);
        let same = case
            .missed
            .iter_mut()
            .find(|one| (one.process.0, one.first) == (process, count(first)));
        if let Some(missed) = same {
            missed.found = count(row.try_get("found")?);
        }
    }
    statements_of_clients(view, cases).await
}

/// Looks at the client's own sums where they are not what is counted.
async fn statements_of_clients(
    view: &mut SqliteConnection,
    cases: &mut BTreeMap<i64, Case>,
) -> sqlx::Result<()> {
    let differs = |case: &Case| {
        case.stated.iter().any(|(model, stated)| stated.told.tokens != case.counted(*model))
    };
    for row in look(view, cases, UNTIL, differs).await? {
        let Some(case) = case_of(cases, &row)? else { continue };
        if let Some(stated) = case.stated.get_mut(&row.try_get("model")?) {
            stated.until = tokens(&row)?;
        }
    }
    for row in look(view, cases, PROCESSES, differs).await? {
        let Some(case) = case_of(cases, &row)? else { continue };
        case.processes = count(row.try_get("processes")?);
    }
    let excess: Vec<_> = cases.values().flat_map(excess).collect();
    if excess.is_empty() {
        return Ok(());
    }
    let list = format!("[{}]", excess.join(","));
    for row in sqlx::query(FORKED).bind(list).fetch_all(view).await? {
        let Some(case) = case_of(cases, &row)? else { continue };
        if let Some(stated) = case.stated.get_mut(&row.try_get("model")?) {
            stated.forked = true;
        }
    }
    Ok(())
}

/// What the client states beyond what is counted and what only metrics know, as a fork's ancestor may explain it.
fn excess(case: &Case) -> Vec<String> {
    let mut all = Vec::new();
    for (model, stated) in &case.stated {
        let counted = case.counted(*model);
        for known in [counted, counted.plus(case.unattributed(*model))] {
            let balance = Balance::of(stated.told.tokens, known);
            let more = balance.more();
            if balance.less().is_zero() && !more.is_zero() {
                let counts = TokenKind::ALL.map(|kind| stored(more[kind]));
                all.push(json([case.row.id, *model].into_iter().chain(counts)).to_string());
            }
        }
    }
    all.dedup();
    all
}

/// Finds out where requests lie that a witness does not tell of.
async fn places(
    view: &mut SqliteConnection,
    cases: &mut BTreeMap<i64, Case>,
    (statement, lacking): (&str, impl Fn(&Case) -> bool),
    lack: impl Fn(&mut Case, crate::books::CellKey) -> &mut Lack,
) -> sqlx::Result<()> {
    for row in look(view, cases, statement, lacking).await? {
        let Some(case) = case_of(cases, &row)? else { continue };
        let place = Place::of_code(row.try_get("place")?);
        lack(case, cell_key(&row)?).missing.insert(place, sum(&row)?);
    }
    Ok(())
}

/// Runs a statement over the sessions that need it.
pub(super) async fn look(
    view: &mut SqliteConnection,
    cases: &BTreeMap<i64, Case>,
    statement: &str,
    needs: impl Fn(&Case) -> bool,
) -> sqlx::Result<Vec<SqliteRow>> {
    let picked: Vec<_> =
        cases.values().filter(|case| needs(case)).map(|case| case.row.id).collect();
    if picked.is_empty() {
        return Ok(Vec::new());
    }
    let list: Arc<str> = json(picked);
    sqlx::query(AssertSqlSafe(filled(statement))).bind(list).fetch_all(view).await
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    [NO_EVENT, NO_LINE, FOUND, UNTIL, PROCESSES, FORKED].map(filled).to_vec()
}
