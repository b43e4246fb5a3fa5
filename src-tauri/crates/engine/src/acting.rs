//! What carries alerts and orders out, put together.

use std::{path::PathBuf, sync::Arc};

use plimsoll_actions::{Dispatch, DispatchPorts, Inbox};
use plimsoll_api::orders::Orders;
use plimsoll_domain::{Policy, Revision};
use plimsoll_ledger::Ledger;
use plimsoll_watch::Snapshot;
use tokio::sync::watch;

use crate::{
    board::Now,
    orders::{Helm, Quiet},
    rehearsal::Rehearsal,
};

/// What carrying out needs, once the ledger is open.
pub(crate) struct Acting {
    pub(crate) ledger: Ledger,
    /// Alerts that were granted after this revision are carried out.
    pub(crate) since: Revision,
    pub(crate) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(crate) policy: watch::Receiver<Arc<Policy>>,
    pub(crate) inbox: Inbox,
    pub(crate) quiet: Quiet,
    /// Where commands work that have no project's folder.
    pub(crate) home: PathBuf,
    pub(crate) now: Now,
}

impl Acting {
    /// Who carries alerts out, but for notifications, which face the desktop.
    pub(crate) fn dispatch(&self) -> Dispatch {
        Dispatch::new(DispatchPorts {
            ledger: self.ledger.clone(),
            since: self.since,
            snapshots: self.snapshots.clone(),
            policy: self.policy.clone(),
            inbox: self.inbox.clone(),
            home: self.home.clone(),
            now: Arc::clone(&self.now),
        })
    }

    /// Who carries out what people and orchestrators ask of the watch.
    pub(crate) fn orders(self) -> Arc<dyn Orders> {
        Arc::new(Helm {
            rehearsal: Rehearsal {
                snapshots: self.snapshots,
                policy: self.policy,
                home: self.home,
                now: self.now,
            },
            ledger: self.ledger,
            inbox: self.inbox,
            quiet: self.quiet,
        })
    }
}
