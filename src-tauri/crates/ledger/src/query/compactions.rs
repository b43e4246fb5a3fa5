//! Compactions, each put together from everything that tells of it, the newest first.
//!
//! A page begins with the newest tellings, which name its sessions, or with the one session that is asked for. Of each
//! the requests are walked through once, in order of time, because only they tell whose context it was and how large.

mod course;
mod session;
mod summaries;
pub(super) mod tellings;
mod thread;

use std::{cmp::Reverse, collections::BTreeSet};

use plimsoll_domain::{CompactionRecord, CompactionTrigger, Timestamp};
use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteRow};

use self::session::Session;
use crate::{
    CompactionFilter,
    table::{text, time},
};

/// Tellings that are read at once for each compaction of a page: nearly all have at most so many.
const TELLINGS_EACH: u32 = 4;
/// The largest page.
const MOST: u32 = 1000;

const NEWEST: &str = "SELECT e.session, CASE e.time WHEN 0 THEN e.arrived ELSE e.time END AS told, \
    s.name, s.project, s.client_version FROM event e JOIN session s ON s.id = e.session \
    WHERE e.kind = 3 AND e.c & 2 = 2 AND (?2 = 0 OR e.c & 1 = 0) AND s.name <> '' AND told < ?1 \
    ORDER BY told DESC LIMIT ?3 OFFSET ?4";
const OF_NAME: &str = "SELECT id AS session, name, project, client_version FROM session \
    WHERE name = ? AND name <> ''";

/// Compactions that a filter names, the newest first.
pub(crate) async fn compactions(
    connection: &mut SqliteConnection,
    filter: &CompactionFilter,
) -> sqlx::Result<Vec<CompactionRecord>> {
    let mut view = connection.begin().await?;
    let mut page = Page::new(filter);
    match &filter.session {
        None => page.fill(&mut view).await?,
        Some(name) => {
            let named = sqlx::query(OF_NAME).bind(name.as_str().to_owned());
            if let Some(row) = named.fetch_optional(&mut *view).await? {
                page.read(&mut view, &row).await?;
            }
        }
    }
    view.rollback().await?;
    Ok(page.records)
}

/// The newest compactions that were found so far.
struct Page {
    records: Vec<CompactionRecord>,
    /// The sessions that were read.
    known: BTreeSet<i64>,
    before: Timestamp,
    auto_only: bool,
    limit: u32,
}

impl Page {
    fn new(filter: &CompactionFilter) -> Self {
        Self {
            records: Vec::new(),
            known: BTreeSet::new(),
            before: filter.before.unwrap_or(Timestamp::from_stored(i64::MAX)),
            auto_only: filter.auto_only,
            limit: filter.limit.clamp(1, MOST),
        }
    }

    /// Reads the sessions that the newest tellings name, until the page is full.
    async fn fill(&mut self, view: &mut SqliteConnection) -> sqlx::Result<()> {
        let tellings = TELLINGS_EACH * self.limit;
        let mut offset = 0;
        loop {
            let rows = sqlx::query(NEWEST)
                .bind(self.until().nanos())
                .bind(self.auto_only)
                .bind(tellings)
                .bind(offset)
                .fetch_all(&mut *view)
                .await?;
            for row in &rows {
                self.read(view, row).await?;
            }
            // Every compaction that is no older than the oldest telling has been read.
            match rows.last() {
                Some(oldest)
                    if rows.len() == tellings as usize && !self.is_full(time(oldest, "told")?) =>
                {
                    offset += i64::from(tellings);
                }
                _ => return Ok(()),
            }
        }
    }

    /// Adds the compactions of a row's session, unless they were.
    async fn read(&mut self, view: &mut SqliteConnection, row: &SqliteRow) -> sqlx::Result<()> {
        let session = Session {
            number: row.try_get("session")?,
            name: row.try_get::<String, _>("name")?.into(),
            project: text(row, "project")?,
            client_version: text(row, "client_version")?,
        };
        if self.known.insert(session.number) {
            self.add(session.compactions(view, self.until()).await?);
        }
        Ok(())
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
        self.records.truncate(self.limit as usize);
    }

    /// Whether no compaction before that time belongs to it.
    fn is_full(&self, time: Timestamp) -> bool {
        self.records.len() == self.limit as usize
            && self.records.last().is_some_and(|one| one.at >= time)
    }
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    let mut all = vec![NEWEST.to_owned(), OF_NAME.to_owned()];
    all.extend(tellings::statements());
    all.extend(session::statements());
    all
}

#[cfg(test)]
mod tests {
    use crate::query::plan;

    /// Scenario: the plans of the statements that look for compactions.
    /// Guarantees: none looks at events of other kinds, and for one session none at those of others.
    #[tokio::test]
    async fn compactions_are_found_by_their_index() {
        for (statement, access) in [
            (super::NEWEST, "SCAN e USING COVERING INDEX event_compaction"),
            (super::OF_NAME, "SEARCH session USING INDEX sqlite_autoindex_session_1 (name=?)"),
            (&super::tellings::statements().concat(), "USING INDEX event_compaction (session=?"),
        ] {
            let plan = plan(statement).await;
            assert!(plan.contains(access), "{plan}");
        }
    }
}
