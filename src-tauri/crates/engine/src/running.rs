//! The running engine: what the rest of the program asks of it, and in which order its tasks end.

use std::{fmt::Display, fs::File, sync::Arc, time::Duration};

use plimsoll_actions::Pressed;
use plimsoll_api::Windows;
use plimsoll_client::RuntimeInfo;
use plimsoll_domain::{
    Calendar, Policy, QuietHours, Revision, Silence, Timestamp,
    health::{Health, HealthProbe, Hints, Status},
};
use plimsoll_ledger::Ledger;
use plimsoll_otlp::Receiver;
use plimsoll_watch::Snapshot;
use tokio::sync::{SetOnce, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    Config,
    board::{Board, Now},
    buttons::Buttons,
    engine::{Ports, Surroundings},
    health::Probe,
    intake::Intake,
    orders::Quiet,
    runtime_file::RuntimeFile,
    signals::Signals,
    spool::Spool,
    stage::{Stage, Step},
    supervise::Supervisor,
};

/// How long requests under way may take to finish at the end.
pub(crate) const FINISH: Duration = Duration::from_secs(3);
/// How long closing what has not finished may take.
pub(crate) const CLOSE: Duration = Duration::from_millis(500);
/// How long what works on the side may take to end.
pub(crate) const WORK: Duration = Duration::from_secs(2);
/// How long the writer may take: 5 s to flush its queue, 5 s to checkpoint and close.
pub(crate) const WRITER: Duration = Duration::from_secs(10);

/// What the tasks are made of.
pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) around: Surroundings,
    pub(crate) started: Timestamp,
    pub(crate) board: Arc<Board>,
    pub(crate) ports: Ports,
    pub(crate) spool: Spool,
    pub(crate) signals: Signals,
    pub(crate) windows: Windows,
    /// Set as soon as the ledger is open.
    pub(crate) ledger: Arc<SetOnce<Ledger>>,
    pub(crate) key: String,
    pub(crate) runtime_file: Option<Arc<RuntimeFile>>,
    /// Says that this ledger has its writer; freed last.
    pub(crate) lock: File,
}

/// The running engine. Dropping it ends everything at once, as a crash would; [`Running::drain`] ends it in order.
pub struct Running {
    pub(crate) parts: Parts,
    pub(crate) ledger: Ledger,
    /// The ledger's revision when it was opened.
    pub(crate) began: Revision,
    pub(crate) quiet: Quiet,
    pub(crate) policy: watch::Receiver<Arc<Policy>>,
    pub(crate) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(crate) receiver: Receiver<Intake>,
    pub(crate) probe: Arc<Probe>,
    pub(crate) supervisor: Supervisor,
    pub(crate) desktop: Stage,
    pub(crate) receivers: Stage,
    pub(crate) work: Stage,
    pub(crate) pages: Stage,
    pub(crate) door: Stage,
    pub(crate) writer: Stage,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("config", &self.parts.config).finish_non_exhaustive()
    }
}

impl Parts {
    /// Nobody is to find this engine any more.
    pub(crate) fn withdraw(&self) {
        if let Some(file) = &self.runtime_file
            && let Err(error) = file.remove()
        {
            tracing::warn!(%error, "cannot remove runtime.json");
        }
    }
}

impl Running {
    /// The books.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The ledger's revision when this run opened it: whatever it grants comes after.
    #[must_use]
    pub fn began(&self) -> Revision {
        self.began
    }

    /// The live sessions; the newest wins.
    #[must_use]
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// What each level does.
    #[must_use]
    pub fn policy(&self) -> watch::Receiver<Arc<Policy>> {
        self.policy.clone()
    }

    /// The wishes for quiet that hold; the newest wins.
    #[must_use]
    pub fn silences(&self) -> watch::Receiver<Arc<[Silence]>> {
        self.quiet.silences()
    }

    /// The hours of the day in which notifications are held back.
    #[must_use]
    pub fn quiet_hours(&self) -> watch::Receiver<Option<QuietHours>> {
        // Read at the start: nobody will ever send another.
        watch::channel(self.parts.config.quiet_hours).1
    }

    /// What the buttons of notifications do.
    #[must_use]
    pub fn buttons(&self) -> Arc<dyn Pressed> {
        Arc::new(Buttons { windows: self.parts.windows.clone(), quiet: self.quiet.clone() })
    }

    /// Tells of the wishes for quiet that the ledger holds from before.
    pub(crate) async fn recall_quiet(&self) {
        if let Err(error) = self.quiet.look().await {
            tracing::warn!(%error, "read the wishes for quiet");
        }
    }

    /// Listeners and problems.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Arc<Status>> {
        self.parts.board.status()
    }

    /// Everything known of the engine's state.
    #[must_use]
    pub fn health(&self) -> Health {
        self.probe.health()
    }

    /// How many requests wait in the spool for the ledger, and changes of it.
    #[must_use]
    pub fn spooled(&self) -> watch::Receiver<u64> {
        self.parts.spool.waiting()
    }

    /// What `runtime.json` says: addresses, and the key.
    #[must_use]
    pub fn runtime(&self) -> RuntimeInfo {
        self.parts.announcement().info(&self.parts.board.status().borrow())
    }

    /// The wishes for windows: who asks, and who shows them.
    #[must_use]
    pub fn windows(&self) -> Windows {
        self.parts.windows.clone()
    }

    /// Where a part that faces the desktop says what it lacks.
    #[must_use]
    pub fn hints(&self) -> Arc<dyn Hints> {
        Arc::clone(&self.parts.board) as Arc<dyn Hints>
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> Now {
        Arc::clone(&self.parts.around.now)
    }

    /// The user's calendar.
    #[must_use]
    pub fn calendar(&self) -> Calendar {
        self.parts.around.calendar.clone()
    }

    /// Runs a task that faces the desktop: tray, notifications, windows. It is restarted when it ends early, shows
    /// among the tasks, and is the first to end in a drain. `make` gets the token on which it shall end.
    pub fn employ<Make, Task, Error>(&mut self, name: &'static str, make: Make)
    where
        Make: FnMut(CancellationToken) -> Task + Send + 'static,
        Task: Future<Output = Result<(), Error>> + Send + 'static,
        Error: Display + Send + 'static,
    {
        self.desktop.add(self.supervisor.spawn(name, self.desktop.token(), make));
    }

    /// Ends everything in order, each step with its deadline: the desktop; nothing is received any more; what was
    /// received is entered; pages and streams close; what hooks said is entered; the ledger is flushed, checkpointed and closed; nobody
    /// finds the engine any more. Returns the steps as they went.
    pub async fn drain(self) -> Vec<Step> {
        let steps = vec![
            self.desktop.stop().await,
            stop_receiving(self.receivers, &self.receiver).await,
            self.work.stop().await,
            self.pages.stop().await,
            self.door.stop().await,
            self.writer.stop().await,
        ];
        self.parts.withdraw();
        // The ledger has no writer any more only now.
        drop(self.parts.lock);
        tracing::info!("ended");
        steps
    }
}

/// Stops the receivers, and waits for exports whose clients left before their answer.
pub(crate) async fn stop_receiving(receivers: Stage, receiver: &Receiver<Intake>) -> Step {
    let step = receivers.stop().await;
    if tokio::time::timeout(FINISH, receiver.settle()).await.is_err() {
        tracing::warn!(deadline = ?FINISH, "some exports were not entered in time");
    }
    step
}
