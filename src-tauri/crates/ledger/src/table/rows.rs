//! Many rows in one statement, many statements in one trip: each call to sqlx is a trip to its worker thread and
//! back, which costs more than most of what it does there.

use std::{fmt::Write as _, sync::OnceLock};

use futures_util::TryStreamExt as _;
use sqlx::{
    Arguments as _, AssertSqlSafe, Either, Encode, Executor as _, Sqlite, SqliteConnection, Type,
    sqlite::{SqliteArguments, SqliteRow},
};

/// The numbers of rows that a statement is written for. Few, so that each is prepared once.
const SIZES: [usize; 3] = [1, 4, 16];
const MOST: usize = SIZES[SIZES.len() - 1];

/// Scripts of more statements than this, those of a burst, are not kept prepared: each would hold megabytes.
const MOST_KEPT: usize = 16;

/// Arguments of a statement, in order.
#[derive(Debug, Default)]
pub(crate) struct Values(SqliteArguments);

impl Values {
    /// Adds one.
    pub(crate) fn bind<T>(mut self, value: T) -> Self
    where
        T: Encode<'static, Sqlite> + Type<Sqlite>,
    {
        // Integers and texts: encoding them for SQLite has no way to fail.
        self.0.add(value).expect("integers and texts can be encoded");
        self
    }
}

/// A statement over a list of rows of `columns` values each: `head (?,?),(?,?) tail`.
#[derive(Debug)]
pub(crate) struct Rows {
    head: &'static str,
    columns: usize,
    tail: &'static str,
    texts: [OnceLock<String>; SIZES.len()],
}

impl Rows {
    /// Describes the statement; its texts are made when first used.
    ///
    /// It has to give the same result when a row comes twice (`ON CONFLICT`): the last row is repeated up to
    /// the next of the few sizes.
    pub(crate) const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        Self { head, columns, tail, texts: [const { OnceLock::new() }; SIZES.len()] }
    }

    /// Runs the statement over all rows; returns what it finds.
    pub(crate) async fn find<T>(
        &'static self,
        connection: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(Values, &T) -> Values,
    ) -> sqlx::Result<Vec<SqliteRow>> {
        let mut found = Vec::new();
        for chunk in rows.chunks(MOST) {
            let mut script = Script::default();
            script.add(self, chunk, &bind);
            let query = sqlx::query_with(AssertSqlSafe(script.text), script.values.0);
            found.extend(query.fetch_all(&mut *connection).await?);
        }
        Ok(found)
    }

    /// The statement's text for a number of rows up to [`MOST`], and the number that it is written for.
    fn text(&'static self, rows: usize) -> (&'static str, usize) {
        let index = SIZES.iter().position(|size| rows <= *size).unwrap_or(SIZES.len() - 1);
        let text = self.texts[index].get_or_init(|| {
            let row = format!("({})", vec!["?"; self.columns].join(","));
            let rows = vec![row; SIZES[index]].join(",");
            format!("{} {rows} {}", self.head, self.tail)
        });
        (text, SIZES[index])
    }

    /// The texts of all sizes, for the test that prepares every statement.
    #[cfg(test)]
    pub(crate) fn all_texts(&'static self) -> Vec<AssertSqlSafe<&'static str>> {
        SIZES.iter().map(|size| AssertSqlSafe(self.text(*size).0)).collect()
    }
}

/// Statements that run one after the other in one trip.
#[derive(Debug, Default)]
pub(crate) struct Script {
    text: String,
    values: Values,
    rows: Vec<usize>,
}

impl Script {
    /// Adds a statement without arguments.
    pub(crate) fn say(&mut self, statement: &'static str) {
        let _ = write!(self.text, "{statement};");
        self.rows.push(0);
    }

    /// Adds a statement over rows; nothing where there are none.
    pub(crate) fn add<T>(
        &mut self,
        rows: &'static Rows,
        items: &[T],
        bind: impl Fn(Values, &T) -> Values,
    ) {
        for chunk in items.chunks(MOST) {
            let (text, size) = rows.text(chunk.len());
            let _ = write!(self.text, "{text};");
            self.rows.push(chunk.len());
            for index in 0..size {
                let values = std::mem::take(&mut self.values);
                self.values = bind(values, &chunk[index.min(chunk.len() - 1)]);
            }
        }
    }

    /// Runs all statements. Tells whether each that was given rows changed as many as it was given.
    pub(crate) async fn run(self, connection: &mut SqliteConnection) -> sqlx::Result<bool> {
        let usual = self.rows.len() <= MOST_KEPT;
        let query = sqlx::query_with(AssertSqlSafe(self.text), self.values.0).persistent(usual);
        let mut results = connection.fetch_many(query);
        let mut expected = self.rows.into_iter();
        let mut all = true;
        while let Some(result) = results.try_next().await? {
            if let Either::Left(done) = result {
                let rows = expected.next().unwrap_or(0);
                all &= rows == 0 || done.rows_affected() == u64::try_from(rows).unwrap_or(u64::MAX);
            }
        }
        Ok(all)
    }
}
