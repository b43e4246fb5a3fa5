//! Warnings: shown beside the levels, each once, the newest of its kind and session.

use std::sync::Arc;

use plimsoll_domain::{SessionId, Timestamp, Warning, WarningKind};
use plimsoll_watch::Snapshot;

use super::Attendant;
use crate::{
    Notice,
    cycle::{FRESH, is_past},
    feed::Books,
    known::project_of,
    notifications::outage::Failure,
    outcome::Outcomes,
    recent::Recent,
    showing::Showing,
};

/// A later one takes the place of an earlier one of the same.
type Place = (WarningKind, Option<SessionId>);

/// Where warnings are that did not just pass.
#[derive(Debug, Default)]
pub(super) struct Warned {
    /// Held back while the user wishes for quiet.
    held: Recent<Warning, Place>,
    /// Not shown because nobody was there; each is tried once more.
    parked: Recent<Warning, Place>,
    /// The numbers of those that were shown.
    shown: Recent<u32, Place>,
}

impl Warned {
    pub(super) const fn is_held(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whoever gave the numbers is gone.
    pub(super) fn forget(&mut self) {
        self.shown.clear();
    }
}

impl<B: Books, O: Outcomes, S: Showing> Attendant<B, O, S> {
    /// A warning was granted.
    pub(super) async fn warn(&mut self, warning: Warning) {
        if (self.around.now)().since(warning.at) > FRESH {
            return;
        }
        let snapshot = self.snapshot(warning.revision).await;
        let place = place(&warning);
        self.warnings.held.remove(&place);
        self.warnings.parked.remove(&place);
        self.offer_warning(warning, &snapshot).await;
    }

    /// Shows what is held back no more, if it is still so.
    pub(super) async fn release_warnings(&mut self, snapshot: &Snapshot, now: Timestamp) {
        // What is held back still is so again at once.
        for warning in self.warnings.held.take() {
            if !is_past(&warning, snapshot, now) {
                self.offer_warning(warning, snapshot).await;
            }
        }
    }

    /// Shows what waited for the service, if it is still so.
    pub(super) async fn retry_warnings(&mut self) {
        let snapshot = Arc::clone(&self.around.snapshots.borrow());
        for warning in self.warnings.parked.take() {
            let is_fresh = (self.around.now)().since(warning.at) <= FRESH;
            if is_fresh && !self.is_held_back(&warning, &snapshot) {
                // Not parked again, as with alerts.
                let _ = self.show_warning(&warning, &snapshot).await;
            }
        }
    }

    /// Shows a warning, or has it wait for the end of quiet or for the service.
    async fn offer_warning(&mut self, warning: Warning, snapshot: &Snapshot) {
        if self.is_held_back(&warning, snapshot) {
            return;
        }
        let there = self.service.answers();
        if !there || self.show_warning(&warning, snapshot).await == Err(Failure::NotThere) {
            self.warnings.parked.put(place(&warning), warning);
        }
    }

    /// Whether the user wishes for quiet about it; then it is held back.
    fn is_held_back(&mut self, warning: &Warning, snapshot: &Snapshot) -> bool {
        let session = warning.session.as_ref();
        let project = session.and_then(|session| project_of(session, snapshot));
        let now = (self.around.now)();
        let is_quiet = self.around.quiet.wish(session, project.as_deref(), now).is_some();
        if is_quiet {
            self.warnings.held.put(place(warning), warning.clone());
        }
        is_quiet
    }

    async fn show_warning(
        &mut self,
        warning: &Warning,
        snapshot: &Snapshot,
    ) -> Result<(), Failure> {
        let notice = Notice::of_warning(warning, snapshot, &self.around.quiet.calendar);
        let place = place(warning);
        let replaced = self.warnings.shown.get(&place).copied();
        let id = self.call(&notice, replaced, warning.kind.name()).await.map_err(|(why, _)| why)?;
        self.warnings.shown.put(place, id);
        Ok(())
    }
}

fn place(warning: &Warning) -> Place {
    (warning.kind, warning.session.clone())
}
