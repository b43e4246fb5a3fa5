//! From answering receivers to the running engine: which tasks there are, and when each begins.
//!
//! Invariant: with [`Running::employ`] this is the only place of the program that spawns long-lived tasks.

use std::sync::Arc;

use axum::Router;
use plimsoll_actions::Inbox;
use plimsoll_api::{Api, Key, Opening, orders::Orders, setup::Setup};
use plimsoll_domain::{Policy, Revision, health::HealthProbe};
use plimsoll_ledger::{Ledger, Writer};
use plimsoll_loopback::{ConnectionIds, Serve};
use plimsoll_otlp::{Arrival, Limits, Receiver};
use plimsoll_watch::{Laws, Watch};
use tokio::{
    sync::{Mutex, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    acting::Acting,
    board::Trouble,
    client_settings::SettingsReader,
    door::SideDoor,
    engine::{DASHBOARD, GRPC, HTTP, beside},
    exporters::Exporters,
    health::Probe,
    intake::Intake,
    keeping::{Keeping, OnRequest},
    orders::Quiet,
    page::Page,
    running::{CLOSE, FINISH, Parts, Running, WORK, WRITER, stop_receiving},
    setup,
    spool::Drain,
    stage::Stage,
    supervise::Supervisor,
    told::Told,
    transcripts::{self, Transcripts},
};

/// The receivers answer; the ledger is not open yet, and the dashboard tells so where that takes long.
pub(crate) struct Receiving {
    parts: Parts,
    supervisor: Supervisor,
    intake: Intake,
    receiver: Receiver<Intake>,
    probe: Arc<Probe>,
    connections: ConnectionIds,
    exporters: Exporters,
    setup: Arc<dyn Setup>,
    door: SideDoor,
    /// What waits for agents, and what they were told.
    inbox: Inbox,
    told: Told,
    /// Transcripts that hooks name, and whatever else is to be read again.
    hints: transcripts::Hints,
    receivers: Stage,
    page: Page,
    pages: Stage,
    /// Whether the dashboard is served.
    is_shown: bool,
}

impl Parts {
    /// Starts the receivers.
    pub(crate) fn receive(self) -> Receiving {
        let exporters = Exporters::new(Arc::clone(&self.around.now));
        let intake = Intake::new(
            Arc::clone(&self.ledger),
            self.spool.clone(),
            self.signals.clone(),
            exporters.clone(),
            Arc::clone(&self.board),
        );
        let now = Arc::clone(&self.around.now);
        let hints = transcripts::Hints::default();
        let (inbox, told) = (Inbox::new(), Told::default());
        let behind = (inbox.clone(), told.clone());
        let door = SideDoor::new(hints.clone(), behind, Arc::clone(&now), Arc::clone(&self.board));
        let receiver = Receiver::new(
            intake.clone(),
            Limits::default(),
            Arc::clone(&now),
            self.config.receiver.token.clone(),
        );
        let probe = Arc::new(Probe::new(&self, (receiver.clone(), intake.clone(), door.clone())));
        let setup: Arc<dyn Setup> = Arc::new(setup::Desk {
            config: Arc::new(self.config.clone()),
            around: self.around.clone(),
            status: self.board.status(),
            exporters: exporters.clone(),
            ledger: Arc::clone(&self.ledger),
        });
        let page = Page::new(plimsoll_api::opening_router(Opening {
            probe: Arc::clone(&probe) as Arc<dyn HealthProbe>,
            setup: Arc::clone(&setup),
            door: Arc::new(door.clone()),
            key: Key::new(self.key.as_str()),
            now,
            version: self.around.version,
        }));
        let mut receiving = Receiving {
            supervisor: Supervisor::new(Arc::clone(&self.board)),
            probe,
            door,
            inbox,
            told,
            page,
            pages: Stage::new("dashboard", FINISH + CLOSE),
            is_shown: false,
            hints,
            connections: ConnectionIds::default(),
            exporters,
            setup,
            receivers: Stage::new("receivers", FINISH + CLOSE),
            receiver: receiver.clone(),
            intake,
            parts: self,
        };
        for (name, router) in [(HTTP, receiver.http()), (GRPC, receiver.grpc())] {
            let router = receiving.exporters.note(router);
            let task = receiving.serve(name, receiving.receivers.token(), router);
            receiving.receivers.add(task);
        }
        receiving
    }
}

impl Receiving {
    /// Says why the ledger is not open yet, and serves the dashboard for it.
    pub(crate) fn excuse(&mut self, message: String) {
        tracing::warn!("{message}");
        self.parts.board.raise(Trouble::LedgerClosed, message);
        self.show();
    }

    /// Serves the dashboard, and says where. Once is enough.
    fn show(&mut self) {
        if std::mem::replace(&mut self.is_shown, true) {
            return;
        }
        let task = self.serve(DASHBOARD, self.pages.token(), self.page.router());
        self.pages.add(task);
        let task = self.announce(self.pages.token());
        self.pages.add(task);
    }

    /// Starts what needs the ledger.
    pub(crate) async fn complete(mut self, ledger: Ledger, writer: Writer) -> Running {
        let began = ledger.revision();
        let settings = SettingsReader::new(&self.parts.around);
        settings.recall(&ledger).await;
        let policy = Arc::new(self.parts.config.policy.clone());
        let (watch, watching) = Watch::new(
            ledger.clone(),
            Laws {
                policy: Arc::clone(&policy),
                warnings: self.parts.config.warnings,
                settings: settings.settings(),
            },
            self.parts.around.calendar.clone(),
            Arc::clone(&self.parts.around.now),
        );
        let acting = self.acting(&ledger, began, &watch, policy);
        let mut stage = Stage::new("ledger", WRITER);
        stage.add(self.write(writer, stage.token()));
        // The receivers wait for this; `set` fails only when it was set before.
        let _ = self.parts.ledger.set(ledger.clone());

        let stop = self.pages.token();
        self.pages.add(self.supervisor.spawn("watch", stop, move |stop| {
            let watching = watching.clone();
            async move { watching.run(stop).await }
        }));

        let mut door = Stage::new("side door", WORK);
        door.add(self.open_door(ledger.clone(), door.token()));
        door.add(self.note_told(ledger.clone(), door.token()));

        let mut work = Stage::new("side tasks", WORK);
        work.add(self.empty_spool(work.token()));
        if self.parts.config.transcripts.enabled {
            work.add(self.read_transcripts(ledger.clone(), work.token()));
        }
        work.add(self.keep(ledger.clone(), work.token()));
        self.act(&acting, settings, &mut work);
        let (quiet, policy) = (acting.quiet.clone(), acting.policy.clone());
        let orders = acting.orders();
        self.page.complete(self.whole_page(ledger.clone(), &watch, orders));
        self.parts.board.clear(Trouble::LedgerClosed);
        self.show();
        Running {
            parts: self.parts,
            ledger,
            began,
            quiet,
            policy,
            snapshots: watch.snapshots(),
            receiver: self.receiver,
            probe: self.probe,
            supervisor: self.supervisor,
            desktop: Stage::new("desktop", WORK),
            receivers: self.receivers,
            work,
            pages: self.pages,
            door,
            writer: stage,
        }
    }

    /// Ends what there is: the rest could not be started.
    pub(crate) async fn give_up(self) {
        stop_receiving(self.receivers, &self.receiver).await;
        self.pages.stop().await;
        self.door.close().await;
        if self.is_shown {
            self.parts.withdraw();
        }
    }

    /// Serves a port for as long as the stage lasts.
    fn serve(&self, name: &'static str, stop: CancellationToken, router: Router) -> JoinHandle<()> {
        let port = self.parts.ports.get(name);
        let options = Serve {
            drain: FINISH,
            ids: self.connections.clone(),
            on_close: Some(self.exporters.on_close()),
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

    /// Notes what agents were told, for as long as hooks are answered.
    fn note_told(&self, ledger: Ledger, stop: CancellationToken) -> JoinHandle<()> {
        let told = self.told.clone();
        self.supervisor
            .spawn("in-session", stop, move |stop| told.clone().run(ledger.clone(), stop))
    }

    /// Carries alerts out, and reads the client's settings.
    fn act(&self, acting: &Acting, settings: SettingsReader, work: &mut Stage) {
        let dispatch = acting.dispatch();
        let run = move |stop| dispatch.clone().run(stop);
        work.add(self.supervisor.spawn("actions", work.token(), run));
        let snapshots = acting.snapshots.clone();
        let run = move |stop| settings.clone().run(snapshots.clone(), stop);
        work.add(self.supervisor.spawn("client-settings", work.token(), run));
    }

    /// What carries alerts and orders out.
    fn acting(
        &self,
        ledger: &Ledger,
        since: Revision,
        watch: &Watch,
        policy: Arc<Policy>,
    ) -> Acting {
        let around = &self.parts.around;
        Acting {
            ledger: ledger.clone(),
            since,
            snapshots: watch.snapshots(),
            policy: watch::channel(policy).1,
            inbox: self.inbox.clone(),
            quiet: Quiet::new(ledger.clone(), Arc::clone(&around.now)),
            home: around.places.home.clone(),
            now: Arc::clone(&around.now),
        }
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

    fn whole_page(&self, ledger: Ledger, watch: &Watch, orders: Arc<dyn Orders>) -> Router {
        let parts = &self.parts;
        plimsoll_api::router(Api {
            pruner: Arc::new(OnRequest(ledger.clone())),
            orders,
            setup: Arc::clone(&self.setup),
            ledger,
            snapshots: watch.snapshots(),
            status: parts.board.status(),
            probe: Arc::clone(&self.probe) as Arc<dyn HealthProbe>,
            signals: parts.signals.sender(),
            windows: parts.windows.clone(),
            door: Arc::new(self.door.clone()),
            key: Key::new(parts.key.as_str()),
            calendar: parts.around.calendar.clone(),
            now: Arc::clone(&parts.around.now),
            closing: self.pages.token(),
            started: parts.started,
            version: parts.around.version,
        })
    }
}
