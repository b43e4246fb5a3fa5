//! What can go wrong with the books.

use std::{io, path::PathBuf};

/// Why facts were not recorded. Each may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Too many calls are waiting.
    #[error("the ledger's queue is full")]
    Full,
    /// The disk has no room for them.
    #[error("commit to the ledger: the disk is full")]
    DiskFull,
    /// The transaction failed, or the writer is not running.
    #[error("commit to the ledger: {0}")]
    Commit(String),
}

impl From<&sqlx::Error> for RecordError {
    fn from(error: &sqlx::Error) -> Self {
        match code(error) {
            Some(FULL) => Self::DiskFull,
            _ => Self::Commit(error.to_string()),
        }
    }
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
    /// There is no such file.
    #[error("open the ledger {path}: there is none yet")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A later version of Plimsoll wrote it.
    #[error(
        "open the ledger {path}: a newer Plimsoll wrote it (its format is {found}; this one, version {}, knows {known}); \
         update Plimsoll, or choose another [ledger] path",
        env!("CARGO_PKG_VERSION")
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema's version.
        found: i64,
        /// The version that this program knows.
        known: i64,
    },
    /// An earlier version of Plimsoll wrote it, and nothing brought it up to date yet.
    #[error(
        "open the ledger {path}: an earlier Plimsoll wrote it; start Plimsoll once to bring it up to date"
    )]
    Older {
        /// The file.
        path: PathBuf,
    },
    /// It is a database, but no ledger.
    #[error(
        "open the ledger {path}: it is another program's database; choose another [ledger] path"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Its pages contradict each other.
    #[error("open the ledger {path}: it is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says of it.
        reason: String,
    },
    /// The damaged file could not be set aside.
    #[error("set the damaged ledger {path} aside: {source}")]
    SetAside {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file that says whether the ledger was closed could not be made.
    #[error("make {path}: {source}")]
    Mark {
        /// That file.
        path: PathBuf,
        /// Why.
        source: io::Error,
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
    /// Rows could not be pruned.
    #[error("prune the ledger: {0}")]
    Prune(#[from] RecordError),
    /// The last checkpoint failed; everything committed is in the write-ahead log and not lost.
    #[error("checkpoint the ledger: {0}")]
    Checkpoint(#[source] sqlx::Error),
}

/// SQLite's primary result codes: <https://www.sqlite.org/rescode.html>.
const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const READ_ONLY: u32 = 8;
const CORRUPT: u32 = 11;
const FULL: u32 = 13;
const NOT_A_DATABASE: u32 = 26;

/// The primary result code, where SQLite gave one.
fn code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?.parse::<u32>().ok()?;
    Some(code & 0xff)
}

/// Whether the file itself is the reason: its pages contradict each other, or are none of a database.
pub(crate) fn is_damage(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(CORRUPT | NOT_A_DATABASE))
}

impl LedgerError {
    /// Whether another program's lock on the file is the reason, so that trying again may help.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self.code(), Some(BUSY | LOCKED))
    }

    /// Whether the disk is full, so that trying again may help.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Mark { source, .. } | Self::SetAside { source, .. } => {
                source.kind() == io::ErrorKind::StorageFull
            }
            _ => self.code() == Some(FULL),
        }
    }

    /// Whether the file is damaged, or was never a database.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        matches!(self, Self::Damaged { .. })
            || matches!(self.code(), Some(CORRUPT | NOT_A_DATABASE))
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.code() == Some(READ_ONLY)
    }

    /// What is wrong with a damaged file, in SQLite's words.
    pub(crate) fn damage(&self) -> String {
        match (self, self.sqlite()) {
            (Self::Damaged { reason, .. }, _) => reason.clone(),
            (_, Some(source)) => source.to_string(),
            _ => self.to_string(),
        }
    }

    fn code(&self) -> Option<u32> {
        code(self.sqlite()?)
    }

    fn sqlite(&self) -> Option<&sqlx::Error> {
        use sqlx::migrate::MigrateError::{Execute, ExecuteMigration};
        match self {
            Self::Migrate { source: Execute(source) | ExecuteMigration(source, _), .. }
            | Self::Open { source, .. }
            | Self::Read(source)
            | Self::Checkpoint(source) => Some(source),
            _ => None,
        }
    }
}
