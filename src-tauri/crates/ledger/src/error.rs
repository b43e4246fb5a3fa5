//! What can go wrong with the books.

use std::path::PathBuf;

/// Why facts were not recorded. Both may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Too many calls are waiting.
    #[error("the ledger's queue is full")]
    Full,
    /// The transaction failed, or the writer is not running.
    #[error("commit to the ledger: {0}")]
    Commit(String),
}

/// Why the ledger could not be opened, read or closed.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file could not be opened or created.
    #[error("open the ledger {path}: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("bring the ledger {path} up to date: {source}")]
    Migrate {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::migrate::MigrateError,
    },
    /// A query failed.
    #[error("read the ledger: {0}")]
    Read(#[source] sqlx::Error),
    /// The last checkpoint failed; everything committed is in the write-ahead log and not lost.
    #[error("checkpoint the ledger: {0}")]
    Checkpoint(#[source] sqlx::Error),
}

impl LedgerError {
    /// Whether another program's lock on the file is the reason, so that trying again may help.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        use sqlx::migrate::MigrateError::{Execute, ExecuteMigration};
        let source = match self {
            Self::Migrate { source: Execute(source) | ExecuteMigration(source, _), .. }
            | Self::Open { source, .. }
            | Self::Read(source)
            | Self::Checkpoint(source) => source,
            Self::Migrate { .. } => return false,
        };
        // SQLite's primary result codes 5 (busy) and 6 (locked): https://www.sqlite.org/rescode.html
        let code = source.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
        code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
    }
}
