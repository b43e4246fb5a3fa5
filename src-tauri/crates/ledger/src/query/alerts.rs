//! Alerts and what became of them.

use std::collections::{BTreeMap, btree_map::Entry};

use plimsoll_domain::{Alert, Timestamp};
use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::compactions::tellings;
use crate::{
    AlertFilter, AlertRecord, Delivery,
    table::{alert, checkpoint, outcome, text, time},
};

const ALERTS: &str = "SELECT a.*, s.name AS session_name, s.project, (SELECT MIN(later.cycle) \
    FROM alert later WHERE later.session = a.session AND later.process = a.process \
    AND later.agent = a.agent AND later.cycle > a.cycle) AS next_cycle \
    FROM alert a JOIN session s ON s.id = a.session \
    WHERE a.revision < ?1 ORDER BY a.revision DESC LIMIT ?2";
// Its own statement, so that the index by session is used.
const ALERTS_OF_SESSION: &str = "SELECT a.*, s.name AS session_name, s.project, (SELECT MIN(later.cycle) \
    FROM alert later WHERE later.session = a.session AND later.process = a.process \
    AND later.agent = a.agent AND later.cycle > a.cycle) AS next_cycle \
    FROM alert a JOIN session s ON s.id = a.session \
    WHERE a.session = (SELECT id FROM session WHERE name = ?3) \
    AND a.revision < ?1 ORDER BY a.revision DESC LIMIT ?2";
const OWED: &str = "SELECT a.*, s.name AS session_name, d.project, d.attempts, d.next_at \
    FROM delivery d JOIN alert a ON a.revision = d.alert JOIN session s ON s.id = a.session \
    WHERE d.ended = 0 ORDER BY d.alert";

/// What ends the wait for a checkpoint in a session, and the checkpoints.
struct Ends {
    checkpoints: Vec<Timestamp>,
    compactions: Vec<Timestamp>,
}

/// Alerts that a filter names, the newest first.
pub(crate) async fn alerts(
    connection: &mut SqliteConnection,
    filter: &AlertFilter,
) -> sqlx::Result<Vec<AlertRecord>> {
    let mut view = connection.begin().await?;
    let before = filter.before.map_or(i64::MAX, |before| before.0);
    let page = |text| sqlx::query(text).bind(before).bind(i64::from(filter.limit));
    let query = match &filter.session {
        None => page(ALERTS),
        Some(session) => page(ALERTS_OF_SESSION).bind(session.as_str().to_owned()),
    };
    let rows = query.fetch_all(&mut *view).await?;
    let (mut records, mut sessions) = (Vec::new(), BTreeMap::new());
    for row in &rows {
        let Some(alert) = alert::read(row)? else { continue };
        let ends = match sessions.entry(row.try_get::<i64, _>("session")?) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let ends = Ends::of_session(&mut view, *new.key()).await?;
                new.insert(ends)
            }
        };
        let next_cycle = row.try_get::<Option<i64>, _>("next_cycle")?;
        let revision = alert.revision.unwrap_or_default();
        records.push(AlertRecord {
            acknowledged: ends.acknowledged(&alert, next_cycle.map(Timestamp::from_stored)),
            alert,
            project: text(row, "project")?,
            outcomes: outcome::of_alert(&mut view, revision).await?,
        });
    }
    view.rollback().await?;
    Ok(records)
}

/// Everything that is still owed to web addresses, in order of revision.
pub(crate) async fn deliveries(connection: &mut SqliteConnection) -> sqlx::Result<Vec<Delivery>> {
    let mut all = Vec::new();
    for row in sqlx::query(OWED).fetch_all(connection).await? {
        let Some(alert) = alert::read(&row)? else { continue };
        all.push(Delivery {
            alert,
            project: text(&row, "project")?,
            attempts: row.try_get("attempts")?,
            next_at: time(&row, "next_at")?,
        });
    }
    Ok(all)
}

impl Ends {
    async fn of_session(view: &mut SqliteConnection, session: i64) -> sqlx::Result<Self> {
        let compactions = tellings::of_session(view, session, Timestamp::from_stored(i64::MAX));
        let compactions = compactions.await?.into_iter().map(|compacted| compacted.at).collect();
        let checkpoints = checkpoint::times(view, session).await?;
        Ok(Self { checkpoints, compactions })
    }

    /// The first checkpoint after an alert, if it came before the next cycle of the thread. A compaction of any of the
    /// session's threads counts as the end of the cycle: after it nobody says what the checkpoint was for.
    fn acknowledged(&self, alert: &Alert, next_cycle: Option<Timestamp>) -> Option<Timestamp> {
        let first = self.checkpoints.iter().copied().find(|at| *at >= alert.at)?;
        let compacted = self.compactions.iter().copied().find(|at| *at > alert.at);
        let ended = next_cycle.into_iter().chain(compacted).any(|end| end <= first);
        (!ended).then_some(first)
    }
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    [ALERTS, ALERTS_OF_SESSION, OWED].map(String::from).to_vec()
}

#[cfg(test)]
mod tests {
    use crate::{query::plan, table::brought_up_to_date};

    /// Scenario: a message that an earlier version owed, before messages kept their projects; the file is brought up to
    /// date, and the session goes on elsewhere.
    /// Guarantees: it has the project that its session had then, and keeps it.
    #[tokio::test]
    async fn a_message_of_an_earlier_version_has_its_project() {
        let owed = "INSERT INTO session (id, name, project, first_at, last_at, last_arrival, has_events, has_metrics) \
            VALUES (1, 's', '/work/a', 0, 0, 0, 1, 0); \
            INSERT INTO alert (revision, session, process, agent, cycle, level, occupancy, line, at) \
            VALUES (7, 1, 0, '', 1000, 3, 160000, 167000, 1400); \
            INSERT INTO delivery VALUES (7, 1, 2, 5000, 0)";
        let mut connection = brought_up_to_date(7, owed).await;
        let moved = sqlx::query("UPDATE session SET project = '/work/b'");
        moved.execute(&mut connection).await.unwrap();
        let [owed] = &super::deliveries(&mut connection).await.unwrap()[..] else { panic!() };
        assert_eq!((owed.project.as_deref(), owed.attempts), (Some("/work/a"), 2));
    }

    /// Scenario: the plans of the statements for a page of alerts, of all sessions and of one, and of what is owed.
    /// Guarantees: each is read in its order, and of no other session and nothing that ended.
    #[tokio::test]
    async fn alerts_are_found_by_their_indexes() {
        for (statement, access) in [
            (super::ALERTS, "SEARCH a USING INTEGER PRIMARY KEY (rowid<?)"),
            (
                super::ALERTS_OF_SESSION,
                "SEARCH a USING INDEX alert_by_session (session=? AND rowid<?)",
            ),
            (super::OWED, "SCAN d USING INDEX delivery_owed"),
        ] {
            let plan = plan(statement).await;
            assert!(plan.contains(access) && !plan.contains("ORDER BY"), "{plan}");
        }
    }
}
