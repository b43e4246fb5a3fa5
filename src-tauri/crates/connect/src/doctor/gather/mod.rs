//! Looks at the machine.
//!
//! Of other users' processes nothing is read but whose they are; of ours, command lines; of clients, what
//! [`Machine`] holds. Everything is read once, and nothing is kept.

mod files;
mod processes;
mod recognise;
#[cfg_attr(target_os = "linux", path = "sockets/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "sockets/other.rs")]
mod sockets;
mod version;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::machine::Machine;

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The user's home, for clients whose environment does not name it.
    pub home: PathBuf,
    /// Configuration folders to look at, whether a client runs there or not.
    pub config_dirs: Vec<PathBuf>,
    /// The administrator's settings files, the weaker first: [`managed_settings`].
    pub managed: Vec<PathBuf>,
    /// The folder of the ledger.
    pub ledger: Option<PathBuf>,
    /// The ports of which to find out who listens there: those that the resident does not serve. Finding out means
    /// looking through all processes, so name none while all is well.
    pub ports: Vec<u16>,
}

/// Looks at the machine. What cannot be read is left out: a look must not fail because of one process.
#[must_use]
pub fn gather(places: &Places) -> Machine {
    let processes = processes::clients(&places.home);
    let pids: Vec<u32> = processes.iter().map(|process| process.pid).collect();
    let sockets = sockets::Sockets::read();
    let running = processes.iter().map(|process| process.config_dir.clone());
    let folders: BTreeSet<PathBuf> = places.config_dirs.iter().cloned().chain(running).collect();
    let folders = folders.into_iter().filter(|folder| folder.is_dir());
    let projects: BTreeSet<&Path> =
        processes.iter().filter_map(|process| process.working_dir.as_deref()).collect();
    let managed = places.managed.iter().map(|path| files::settings(path.clone()));
    Machine {
        usual: places.config_dirs.first().cloned().unwrap_or_else(|| places.home.join(".claude")),
        sockets: sockets.as_ref().map(|sockets| sockets.of(&pids)),
        listeners: sockets.map(|sockets| sockets.listeners(&places.ports)).unwrap_or_default(),
        settings: folders
            .map(|folder| (folder.clone(), files::settings(folder.join("settings.json"))))
            .collect(),
        projects: projects
            .into_iter()
            .map(|folder| (folder.to_owned(), files::project(folder)))
            .filter(|(_, files)| !files.is_empty())
            .collect(),
        managed: files::existing(managed),
        ledger: places.ledger.as_deref().map(files::ledger),
        processes,
    }
}

/// The administrator's settings files of this system, the weaker first.
#[must_use]
pub fn managed_settings() -> Vec<PathBuf> {
    let paths = crate::settings::managed_paths().into_iter();
    paths.flat_map(|path| if path.is_dir() { files::json_in(&path) } else { vec![path] }).collect()
}
