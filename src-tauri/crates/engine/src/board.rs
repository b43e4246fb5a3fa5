//! The board on which every part posts its state: listeners, problems, tasks.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use plimsoll_domain::{
    Timestamp,
    health::{
        Backfill, Hint, Hints, Listener, ListenerState, Problem, Severity, Status, TaskHealth,
    },
};
use tokio::sync::watch;

use crate::config::Key;

/// The time now; handed in so that tests can set it.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What can be wrong, worst first: the order in which people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// The ledger cannot be opened.
    LedgerClosed,
    /// Exports are refused: neither the ledger nor the spool can take them.
    Refusing,
    /// The ledger cannot be written; requests wait in the spool.
    SpoolInUse,
    /// The ledger cannot be written; what hooks and the status line said waits in memory.
    HooksWaiting,
    /// The ledger was damaged and set aside.
    LedgerDamaged,
    /// A spooled request that the ledger refuses for good was set aside.
    SetAside,
    /// The port that a key names is taken by another program.
    PortTaken(Key),
    /// The address that a key names cannot be listened on for another reason.
    ListenFailed(Key),
    /// A task ended early and is being restarted.
    TaskFailing(&'static str),
    /// Transcripts cannot be read or watched as they should be.
    Transcripts,
    /// The user's price table cannot be used.
    Prices,
    /// A client changed a signal that the books rely on.
    SignalChanged,
    /// The dashboard is served on another port than the configured one.
    DashboardMoved,
    /// Commands do not find this engine.
    NotFound,
    /// What the desktop lacks.
    Desktop(Hint),
}

impl Trouble {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::LedgerClosed => "ledger-closed",
            Self::Refusing => "exports-refused",
            Self::SpoolInUse => "spool-in-use",
            Self::HooksWaiting => "hooks-waiting",
            Self::LedgerDamaged => "ledger-damaged",
            Self::SetAside => "set-aside",
            Self::PortTaken(_) => "port-taken",
            Self::ListenFailed(_) => "listen-failed",
            Self::TaskFailing(_) => "task-restarting",
            Self::Transcripts => "transcripts",
            Self::Prices => "prices",
            Self::SignalChanged => "signal-changed",
            Self::DashboardMoved => "dashboard-moved",
            Self::NotFound => "not-found",
            Self::Desktop(Hint::NoTray) => "no-tray",
            Self::Desktop(Hint::NoNotifications) => "no-notifications",
            Self::Desktop(Hint::NoWindows) => "no-windows",
        }
    }

    const fn severity(self) -> Severity {
        match self {
            Self::Transcripts | Self::DashboardMoved | Self::NotFound | Self::Desktop(_) => {
                Severity::Hint
            }
            _ => Severity::Fault,
        }
    }
}

/// Shared by all parts. Its lock is held for moments only, never across an await.
pub(crate) struct Board {
    posted: Mutex<Posted>,
    status: watch::Sender<Arc<Status>>,
    now: Now,
}

#[derive(Default)]
struct Posted {
    listeners: Vec<Listener>,
    problems: BTreeMap<Trouble, Problem>,
    tasks: Vec<TaskHealth>,
    backfill: Option<Backfill>,
}

impl Board {
    pub(crate) fn new(now: Now) -> Self {
        let status = watch::Sender::new(Arc::default());
        Self { posted: Mutex::default(), status, now }
    }

    /// The status now and its changes.
    pub(crate) fn status(&self) -> watch::Receiver<Arc<Status>> {
        self.status.subscribe()
    }

    /// The tasks in the order of their first start.
    pub(crate) fn tasks(&self) -> Vec<TaskHealth> {
        self.posted().tasks.clone()
    }

    /// Posts a listener; listeners keep the order in which they first came.
    pub(crate) fn post_listener(
        &self,
        name: &'static str,
        addresses: Vec<String>,
        state: ListenerState,
    ) {
        let mut posted = self.posted();
        let listener = Listener { name, addresses, state };
        match posted.listeners.iter_mut().find(|known| known.name == name) {
            Some(known) => *known = listener,
            None => posted.listeners.push(listener),
        }
        self.publish(&posted);
    }

    /// Raises a problem, or changes its sentence; since when it holds stays. Says whether it is new.
    pub(crate) fn raise(&self, trouble: Trouble, message: String) -> bool {
        let mut posted = self.posted();
        let since = posted.problems.get(&trouble).map(|known| known.since);
        let code = trouble.code();
        let since_when = since.unwrap_or_else(|| (self.now)());
        let problem = Problem { severity: trouble.severity(), code, message, since: since_when };
        posted.problems.insert(trouble, problem);
        self.publish(&posted);
        since.is_none()
    }

    /// Takes a problem down, if it is up.
    pub(crate) fn clear(&self, trouble: Trouble) {
        let mut posted = self.posted();
        if posted.problems.remove(&trouble).is_some() {
            self.publish(&posted);
        }
    }

    /// Posts how far the reading of history is.
    pub(crate) fn post_backfill(&self, backfill: Backfill) {
        let mut posted = self.posted();
        posted.backfill = Some(backfill);
        self.publish(&posted);
    }

    pub(crate) fn task_started(&self, name: &'static str) {
        let mut posted = self.posted();
        if let Some(task) = posted.tasks.iter_mut().find(|task| task.name == name) {
            task.running = true;
        } else {
            posted.tasks.push(TaskHealth { name, running: true, restarts: 0, last_error: None });
        }
    }

    pub(crate) fn task_ended(&self, name: &'static str) {
        if let Some(task) = self.posted().tasks.iter_mut().find(|task| task.name == name) {
            task.running = false;
        }
    }

    /// A task ended early and will be restarted.
    pub(crate) fn task_failed(&self, name: &'static str, reason: String) {
        self.raise(
            Trouble::TaskFailing(name),
            format!("A part of Plimsoll ({name}) stopped and is being restarted: {reason}."),
        );
        if let Some(task) = self.posted().tasks.iter_mut().find(|task| task.name == name) {
            task.running = false;
            task.restarts = task.restarts.saturating_add(1);
            task.last_error = Some(reason);
        }
    }

    fn posted(&self) -> MutexGuard<'_, Posted> {
        self.posted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called with the lock held, so that subscribers see changes in their order.
    fn publish(&self, posted: &Posted) {
        let status = Status {
            listeners: posted.listeners.clone(),
            problems: posted.problems.values().cloned().collect(),
            backfill: posted.backfill,
        };
        self.status.send_if_modified(|last| {
            let changed = **last != status;
            if changed {
                *last = Arc::new(status);
            }
            changed
        });
    }
}

impl Hints for Board {
    fn raise(&self, hint: Hint, message: String) {
        Self::raise(self, Trouble::Desktop(hint), message);
    }

    fn clear(&self, hint: Hint) {
        Self::clear(self, Trouble::Desktop(hint));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    /// Scenario: problems come in any order, one is raised twice, one is cleared.
    /// Guarantees: worst first; the time of the first raising stays; unchanged posts wake nobody.
    #[test]
    fn problems_are_ordered_and_keep_their_time() {
        let clock = Arc::new(AtomicI64::new(1));
        let now = Arc::clone(&clock);
        let board =
            Board::new(Arc::new(move || Timestamp::from_millis(now.load(Ordering::Relaxed))));
        let mut status = board.status();
        board.raise(Trouble::DashboardMoved, "moved".into());
        board.raise(Trouble::SpoolInUse, "1 waits".into());
        clock.store(2, Ordering::Relaxed);
        board.raise(Trouble::SpoolInUse, "2 wait".into());
        let problems = status.borrow_and_update().problems.clone();
        let shown: Vec<_> = problems
            .iter()
            .map(|problem| (problem.code, problem.message.as_str(), problem.since.millis()))
            .collect();
        assert_eq!(shown, [("spool-in-use", "2 wait", 1), ("dashboard-moved", "moved", 1)]);

        board.raise(Trouble::SpoolInUse, "2 wait".into());
        board.clear(Trouble::SignalChanged);
        assert!(!status.has_changed().unwrap());
        board.clear(Trouble::SpoolInUse);
        assert_eq!(status.borrow_and_update().problems.len(), 1);
    }
}
