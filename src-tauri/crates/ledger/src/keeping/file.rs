//! A ledger's file, read from beside its writer or while there is none.

use std::path::Path;

use plimsoll_domain::Timestamp;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{Pruned, opening::last_revision, version};
use crate::{LedgerError, table::count};

const OLD_REQUESTS: &str = "SELECT COUNT(*) FROM request WHERE at < ?1 AND revision < ?2";
const OLD_READINGS: &str = "SELECT (SELECT COUNT(*) FROM point WHERE time > 0 AND time < ?1) \
    + (SELECT COUNT(*) FROM counter WHERE time > 0 AND time < ?1)";
const OLD_EVENTS: &str = "SELECT COUNT(*) FROM event WHERE time > 0 AND time < ?1";
const OLD_ALERTS: &str = "SELECT (SELECT COUNT(*) FROM alert WHERE at < ?1 AND revision < ?2 \
    AND revision NOT IN (SELECT alert FROM delivery WHERE ended = 0)) \
    + (SELECT COUNT(*) FROM checkpoint WHERE at < ?1 AND revision < ?2) \
    + (SELECT COUNT(*) FROM warning WHERE at < ?1 AND revision < ?2)";
const OLD_PROCESSES: &str = "SELECT COUNT(*) FROM process WHERE last_arrival < ?1 \
    AND id < (SELECT MAX(id) FROM process)";

/// A ledger that is only read. Its writer goes on meanwhile.
#[derive(Debug)]
pub struct LedgerFile {
    pub(crate) connection: SqliteConnection,
}

impl LedgerFile {
    /// Opens a ledger of this version.
    ///
    /// # Errors
    /// When there is none, it is of another version or damaged, or cannot be read.
    pub async fn open(path: &Path) -> Result<Self, LedgerError> {
        let mut file = Self::open_any(path).await?;
        version::demand_current(&mut file.connection, path).await?;
        Ok(file)
    }

    /// Opens a ledger that may be of an earlier version.
    pub(super) async fn open_any(path: &Path) -> Result<Self, LedgerError> {
        if !path.exists() {
            return Err(LedgerError::Missing { path: path.to_owned() });
        }
        let open = |source| LedgerError::Open { path: path.to_owned(), source };
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let mut connection = options.disable_statement_logging().connect().await.map_err(open)?;
        if version::admit(&mut connection, path).await? == 0 {
            return Err(LedgerError::Missing { path: path.to_owned() });
        }
        Ok(Self { connection })
    }

    /// What pruning would remove.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn prunable(&mut self, before: Timestamp) -> Result<Pruned, LedgerError> {
        self.count_old(before).await.map_err(LedgerError::Read)
    }

    async fn count_old(&mut self, before: Timestamp) -> sqlx::Result<Pruned> {
        let mut view = self.connection.begin().await?;
        let last = last_revision(&mut view).await?;
        let mut counts = [0; 5];
        let all = [OLD_REQUESTS, OLD_READINGS, OLD_EVENTS, OLD_ALERTS, OLD_PROCESSES];
        for (statement, counted) in all.into_iter().zip(&mut counts) {
            let query = sqlx::query_scalar(statement).bind(before.nanos()).bind(last);
            *counted = count(query.fetch_one(&mut *view).await?);
        }
        view.rollback().await?;
        let [requests, readings, events, alerts, processes] = counts;
        Ok(Pruned { requests, readings, events, alerts, processes })
    }
}

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] =
    &[OLD_REQUESTS, OLD_READINGS, OLD_EVENTS, OLD_ALERTS, OLD_PROCESSES];
