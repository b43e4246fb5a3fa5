//! What rows amount to in the books.

use plimsoll_domain::{NanoUsd, Timestamp};

use crate::{
    books::{Counts, Tally},
    table::{point::PointRow, request::RequestRow},
};

/// One request; nothing where it turned out to be another one.
pub(super) fn tally_of(row: &RequestRow) -> Tally {
    if row.retracted {
        return Tally::EMPTY;
    }
    Tally {
        requests: 1,
        unpriced: u64::from(row.known_cost().is_none()),
        tokens: row.tokens,
        cost: row.known_cost().unwrap_or(NanoUsd::ZERO),
        first_at: row.at,
        last_at: row.at,
    }
}

/// What a delta reading holds.
pub(super) fn counts_of(row: &PointRow) -> Counts {
    Counts::told([row.input, row.output, row.cache_read, row.cache_creation], row.cost)
}

/// What a metric told at a time.
pub(super) fn metered(counts: Counts, at: Timestamp) -> Tally {
    if counts == Counts::default() {
        return Tally::EMPTY;
    }
    Tally { tokens: counts.tokens, cost: counts.cost, first_at: at, last_at: at, ..Tally::EMPTY }
}
