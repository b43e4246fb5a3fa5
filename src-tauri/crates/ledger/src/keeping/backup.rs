//! A copy of the ledger as it is at one moment, while its writer goes on.

use std::{
    fs, io,
    path::{Path, PathBuf, absolute},
};

use plimsoll_domain::Revision;
use sqlx::Connection as _;

use super::{
    LedgerFile,
    mark::{private, sync_folder, with_suffix},
    opening::last_revision,
};
use crate::{LedgerError, table::count};

/// A copy that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// Its size.
    pub bytes: u64,
    /// The API requests in it.
    pub requests: u64,
    /// The revision that it has reached.
    pub revision: Revision,
}

/// Why no copy was made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is a file of that name.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The copy would take the ledger's own place.
    #[error("{} is the ledger itself", path.display())]
    Itself {
        /// The file.
        path: PathBuf,
    },
    /// The ledger cannot be read.
    #[error("cannot {0}")]
    Ledger(#[from] LedgerError),
    /// The ledger could not be copied.
    #[error("cannot copy the ledger to {}: {source}", path.display())]
    Copy {
        /// The copy.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
    /// The copy's file cannot be used.
    #[error("cannot write {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Copies the ledger `from` to the file `to`, which only the user may read. The file is there when the copy is whole
/// and on disk; until then it is called `<to>.partial`. With `replace` it may take another file's place.
///
/// # Errors
/// When the ledger cannot be read, or the copy not written; a file of that name is then as it was.
pub async fn backup(from: &Path, to: &Path, replace: bool) -> Result<Backup, BackupError> {
    let to = absolute(to).map_err(|source| BackupError::File { path: to.to_owned(), source })?;
    demand_free(from, &to, replace)?;
    let partial = with_suffix(&to, ".partial");
    let copied = copy(from, &partial).await;
    let made = copied.and_then(|backup| publish(&partial, &to, replace).map(|()| backup));
    if made.is_err() {
        // Without this file, or with what is left of it: the next copy begins anew.
        let _ = fs::remove_file(&partial);
    }
    made
}

fn demand_free(from: &Path, to: &Path, replace: bool) -> Result<(), BackupError> {
    let path = to.to_owned();
    match (fs::canonicalize(to), fs::canonicalize(from)) {
        (Ok(to), Ok(from)) if to == from => Err(BackupError::Itself { path }),
        (Ok(_), _) if !replace => Err(BackupError::Exists { path }),
        _ => Ok(()),
    }
}

async fn copy(from: &Path, partial: &Path) -> Result<Backup, BackupError> {
    let mut ledger = LedgerFile::open_any(from).await?;
    let failed = |source| BackupError::File { path: partial.to_owned(), source };
    match fs::remove_file(partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    private().create_new(true).open(partial).map_err(failed)?;
    let name = partial.to_str().ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?;
    let copied = async {
        // Reads one view of the file, as any reader does, and writes it anew without free pages.
        sqlx::query("VACUUM INTO ?").bind(name).execute(&mut ledger.connection).await?;
        ledger.connection.close().await
    };
    copied.await.map_err(|source| BackupError::Copy { path: partial.to_owned(), source })?;
    describe(partial).await
}

async fn describe(partial: &Path) -> Result<Backup, BackupError> {
    let mut copy = LedgerFile::open_any(partial).await?;
    let told = async {
        let requests = sqlx::query_scalar("SELECT COUNT(*) FROM request");
        let requests = count(requests.fetch_one(&mut copy.connection).await?);
        let revision = Revision(last_revision(&mut copy.connection).await?);
        copy.connection.close().await?;
        Ok((requests, revision))
    };
    let (requests, revision) = told.await.map_err(LedgerError::Read)?;
    let file = fs::metadata(partial);
    let file = file.map_err(|source| BackupError::File { path: partial.to_owned(), source })?;
    Ok(Backup { bytes: file.len(), requests, revision })
}

/// Brings the copy to disk, then gives it its name.
fn publish(partial: &Path, to: &Path, replace: bool) -> Result<(), BackupError> {
    if !replace && to.exists() {
        return Err(BackupError::Exists { path: to.to_owned() });
    }
    let published = private()
        .open(partial)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(partial, to))
        .and_then(|()| sync_folder(to));
    published.map_err(|source| BackupError::File { path: to.to_owned(), source })
}
