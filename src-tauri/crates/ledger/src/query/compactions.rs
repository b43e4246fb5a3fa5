//! Compactions, each put together from everything that tells of it, the newest first.
//!
//! A page begins with the newest tellings, which name its sessions. Of each of these the requests are walked through
//! once, in order of time, because only they tell whose context it was and how large.

mod course;
mod session;
mod summaries;
pub(super) mod tellings;
mod thread;

use std::{cmp::Reverse, collections::BTreeSet};

use plimsoll_domain::{CompactionRecord, CompactionTrigger, Timestamp};
use sqlx::{Connection as _, Row as _, SqliteConnection};

use self::session::Session;
use crate::{
    CompactionFilter,
    table::{text, time},
};

/// Tellings that are read at once for each compaction of a page: nearly all have at most so many.
const TELLINGS_EACH: i64 = 4;
/// The largest page.
const MOST: u32 = 1000;

const NEWEST: &str = "SELECT e.session, CASE e.time WHEN 0 THEN e.arrived ELSE e.time END AS told, \
    s.name, s.project, s.client_version FROM event e JOIN session s ON s.id = e.session \
    WHERE e.kind = 3 AND e.c & 2 = 2 AND (?3 = 0 OR e.c & 1 = 0) AND s.name <> '' AND told < ?1 \
    AND (?2 IS NULL OR e.session = (SELECT id FROM session WHERE name = ?2)) \
    ORDER BY told DESC LIMIT ?4 OFFSET ?5";

/// Compactions that a filter names, the newest first.
pub(crate) async fn compactions(
    connection: &mut SqliteConnection,
    filter: &CompactionFilter,
) -> sqlx::Result<Vec<CompactionRecord>> {
    let mut view = connection.begin().await?;
    let mut page = Page::new(filter);
    let tellings = TELLINGS_EACH * i64::from(filter.limit.clamp(1, MOST));
    let mut offset = 0;
    loop {
        let rows = sqlx::query(NEWEST)
            .bind(page.until().nanos())
            .bind(filter.session.as_ref().map(|session| session.as_str().to_owned()))
            .bind(filter.auto_only)
            .bind(tellings)
            .bind(offset)
            .fetch_all(&mut *view)
            .await?;
        for row in &rows {
            let session = Session {
                number: row.try_get("session")?,
                name: row.try_get::<String, _>("name")?.into(),
                project: text(row, "project")?,
                client_version: text(row, "client_version")?,
            };
            if page.read.insert(session.number) {
                page.add(session.compactions(&mut view, page.until()).await?);
            }
        }
        // Every compaction that is no older than the oldest telling has been read.
        let is_last = rows.len() < usize::try_from(tellings).unwrap_or(usize::MAX);
        match rows.last() {
            Some(oldest) if !is_last && !page.is_full(time(oldest, "told")?) => offset += tellings,
            _ => break,
        }
    }
    view.rollback().await?;
    Ok(page.records)
}

/// The newest compactions that were found so far.
struct Page {
    records: Vec<CompactionRecord>,
    /// The sessions that were read.
    read: BTreeSet<i64>,
    before: Timestamp,
    auto_only: bool,
    limit: usize,
}

impl Page {
    fn new(filter: &CompactionFilter) -> Self {
        Self {
            records: Vec::new(),
            read: BTreeSet::new(),
            before: filter.before.unwrap_or(Timestamp::from_stored(i64::MAX)),
            auto_only: filter.auto_only,
            limit: filter.limit.clamp(1, MOST) as usize,
        }
    }

    /// Before this time the last witness told of every compaction of the page.
    fn until(&self) -> Timestamp {
        self.before.after(tellings::NEAR)
    }

    fn add(&mut self, records: Vec<CompactionRecord>) {
        let asked = |record: &CompactionRecord| {
            let auto = record.trigger == CompactionTrigger::Auto;
            record.at < self.before && (auto || !self.auto_only)
        };
        self.records.extend(records.into_iter().filter(asked));
        self.records.sort_by_key(|record| Reverse(record.at));
        self.records.truncate(self.limit);
    }

    /// Whether no compaction before that time belongs to it.
    fn is_full(&self, time: Timestamp) -> bool {
        self.records.len() == self.limit && self.records.last().is_some_and(|one| one.at >= time)
    }
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    let mut all = vec![NEWEST.to_owned()];
    all.extend(tellings::statements());
    all.extend(session::statements());
    all
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _, sqlite::SqliteConnectOptions};

    /// Scenario: the plans of the statements that look for compactions.
    /// Guarantees: neither looks at events of other kinds.
    #[tokio::test]
    async fn compactions_are_found_by_their_index() {
        let mut connection = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
        sqlx::migrate!().run(&mut connection).await.unwrap();
        for (statement, access) in [
            (super::NEWEST.to_owned(), "SCAN e USING COVERING INDEX event_compaction"),
            (super::tellings::statements().concat(), "USING INDEX event_compaction (session=?"),
        ] {
            let plan = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            let mut steps = Vec::new();
            for row in sqlx::query(plan).fetch_all(&mut connection).await.unwrap() {
                steps.push(row.get::<String, _>("detail"));
            }
            assert!(steps.iter().any(|step| step.contains(access)), "{steps:?}");
        }
    }
}
