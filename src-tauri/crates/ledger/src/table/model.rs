//! Models by number.

use plimsoll_domain::Model;
use sqlx::SqliteConnection;

use super::{Rows, Script, Values};

const FIND: &str = "SELECT id FROM model WHERE name = ?";
const NAME_OF: &str = "SELECT name FROM model WHERE id = ?";
const LAST_ID: &str = "SELECT COALESCE(MAX(id), 0) FROM model";
static INSERT: Rows = Rows::new("INSERT INTO model (id, name) VALUES", 2, "ON CONFLICT DO NOTHING");

/// The number of a model, where it has one.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    model: &Model,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(FIND).bind(model.as_str().to_owned()).fetch_optional(connection).await
}

/// The name of a numbered model.
pub(crate) async fn name_of(
    connection: &mut SqliteConnection,
    number: i64,
) -> sqlx::Result<String> {
    sqlx::query_scalar(NAME_OF).bind(number).fetch_one(connection).await
}

/// The largest number given so far; zero before the first.
pub(crate) async fn last_id(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar(LAST_ID).fetch_one(connection).await
}

/// Stores newly numbered models.
pub(crate) fn insert(script: &mut Script, rows: &[(i64, Model)]) {
    script.add(&INSERT, rows, bind);
}

fn bind(values: Values, row: &(i64, Model)) -> Values {
    values.bind(row.0).bind(row.1.as_str().to_owned())
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[FIND, NAME_OF, LAST_ID];
#[cfg(test)]
pub(crate) static ROWS: &[&Rows] = &[&INSERT];
