//! Configuration to sockets, and sockets to a running engine.

use std::{
    fs::{File, TryLockError},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use plimsoll_api::Windows;
use plimsoll_client::RuntimeInfo;
use plimsoll_domain::{Calendar, Timestamp};
use plimsoll_ledger::{Ledger, LedgerError, LedgerOptions, Writer};
use plimsoll_loopback::Inherited;
use tokio::{sync::SetOnce, task::spawn_blocking, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    Config, Environment, Places,
    backoff::Backoff,
    board::{Board, Now, Trouble},
    config::Key,
    places::{create_private, make_private},
    port::Port,
    prices,
    running::{Parts, Running},
    runtime_file::{RuntimeFile, new_key, private},
    signals::Signals,
    spool::{self, Spool, SpoolError},
};

/// The receivers' and the dashboard's names in the status.
pub(crate) const HTTP: &str = "otlp-http";
pub(crate) const GRPC: &str = "otlp-grpc";
pub(crate) const DASHBOARD: &str = "dashboard";

/// How many exports may wait for the ledger: more than the receivers let in at once.
const QUEUE: usize = 1024;
/// How long a commit waits for another program's lock before the spool takes over.
const BUSY: Duration = Duration::from_millis(400);
/// The longest pause between attempts to open a locked ledger.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long opening the ledger may take before people are told.
const USUAL: Duration = Duration::from_secs(5);
/// What becomes of exports while the ledger is not open.
const KEPT: &str = "Requests are kept in the spool until it is; no restart is needed.";

/// What the engine finds around it.
#[derive(Clone)]
pub struct Surroundings {
    /// Where things lie.
    pub places: Places,
    /// The clock.
    pub now: Now,
    /// The user's calendar.
    pub calendar: Calendar,
    /// The folders in which clients keep their transcripts.
    pub client_folders: Vec<PathBuf>,
    /// The absolute path of the program `plimsoll`, for commands that clients run.
    pub program: PathBuf,
    /// The application's version.
    pub version: &'static str,
    /// Listeners that a service manager has handed over.
    pub inherited: Inherited,
}

impl Surroundings {
    /// What the user's machine gives.
    #[must_use]
    pub fn of_user(places: Places, environment: &Environment, version: &'static str) -> Self {
        let lookup = |name: &str| environment.get(name).map(ToOwned::to_owned);
        Self {
            places,
            now: Arc::new(system_time),
            calendar: Calendar::system(),
            client_folders: plimsoll_sources::project::config_dirs(lookup),
            program: program(),
            version,
            inherited: Inherited::default(),
        }
    }
}

/// The program `plimsoll`: this one, or the one beside it.
#[must_use]
pub fn program() -> PathBuf {
    let this = std::env::current_exe().unwrap_or_default();
    this.with_file_name(format!("plimsoll{}", std::env::consts::EXE_SUFFIX))
}

fn system_time() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::EPOCH.after(since.unwrap_or_default())
}

/// Why the engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The user has an engine already.
    #[error("Plimsoll is running already{}", shown(running.as_deref()))]
    Running {
        /// That engine, if it can be found.
        running: Option<Box<RuntimeInfo>>,
    },
    /// Another process writes this ledger.
    #[error("the ledger {} is in use by another Plimsoll{}", path.display(), shown(running.as_deref()))]
    LedgerHeld {
        /// The ledger.
        path: PathBuf,
        /// The engine that runs, if it can be found.
        running: Option<Box<RuntimeInfo>>,
    },
    /// A folder could not be made.
    #[error("cannot use the folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The ledger's lock could not be taken.
    #[error("cannot lock {}: {source}", path.display())]
    Lock {
        /// The lock's file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The spool beside the ledger could not be opened.
    #[error("cannot {0}")]
    Spool(String),
    /// No key could be made.
    #[error("cannot read random numbers: {0}")]
    Key(io::Error),
    /// The ledger could not be opened.
    #[error("cannot {0}")]
    Ledger(#[from] LedgerError),
    /// It was stopped before the ledger could be opened.
    #[error("stopped before the ledger could be opened")]
    Stopped,
}

fn shown(running: Option<&RuntimeInfo>) -> String {
    running.map_or_else(String::new, |running| {
        let dashboard = running.dashboard.as_deref().unwrap_or("not served");
        format!(" (process {}, dashboard {dashboard})", running.pid)
    })
}

impl From<SpoolError> for EngineError {
    fn from(error: SpoolError) -> Self {
        Self::Spool(error.to_string())
    }
}

/// An engine whose ports are taken, so that connections queue, and which does nothing else yet.
pub struct Engine {
    config: Config,
    around: Surroundings,
    started: Timestamp,
    board: Arc<Board>,
    windows: Windows,
    taken: Result<Taken, EngineError>,
}

/// What an engine has to itself.
struct Taken {
    /// Says that the user has an engine; `None` where no folder takes it, a problem but no reason not to run.
    runtime_file: Option<RuntimeFile>,
    /// Says that the ledger has its writer; ends with the process, however it ends.
    lock: File,
    ports: Ports,
}

/// The engine's ports.
pub(crate) struct Ports {
    http: Arc<Port>,
    grpc: Arc<Port>,
    dashboard: Arc<Port>,
}

impl Ports {
    fn take(config: &Config, inherited: &Inherited, board: &Arc<Board>) -> Self {
        let Config { receiver, dashboard, .. } = config;
        let take = |wished, key| Port::take(wished, key, Arc::clone(board), inherited.clone());
        Self {
            http: take(receiver.http, Key::ReceiverHttp),
            grpc: take(receiver.grpc, Key::ReceiverGrpc),
            dashboard: take(dashboard.listen, Key::DashboardListen),
        }
    }

    /// The port of this name.
    pub(crate) fn get(&self, name: &str) -> Arc<Port> {
        Arc::clone(match name {
            HTTP => &self.http,
            GRPC => &self.grpc,
            _ => &self.dashboard,
        })
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Engine {
    /// Takes the right to be the user's engine, then the ports. One that another program has is no error: it is
    /// posted as a problem and tried again while the rest runs; the dashboard moves to a free port. No port is
    /// taken where another engine runs, which may want them: [`Engine::start`] says so.
    #[must_use]
    pub fn bind(config: Config, around: Surroundings) -> Self {
        let board = Arc::new(Board::new(Arc::clone(&around.now)));
        let started = (around.now)();
        let taken = take(&config, &around, &board);
        Self { config, around, started, board, windows: Windows::default(), taken }
    }

    /// Whether the user has an engine already, so that this one cannot start.
    #[must_use]
    pub fn is_second(&self) -> bool {
        matches!(self.taken, Err(EngineError::Running { .. }))
    }

    /// The wishes for windows. Whoever will show them says so before the start: from then on the engine can be found,
    /// and asked for one.
    #[must_use]
    pub fn windows(&self) -> Windows {
        self.windows.clone()
    }

    /// The addresses of the OTLP/HTTP receiver, IPv4 first; empty where the port was taken.
    #[must_use]
    pub fn http(&self) -> Vec<SocketAddr> {
        self.addresses(HTTP)
    }

    /// The addresses of the OTLP/gRPC receiver, IPv4 first; empty where the port was taken.
    #[must_use]
    pub fn grpc(&self) -> Vec<SocketAddr> {
        self.addresses(GRPC)
    }

    /// The addresses of the dashboard, IPv4 first; empty where no port could be had.
    #[must_use]
    pub fn dashboard(&self) -> Vec<SocketAddr> {
        self.addresses(DASHBOARD)
    }

    fn addresses(&self, name: &str) -> Vec<SocketAddr> {
        self.taken.as_ref().map(|taken| taken.ports.get(name).addresses()).unwrap_or_default()
    }

    /// Starts everything. The receivers answer first, from the spool if need be; it returns when the ledger
    /// is open and all parts run. While another program locks the ledger, that can take long: `stop` ends it.
    ///
    /// # Errors
    /// When this ledger has a writer already, or something on disk cannot be used.
    pub async fn start(self, stop: &CancellationToken) -> Result<Running, EngineError> {
        let Taken { runtime_file, lock, ports } = self.taken?;
        let path = self.config.ledger.path.clone();
        let spool = open_spool(beside(&path, "spool"), self.started).await?;
        let prices = prices::load(&self.around.places, &self.board);
        let parts = Parts {
            key: new_key().map_err(EngineError::Key)?,
            runtime_file: runtime_file.map(Arc::new),
            config: self.config,
            around: self.around,
            started: self.started,
            board: self.board,
            ports,
            spool,
            signals: Signals::new(),
            windows: self.windows,
            ledger: Arc::new(SetOnce::new()),
            lock,
        };
        let clock = Arc::clone(&parts.around.now);
        let mut receiving = parts.receive();
        let options = LedgerOptions { path, queue: QUEUE, busy: BUSY, prices };
        let opening = open_ledger(options, clock, |message| receiving.excuse(message));
        match stop.run_until_cancelled(opening).await {
            Some(Ok((ledger, writer))) => {
                let running = receiving.complete(ledger, writer).await;
                running.recall_quiet().await;
                Ok(running)
            }
            Some(Err(error)) => {
                receiving.give_up().await;
                Err(error.into())
            }
            None => {
                receiving.give_up().await;
                Err(EngineError::Stopped)
            }
        }
    }
}

/// One engine per user, one writer per ledger, then the ports.
fn take(config: &Config, around: &Surroundings, board: &Arc<Board>) -> Result<Taken, EngineError> {
    let runtime_file = claim(&around.places, board)?;
    prepare_folder(&config.ledger.path, &around.places)?;
    let lock = lock(&config.ledger.path, &around.places)?;
    Ok(Taken { runtime_file, lock, ports: Ports::take(config, &around.inherited, board) })
}

/// The default data folder is closed to others; one that the user chose is left as it is.
fn prepare_folder(ledger: &Path, places: &Places) -> Result<(), EngineError> {
    let folder = ledger.parent().unwrap_or(Path::new("/"));
    let prepared =
        if folder == places.data { make_private(folder) } else { create_private(folder) };
    prepared.map_err(|source| EngineError::Folder { path: folder.to_owned(), source })
}

/// One writer per ledger. A ledger that does not exist yet is made here, so that only the user may read it.
fn lock(ledger: &Path, places: &Places) -> Result<File, EngineError> {
    let path = beside(ledger, "lock");
    let failed = |source| EngineError::Lock { path: path.clone(), source };
    let lock = private().create(true).truncate(false).open(&path).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => {
            // Where that fails, opening the ledger says why.
            let _ = private().create(true).truncate(false).open(ledger);
            Ok(lock)
        }
        Err(TryLockError::Error(source)) => Err(failed(source)),
        Err(TryLockError::WouldBlock) => {
            let running = RuntimeInfo::find(&places.runtime);
            let running = running.filter(|running| running.ledger == ledger).map(Box::new);
            Err(EngineError::LedgerHeld { path: ledger.to_owned(), running })
        }
    }
}

/// Not to be found is a problem, but no reason not to run; to be the second is one.
fn claim(places: &Places, board: &Board) -> Result<Option<RuntimeFile>, EngineError> {
    match RuntimeFile::claim(&places.runtime) {
        Ok(Some(file)) => Ok(Some(file)),
        Ok(None) => {
            let running = RuntimeInfo::find(&places.runtime).map(Box::new);
            Err(EngineError::Running { running })
        }
        Err(error) => {
            let message = format!("Commands cannot find this Plimsoll: runtime.json: {error}.");
            tracing::warn!("{message}");
            board.raise(Trouble::NotFound, message);
            Ok(None)
        }
    }
}

/// The file `<ledger>.<suffix>`.
pub(crate) fn beside(ledger: &Path, suffix: &str) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

async fn open_spool(path: PathBuf, run: Timestamp) -> Result<Spool, EngineError> {
    let open = move || Spool::open(&path, run, spool::LIMIT);
    Ok(spawn_blocking(open).await.map_err(|_| SpoolError::Unfinished)??)
}

/// Opens the ledger; a damaged one is set aside for a new one. While another program locks it, or the disk is full,
/// it is tried again. `excuse` is told why it is not open yet.
async fn open_ledger(
    options: LedgerOptions,
    clock: Now,
    mut excuse: impl FnMut(String),
) -> Result<(Ledger, Writer), LedgerError> {
    let path = options.path.display().to_string();
    let mut backoff = Backoff::new(Duration::from_millis(100), LONGEST_PAUSE);
    loop {
        let opening = Ledger::open_or_replace(options.clone(), Arc::clone(&clock));
        let mut opening = pin!(opening);
        let opened = match timeout(USUAL, &mut opening).await {
            Ok(opened) => opened,
            Err(_) => {
                excuse(format!(
                    "The ledger {path} is not open yet: it is checked or brought up to date. {KEPT}"
                ));
                opening.await
            }
        };
        match opened {
            Err(error) if error.is_locked() => {
                excuse(format!(
                    "The ledger {path} cannot be opened: another program locks it. {KEPT}"
                ));
            }
            Err(error) if error.is_disk_full() => {
                excuse(format!(
                    "The ledger {path} cannot be opened: the disk is full. It is tried again."
                ));
            }
            opened => return opened,
        }
        tokio::time::sleep(backoff.pause()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: opening the ledger takes longer than usual: with paused time, any wait for SQLite does.
    /// Guarantees: that is said once, and the ledger opens all the same.
    #[tokio::test(start_paused = true)]
    async fn a_slow_opening_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let options =
            LedgerOptions { path: path.clone(), queue: 1, busy: BUSY, prices: Arc::default() };
        let mut excuses = Vec::new();
        let clock: Now = Arc::new(|| Timestamp::EPOCH);
        open_ledger(options, clock, |excuse| excuses.push(excuse)).await.unwrap();
        let said = format!("The ledger {} is not open yet: it is checked", path.display());
        assert!(excuses.len() == 1 && excuses[0].starts_with(&said), "{excuses:?}");
    }
}
