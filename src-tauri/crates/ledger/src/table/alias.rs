//! Second names of requests.

use std::{collections::HashMap, sync::Arc};

use sqlx::{Row as _, SqliteConnection};

use super::{Rows, Script};

static FIND: Rows = Rows::new("SELECT key, request FROM alias WHERE key IN (VALUES", 1, ")");
static INSERT: Rows = Rows::new(
    "INSERT INTO alias (key, request) VALUES",
    2,
    "ON CONFLICT (key) DO UPDATE SET request = excluded.request",
);
// The other names of a request that has become a second name follow it.
static FOLLOW: Rows = Rows::new(
    "WITH moved (old, new) AS (VALUES",
    2,
    ") UPDATE alias SET request = (SELECT new FROM moved WHERE old = alias.request) \
     WHERE request IN (SELECT old FROM moved)",
);
const ANY: &str = "SELECT EXISTS (SELECT 1 FROM alias)";

/// Which of the keys are second names, and of what.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    keys: &[Arc<str>],
) -> sqlx::Result<HashMap<Arc<str>, Arc<str>>> {
    let rows = FIND.find(connection, keys, |values, key| values.bind(key.clone())).await?;
    let pair = |row: &sqlx::sqlite::SqliteRow| {
        Ok((row.try_get::<String, _>(0)?.into(), row.try_get::<String, _>(1)?.into()))
    };
    rows.iter().map(pair).collect()
}

/// Writes second names: key, and the key of the request that it means.
pub(crate) fn insert(script: &mut Script, rows: &[(Arc<str>, Arc<str>)]) {
    script.change(&FOLLOW, rows, |values, (key, request)| {
        values.bind(key.clone()).bind(request.clone())
    });
    script.add(&INSERT, rows, |values, (key, request)| {
        values.bind(key.clone()).bind(request.clone())
    });
}

/// Whether there is any.
pub(crate) async fn any(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar(ANY).fetch_one(connection).await
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ANY];
#[cfg(test)]
pub(crate) static ROWS: &[&Rows] = &[&FIND, &INSERT, &FOLLOW];
