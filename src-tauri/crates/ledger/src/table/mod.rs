//! The SQL of each table, a file per table. Rows go in and out as plain structs.

pub(crate) mod alert;
pub(crate) mod alias;
pub(crate) mod checkpoint;
pub(crate) mod client;
pub(crate) mod counter;
pub(crate) mod delivery;
pub(crate) mod event;
pub(crate) mod model;
pub(crate) mod outcome;
pub(crate) mod point;
pub(crate) mod process;
pub(crate) mod pruned;
pub(crate) mod quarter;
pub(crate) mod remainder;
pub(crate) mod request;
mod rows;
pub(crate) mod series;
pub(crate) mod session;
pub(crate) mod silence;
pub(crate) mod telling;
pub(crate) mod transcript;
pub(crate) mod warning;

pub(crate) use rows::{Rows, Script, Values};

use std::sync::Arc;

use plimsoll_domain::{NanoUsd, Timestamp, Tokens};
use sqlx::{Row as _, sqlite::SqliteRow};

/// A count as SQLite stores it. Counts from outside are far below the bound; sums saturate.
pub(crate) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A stored count; never negative in a file that only the ledger wrote.
pub(crate) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// Binds the four token counts.
pub(crate) fn bind_tokens(values: Values, tokens: &Tokens) -> Values {
    values
        .bind(stored(tokens.input))
        .bind(stored(tokens.output))
        .bind(stored(tokens.cache_read))
        .bind(stored(tokens.cache_creation))
}

/// Reads the four token counts.
pub(crate) fn tokens(row: &SqliteRow) -> sqlx::Result<Tokens> {
    Ok(Tokens {
        input: count(row.try_get("input")?),
        output: count(row.try_get("output")?),
        cache_read: count(row.try_get("cache_read")?),
        cache_creation: count(row.try_get("cache_creation")?),
    })
}

/// Reads a time.
pub(crate) fn time(row: &SqliteRow, column: &str) -> sqlx::Result<Timestamp> {
    Ok(Timestamp::from_stored(row.try_get(column)?))
}

/// Reads a text that may be absent.
pub(crate) fn text(row: &SqliteRow, column: &str) -> sqlx::Result<Option<Arc<str>>> {
    Ok(row.try_get::<Option<String>, _>(column)?.map(Arc::from))
}

/// Reads a count that may be absent.
pub(crate) fn maybe_count(row: &SqliteRow, column: &str) -> sqlx::Result<Option<u64>> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(count))
}

/// Reads a cost that may be absent.
pub(crate) fn maybe_cost(row: &SqliteRow, column: &str) -> sqlx::Result<Option<NanoUsd>> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(NanoUsd))
}

/// A file in which an earlier version, before a migration, left rows; brought up to date.
#[cfg(test)]
pub(crate) async fn brought_up_to_date(before: i64, rows: &'static str) -> sqlx::SqliteConnection {
    use sqlx::{AssertSqlSafe, ConnectOptions as _, sqlite::SqliteConnectOptions};

    let mut connection = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
    let steps = sqlx::migrate!();
    let (earlier, later): (Vec<_>, Vec<_>) = steps.iter().partition(|step| step.version < before);
    let texts = |steps: Vec<&sqlx::migrate::Migration>| {
        steps.into_iter().map(|step| step.sql.as_str().to_owned()).collect::<String>()
    };
    for text in [texts(earlier), rows.to_owned(), texts(later)] {
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
    }
    connection
}

#[cfg(test)]
mod tests {
    use sqlx::{
        AssertSqlSafe, ConnectOptions as _, Executor as _, SqlSafeStr as _,
        sqlite::SqliteConnectOptions,
    };

    /// Scenario: the migrated schema and every statement of the crate, in all sizes.
    /// Guarantees: each can be prepared against the schema, so none can fail for its text at run time.
    #[tokio::test]
    async fn every_statement_fits_the_schema() {
        let mut connection = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
        sqlx::migrate!().run(&mut connection).await.unwrap();
        let single = [
            super::alert::STATEMENTS,
            super::alias::STATEMENTS,
            super::checkpoint::STATEMENTS,
            super::delivery::STATEMENTS,
            super::model::STATEMENTS,
            super::outcome::STATEMENTS,
            super::process::STATEMENTS,
            super::pruned::STATEMENTS,
            super::quarter::STATEMENTS,
            super::remainder::STATEMENTS,
            super::request::STATEMENTS,
            super::series::STATEMENTS,
            super::session::STATEMENTS,
            super::silence::STATEMENTS,
            super::transcript::STATEMENTS,
            super::warning::STATEMENTS,
        ];
        let many = [
            super::alias::ROWS,
            super::client::ROWS,
            super::counter::ROWS,
            super::event::ROWS,
            super::model::ROWS,
            super::point::ROWS,
            super::process::ROWS,
            super::pruned::ROWS,
            super::quarter::ROWS,
            super::remainder::ROWS,
            super::request::ROWS,
            super::series::ROWS,
            super::session::ROWS,
            super::telling::ROWS,
            super::transcript::ROWS,
        ];
        let mut texts: Vec<_> =
            single.concat().into_iter().map(|text| text.into_sql_str()).collect();
        for rows in many.concat() {
            texts.extend(rows.all_texts().into_iter().map(|text| text.into_sql_str()));
        }
        let mut queries = crate::query::statements();
        queries.extend(crate::keeping::statements());
        texts.extend(queries.into_iter().map(|text| AssertSqlSafe(text).into_sql_str()));
        for text in texts {
            let shown = text.as_str().to_owned();
            connection.prepare(text).await.unwrap_or_else(|error| panic!("{shown}: {error}"));
        }
    }
}
