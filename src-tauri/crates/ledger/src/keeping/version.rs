//! Which version of the schema a file has.

use std::path::Path;

use sqlx::{SqliteConnection, migrate::Migrator};

use crate::LedgerError;

/// Every step from an empty file to this version's schema.
pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!();

const TABLES: &str = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' \
    AND name <> '_sqlx_migrations' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
const IS_LEDGER: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'quarter')";
const VERSION: &str = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations";

/// The schema's version that this program knows.
fn known() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// The version of a file; 0 where nothing is in it yet.
///
/// # Errors
/// When it is another program's database or of a version that this program does not know, or cannot be read.
pub(crate) async fn admit(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<i64, LedgerError> {
    let open = |source| LedgerError::Open { path: path.to_owned(), source };
    let tables: i64 = sqlx::query_scalar(TABLES).fetch_one(&mut *connection).await.map_err(open)?;
    if tables == 0 {
        return Ok(0);
    }
    if !sqlx::query_scalar(IS_LEDGER).fetch_one(&mut *connection).await.map_err(open)? {
        return Err(LedgerError::Foreign { path: path.to_owned() });
    }
    let found = sqlx::query_scalar(VERSION).fetch_one(&mut *connection).await.map_err(open)?;
    if found > known() {
        return Err(LedgerError::Newer { path: path.to_owned(), found, known: known() });
    }
    Ok(found)
}

/// As [`admit`]; an earlier version is refused too.
pub(crate) async fn demand_current(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<(), LedgerError> {
    let found = admit(connection, path).await?;
    if found < known() {
        return Err(LedgerError::Older { path: path.to_owned() });
    }
    Ok(())
}
