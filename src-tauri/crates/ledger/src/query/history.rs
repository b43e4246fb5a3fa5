//! The recent past, for subscribers that begin.

use futures_util::TryStreamExt as _;
use plimsoll_domain::{Model, Quarter, Revision, SessionId, Timestamp};
use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::{record, report, sessions};
use crate::{
    Activity, ActivityKind, Grouping, History, SessionSummary,
    table::{event, request},
};

const REQUESTS: &str = "SELECT r.*, s.name AS session_name, m.name AS model_name FROM session s \
    JOIN request r ON r.session = s.id JOIN model m ON m.id = r.model \
    WHERE s.last_arrival >= ?1 AND s.name <> '' AND r.at >= ?1 ORDER BY r.at";
// Prompts and tools only show that a session lives, and the last one of each session shows that; `clear` ends a
// cycle, as does a compaction.
const EVENTS: &str = "SELECT e.*, s.name AS session_name FROM event e JOIN session s ON s.id = e.session \
    WHERE (e.time >= ?1 OR (e.time = 0 AND e.arrived >= ?1)) AND s.name <> '' \
    AND (e.kind NOT IN (1, 2) OR e.name = 'clear' \
    OR (e.session, e.arrived) IN (SELECT session, MAX(arrived) FROM event \
    WHERE time >= ?1 OR time = 0 GROUP BY session)) ORDER BY e.time";
const METERED: &str = "SELECT DISTINCT s.name AS session_name, m.name AS model_name, w.at AS named_at \
    FROM session s JOIN quarter q ON q.session = s.id AND q.side = 1 JOIN model m ON m.id = q.model \
    LEFT JOIN million_window w ON w.session = s.id AND w.model = q.model \
    WHERE s.last_arrival >= ?1 AND s.name <> ''";
/// More live sessions than anybody runs in a day.
const MOST_SESSIONS: u32 = 1000;

/// Everything that happened since a time, in one consistent view.
pub(crate) async fn history(
    connection: &mut SqliteConnection,
    since: Timestamp,
    revision: impl FnOnce() -> Revision,
) -> sqlx::Result<History> {
    let mut view = connection.begin().await?;
    // Before the view begins: commits that fall between the two are seen twice rather than never.
    let revision = revision();
    let sessions = sessions(&mut view, since, None, MOST_SESSIONS).await?;
    let mut activities = metered(&mut view, since, &sessions).await?;
    // Row by row: all rows of a busy day at once would take tens of megabytes.
    let mut rows = sqlx::query(REQUESTS).bind(since.nanos()).fetch(&mut *view);
    while let Some(row) = rows.try_next().await? {
        let model = Model::parse(&row.try_get::<String, _>("model_name")?).0;
        let session = SessionId::new(row.try_get::<String, _>("session_name")?);
        activities.push(record::request_activity(&request::read(&row)?, session, model));
    }
    drop(rows);
    let mut rows = sqlx::query(EVENTS).bind(since.nanos()).fetch(&mut *view);
    while let Some(row) = rows.try_next().await? {
        let session = SessionId::new(row.try_get::<String, _>("session_name")?);
        activities.extend(record::event_activity(&event::read(&row)?, session));
    }
    drop(rows);
    activities.sort_by_key(|activity| activity.at);
    let end = Timestamp::from_stored(i64::MAX - Quarter::NANOS);
    let quarters =
        report(&mut view, Grouping::Quarter, since, end).await?.into_iter().filter_map(|row| {
            let millis = row.group?.parse().ok()?;
            Some((Quarter::of(Timestamp::from_millis(millis)), row.usage))
        });
    let quarters = quarters.collect();
    view.rollback().await?;
    Ok(History { revision, activities, sessions, quarters })
}

/// One activity per session and model that metrics told of.
async fn metered(
    view: &mut SqliteConnection,
    since: Timestamp,
    sessions: &[SessionSummary],
) -> sqlx::Result<Vec<Activity>> {
    let mut activities = Vec::new();
    for row in sqlx::query(METERED).bind(since.nanos()).fetch_all(view).await? {
        let name: String = row.try_get("session_name")?;
        let Some(books) = sessions.iter().find(|books| books.session.as_str() == name) else {
            continue;
        };
        let named = row.try_get::<Option<i64>, _>("named_at")?.map(Timestamp::from_stored);
        activities.push(Activity {
            session: books.session.clone(),
            process: None,
            at: named.unwrap_or(books.last_at),
            arrived: books.last_telemetry.unwrap_or(books.last_arrival),
            kind: ActivityKind::Metered {
                model: Model::parse(&row.try_get::<String, _>("model_name")?).0,
                million_window: named.is_some(),
            },
        });
    }
    Ok(activities)
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    [REQUESTS, EVENTS, METERED].map(String::from).to_vec()
}
