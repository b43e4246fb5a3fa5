//! Alerts, claimed before they act.

use plimsoll_domain::{AgentId, Alert, Level, Model, ProcessId, Revision, SessionId, ThreadKey};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{count, stored, text, time};

const CLAIM: &str = "INSERT INTO alert (revision, session, process, agent, cycle, level, occupancy, line, at, \
    compacts, model, turns, minutes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
const LAST_REVISION: &str = "SELECT COALESCE(MAX(revision), 0) FROM alert";

/// Writes an alert unless its thread, cycle and level were claimed before; tells whether it was written.
pub(crate) async fn claim(
    connection: &mut SqliteConnection,
    session: i64,
    revision: Revision,
    alert: &Alert,
) -> sqlx::Result<bool> {
    let done = sqlx::query(CLAIM)
        .bind(revision.0)
        .bind(session)
        .bind(alert.thread.process.map_or(0, |process| process.0))
        .bind(alert.thread.agent.as_ref().map_or_else(String::new, ToString::to_string))
        .bind(alert.cycle.nanos())
        .bind(alert.level.code())
        .bind(stored(alert.occupancy))
        .bind(stored(alert.line))
        .bind(alert.at.nanos())
        .bind(alert.compacts)
        .bind(alert.model.as_ref().map(ToString::to_string))
        .bind(alert.turns)
        .bind(alert.minutes)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The largest revision of any alert.
pub(crate) async fn last_revision(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar(LAST_REVISION).fetch_one(connection).await
}

/// Reads a row of `alert` with the name of its session as `session_name`; `None` where a later version wrote a level
/// that this one does not know.
pub(crate) fn read(row: &SqliteRow) -> sqlx::Result<Option<Alert>> {
    let Some(level) = Level::from_code(row.try_get("level")?) else { return Ok(None) };
    let process: i64 = row.try_get("process")?;
    let agent: String = row.try_get("agent")?;
    Ok(Some(Alert {
        thread: ThreadKey {
            session: SessionId::new(row.try_get::<String, _>("session_name")?),
            process: (process != 0).then_some(ProcessId(process)),
            agent: (!agent.is_empty()).then(|| AgentId::new(agent)),
        },
        cycle: time(row, "cycle")?,
        level,
        occupancy: count(row.try_get("occupancy")?),
        line: count(row.try_get("line")?),
        compacts: row.try_get("compacts")?,
        model: text(row, "model")?.map(|name| Model::parse(&name).0),
        turns: row.try_get("turns")?,
        minutes: row.try_get("minutes")?,
        at: time(row, "at")?,
        revision: Some(Revision(row.try_get("revision")?)),
    }))
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[CLAIM, LAST_REVISION];

#[cfg(test)]
mod tests {
    use plimsoll_domain::Timestamp;

    use super::*;
    use crate::table::brought_up_to_date;

    /// Scenario: an alert that an earlier version claimed, before alerts had a model and a forecast; the file is brought
    /// up to date.
    /// Guarantees: it is read as it was, of an unknown model and without a forecast.
    #[tokio::test]
    async fn an_alert_of_an_earlier_version_is_read() {
        let claim = "INSERT INTO alert VALUES (7, 1, 3, 'a-1', 1000, 2, 134000, 167000, 1400)";
        let mut connection = brought_up_to_date(5, claim).await;
        let row = sqlx::query("SELECT *, 's' AS session_name FROM alert")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        let expected = Alert {
            thread: ThreadKey {
                session: SessionId::new("s"),
                process: Some(ProcessId(3)),
                agent: Some(AgentId::new("a-1")),
            },
            cycle: Timestamp::from_stored(1_000),
            level: Level::Checkpoint,
            occupancy: 134_000,
            line: 167_000,
            compacts: true,
            model: None,
            turns: None,
            minutes: None,
            at: Timestamp::from_stored(1_400),
            revision: Some(Revision(7)),
        };
        assert_eq!(read(&row).unwrap(), Some(expected));
    }
}
