//! How the program is started: with a home, ports and an environment of its own.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Seek};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::process::{LOOK, Owned};
use crate::resident::TestResident;
use crate::runtime::Runtime;

/// How long a start may take before it counts as failed.
const START_PATIENCE: Duration = Duration::from_secs(20);

const ANY_PORT: &str = "127.0.0.1:0";

/// How the program is started: as `plimsoll serve` unless told otherwise, with ports of its own and a
/// private home.
#[derive(Debug)]
pub struct Start {
    binary: PathBuf,
    root: Root,
    command: Vec<String>,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    /// Whether the welcome was not shown yet.
    first_run: bool,
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

/// How a process ended that ends by itself, and what it said.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

/// Why the program does not run.
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
        let mut start = Self {
            binary: absolute(binary),
            root,
            command: vec!["serve".to_owned()],
            arguments: Vec::new(),
            variables: Vec::new(),
            first_run: false,
        };
        for name in
            ["PLIMSOLL_RECEIVER_HTTP", "PLIMSOLL_RECEIVER_GRPC", "PLIMSOLL_DASHBOARD_LISTEN"]
        {
            start.set(name, ANY_PORT);
        }
        start
    }

    /// Another start with the same folder and environment, which this one has to outlive.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            binary: self.binary.clone(),
            root: Root::Given(self.root().to_owned()),
            command: self.command.clone(),
            arguments: Vec::new(),
            variables: self.variables.clone(),
            first_run: self.first_run,
        }
    }

    /// Another program in its place.
    #[must_use]
    pub fn program(self, binary: impl Into<PathBuf>) -> Self {
        Self { binary: absolute(binary.into()), ..self }
    }

    /// The command line in place of `serve`.
    #[must_use]
    pub fn command(self, words: &[&str]) -> Self {
        Self { command: words.iter().map(|word| (*word).to_owned()).collect(), ..self }
    }

    /// Adds an argument at the end of the command line.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Sets an environment variable; the program has no others than these, `PATH` and its folders.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// As the user's first start of all, which welcomes; others know that the welcome was shown.
    #[must_use]
    pub fn for_the_first_time(self) -> Self {
        Self { first_run: true, ..self }
    }

    /// With the session bus at this address. Without it there is none.
    #[must_use]
    pub fn bus(self, address: &str) -> Self {
        self.variable("DBUS_SESSION_BUS_ADDRESS", address)
    }

    /// On this X display. Without it there is none.
    #[must_use]
    pub fn display(self, name: &str) -> Self {
        self.variable("DISPLAY", name)
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// The folder that holds everything of it.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The home folder, to put the client's files in before the start.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// The file in which a running resident tells where it serves.
    #[must_use]
    pub fn runtime_file(&self) -> PathBuf {
        self.root().join("run/plimsoll/runtime.json")
    }

    /// Starts it and waits until `runtime.json` tells where it serves.
    ///
    /// # Errors
    /// When it does not start, ends, or is late; with what it said.
    pub async fn run(self) -> Result<TestResident, ResidentError> {
        let mut child = self.spawn()?;
        let runtime = self.wait_until_it_serves(&mut child).await?;
        Ok(TestResident::new(child, self, runtime))
    }

    /// Starts what ends by itself, and waits for that.
    ///
    /// # Errors
    /// When it cannot be started, or does not end in time.
    pub async fn run_to_end(&self, within: Duration) -> Result<Ended, ResidentError> {
        let failed = |source| self.not_started(source);
        let file = || tempfile::tempfile().map_err(failed);
        let (out, err) = (file()?, file()?);
        let mut command = self.prepare(&[])?;
        command.stdout(out.try_clone().map_err(failed)?);
        command.stderr(err.try_clone().map_err(failed)?);
        let mut child = Owned::new(command.spawn().map_err(failed)?);
        let status = child.ended(within).await.map_err(ResidentError::Process)?;
        let (out, err) = (written(out), written(err));
        let Some(status) = status else {
            return Err(ResidentError::Late { what: "ended", within, said: out + &err });
        };
        Ok(Ended { status, out, err })
    }

    /// Starts it without waiting for anything.
    pub(crate) fn spawn(&self) -> Result<Owned, ResidentError> {
        self.spawn_by(&mut self.prepare(&[])?)
    }

    /// Starts it by a command that was prepared here; what it says goes to its log.
    pub(crate) fn spawn_by(&self, command: &mut Command) -> Result<Owned, ResidentError> {
        let log = self.log();
        let output = File::options().create(true).append(true).open(&log);
        let output = output.map_err(|source| ResidentError::Prepare { path: log, source })?;
        let failed = |source| self.not_started(source);
        let errors = output.try_clone().map_err(failed)?;
        let child = command.stdout(output).stderr(errors).spawn().map_err(failed)?;
        Ok(Owned::new(child))
    }

    /// The command that starts it, or has `starter` start it, with its folders made.
    pub(crate) fn prepare(&self, starter: &[&str]) -> Result<Command, ResidentError> {
        let root = self.root();
        for folder in ["home", "run", "config", "data", "state"] {
            let path = root.join(folder);
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
            made.map_err(|source| ResidentError::Prepare { path, source })?;
        }
        if !self.first_run {
            let folder = root.join("data/plimsoll");
            let welcomed = folder.join("welcomed");
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
            let made = made.and_then(|()| fs::write(&welcomed, []));
            made.map_err(|source| ResidentError::Prepare { path: welcomed, source })?;
        }
        let own = [
            ("HOME", "home"),
            ("XDG_RUNTIME_DIR", "run"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
        ];
        let words = starter.iter().map(OsStr::new).chain([self.binary.as_os_str()]);
        let mut words = words.chain(self.command.iter().chain(&self.arguments).map(OsStr::new));
        let mut command = Command::new(words.next().unwrap_or_default());
        command
            .args(words)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(own.map(|(name, folder)| (name, root.join(folder))))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(root)
            .stdin(Stdio::null());
        Ok(command)
    }

    pub(crate) async fn wait_until_it_serves(
        &self,
        child: &mut Owned,
    ) -> Result<Runtime, ResidentError> {
        let served = async {
            let (path, pid) = (self.runtime_file(), child.id());
            loop {
                if let Some(runtime) = Runtime::of(&path, pid) {
                    return Ok(runtime);
                }
                if let Some(status) = child.status().map_err(ResidentError::Process)? {
                    return Err(ResidentError::Ended { status, said: self.said() });
                }
                sleep(LOOK).await;
            }
        };
        let late =
            || ResidentError::Late { what: "serving", within: START_PATIENCE, said: self.said() };
        timeout(START_PATIENCE, served).await.unwrap_or_else(|_| Err(late()))
    }

    /// Everything that was written to the terminal so far, by all that ran in this folder.
    #[must_use]
    pub fn said(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> PathBuf {
        self.root().join("resident.log")
    }

    fn not_started(&self, source: io::Error) -> ResidentError {
        ResidentError::Spawn { binary: self.binary.clone(), source }
    }
}

/// The process is started in its own folder, where a relative path would mean something else.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// What was written to a file; as much of it as can be read.
fn written(mut file: File) -> String {
    let mut bytes = Vec::new();
    let _ = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}
