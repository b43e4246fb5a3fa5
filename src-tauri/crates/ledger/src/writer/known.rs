//! One request that a commit tells of: as it was stored, and as it becomes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use plimsoll_domain::{Tokens, Witness};

use super::merge;
use crate::table::{request::RequestRow, telling::Telling};

/// Two witnesses of one request, one of which lacks its id, tell of it within so much time.
pub(super) const NEAR: Duration = Duration::from_secs(2);

/// One request.
#[derive(Debug)]
pub(super) struct Known {
    /// As it was stored; `None` where it is new.
    pub(super) before: Option<Box<RequestRow>>,
    pub(super) after: RequestRow,
    /// What witnesses told of its tokens, where it is not what the row holds.
    tellings: BTreeMap<Witness, Tokens>,
    /// Whether the tellings changed.
    retold: bool,
}

impl Known {
    pub(super) fn new(row: RequestRow) -> Self {
        Self { before: None, after: row, tellings: BTreeMap::new(), retold: false }
    }

    pub(super) fn stored(row: RequestRow) -> Self {
        Self { before: Some(Box::new(row.clone())), ..Self::new(row) }
    }

    /// Puts back what a witness told that the row does not hold.
    pub(super) fn restore(&mut self, witness: Witness, tokens: Tokens) {
        self.tellings.entry(witness).or_insert(tokens);
    }

    /// What a witness told so far.
    fn told(&self, witness: Witness) -> Option<Tokens> {
        let of_row = self.after.witnesses.contains(witness).then_some(self.after.tokens);
        self.tellings.get(&witness).copied().or(of_row)
    }

    /// Takes in one more telling by one witness.
    pub(super) fn take(&mut self, row: &RequestRow) {
        let mut told: BTreeMap<_, _> =
            Witness::ALL.into_iter().filter_map(|one| Some((one, self.told(one)?))).collect();
        for witness in row.witnesses.iter() {
            let known = told.entry(witness).or_insert(row.tokens);
            *known = merge::larger(*known, row.tokens);
        }
        let key = Arc::clone(&self.after.key);
        self.after = RequestRow { key, ..merge::requests(&self.after, row) };
        for (witness, tokens) in told {
            let differs = tokens != self.after.tokens || self.tellings.contains_key(&witness);
            if differs && self.tellings.insert(witness, tokens) != Some(tokens) {
                self.retold = true;
            }
        }
    }

    /// Turns out to be another request, and counts nothing any more.
    pub(super) fn retract(&mut self) {
        self.after.tokens = Tokens::ZERO;
        self.after.cost = None;
        self.after.retracted = true;
    }

    /// Whether anything of it has to be written.
    pub(super) fn changed(&self) -> bool {
        self.before.as_ref().is_none_or(|before| merge::improves(&self.after, before))
    }

    /// The tellings, where any is new or grew.
    pub(super) fn retold(&self) -> impl Iterator<Item = Telling> {
        let told = self.tellings.iter().filter(|_| self.retold);
        told.map(|(witness, tokens)| Telling {
            key: Arc::clone(&self.after.key),
            witness: *witness,
            tokens: *tokens,
        })
    }

    /// Whether a telling under another name may mean this request: of the same session, model and tokens at about the
    /// same time, told by another witness, where one of the two has no name.
    pub(super) fn is_alike(&self, row: &RequestRow) -> bool {
        let known = &self.after;
        let one_lacks_its_name = known.is_nameless() || row.is_nameless();
        let other_witness = row.witnesses.iter().all(|one| !known.witnesses.contains(one));
        let near = known.at.since(row.at).max(row.at.since(known.at)) <= NEAR;
        let other_answer = known.message.is_some() && row.message.is_some();
        one_lacks_its_name
            && other_witness
            && near
            && !other_answer
            && !known.retracted
            && (known.session, known.model, known.tokens) == (row.session, row.model, row.tokens)
    }
}
