//! The facts of one batch, each request once.

use std::collections::{HashMap, hash_map::Entry};

use plimsoll_domain::{Fact, Statement, Timestamp};

use super::request::Amount;

/// Facts, of which those that tell of one request are made one.
#[derive(Debug, Default)]
pub(super) struct Facts {
    facts: Vec<Fact>,
    /// Where the request with this hash of its ids is.
    places: HashMap<u64, usize>,
}

impl Facts {
    pub(super) fn len(&self) -> usize {
        self.facts.len()
    }

    pub(super) fn push(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    /// Enters a telling of the request with this key, which is made only where it is new.
    pub(super) fn tell(
        &mut self,
        key: u64,
        (at, amount): (Timestamp, Amount),
        make: impl FnOnce() -> Option<Fact>,
    ) -> Option<()> {
        match self.places.entry(key) {
            Entry::Occupied(place) => {
                let known = self.facts.get_mut(*place.get())?;
                known.envelope.at = known.envelope.at.min(at);
                if let Statement::Request(request) = &mut known.statement {
                    amount.improve(request);
                }
            }
            Entry::Vacant(place) => {
                let fact = make()?;
                place.insert(self.facts.len());
                self.facts.push(fact);
            }
        }
        Some(())
    }

    /// Hands the facts over and begins anew.
    pub(super) fn take(&mut self) -> Vec<Fact> {
        self.places.clear();
        std::mem::take(&mut self.facts)
    }
}
