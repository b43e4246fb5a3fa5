//! Alerts: claimed, carried out and told of.

use std::sync::Arc;

use plimsoll_domain::{Alert, Outcome, Revision, SessionId, Timestamp};

use crate::{
    Ledger, LedgerError, RecordError, query,
    writer::{Job, Note},
};

/// An alert that was asked to be claimed, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is the first of its thread, cycle and level; its revision is set.
    Granted(Alert),
    /// It was claimed before.
    Taken,
}

/// An alert that owes a message to a web address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The alert.
    pub alert: Alert,
    /// Where its session worked, as far as was known when the alert was claimed.
    pub project: Option<Arc<str>>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is due; before the first attempt the time of the alert.
    pub next_at: Timestamp,
}

/// How far the delivery of an alert came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It has to be tried again.
    Again {
        /// How often it was tried.
        attempts: u32,
        /// When it is due.
        next_at: Timestamp,
    },
    /// It arrived, or was given up.
    Ended,
}

/// Which alerts are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Of this session only.
    pub session: Option<SessionId>,
    /// Before this revision.
    pub before: Option<Revision>,
    /// At most so many, 1 to 1000.
    pub limit: u32,
}

/// An alert and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRecord {
    /// The alert.
    pub alert: Alert,
    /// Where its session works.
    pub project: Option<Arc<str>>,
    /// What became of its actions, at most one of each kind.
    pub outcomes: Vec<Outcome>,
    /// When a checkpoint was first acknowledged after it, in the same cycle; `None`: it was not.
    pub acknowledged: Option<Timestamp>,
}

impl Ledger {
    /// Claims an alert, at most once per thread, cycle and level. With `webhook` a granted one enters the outbox
    /// ([`Ledger::deliveries`]) in the same commit.
    ///
    /// # Errors
    /// [`RecordError`]: the claim was not made, and the call may be repeated.
    pub async fn claim(&self, alert: Alert, webhook: bool) -> Result<Claim, RecordError> {
        self.ask(|reply| Job::Claim { alert: Box::new(alert), webhook, reply }).await
    }

    /// Notes what became of an action, in the place of what was known of it. A detail longer than 4 KiB is cut.
    ///
    /// # Errors
    /// [`RecordError`]: it was not noted, and the call may be repeated.
    pub async fn note_outcome(&self, outcome: Outcome) -> Result<(), RecordError> {
        self.note(Note::Outcome(outcome)).await
    }

    /// Notes that an action begins, unless anything is known of it already: false, and it must not be done again.
    /// The outcome's own result does not matter.
    ///
    /// # Errors
    /// [`RecordError`]: it was not noted, and the call may be repeated.
    pub async fn begin_outcome(&self, outcome: Outcome) -> Result<bool, RecordError> {
        self.ask(|reply| Job::Begin(outcome, reply)).await
    }

    /// Everything that is still owed to web addresses, in order of revision.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn deliveries(&self) -> Result<Vec<Delivery>, LedgerError> {
        let mut reader = self.reader().await?;
        query::deliveries(&mut reader).await.map_err(LedgerError::Read)
    }

    /// Notes how far the delivery of an alert came. One that ended stays so.
    ///
    /// # Errors
    /// [`RecordError`]: it was not noted, and the call may be repeated.
    pub async fn note_delivery(
        &self,
        alert: Revision,
        state: DeliveryState,
    ) -> Result<(), RecordError> {
        self.note(Note::Delivery(alert, state)).await
    }

    /// Alerts and what became of them, the newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn alerts(&self, filter: AlertFilter) -> Result<Vec<AlertRecord>, LedgerError> {
        let mut reader = self.reader().await?;
        query::alerts(&mut reader, &filter).await.map_err(LedgerError::Read)
    }

    /// Has the writer note something that takes no revision.
    pub(crate) async fn note(&self, note: Note) -> Result<(), RecordError> {
        self.ask(|reply| Job::Note(note, reply)).await
    }
}
