//! What the client itself states: its sums of a session, and its status line.

use plimsoll_domain::{NanoUsd, Timestamp, Tokens};
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{Rows, Script, bind_tokens, maybe_cost, maybe_count, stored, time, tokens};

/// A row of `client_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientTotal {
    pub(crate) session: i64,
    pub(crate) model: i64,
    pub(crate) at: Timestamp,
    pub(crate) tokens: Tokens,
    pub(crate) cost: Option<NanoUsd>,
}

/// A row of `status_report`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StatusRow {
    pub(crate) session: i64,
    pub(crate) at: Timestamp,
    pub(crate) model: Option<i64>,
    pub(crate) window: Option<u64>,
    pub(crate) context: Option<Tokens>,
    pub(crate) cost: Option<NanoUsd>,
}

// The client's sums only grow, so the larger one is the later one, in whatever order files are read.
static UPSERT_TOTAL: Rows = Rows::new(
    "INSERT INTO client_total (session, model, at, input, output, cache_read, cache_creation, cost) VALUES",
    8,
    "ON CONFLICT (session, model) DO UPDATE SET at = MAX(at, excluded.at), \
     input = MAX(input, excluded.input), output = MAX(output, excluded.output), \
     cache_read = MAX(cache_read, excluded.cache_read), \
     cache_creation = MAX(cache_creation, excluded.cache_creation), \
     cost = MAX(COALESCE(cost, excluded.cost), COALESCE(excluded.cost, cost))",
);
static UPSERT_STATUS: Rows = Rows::new(
    "INSERT INTO status_report (session, at, model, window, input, output, cache_read, cache_creation, cost) \
     VALUES",
    9,
    "ON CONFLICT (session) DO UPDATE SET at = excluded.at, model = COALESCE(excluded.model, model), \
     window = COALESCE(excluded.window, window), input = excluded.input, output = excluded.output, \
     cache_read = excluded.cache_read, cache_creation = excluded.cache_creation, \
     cost = COALESCE(excluded.cost, cost) WHERE excluded.at >= at",
);

/// Writes the client's sums, new or grown.
pub(crate) fn upsert_totals(script: &mut Script, rows: &[ClientTotal]) {
    script.add(&UPSERT_TOTAL, rows, |values, row| {
        let values = values.bind(row.session).bind(row.model).bind(row.at.nanos());
        bind_tokens(values, &row.tokens).bind(row.cost.map(|cost| cost.0))
    });
}

/// Writes what the status line said, unless something later is known.
pub(crate) fn upsert_statuses(script: &mut Script, rows: &[StatusRow]) {
    script.change(&UPSERT_STATUS, rows, |values, row| {
        let context = |count: fn(&Tokens) -> u64| row.context.as_ref().map(count).map(stored);
        values
            .bind(row.session)
            .bind(row.at.nanos())
            .bind(row.model)
            .bind(row.window.map(stored))
            .bind(context(|tokens| tokens.input))
            .bind(context(|tokens| tokens.output))
            .bind(context(|tokens| tokens.cache_read))
            .bind(context(|tokens| tokens.cache_creation))
            .bind(row.cost.map(|cost| cost.0))
    });
}

/// Reads a row of `client_total`.
pub(crate) fn read_total(row: &SqliteRow) -> sqlx::Result<ClientTotal> {
    Ok(ClientTotal {
        session: row.try_get("session")?,
        model: row.try_get("model")?,
        at: time(row, "at")?,
        tokens: tokens(row)?,
        cost: maybe_cost(row, "cost")?,
    })
}

/// Reads a row of `status_report`.
pub(crate) fn read_status(row: &SqliteRow) -> sqlx::Result<StatusRow> {
    let context = match maybe_count(row, "input")? {
        Some(_) => Some(tokens(row)?),
        None => None,
    };
    Ok(StatusRow {
        session: row.try_get("session")?,
        at: time(row, "at")?,
        model: row.try_get("model")?,
        window: maybe_count(row, "window")?,
        context,
        cost: maybe_cost(row, "cost")?,
    })
}

#[cfg(test)]
pub(crate) static ROWS: &[&Rows] = &[&UPSERT_TOTAL, &UPSERT_STATUS];
