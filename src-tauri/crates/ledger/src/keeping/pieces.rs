//! The writer's part of pruning: one piece, one transaction.

use std::sync::Arc;

use plimsoll_domain::{Revision, Timestamp};
use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::Pruned;
use crate::table::{Script, pruned};

/// What is removed at once: little enough that a commit behind it waits for moments only.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Piece {
    /// Requests of a stretch of revisions that were completed before a time.
    Requests { after: i64, to: i64, before: Timestamp },
    /// Nothing yet: readings, counters and events before this time are not taken any more.
    Horizon(Timestamp),
    /// Some delta readings before a time.
    Readings(Timestamp),
    /// Some readings of other counters before a time.
    Counters(Timestamp),
    /// Some events before a time.
    Events(Timestamp),
    /// All alerts, checkpoints and warnings before a time and a revision, and wishes for quiet that were over by then.
    Alerts(Timestamp, Revision),
    /// All processes that were last heard before a time.
    Processes(Timestamp),
}

const NAMES: &str =
    "SELECT key, message FROM request WHERE revision > ?1 AND revision <= ?2 AND at < ?3";
const SECOND_NAMES: &str = "SELECT key FROM alias WHERE request IN \
    (SELECT key FROM request WHERE revision > ?1 AND revision <= ?2 AND at < ?3)";
const KEEP_USE: &str = "INSERT INTO pruned_use (session, model, source, quarter, requests, unpriced, \
    input, output, cache_read, cache_creation, cost) \
    SELECT session, model, source, at / 900000000000, COUNT(*), SUM(cost IS NULL AND price IS NULL), \
    SUM(input), SUM(output), SUM(cache_read), SUM(cache_creation), SUM(COALESCE(cost, price, 0)) \
    FROM request WHERE revision > ?1 AND revision <= ?2 AND at < ?3 AND retracted = 0 \
    GROUP BY session, model, source, at / 900000000000 \
    ON CONFLICT (session, model, source, quarter) DO UPDATE SET requests = requests + excluded.requests, \
    unpriced = unpriced + excluded.unpriced, input = input + excluded.input, \
    output = output + excluded.output, cache_read = cache_read + excluded.cache_read, \
    cache_creation = cache_creation + excluded.cache_creation, cost = cost + excluded.cost";
const TELLINGS: &str = "DELETE FROM telling WHERE key IN \
    (SELECT key FROM request WHERE revision > ?1 AND revision <= ?2 AND at < ?3)";
const ALIASES: &str = "DELETE FROM alias WHERE request IN \
    (SELECT key FROM request WHERE revision > ?1 AND revision <= ?2 AND at < ?3)";
const OWN_ALIASES: &str = "DELETE FROM alias WHERE key IN \
    (SELECT key FROM request WHERE revision > ?1 AND revision <= ?2 AND at < ?3)";
const REQUESTS: &str = "DELETE FROM request WHERE revision > ?1 AND revision <= ?2 AND at < ?3";
const HORIZON: &str = "INSERT INTO pruned_before (id, time) VALUES (0, ?) \
    ON CONFLICT (id) DO UPDATE SET time = MAX(time, excluded.time)";
const READINGS: &str = "DELETE FROM point WHERE (time, series, start) IN \
    (SELECT time, series, start FROM point WHERE time > 0 AND time < ? LIMIT 500)";
const COUNTERS: &str = "DELETE FROM counter WHERE (time, series, start) IN \
    (SELECT time, series, start FROM counter WHERE time > 0 AND time < ? LIMIT 500)";
const EVENTS: &str = "DELETE FROM event WHERE (time, hash) IN \
    (SELECT time, hash FROM event WHERE time > 0 AND time < ? LIMIT 500)";
// What is owed is kept until it arrived or was given up.
const ALERTS: &str = "DELETE FROM alert WHERE at < ?1 AND revision < ?2 \
    AND revision NOT IN (SELECT alert FROM delivery WHERE ended = 0)";
const CHECKPOINTS: &str = "DELETE FROM checkpoint WHERE at < ?1 AND revision < ?2";
const WARNINGS: &str = "DELETE FROM warning WHERE at < ?1 AND revision < ?2";
const OUTCOMES: &str = "DELETE FROM outcome WHERE alert NOT IN (SELECT revision FROM alert)";
const DELIVERIES: &str = "DELETE FROM delivery WHERE alert NOT IN (SELECT revision FROM alert)";
const SILENCES: &str = "DELETE FROM silence WHERE until < ?";
const GAPS: &str = "DELETE FROM gap WHERE process IN (SELECT id FROM process \
    WHERE last_arrival < ? AND id < (SELECT MAX(id) FROM process))";
const PROCESSES: &str = "DELETE FROM process WHERE last_arrival < ? \
    AND id < (SELECT MAX(id) FROM process)";

/// Removes a piece, or on an error nothing of it.
pub(crate) async fn remove(
    connection: &mut SqliteConnection,
    piece: Piece,
) -> sqlx::Result<Pruned> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let removed = match piece {
        Piece::Requests { after, to, before } => {
            Pruned { requests: requests(&mut transaction, (after, to, before)).await?, ..none() }
        }
        Piece::Horizon(before) => {
            rows(&mut transaction, HORIZON, before).await?;
            none()
        }
        Piece::Readings(before) => {
            Pruned { readings: rows(&mut transaction, READINGS, before).await?, ..none() }
        }
        Piece::Counters(before) => {
            Pruned { readings: rows(&mut transaction, COUNTERS, before).await?, ..none() }
        }
        Piece::Events(before) => {
            Pruned { events: rows(&mut transaction, EVENTS, before).await?, ..none() }
        }
        Piece::Alerts(before, last) => {
            Pruned { alerts: alerts(&mut transaction, (before, last)).await?, ..none() }
        }
        Piece::Processes(before) => {
            rows(&mut transaction, GAPS, before).await?;
            Pruned { processes: rows(&mut transaction, PROCESSES, before).await?, ..none() }
        }
    };
    transaction.commit().await?;
    Ok(removed)
}

fn none() -> Pruned {
    Pruned::default()
}

async fn rows(
    connection: &mut SqliteConnection,
    statement: &'static str,
    before: Timestamp,
) -> sqlx::Result<u64> {
    let done = sqlx::query(statement).bind(before.nanos()).execute(connection).await?;
    Ok(done.rows_affected())
}

/// Removes alerts with what became of them, checkpoints and warnings.
async fn alerts(
    connection: &mut SqliteConnection,
    (before, last): (Timestamp, Revision),
) -> sqlx::Result<u64> {
    let mut removed = 0;
    for statement in [ALERTS, CHECKPOINTS, WARNINGS] {
        let delete = sqlx::query(statement).bind(before.nanos()).bind(last.0);
        removed += delete.execute(&mut *connection).await?.rows_affected();
    }
    for statement in [OUTCOMES, DELIVERIES] {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    rows(connection, SILENCES, before).await?;
    Ok(removed)
}

/// Removes requests, and keeps their names, their answers and what they used.
async fn requests(
    connection: &mut SqliteConnection,
    stretch: (i64, i64, Timestamp),
) -> sqlx::Result<u64> {
    let (after, to, before) = stretch;
    let mut names: Vec<Arc<str>> = Vec::new();
    let mut messages = Vec::new();
    for statement in [NAMES, SECOND_NAMES] {
        let query = sqlx::query(statement).bind(after).bind(to).bind(before.nanos());
        for row in query.fetch_all(&mut *connection).await? {
            names.push(row.try_get::<String, _>(0)?.into());
            if statement == NAMES {
                messages.extend(row.try_get::<Option<i64>, _>(1)?);
            }
        }
    }
    let mut script = Script::for_rows(names.len());
    pruned::insert(&mut script, &names, &messages);
    script.run(connection).await?;
    let mut removed = 0;
    for statement in [KEEP_USE, TELLINGS, ALIASES, OWN_ALIASES, REQUESTS] {
        let query = sqlx::query(statement).bind(after).bind(to).bind(before.nanos());
        removed = query.execute(&mut *connection).await?.rows_affected();
    }
    Ok(removed)
}

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[
    NAMES,
    SECOND_NAMES,
    KEEP_USE,
    TELLINGS,
    ALIASES,
    OWN_ALIASES,
    REQUESTS,
    HORIZON,
    READINGS,
    COUNTERS,
    EVENTS,
    ALERTS,
    CHECKPOINTS,
    WARNINGS,
    OUTCOMES,
    DELIVERIES,
    SILENCES,
    GAPS,
    PROCESSES,
];
