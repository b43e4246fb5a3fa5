//! What happened in all rounds.

use super::traffic::{Fate, Parcel};

/// Counts of kills and exports.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) kills: usize,
    /// Kills before the start was complete.
    pub(super) kills_while_starting: usize,
    /// Kills that left exports in the spool.
    pub(super) kills_with_spooled: usize,
    /// Exports under load, repetitions not counted, and the requests to the model in them.
    exports: usize,
    requests: usize,
    /// What became of the exports.
    acknowledged: usize,
    unknown: usize,
    unsent: usize,
    /// Exports that were not acknowledged, sent again after the kills.
    pub(super) resent: usize,
    /// Acknowledged exports that were sent again.
    pub(super) repeated: usize,
}

impl Tally {
    pub(super) fn add(&mut self, parcels: &[Parcel]) {
        for parcel in parcels {
            self.exports += 1;
            self.requests += parcel.requests().len();
            *match parcel.fate {
                Fate::Acknowledged => &mut self.acknowledged,
                Fate::Unknown => &mut self.unknown,
                Fate::Unsent => &mut self.unsent,
            } += 1;
        }
    }
}
