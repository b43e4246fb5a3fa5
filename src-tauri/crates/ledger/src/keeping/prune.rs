//! Removing what is older than the user wants to keep, piece by piece. Sums stay, and so do the names by which
//! requests are known again.

use plimsoll_domain::Timestamp;
use sqlx::{Row as _, SqliteConnection};

use super::Piece;
use crate::{Ledger, LedgerError, table::count};

/// Rows of requests that one piece looks at.
const STRETCH_ROWS: i64 = 200;
const STRETCH: &str = "SELECT MAX(revision), COUNT(*) FILTER (WHERE at < ?2) FROM \
    (SELECT revision, at FROM request WHERE revision > ?1 AND revision < ?3 ORDER BY revision LIMIT ?4)";

/// What pruning removed, or would remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// API requests.
    pub requests: u64,
    /// What delta metrics told: of use, and of other counters.
    pub readings: u64,
    /// What happened besides requests.
    pub events: u64,
    /// Levels that were reached, checkpoints and warnings.
    pub alerts: u64,
    /// Client processes.
    pub processes: u64,
}

impl Pruned {
    /// Sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            readings: self.readings + other.readings,
            events: self.events + other.events,
            alerts: self.alerts + other.alerts,
            processes: self.processes + other.processes,
        }
    }
}

impl Ledger {
    /// Removes requests that were completed before a time, and what else happened before it. All sums stay, and so do
    /// the names by which the requests are known again. Commits come in between.
    ///
    /// What metrics told before that time is not taken again, not even where it was never told.
    ///
    /// # Errors
    /// When the file cannot be read or written; what was removed until then stays removed.
    pub async fn prune(&self, before: Timestamp) -> Result<Pruned, LedgerError> {
        let mut removed = Pruned::default();
        let mut after = 0;
        while let Some((to, old)) = self.stretch(after, before).await? {
            if old > 0 {
                let piece = Piece::Requests { after, to, before };
                removed = removed.plus(self.remove(piece).await?);
            }
            after = to;
        }
        self.remove(Piece::Horizon(before)).await?;
        // The last revision and the last number of a process stay, so that neither is given twice.
        let alerts = Piece::Alerts(before, self.revision());
        let rest = [Piece::Readings(before), Piece::Counters(before), Piece::Events(before)];
        for piece in rest.into_iter().chain([alerts, Piece::Processes(before)]) {
            loop {
                let some = self.remove(piece).await?;
                if some == Pruned::default() {
                    break;
                }
                removed = removed.plus(some);
            }
        }
        Ok(removed)
    }

    /// The end of the next stretch of requests, and how many of them are old enough.
    async fn stretch(
        &self,
        after: i64,
        before: Timestamp,
    ) -> Result<Option<(i64, u64)>, LedgerError> {
        let mut reader = self.reader().await?;
        let found = stretch(&mut reader, after, (before, self.revision().0)).await;
        found.map_err(LedgerError::Read)
    }
}

async fn stretch(
    connection: &mut SqliteConnection,
    after: i64,
    (before, last): (Timestamp, i64),
) -> sqlx::Result<Option<(i64, u64)>> {
    let query = sqlx::query(STRETCH).bind(after).bind(before.nanos()).bind(last);
    let row = query.bind(STRETCH_ROWS).fetch_one(connection).await?;
    let Some(to) = row.try_get::<Option<i64>, _>(0)? else { return Ok(None) };
    Ok(Some((to, count(row.try_get(1)?))))
}

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[STRETCH];
