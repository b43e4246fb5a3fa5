//! The engine inside the test's own process, with its own folder, ports, clock and calendar.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use plimsoll_domain::{Calendar, Timestamp};
use plimsoll_engine::{Config, Engine, EngineError, Places, Running, Surroundings};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::http::Loopback;

/// What an engine is made of; change what a test needs otherwise.
pub struct EngineSetup {
    /// Loopback ports chosen by the system, and a ledger in the folder.
    pub config: Config,
    /// The system's clock, UTC, no client folders.
    pub around: Surroundings,
    /// Everything is below it; removed at the end.
    pub folder: TempDir,
}

impl EngineSetup {
    /// Everything of its own.
    ///
    /// # Errors
    /// When no folder can be made.
    pub fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("plimsoll-").tempdir()?;
        let places = Places::under(folder.path());
        let mut config = Config::defaults(&places);
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        config.receiver.http = any;
        config.receiver.grpc = any;
        config.dashboard.listen = any;
        let around = Surroundings {
            places,
            now: Arc::new(system_time),
            calendar: Calendar::utc(),
            client_folders: Vec::new(),
            program: "/opt/plimsoll".into(),
            version: "0.0.0",
            inherited: plimsoll_engine::Inherited::default(),
        };
        Ok(Self { config, around, folder })
    }

    /// Starts the engine.
    ///
    /// # Errors
    /// When its ledger cannot be opened.
    pub async fn start(self) -> Result<TestEngine, EngineError> {
        let engine = Engine::bind(self.config.clone(), self.around.clone());
        let first = |addresses: Vec<SocketAddr>| addresses.first().copied();
        let (http, grpc) = (first(engine.http()), first(engine.grpc()));
        let dashboard = first(engine.dashboard());
        let running = engine.start(&CancellationToken::new()).await?;
        Ok(TestEngine { running, setup: self, http, grpc, dashboard })
    }
}

fn system_time() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::EPOCH.after(since.unwrap_or_default())
}

/// A running engine. Dropped, it stops at once, as in a crash; [`TestEngine::drain`] ends it in order.
pub struct TestEngine {
    running: Running,
    setup: EngineSetup,
    /// The OTLP receiver over HTTP; `None` where its port was taken.
    pub http: Option<SocketAddr>,
    /// The OTLP receiver over gRPC; `None` where its port was taken.
    pub grpc: Option<SocketAddr>,
    /// The dashboard; `None` where no port could be had.
    pub dashboard: Option<SocketAddr>,
}

impl TestEngine {
    /// The engine itself: books, snapshots, health.
    #[must_use]
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// The page and the API; `None` where no port could be had.
    #[must_use]
    pub fn api(&self) -> Option<Loopback> {
        self.dashboard.map(Loopback::new)
    }

    /// Ends it in order and gives back what it was made of, so that it can be started again.
    pub async fn drain(self) -> EngineSetup {
        self.running.drain().await;
        self.setup
    }
}
