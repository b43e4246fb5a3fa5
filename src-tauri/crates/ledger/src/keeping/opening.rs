//! Opening the file with care: what it is, whether it is sound, and its schema brought up to date.

use std::{fs, path::Path};

use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{Mark, version};
use crate::{LedgerError, table};

/// Up to this size, in bytes, a file that was not closed is checked in full; a larger one without the comparison of
/// its indexes with its tables, which takes several times as long.
const SMALL: u64 = 32 * 1024 * 1024;

/// Marks the file as in use, checks it where the last run did not close it, and brings its schema up to date.
/// Returns the revision reached. When it fails, nothing of the file is open any more.
pub(crate) async fn prepare(options: &SqliteConnectOptions) -> Result<i64, LedgerError> {
    let path = options.get_filename();
    let mark = Mark::beside(path);
    let unclean =
        mark.set().map_err(|source| LedgerError::Mark { path: mark.path().to_owned(), source })?;
    let prepared = match probe(path, unclean).await {
        Ok(()) => migrate(options, path).await,
        Err(error) => Err(error),
    };
    if prepared.is_err() && !unclean {
        // It was not opened after all. A mark that stays costs the next start a check.
        let _ = mark.remove();
    }
    prepared
}

/// Looks at the file on a connection that can change nothing.
async fn probe(path: &Path, unclean: bool) -> Result<(), LedgerError> {
    let size = fs::metadata(path).map_or(0, |file| file.len());
    if size == 0 {
        return Ok(());
    }
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let probed = async {
        let open = |source| LedgerError::Open { path: path.to_owned(), source };
        let mut connection = options.disable_statement_logging().connect().await.map_err(open)?;
        let probed = match version::admit(&mut connection, path).await {
            Ok(_) if unclean => check(&mut connection, path, size).await,
            admitted => admitted.map(drop),
        };
        connection.close().await.map_err(open)?;
        probed
    };
    match probed.await {
        // A rollback that was begun before: opening it for writing ends that.
        Err(error) if error.is_read_only() => Ok(()),
        probed => probed,
    }
}

/// Whether the file is sound, by SQLite's own check.
async fn check(
    connection: &mut SqliteConnection,
    path: &Path,
    size: u64,
) -> Result<(), LedgerError> {
    let pragma = if size <= SMALL { "PRAGMA integrity_check(1)" } else { "PRAGMA quick_check(1)" };
    tracing::info!(pragma, "the ledger was not closed: it is checked");
    let checked: sqlx::Result<String> = sqlx::query_scalar(pragma).fetch_one(connection).await;
    match checked {
        Ok(verdict) if verdict == "ok" => Ok(()),
        Ok(reason) => Err(LedgerError::Damaged { path: path.to_owned(), reason }),
        Err(source) => Err(LedgerError::Open { path: path.to_owned(), source }),
    }
}

/// Brings the schema up to date; returns the revision reached.
async fn migrate(options: &SqliteConnectOptions, path: &Path) -> Result<i64, LedgerError> {
    let open = |source| LedgerError::Open { path: path.to_owned(), source };
    let mut connection = options.connect().await.map_err(open)?;
    let reached = async {
        version::admit(&mut connection, path).await?;
        // Not `run`, whose future the compiler cannot tell to be `Send`, nor any around it.
        version::MIGRATIONS
            .run_direct(None, &mut connection, false)
            .await
            .map_err(|source| LedgerError::Migrate { path: path.to_owned(), source })?;
        last_revision(&mut connection).await.map_err(open)
    };
    let reached = reached.await;
    // Now, whatever happened: a connection that closes later would take away the write-ahead log of whatever lies
    // there by then.
    let closed = connection.close().await;
    let reached = reached?;
    closed.map_err(open)?;
    Ok(reached)
}

/// The largest revision given so far.
pub(super) async fn last_revision(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    let request = table::request::last_revision(connection).await?;
    let remainder = table::remainder::last_revision(connection).await?;
    let alert = table::alert::last_revision(connection).await?;
    let checkpoint = table::checkpoint::last_revision(connection).await?;
    let warning = table::warning::last_revision(connection).await?;
    Ok(request.max(remainder).max(alert).max(checkpoint).max(warning))
}
