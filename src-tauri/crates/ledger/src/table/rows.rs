//! Statements that write or find many rows at once: each call to sqlx is a trip to its worker thread, so a
//! commit makes few of them.

use std::{fmt::Write as _, sync::OnceLock};

use sqlx::{AssertSqlSafe, SqliteConnection, sqlite::SqliteRow};

use super::Statement;

/// The largest number of rows of one statement.
const MOST: usize = 32;
/// 1, 2, 4, 8, 16, 32: few distinct statements, so that each is prepared once.
const SIZES: usize = 6;

/// A statement over a list of rows of `columns` values each: `head (?,?),(?,?) tail`.
#[derive(Debug)]
pub(crate) struct Rows {
    head: &'static str,
    columns: usize,
    tail: &'static str,
    texts: [OnceLock<String>; SIZES],
}

impl Rows {
    /// Describes the statement; its texts are made when first used.
    pub(crate) const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        Self { head, columns, tail, texts: [const { OnceLock::new() }; SIZES] }
    }

    /// Executes the statement over all rows; returns how many rows it changed.
    ///
    /// The last row is repeated up to the next of the few sizes, so a statement must give the same result when
    /// a row comes twice (`ON CONFLICT`).
    pub(crate) async fn write<T>(
        &'static self,
        connection: &mut SqliteConnection,
        rows: &[T],
        bind: impl for<'q> Fn(Statement<'q>, &T) -> Statement<'q>,
    ) -> sqlx::Result<u64> {
        let mut changed = 0;
        for chunk in rows.chunks(MOST) {
            let statement = self.statement(chunk, &bind);
            changed += statement.execute(&mut *connection).await?.rows_affected();
        }
        Ok(changed)
    }

    /// Runs the statement over all rows; returns what it finds.
    pub(crate) async fn find<T>(
        &'static self,
        connection: &mut SqliteConnection,
        rows: &[T],
        bind: impl for<'q> Fn(Statement<'q>, &T) -> Statement<'q>,
    ) -> sqlx::Result<Vec<SqliteRow>> {
        let mut found = Vec::new();
        for chunk in rows.chunks(MOST) {
            found.extend(self.statement(chunk, &bind).fetch_all(&mut *connection).await?);
        }
        Ok(found)
    }

    fn statement<'q, T>(
        &'static self,
        chunk: &[T],
        bind: &impl for<'b> Fn(Statement<'b>, &T) -> Statement<'b>,
    ) -> Statement<'q> {
        let size = chunk.len().next_power_of_two();
        let mut statement = sqlx::query(self.text(size));
        for index in 0..size {
            statement = bind(statement, &chunk[index.min(chunk.len() - 1)]);
        }
        statement
    }

    /// The statement's text for a number of rows that is a power of two up to [`MOST`].
    fn text(&'static self, size: usize) -> AssertSqlSafe<&'static str> {
        let text = self.texts[size.trailing_zeros() as usize].get_or_init(|| {
            let row = format!("({})", vec!["?"; self.columns].join(","));
            let mut text = String::from(self.head);
            for index in 0..size {
                let comma = if index == 0 { " " } else { "," };
                let _ = write!(text, "{comma}{row}");
            }
            let _ = write!(text, " {}", self.tail);
            text
        });
        AssertSqlSafe(text)
    }

    /// The texts of all sizes, for the test that prepares every statement.
    #[cfg(test)]
    pub(crate) fn all_texts(&'static self) -> Vec<AssertSqlSafe<&'static str>> {
        (0..SIZES).map(|size| self.text(1 << size)).collect()
    }
}
