//! What became of the actions of alerts.

use plimsoll_domain::{ActionKind, ActionResult, Outcome, Revision};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{text, time};

/// The longest detail that is kept, in bytes.
const LONGEST_DETAIL: usize = 4096;

const UPSERT: &str = "INSERT INTO outcome (alert, action, at, result, detail) VALUES (?, ?, ?, ?, ?) \
    ON CONFLICT (alert, action) DO UPDATE SET at = excluded.at, result = excluded.result, \
    detail = excluded.detail";
const BEGIN: &str = "INSERT INTO outcome (alert, action, at, result, detail) VALUES (?, ?, ?, ?, ?) \
    ON CONFLICT DO NOTHING";
const OF_ALERT: &str = "SELECT * FROM outcome WHERE alert = ? ORDER BY action";

/// Writes an outcome in the place of the former one.
pub(crate) async fn upsert(
    connection: &mut SqliteConnection,
    outcome: &Outcome,
) -> sqlx::Result<()> {
    write(connection, UPSERT, outcome).await.map(drop)
}

/// Writes an outcome where there is none of that alert and action; tells whether it was written.
pub(crate) async fn begin(
    connection: &mut SqliteConnection,
    outcome: &Outcome,
) -> sqlx::Result<bool> {
    write(connection, BEGIN, outcome).await
}

async fn write(
    connection: &mut SqliteConnection,
    statement: &'static str,
    outcome: &Outcome,
) -> sqlx::Result<bool> {
    let detail = outcome
        .detail
        .as_ref()
        .map(|text| text[..text.floor_char_boundary(LONGEST_DETAIL)].to_owned());
    let done = sqlx::query(statement)
        .bind(outcome.alert.0)
        .bind(outcome.action.code())
        .bind(outcome.at.nanos())
        .bind(outcome.result.code())
        .bind(detail)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// What became of an alert's actions, in the order of [`ActionKind::ALL`].
pub(crate) async fn of_alert(
    connection: &mut SqliteConnection,
    alert: Revision,
) -> sqlx::Result<Vec<Outcome>> {
    let rows = sqlx::query(OF_ALERT).bind(alert.0).fetch_all(connection).await?;
    rows.iter().filter_map(|row| read(row).transpose()).collect()
}

/// Reads a row of `outcome`; `None` where a later version wrote what this one does not know.
fn read(row: &SqliteRow) -> sqlx::Result<Option<Outcome>> {
    let action = ActionKind::from_code(row.try_get("action")?);
    let result = ActionResult::from_code(row.try_get("result")?);
    let (Some(action), Some(result)) = (action, result) else { return Ok(None) };
    Ok(Some(Outcome {
        alert: Revision(row.try_get("alert")?),
        action,
        at: time(row, "at")?,
        result,
        detail: text(row, "detail")?,
    }))
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[UPSERT, BEGIN, OF_ALERT];
