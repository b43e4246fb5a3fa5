//! The running engine: which tasks there are, and in which order they end.
//!
//! Invariant: this is the only place of the program that spawns long-lived tasks.

use std::{fmt::Display, fs::File, sync::Arc, time::Duration};

use axum::Router;
use plimsoll_api::{Api, Key, Windows};
use plimsoll_client::RuntimeInfo;
use plimsoll_domain::{
    Calendar, Revision, Timestamp,
    health::{Health, HealthProbe, Hints, Status},
};
use plimsoll_ledger::{Ledger, Writer};
use plimsoll_loopback::{ConnectionIds, Serve};
use plimsoll_otlp::{Arrival, Limits, Receiver};
use plimsoll_watch::{Snapshot, Watch};
use tokio::{
    sync::{Mutex, SetOnce, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Config,
    board::{Board, Now},
    door::SideDoor,
    engine::{DASHBOARD, GRPC, HTTP, Ports, Surroundings, beside},
    health::Probe,
    intake::Intake,
    keeping::{Keeping, OnRequest},
    runtime_file::RuntimeFile,
    signals::Signals,
    spool::{Drain, Spool},
    stage::{Stage, Step},
    supervise::Supervisor,
    transcripts::{self, Transcripts},
};

/// How long requests under way may take to finish at the end.
const FINISH: Duration = Duration::from_secs(3);
/// How long closing what has not finished may take.
const CLOSE: Duration = Duration::from_millis(500);
/// How long what works on the side may take to end.
const WORK: Duration = Duration::from_secs(2);
/// How long the writer may take: 5 s to flush its queue, 5 s to checkpoint and close.
const WRITER: Duration = Duration::from_secs(10);

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

/// The receivers answer; the ledger is not open yet.
pub(crate) struct Receiving {
    parts: Parts,
    supervisor: Supervisor,
    intake: Intake,
    receiver: Receiver<Intake>,
    probe: Arc<Probe>,
    connections: ConnectionIds,
    door: SideDoor,
    /// Transcripts that hooks name, and whatever else is to be read again.
    hints: transcripts::Hints,
    receivers: Stage,
}

/// The running engine. Dropping it ends everything at once, as a crash would; [`Running::drain`] ends it in order.
pub struct Running {
    parts: Parts,
    ledger: Ledger,
    /// The ledger's revision when it was opened.
    began: Revision,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    receiver: Receiver<Intake>,
    probe: Arc<Probe>,
    supervisor: Supervisor,
    desktop: Stage,
    receivers: Stage,
    work: Stage,
    pages: Stage,
    writer: Stage,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("config", &self.parts.config).finish_non_exhaustive()
    }
}

impl Parts {
    /// Starts the receivers.
    pub(crate) fn receive(self) -> Receiving {
        let intake = Intake::new(
            Arc::clone(&self.ledger),
            self.spool.clone(),
            self.signals.clone(),
            Arc::clone(&self.board),
        );
        let now = Arc::clone(&self.around.now);
        let hints = transcripts::Hints::default();
        let door = SideDoor::new(hints.clone(), Arc::clone(&now));
        let receiver = Receiver::new(intake.clone(), Limits::default(), now);
        let mut receiving = Receiving {
            supervisor: Supervisor::new(Arc::clone(&self.board)),
            probe: Arc::new(Probe::new(&self, (receiver.clone(), intake.clone(), door.clone()))),
            door,
            hints,
            connections: ConnectionIds::default(),
            receivers: Stage::new("receivers", FINISH + CLOSE),
            receiver: receiver.clone(),
            intake,
            parts: self,
        };
        for (name, router) in [(HTTP, receiver.http()), (GRPC, receiver.grpc())] {
            let task = receiving.serve(name, receiving.receivers.token(), router);
            receiving.receivers.add(task);
        }
        receiving
    }
}

impl Receiving {
    /// Starts what needs the ledger.
    pub(crate) fn complete(self, ledger: Ledger, writer: Writer) -> Running {
        let began = ledger.revision();
        let (watch, watching) = Watch::new(
            ledger.clone(),
            self.parts.config.levels,
            self.parts.around.calendar.clone(),
            Arc::clone(&self.parts.around.now),
        );
        let mut stage = Stage::new("ledger", WRITER);
        stage.add(self.write(writer, stage.token()));
        // The receivers wait for this; `set` fails only when it was set before.
        let _ = self.parts.ledger.set(ledger.clone());

        let mut pages = Stage::new("dashboard", FINISH + CLOSE);
        pages.add(self.supervisor.spawn("watch", pages.token(), move |stop| {
            let watching = watching.clone();
            async move { watching.run(stop).await }
        }));
        let page = self.page(ledger.clone(), &watch, pages.token());
        pages.add(self.serve(DASHBOARD, pages.token(), page));

        let mut work = Stage::new("side tasks", WORK);
        work.add(self.empty_spool(work.token()));
        work.add(self.open_door(ledger.clone(), work.token()));
        if self.parts.config.transcripts.enabled {
            work.add(self.read_transcripts(ledger.clone(), work.token()));
        }
        work.add(self.keep(ledger.clone(), work.token()));
        work.add(self.announce(work.token()));
        Running {
            parts: self.parts,
            ledger,
            began,
            snapshots: watch.snapshots(),
            receiver: self.receiver,
            probe: self.probe,
            supervisor: self.supervisor,
            desktop: Stage::new("desktop", WORK),
            receivers: self.receivers,
            work,
            pages,
            writer: stage,
        }
    }

    /// Ends the receivers: the rest could not be started.
    pub(crate) async fn give_up(self) {
        stop_receiving(self.receivers, &self.receiver).await;
    }

    /// Serves a port for as long as the stage lasts.
    fn serve(&self, name: &'static str, stop: CancellationToken, router: Router) -> JoinHandle<()> {
        let port = self.parts.ports.get(name);
        let options = Serve {
            drain: FINISH,
            ids: self.connections.clone(),
            tally: self.probe.tally(name),
            ..Serve::default()
        };
        self.supervisor.spawn(name, stop, move |stop| {
            let (port, options, router) = (Arc::clone(&port), options.clone(), router.clone());
            async move {
                let Some(bound) = port.obtain(&stop).await else { return Ok(()) };
                bound.serve(router, options, stop).await
            }
        })
    }

    fn write(&self, writer: Writer, stop: CancellationToken) -> JoinHandle<()> {
        let writer = Arc::new(Mutex::new(writer));
        self.supervisor.spawn("ledger-writer", stop, move |stop| {
            let writer = Arc::clone(&writer);
            async move { writer.lock().await.run(stop).await }
        })
    }

    fn empty_spool(&self, stop: CancellationToken) -> JoinHandle<()> {
        let drain = Drain::new(
            self.parts.spool.clone(),
            Arc::clone(&self.parts.board),
            self.connections.clone(),
            beside(&self.parts.config.ledger.path, "refused"),
        );
        let intake = self.intake.clone();
        self.supervisor.spawn("spool", stop, move |stop| {
            let (drain, intake) = (drain.clone(), intake.clone());
            async move {
                let enter = |arrivals: Arc<[Arrival]>| {
                    let intake = intake.clone();
                    async move { intake.enter(&arrivals).await }
                };
                drain.run(enter, stop).await
            }
        })
    }

    fn read_transcripts(&self, ledger: Ledger, stop: CancellationToken) -> JoinHandle<()> {
        let transcripts = Transcripts {
            ledger,
            folders: self.parts.around.client_folders.as_slice().into(),
            hints: self.hints.clone(),
            now: Arc::clone(&self.parts.around.now),
            board: Arc::clone(&self.parts.board),
        };
        self.supervisor.spawn("transcripts", stop, move |stop| transcripts.clone().run(stop))
    }

    fn open_door(&self, ledger: Ledger, stop: CancellationToken) -> JoinHandle<()> {
        let door = self.door.clone();
        self.supervisor.spawn("side-door", stop, move |stop| door.clone().run(ledger.clone(), stop))
    }

    fn keep(&self, ledger: Ledger, stop: CancellationToken) -> JoinHandle<()> {
        let parts = &self.parts;
        let keeping = Keeping {
            ledger,
            spool: parts.spool.clone(),
            board: Arc::clone(&parts.board),
            now: Arc::clone(&parts.around.now),
            keep: parts.config.ledger.keep_requests(),
            transcripts: parts.config.transcripts.enabled,
        };
        self.supervisor.spawn("keeping", stop, move |stop| keeping.clone().run(stop))
    }

    /// Keeps `runtime.json` true.
    fn announce(&self, stop: CancellationToken) -> JoinHandle<()> {
        let announcement = self.parts.announcement();
        self.supervisor.spawn("runtime-file", stop, move |stop| announcement.clone().run(stop))
    }

    fn page(&self, ledger: Ledger, watch: &Watch, closing: CancellationToken) -> Router {
        let parts = &self.parts;
        plimsoll_api::router(Api {
            pruner: Arc::new(OnRequest(ledger.clone())),
            ledger,
            snapshots: watch.snapshots(),
            status: parts.board.status(),
            probe: Arc::clone(&self.probe) as Arc<dyn HealthProbe>,
            signals: parts.signals.sender(),
            windows: parts.windows.clone(),
            door: Arc::new(self.door.clone()),
            key: Key::new(parts.key.as_str()),
            calendar: parts.around.calendar.clone(),
            levels: parts.config.levels,
            now: Arc::clone(&parts.around.now),
            closing,
            started: parts.started,
            version: parts.around.version,
        })
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
    /// received is entered; pages and streams close; the ledger is flushed, checkpointed and closed; nobody
    /// finds the engine any more. Returns the steps as they went.
    pub async fn drain(self) -> Vec<Step> {
        let steps = vec![
            self.desktop.stop().await,
            stop_receiving(self.receivers, &self.receiver).await,
            self.work.stop().await,
            self.pages.stop().await,
            self.writer.stop().await,
        ];
        if let Some(file) = &self.parts.runtime_file
            && let Err(error) = file.remove()
        {
            tracing::warn!(%error, "cannot remove runtime.json");
        }
        // The ledger has no writer any more only now.
        drop(self.parts.lock);
        tracing::info!("ended");
        steps
    }
}

/// Stops the receivers, and waits for exports whose clients left before their answer.
async fn stop_receiving(receivers: Stage, receiver: &Receiver<Intake>) -> Step {
    let step = receivers.stop().await;
    if tokio::time::timeout(FINISH, receiver.settle()).await.is_err() {
        tracing::warn!(deadline = ?FINISH, "some exports were not entered in time");
    }
    step
}
