//! The sums of all sessions, in a few passes over the file.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use plimsoll_domain::{NanoUsd, ProcessId, QuerySource, Timestamp, Tokens, Witness};
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection, sqlite::SqliteRow};

use super::case::{Case, Cell, Dispute, Recount, Stated, Sum};
use crate::{
    AuditFilter, Balance, MissedEvents, Shown, Told,
    table::{self, count, time, tokens},
};

/// A session is judged when nothing of it arrived for so long, or it ended.
pub(super) const QUIET: Duration = Duration::from_secs(120);
/// What arrives so shortly after a session's end belongs to it: the client's last exports.
const FAREWELL: Duration = Duration::from_secs(10);

/// The sessions that are audited, as a list of numbers; ?1 is a name or NULL, ?2 a time.
pub(super) const CHOSEN: &str =
    "(SELECT id FROM session WHERE last_arrival >= ?2 AND (?1 IS NULL OR name = ?1))";
/// The sums of requests `r` under the names that [`sum`] reads.
pub(super) const SUMS: &str = "COUNT(*) AS requests, SUM(r.input) AS input, SUM(r.output) AS output, \
    SUM(r.cache_read) AS cache_read, SUM(r.cache_creation) AS cache_creation, \
    COALESCE(SUM(COALESCE(r.cost, r.price)), 0) AS cost";

const SESSIONS: &str = "SELECT s.*, EXISTS (SELECT 1 FROM process p WHERE p.session = s.id) AS has_process \
    FROM session s WHERE s.id IN {CHOSEN}";
const ENDED: &str = "SELECT DISTINCT e.session FROM event e JOIN session s ON s.id = e.session \
    WHERE e.time >= ?1 AND e.kind = 7 AND e.arrived >= s.last_arrival - ?2";
// In the order of the key, so that nothing is sorted.
const CELLS: &str = "SELECT session, model, source, \
    COALESCE(SUM(requests) FILTER (WHERE side = 0), 0) AS requests, \
    COALESCE(SUM(unpriced) FILTER (WHERE side = 0), 0) AS unpriced, {SIDES}, \
    COALESCE(MAX(last_at) FILTER (WHERE side = 1), 0) AS metered_at \
    FROM quarter WHERE session IN {CHOSEN} GROUP BY session, model, source";
// In the order of the index by session.
const RECOUNT: &str = "SELECT r.session, {SUMS}, MAX(r.at) AS last_at, \
    COALESCE(SUM(r.finished = 0), 0) AS unfinished, \
    COUNT(*) FILTER (WHERE r.witnesses & 1 = 0) AS no_event, \
    COUNT(*) FILTER (WHERE r.witnesses & 4 = 0 AND r.source < 2) AS no_line \
    FROM request r WHERE r.retracted = 0 AND r.session IN {CHOSEN} GROUP BY r.session";
const PRUNED: &str = "SELECT session, SUM(requests) AS requests, SUM(input) AS input, SUM(output) AS output, \
    SUM(cache_read) AS cache_read, SUM(cache_creation) AS cache_creation, SUM(cost) AS cost \
    FROM pruned_use WHERE session IN {CHOSEN} GROUP BY session";
const SIDE: &str = "SELECT r.session, r.model, r.source, {SUMS} FROM request r \
    WHERE r.source = 2 AND r.witnesses & 4 AND r.retracted = 0 AND r.session IN {CHOSEN} \
    GROUP BY r.session, r.model, r.source";
// Few tellings differ and few names are second ones: these are gone through, and not the requests (CROSS JOIN).
const DISPUTED: &str = "SELECT r.session, r.model, r.source, t.witness, r.finished IS 0 AS unfinished, \
    COUNT(*) AS requests, SUM(t.input - r.input) AS input, SUM(t.output - r.output) AS output, \
    SUM(t.cache_read - r.cache_read) AS cache_read, SUM(t.cache_creation - r.cache_creation) AS cache_creation \
    FROM telling t CROSS JOIN request r ON r.key = t.key \
    WHERE r.retracted = 0 AND r.witnesses & (1 << t.witness) AND r.session IN {CHOSEN} \
    AND (t.input, t.output, t.cache_read, t.cache_creation) IS NOT \
    (r.input, r.output, r.cache_read, r.cache_creation) \
    GROUP BY r.session, r.model, r.source, t.witness, unfinished";
const STATED: &str = "SELECT * FROM client_total WHERE session IN {CHOSEN}";
const SHOWN: &str = "SELECT * FROM status_report WHERE session IN {CHOSEN}";
const COPIES: &str = "SELECT r.session, COUNT(*) AS copies FROM alias a CROSS JOIN request r ON r.key = a.request \
    WHERE r.session IN {CHOSEN} GROUP BY r.session";
const MISSED: &str = "SELECT * FROM gap WHERE session IN {CHOSEN} ORDER BY process, first";

/// Which sessions, as statements are told.
pub(super) struct Choice {
    session: Option<String>,
    since: i64,
}

impl Choice {
    pub(super) fn of(filter: &AuditFilter) -> Self {
        Self {
            session: filter.session.as_ref().map(|session| session.as_str().to_owned()),
            since: filter.since.map_or(0, Timestamp::nanos),
        }
    }

    /// Runs a statement over the chosen sessions.
    pub(super) async fn rows(
        &self,
        view: &mut SqliteConnection,
        statement: &str,
    ) -> sqlx::Result<Vec<SqliteRow>> {
        let query = sqlx::query(AssertSqlSafe(whole(statement)));
        query.bind(self.session.clone()).bind(self.since).fetch_all(view).await
    }
}

/// A statement with its parts filled in.
pub(super) fn whole(statement: &str) -> String {
    let statement = statement.replace("{CHOSEN}", CHOSEN).replace("{SUMS}", SUMS);
    statement.replace("{SIDES}", &sides())
}

/// Tokens and cost of each side of `quarter`.
fn sides() -> String {
    let column = |name: &str, side: usize| {
        format!("COALESCE(SUM({name}) FILTER (WHERE side = {side}), 0) AS {name}_{side}")
    };
    let names = ["input", "output", "cache_read", "cache_creation", "cost"];
    let columns = (0..3).flat_map(|side| names.map(|name| column(name, side)));
    columns.collect::<Vec<_>>().join(", ")
}

/// Puts what a row tells where it belongs.
type Take = fn(&mut Case, &SqliteRow) -> sqlx::Result<()>;

/// The sessions with what their witnesses tell.
pub(super) async fn cases(
    view: &mut SqliteConnection,
    choice: &Choice,
    now: Timestamp,
) -> sqlx::Result<BTreeMap<i64, Case>> {
    let mut cases = sessions(view, choice, now).await?;
    let takes: [(&str, Take); 9] = [
        (CELLS, cell),
        (RECOUNT, recount),
        (PRUNED, pruned),
        (SIDE, side_logs),
        (DISPUTED, dispute),
        (STATED, stated),
        (SHOWN, shown),
        (COPIES, copies),
        (MISSED, missed),
    ];
    for (statement, take) in takes {
        for row in choice.rows(view, statement).await? {
            if let Some(case) = case_of(&mut cases, &row)? {
                take(case, &row)?;
            }
        }
    }
    Ok(cases)
}

async fn sessions(
    view: &mut SqliteConnection,
    choice: &Choice,
    now: Timestamp,
) -> sqlx::Result<BTreeMap<i64, Case>> {
    let mut cases = BTreeMap::new();
    for row in choice.rows(view, SESSIONS).await? {
        let has_process: bool = row.try_get("has_process")?;
        let row = table::session::read(&row)?;
        cases.insert(
            row.id,
            Case {
                has_events: row.has_events || has_process,
                row,
                ended: false,
                cells: BTreeMap::new(),
                recount: Recount::default(),
                pruned: Sum::default(),
                metered_at: Timestamp::EPOCH,
                stated: BTreeMap::new(),
                shown: None,
                missed: Vec::new(),
                has_deltas: false,
                unanswered_until: None,
                copies: 0,
                processes: 0,
            },
        );
    }
    let farewell = i64::try_from(FAREWELL.as_nanos()).unwrap_or(i64::MAX);
    let ended: Vec<i64> = sqlx::query_scalar(ENDED)
        .bind(now.before(QUIET + FAREWELL).nanos())
        .bind(farewell)
        .fetch_all(view)
        .await?;
    for session in ended {
        if let Some(case) = cases.get_mut(&session) {
            case.ended = true;
        }
    }
    Ok(cases)
}

/// The session that a row is of; `None` for one that was not chosen.
pub(super) fn case_of<'a>(
    cases: &'a mut BTreeMap<i64, Case>,
    row: &SqliteRow,
) -> sqlx::Result<Option<&'a mut Case>> {
    Ok(cases.get_mut(&row.try_get::<i64, _>("session")?))
}

/// The cell that a row is of.
pub(super) fn cell_key(row: &SqliteRow) -> sqlx::Result<(i64, QuerySource)> {
    Ok((row.try_get("model")?, QuerySource::from_code(row.try_get("source")?)))
}

/// The sum that a row holds.
pub(super) fn sum(row: &SqliteRow) -> sqlx::Result<Sum> {
    Ok(Sum {
        requests: count(row.try_get("requests")?),
        tokens: tokens(row)?,
        cost: NanoUsd(row.try_get("cost")?),
    })
}

fn cell(case: &mut Case, row: &SqliteRow) -> sqlx::Result<()> {
    case.metered_at = case.metered_at.max(time(row, "metered_at")?);
    let counted = Sum { requests: count(row.try_get("requests")?), ..side(row, 0)? };
    let cell = Cell {
        counted,
        unpriced: count(row.try_get("unpriced")?),
        metered: side(row, 1)?,
        unattributed: side(row, 2)?,
        ..Cell::default()
    };
    case.cells.insert(cell_key(row)?, cell);
    Ok(())
}

/// Tokens and cost of one side of `quarter`, as [`sides`] names them.
fn side(row: &SqliteRow, side: usize) -> sqlx::Result<Sum> {
    let get = |name: &str| row.try_get::<i64, _>(format!("{name}_{side}").as_str());
    let tokens = Tokens {
        input: count(get("input")?),
        output: count(get("output")?),
        cache_read: count(get("cache_read")?),
        cache_creation: count(get("cache_creation")?),
    };
    Ok(Sum { requests: 0, tokens, cost: NanoUsd(get("cost")?) })
}

fn recount(case: &mut Case, row: &SqliteRow) -> sqlx::Result<()> {
    case.recount = Recount {
        sum: sum(row)?,
        unfinished: count(row.try_get("unfinished")?),
        last_at: time(row, "last_at")?,
        no_event: count(row.try_get("no_event")?),
        no_line: count(row.try_get("no_line")?),
    };
    Ok(())
}

fn pruned(case: &mut Case, row: &SqliteRow) -> sqlx::Result<()> {
    case.pruned = sum(row)?;
    Ok(())
}

fn side_logs(case: &mut Case, row: &SqliteRow) -> sqlx::Result<()> {
    case.cells.entry(cell_key(row)?).or_default().side = sum(row)?;
    Ok(())
}

fn dispute(case: &mut Case, row: &SqliteRow) -> sqlx::Result<()> {
    let told = Dispute {
        requests: count(row.try_get("requests")?),
        tokens: Balance {
            input: row.try_get("input")?,
            output: row.try_get("output")?,
            cache_read: row.try_get("cache_read")?,
            cache_creation: row.try_get("cache_creation")?,
        },
    };
    let cell = case.cells.entry(cell_key(row)?).or_default();
    let lack = match Witness::from_code(row.try_get("witness")?) {
        Some(Witness::Event) => &mut cell.events,
        Some(Witness::Transcript) => &mut cell.transcripts,
        _ => return Ok(()),
    };
    match row.try_get("unfinished")? {
        true => lack.disputed_unfinished = told,
        false => lack.disputed = told,
    }
    Ok(())
}

fn stated(case: &mut Case, row: &SqliteRow) -> sqlx::Result<()> {
    let total = table::client::read_total(row)?;
    let told = Told { requests: None, tokens: total.tokens, cost: total.cost };
    let stated = Stated { at: total.at, told, until: Tokens::ZERO, forked: false };
    case.stated.insert(total.model, stated);
    Ok(())
}

fn shown(case: &mut Case, row: &SqliteRow) -> sqlx::Result<()> {
    let row = table::client::read_status(row)?;
    let (at, window, context, cost) = (row.at, row.window, row.context, row.cost);
    case.shown = Some((row.model, Shown { at, model: None, window, context, cost }));
    Ok(())
}

fn copies(case: &mut Case, row: &SqliteRow) -> sqlx::Result<()> {
    case.copies = count(row.try_get("copies")?);
    Ok(())
}

fn missed(case: &mut Case, row: &SqliteRow) -> sqlx::Result<()> {
    let since = time(row, "since")?;
    case.missed.push(MissedEvents {
        process: ProcessId(row.try_get("process")?),
        first: count(row.try_get("first")?),
        last: count(row.try_get("last")?),
        since: (since > Timestamp::EPOCH).then_some(since),
        until: time(row, "until")?,
        found: 0,
        closed_by: BTreeSet::new(),
    });
    Ok(())
}

/// A list of numbers, as `json_each` takes it.
pub(super) fn json(numbers: impl IntoIterator<Item = i64>) -> Arc<str> {
    let numbers: Vec<_> = numbers.into_iter().map(|number| number.to_string()).collect();
    format!("[{}]", numbers.join(",")).into()
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    let all =
        [SESSIONS, ENDED, CELLS, RECOUNT, PRUNED, SIDE, DISPUTED, STATED, SHOWN, COPIES, MISSED];
    all.map(whole).to_vec()
}
