//! Many rows in one statement, many statements in one trip: each call to sqlx is a trip to its worker thread and
//! back, which costs more than most of what it does there.

use std::{fmt::Write as _, sync::OnceLock};

use futures_util::TryStreamExt as _;
use sqlx::{
    Arguments as _, AssertSqlSafe, Either, Encode, Executor as _, Sqlite, SqliteConnection, Type,
    sqlite::{SqliteArguments, SqliteRow},
};

/// The numbers of rows that a statement is written for. Few, so that each is prepared once.
const SIZES: [usize; 4] = [1, 4, 16, 256];
const MOST: usize = SIZES[SIZES.len() - 1];
/// The largest number in a script that goes in one trip: it is prepared as a whole.
const MOST_TOGETHER: usize = 16;

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
        for chunk in chunks(rows, MOST) {
            let mut trip = Trip::default();
            trip.add(self, chunk, &bind);
            let query = sqlx::query_with(AssertSqlSafe(trip.text), trip.values.0);
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

/// Cuts rows into pieces of the largest size that they fill, up to `most`, and a last one.
fn chunks<T>(mut rows: &[T], most: usize) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let fits = SIZES.into_iter().rev().find(|size| *size <= most && *size <= rows.len());
        let size = match fits {
            Some(size) if size > SIZES[1] || size == rows.len() => size,
            _ => rows.len(),
        };
        let (chunk, rest) = rows.split_at(size);
        rows = rest;
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// Statements that run one after the other: few in one trip, many in a trip each, so that each is prepared once.
#[derive(Debug, Default)]
pub(crate) struct Script {
    trips: Vec<Trip>,
    /// Whether each statement goes by itself.
    apart: bool,
}

/// What is sent to the database at once.
#[derive(Debug, Default)]
struct Trip {
    text: String,
    values: Values,
    /// Of each statement, how many rows it must change; 0: any number.
    rows: Vec<usize>,
}

impl Script {
    /// For so many rows that the statements go one by one.
    pub(crate) fn for_rows(rows: usize) -> Self {
        Self { apart: rows > MOST_KEPT * MOST_TOGETHER, ..Self::default() }
    }

    /// Adds a statement without arguments.
    pub(crate) fn say(&mut self, statement: &'static str) {
        let trip = self.trip();
        let _ = write!(trip.text, "{statement};");
        trip.rows.push(0);
    }

    /// Adds a statement over rows, each of which it must change; nothing where there are none.
    pub(crate) fn add<T>(
        &mut self,
        rows: &'static Rows,
        items: &[T],
        bind: impl Fn(Values, &T) -> Values,
    ) {
        let most = if self.apart { MOST } else { MOST_TOGETHER };
        for chunk in chunks(items, most) {
            self.trip().add(rows, chunk, &bind);
        }
    }

    /// Adds a statement over rows that may change none of them; nothing where there are none.
    pub(crate) fn change<T>(
        &mut self,
        rows: &'static Rows,
        items: &[T],
        bind: impl Fn(Values, &T) -> Values,
    ) {
        let most = if self.apart { MOST } else { MOST_TOGETHER };
        for chunk in chunks(items, most) {
            let trip = self.trip();
            trip.add(rows, chunk, &bind);
            if let Some(expected) = trip.rows.last_mut() {
                *expected = 0;
            }
        }
    }

    /// The trip that the next statement belongs to.
    fn trip(&mut self) -> &mut Trip {
        if self.apart || self.trips.is_empty() {
            self.trips.push(Trip::default());
        }
        let last = self.trips.len() - 1;
        &mut self.trips[last]
    }

    /// Runs all statements. Tells whether each that was given rows changed as many as it was given.
    pub(crate) async fn run(self, connection: &mut SqliteConnection) -> sqlx::Result<bool> {
        let mut all = true;
        for trip in self.trips {
            all &= trip.run(connection).await?;
        }
        Ok(all)
    }
}

impl Trip {
    fn add<T>(&mut self, rows: &'static Rows, chunk: &[T], bind: &impl Fn(Values, &T) -> Values) {
        let (text, size) = rows.text(chunk.len());
        let _ = write!(self.text, "{text};");
        self.rows.push(chunk.len());
        self.values.0.reserve(size * rows.columns, 0);
        for index in 0..size {
            let values = std::mem::take(&mut self.values);
            self.values = bind(values, &chunk[index.min(chunk.len() - 1)]);
        }
    }

    async fn run(self, connection: &mut SqliteConnection) -> sqlx::Result<bool> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: lists of various lengths, for scripts of both kinds.
    /// Guarantees: every row is in one piece, in order; no piece is padded to more than the next small size.
    #[test]
    fn rows_are_cut_into_pieces_that_are_nearly_full() {
        let sizes = |rows: usize, most| -> Vec<usize> {
            let rows: Vec<_> = (0..rows).collect();
            let pieces: Vec<_> = chunks(&rows, most).collect();
            assert_eq!(pieces.concat(), rows);
            pieces.iter().map(|piece| piece.len()).collect()
        };
        assert_eq!(sizes(0, MOST), Vec::<usize>::new());
        assert_eq!(sizes(1, MOST), [1]);
        assert_eq!(sizes(3, MOST), [3]);
        assert_eq!(sizes(21, MOST_TOGETHER), [16, 5]);
        assert_eq!(sizes(300, MOST), [256, 16, 16, 12]);
        assert_eq!(sizes(300, MOST_TOGETHER).len(), 19);
    }
}
