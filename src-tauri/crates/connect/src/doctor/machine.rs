//! What was found on the machine.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use plimsoll_domain::Timestamp;

use super::{settings_file::SettingsFile, variables::Variables};

/// Everything that [`examine`](super::examine) judges, but for what the resident knows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Machine {
    /// The configuration folder that commands find by themselves.
    pub usual: PathBuf,
    /// The clients that run.
    pub processes: Vec<Process>,
    /// Their TCP connections; `None` where the system does not tell.
    pub sockets: Option<Vec<Socket>>,
    /// The user's settings, by the client's configuration folder, of all folders that exist.
    pub settings: BTreeMap<PathBuf, SettingsFile>,
    /// The settings of projects, by the folder in which clients run, the weaker first.
    pub projects: BTreeMap<PathBuf, Vec<SettingsFile>>,
    /// The settings of an administrator, the weaker first.
    pub managed: Vec<SettingsFile>,
    /// Who listens on the ports that were asked for, as far as the system tells.
    pub listeners: Vec<Listener>,
    /// Where the ledger lies; `None` where that is not known.
    pub ledger: Option<Ledger>,
}

impl Machine {
    /// All settings files.
    pub(super) fn files(&self) -> impl Iterator<Item = &SettingsFile> {
        self.managed.iter().chain(self.settings.values()).chain(self.projects.values().flatten())
    }

    /// The project settings that hold in this folder.
    pub(super) fn project(&self, folder: Option<&Path>) -> &[SettingsFile] {
        folder.and_then(|folder| self.projects.get(folder)).map_or(&[], Vec::as_slice)
    }
}

/// A client that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// The client that started it, itself or through other programs.
    pub parent: Option<u32>,
    /// The name of the program.
    pub name: String,
    /// When it began. Rounded down, by up to two seconds.
    pub started_at: Timestamp,
    /// The folder that it works in.
    pub working_dir: Option<PathBuf>,
    /// The folder of its settings; the usual one where its environment could not be read.
    pub config_dir: PathBuf,
    /// The variables that it was started with and that matter.
    pub environment: Variables,
    /// Its version, where the place of the program tells it.
    pub version: Option<String>,
    /// Whether it has a terminal; `None` where the system does not tell.
    pub has_terminal: Option<bool>,
}

/// An established TCP connection of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Socket {
    /// The client.
    pub pid: u32,
    /// Its port at this end.
    pub local_port: u16,
    /// The other end.
    pub peer: SocketAddr,
}

/// A program that listens on one of our ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The address.
    pub address: SocketAddr,
    /// The program and its number; `None` where it is another user's.
    pub program: Option<(u32, String)>,
}

/// The place of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// Its folder.
    pub folder: PathBuf,
    /// What is free there, in bytes; `None` where that is not known.
    pub free_bytes: Option<u64>,
    /// Whether other users of the machine can look into the folder.
    pub is_open_to_others: bool,
}
