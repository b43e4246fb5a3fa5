//! The client's prices beside those of the price table.

use plimsoll_domain::{Model, NanoUsd};

/// The client's prices of one model beside those of the price table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceCheck {
    /// The model.
    pub model: Model,
    /// What the books say that it cost.
    pub cost: NanoUsd,
    /// Requests whose two prices are more than a hundredth apart, without those `apart`.
    pub requests: u64,
    /// By how much the client's prices of these are above those of the table, in nano-USD.
    pub drift: i64,
    /// Requests that cost more by about a whole other request (a stream that was begun anew), were aborted, or searched
    /// the web.
    pub apart: u64,
    /// By how much the client's prices of these are above those of the table, in nano-USD.
    pub apart_drift: i64,
}

impl PriceCheck {
    /// Adds the check of another session; the cost stays.
    pub(super) fn add(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.drift = self.drift.saturating_add(other.drift);
        self.apart = self.apart.saturating_add(other.apart);
        self.apart_drift = self.apart_drift.saturating_add(other.apart_drift);
    }

    /// Whether the two are more than a hundredth apart, in all.
    #[must_use]
    pub fn drifts(&self) -> bool {
        self.drift.saturating_abs().saturating_mul(100) > self.cost.0
    }
}
