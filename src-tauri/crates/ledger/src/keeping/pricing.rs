//! Pricing requests anew that were booked by another price table: of an earlier version, or before the user changed
//! the own one.

use plimsoll_domain::PriceTable;
use sqlx::SqliteConnection;
use tokio::sync::oneshot;
use xxhash_rust::xxh3::xxh3_64;

use crate::{Ledger, LedgerError, RecordError, writer::Job};

/// What is priced at once: little enough that a commit behind it waits for moments only.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pricing {
    /// The requests after one revision, up to another.
    Requests { after: i64, to: i64 },
    /// Nothing more: all are priced by the table with this hash.
    Done(i64),
}

/// Requests that are looked at in one piece.
const STRETCH_ROWS: i64 = 1_000;
const STRETCH: &str = "SELECT MAX(revision) FROM \
    (SELECT revision FROM request WHERE revision > ?1 AND revision <= ?2 ORDER BY revision LIMIT ?3)";
const HASH: &str = "SELECT hash FROM price_table";
const SET_HASH: &str = "INSERT INTO price_table (id, hash) VALUES (0, ?) \
    ON CONFLICT (id) DO UPDATE SET hash = excluded.hash";

impl Ledger {
    /// Gives all requests the prices of the present table, where the last ones came from another. Commits come in
    /// between. Tells how many prices changed.
    ///
    /// # Errors
    /// When the file cannot be read or written; then it may be called again.
    pub async fn price_anew(&self) -> Result<u64, LedgerError> {
        let hash = hash(&self.prices);
        let (mut after, last) = (0, self.revision().0);
        if self.priced_by().await? == Some(hash) {
            return Ok(0);
        }
        let mut changed = 0;
        while let Some(to) = self.priced_to(after, last).await? {
            changed += self.price(Pricing::Requests { after, to }).await?;
            after = to;
        }
        self.price(Pricing::Done(hash)).await?;
        Ok(changed)
    }

    async fn price(&self, pricing: Pricing) -> Result<u64, RecordError> {
        let (reply, answer) = oneshot::channel();
        self.give(Job::Price(pricing, reply), answer).await
    }

    async fn priced_by(&self) -> Result<Option<i64>, LedgerError> {
        let mut reader = self.reader().await?;
        sqlx::query_scalar(HASH).fetch_optional(&mut *reader).await.map_err(LedgerError::Read)
    }

    /// The end of the next stretch of requests.
    async fn priced_to(&self, after: i64, last: i64) -> Result<Option<i64>, LedgerError> {
        let mut reader = self.reader().await?;
        let query = sqlx::query_scalar(STRETCH).bind(after).bind(last).bind(STRETCH_ROWS);
        query.fetch_one(&mut *reader).await.map_err(LedgerError::Read)
    }
}

/// Notes by which table all requests are priced.
pub(crate) async fn set_hash(connection: &mut SqliteConnection, hash: i64) -> sqlx::Result<()> {
    sqlx::query(SET_HASH).bind(hash).execute(connection).await.map(|_| ())
}

fn hash(prices: &PriceTable) -> i64 {
    let prices: Vec<_> = prices.iter().collect();
    xxh3_64(format!("{prices:?}").as_bytes()).cast_signed()
}

#[cfg(test)]
pub(super) const STATEMENTS: &[&str] = &[STRETCH, HASH, SET_HASH];
