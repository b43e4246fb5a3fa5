//! What a commit finds new, and what it did.

use std::collections::BTreeSet;

use plimsoll_domain::Revision;

use crate::{
    Commit,
    table::{event::EventRow, point::PointRow, request::RequestRow},
};

/// A row that changed: as it was, if it was, and as it is.
pub(super) struct Changed<T> {
    pub(super) before: Option<Box<T>>,
    pub(super) after: T,
}

/// Rows that turned out to be new or improved.
#[derive(Default)]
pub(super) struct News {
    pub(super) requests: Vec<Changed<RequestRow>>,
    pub(super) points: Vec<Changed<PointRow>>,
    pub(super) events: Vec<EventRow>,
}

impl<T> Changed<T> {
    pub(super) fn new(after: T) -> Self {
        Self { before: None, after }
    }
}

/// What a transaction did.
pub(crate) struct Booked {
    pub(crate) commit: Commit,
    /// Sessions with unattributed use that is not published yet.
    pub(crate) unsettled: BTreeSet<i64>,
}

impl Booked {
    /// Nothing that was not known.
    pub(super) fn nothing(revision: Revision) -> Self {
        let commit = Commit { revision, ..Commit::default() };
        Self { commit, unsettled: BTreeSet::new() }
    }
}
