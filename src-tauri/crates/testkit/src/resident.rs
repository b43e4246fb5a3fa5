//! The resident as a process of its own, with a home of its own.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::http::Loopback;
use crate::runtime::Runtime;

/// How long a start may take before it counts as failed.
const START_PATIENCE: Duration = Duration::from_secs(20);

/// How often a state is looked at while waiting for it.
const LOOK: Duration = Duration::from_millis(2);

const ANY_PORT: &str = "127.0.0.1:0";

/// How a resident is started: `plimsoll serve` with ports of its own and a private home.
#[derive(Debug)]
pub struct Start {
    binary: PathBuf,
    root: Root,
    variables: Vec<(String, String)>,
    arguments: Vec<String>,
}

/// The folder that holds home, configuration, data and runtime files.
#[derive(Debug)]
enum Root {
    /// Removed with the resident.
    Temporary(TempDir),
    /// Left alone.
    Given(PathBuf),
}

impl Root {
    fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Given(path) => path,
        }
    }
}

/// Why a resident does not run.
#[derive(Debug, thiserror::Error)]
pub enum ResidentError {
    /// Its folders could not be made.
    #[error("cannot prepare {}", path.display())]
    Prepare {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program could not be started.
    #[error("cannot start {}", binary.display())]
    Spawn {
        /// The program.
        binary: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It ended instead of serving.
    #[error("it ended with {status}; it said:\n{said}")]
    Ended {
        /// How.
        status: ExitStatus,
        /// Its last words.
        said: String,
    },
    /// It did not get there in time.
    #[error("not {what} within {within:?}; it said:\n{said}")]
    Late {
        /// What was waited for.
        what: &'static str,
        /// How long.
        within: Duration,
        /// Its last words.
        said: String,
    },
    /// It could not be signalled or waited for.
    #[error("cannot signal or wait for the process")]
    Process(#[source] io::Error),
    /// It does not serve what was asked for.
    #[error("it does not serve its {0}")]
    NotServed(&'static str),
}

impl Start {
    /// The program at `binary`, in a temporary folder.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(binary: impl Into<PathBuf>) -> Result<Self, ResidentError> {
        let folder = tempfile::Builder::new()
            .prefix("plimsoll-")
            .tempdir()
            .map_err(|source| ResidentError::Prepare { path: std::env::temp_dir(), source })?;
        Ok(Self::with(binary.into(), Root::Temporary(folder)))
    }

    /// The program at `binary`, in a folder that outlives it.
    #[must_use]
    pub fn within(binary: impl Into<PathBuf>, folder: impl Into<PathBuf>) -> Self {
        Self::with(binary.into(), Root::Given(absolute(folder.into())))
    }

    fn with(binary: PathBuf, root: Root) -> Self {
        let binary = absolute(binary);
        let mut start = Self { binary, root, variables: Vec::new(), arguments: Vec::new() };
        for name in
            ["PLIMSOLL_RECEIVER_HTTP", "PLIMSOLL_RECEIVER_GRPC", "PLIMSOLL_DASHBOARD_LISTEN"]
        {
            start = start.variable(name, ANY_PORT);
        }
        start
    }

    /// Sets an environment variable; the resident has no others than these, `PATH` and its folders.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds an argument after `serve`.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// The home folder, to put the client's files in before the start.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// Starts it and waits until `runtime.json` tells where it serves.
    ///
    /// # Errors
    /// When it does not start, ends, or is late; with what it said.
    pub async fn run(self) -> Result<TestResident, ResidentError> {
        let mut child = Owned(self.spawn()?);
        let runtime = self.wait_until_it_serves(&mut child).await?;
        Ok(TestResident { child, start: self, runtime })
    }

    /// Starts it without waiting for anything.
    fn spawn(&self) -> Result<Child, ResidentError> {
        let root = self.root.path();
        for folder in ["home", "run", "config", "data", "state"] {
            let path = root.join(folder);
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
            made.map_err(|source| ResidentError::Prepare { path, source })?;
        }
        let log = self.log();
        let output = File::options().create(true).append(true).open(&log);
        let output = output.map_err(|source| ResidentError::Prepare { path: log, source })?;
        let failed = |source| ResidentError::Spawn { binary: self.binary.clone(), source };
        let errors = output.try_clone().map_err(failed)?;
        let own = [
            ("HOME", "home"),
            ("XDG_RUNTIME_DIR", "run"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
        ];
        Command::new(&self.binary)
            .arg("serve")
            .args(&self.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(own.map(|(name, folder)| (name, root.join(folder))))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(root)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(failed)
    }

    async fn wait_until_it_serves(&self, child: &mut Owned) -> Result<Runtime, ResidentError> {
        let served = async {
            let (path, pid) = (self.runtime_file(), child.0.id());
            loop {
                if let Some(runtime) = Runtime::of(&path, pid) {
                    return Ok(runtime);
                }
                if let Some(status) = child.0.try_wait().map_err(ResidentError::Process)? {
                    return Err(ResidentError::Ended { status, said: self.said() });
                }
                sleep(LOOK).await;
            }
        };
        let late =
            || ResidentError::Late { what: "serving", within: START_PATIENCE, said: self.said() };
        timeout(START_PATIENCE, served).await.unwrap_or_else(|_| Err(late()))
    }

    fn said(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> PathBuf {
        self.root.path().join("resident.log")
    }

    fn runtime_file(&self) -> PathBuf {
        self.root.path().join("run/plimsoll/runtime.json")
    }
}

/// The process is started in its own folder, where a relative path would mean something else.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// A process that ends with its owner.
#[derive(Debug)]
struct Owned(Child);

impl Drop for Owned {
    fn drop(&mut self) {
        // Both fail only for a process that is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running resident. Killed when dropped.
#[derive(Debug)]
pub struct TestResident {
    // Before the folder, so that the process has ended when its files go.
    child: Owned,
    start: Start,
    runtime: Runtime,
}

impl TestResident {
    /// What it says of itself.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// Its home folder.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.start.home()
    }

    /// Everything it wrote to the terminal so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.start.said()
    }

    /// The page and the API.
    ///
    /// # Errors
    /// When they are not served.
    pub fn api(&self) -> Result<Loopback, ResidentError> {
        self.runtime.dashboard.map(Loopback::new).ok_or(ResidentError::NotServed("dashboard"))
    }

    /// The OTLP receiver over HTTP.
    ///
    /// # Errors
    /// When it is not served.
    pub fn http(&self) -> Result<SocketAddr, ResidentError> {
        self.runtime.otlp_http.ok_or(ResidentError::NotServed("HTTP receiver"))
    }

    /// The OTLP receiver over gRPC.
    ///
    /// # Errors
    /// When it is not served.
    pub fn grpc(&self) -> Result<SocketAddr, ResidentError> {
        self.runtime.otlp_grpc.ok_or(ResidentError::NotServed("gRPC receiver"))
    }

    /// Kills it at once, as a crash would (SIGKILL).
    ///
    /// # Errors
    /// When it cannot be signalled or waited for.
    pub fn kill9(&mut self) -> Result<(), ResidentError> {
        self.child.0.kill().map_err(ResidentError::Process)?;
        self.child.0.wait().map(drop).map_err(ResidentError::Process)
    }

    /// Asks it to end (SIGTERM) and waits for that.
    ///
    /// # Errors
    /// When it does not end in time, or cannot be signalled.
    pub async fn terminate(&mut self, within: Duration) -> Result<ExitStatus, ResidentError> {
        let signalled = kill_process(Pid::from_child(&self.child.0), Signal::TERM);
        signalled.map_err(|fault| ResidentError::Process(fault.into()))?;
        let ended = timeout(within, self.ended()).await;
        ended.unwrap_or_else(|_| {
            Err(ResidentError::Late { what: "ended", within, said: self.said() })
        })
    }

    /// Starts it anew on the same folders and ports, after it ended or was killed.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_again(&mut self) -> Result<(), ResidentError> {
        let served = [
            ("PLIMSOLL_RECEIVER_HTTP", self.runtime.otlp_http),
            ("PLIMSOLL_RECEIVER_GRPC", self.runtime.otlp_grpc),
            ("PLIMSOLL_DASHBOARD_LISTEN", self.runtime.dashboard),
        ];
        for (name, address) in served {
            let Some(address) = address else { continue };
            self.start.variables.retain(|(known, _)| known != name);
            self.start.variables.push((name.to_owned(), address.to_string()));
        }
        self.child = Owned(self.start.spawn()?);
        self.runtime = self.start.wait_until_it_serves(&mut self.child).await?;
        Ok(())
    }

    async fn ended(&mut self) -> Result<ExitStatus, ResidentError> {
        loop {
            if let Some(status) = self.child.0.try_wait().map_err(ResidentError::Process)? {
                return Ok(status);
            }
            sleep(LOOK).await;
        }
    }
}
