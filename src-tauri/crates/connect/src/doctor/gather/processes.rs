//! The clients that run.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use plimsoll_domain::Timestamp;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind, get_current_pid};

use super::{
    recognise::{Program, clients as recognised},
    sockets::has_terminal,
    version::version,
};
use crate::doctor::{machine::Process, variables::Variables};

/// The clients of this user, by their number. In three steps, each of which reads more of fewer processes.
pub(super) fn clients(home: &Path) -> Vec<Process> {
    let Ok(mut system) = System::new() else { return Vec::new() };
    let nothing = ProcessRefreshKind::nothing().without_tasks();
    let once = UpdateKind::OnlyIfNotSet;
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, nothing.with_user(once));
    let own = own(&system);
    let lines = nothing.with_exe(once).with_cmd(once);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&own), true, lines);
    let programs: Vec<Program> = own.iter().filter_map(|pid| program(&system, *pid)).collect();
    let clients = recognised(&programs);
    let pids: Vec<Pid> = clients.iter().map(|(client, _)| Pid::from_u32(client.pid)).collect();
    let rest = nothing.with_cwd(once).with_environ(once);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&pids), true, rest);
    clients
        .into_iter()
        .filter_map(|(client, above)| {
            let found = system.process(Pid::from_u32(client.pid))?;
            Some(Process { parent: above, ..process(found, home) })
        })
        .collect()
}

/// The processes of this user, by their number; all where the system tells no users.
fn own(system: &System) -> Vec<Pid> {
    let user = get_current_pid().ok().and_then(|pid| system.process(pid)?.user_id().cloned());
    let is_own = |process: &&sysinfo::Process| process.user_id() == user.as_ref();
    let mut own: Vec<Pid> =
        system.processes().values().filter(is_own).map(sysinfo::Process::pid).collect();
    own.sort_unstable();
    own
}

fn program(system: &System, pid: Pid) -> Option<Program> {
    let process = system.process(pid)?;
    Some(Program {
        pid: pid.as_u32(),
        parent: process.parent().map(Pid::as_u32),
        executable: process.exe().map(Path::to_owned),
        arguments: process.cmd().to_vec(),
    })
}

fn process(found: &sysinfo::Process, home: &Path) -> Process {
    let environment: Vec<(&str, &str)> = found.environ().iter().filter_map(pair).collect();
    let pid = found.pid().as_u32();
    Process {
        pid,
        parent: None,
        name: found.name().to_string_lossy().into_owned(),
        started_at: Timestamp::EPOCH.after(Duration::from_secs(found.start_time())),
        working_dir: found.cwd().map(Path::to_owned),
        config_dir: config_dir(&environment, found.cwd(), home),
        version: version(found.exe(), found.cmd()),
        has_terminal: has_terminal(pid),
        environment: Variables::keep(environment),
    }
}

/// Name and value; `None` for what is no text: none of our variables is.
fn pair(entry: &OsString) -> Option<(&str, &str)> {
    entry.to_str()?.split_once('=')
}

/// `CLAUDE_CONFIG_DIR`, else `.claude` in its home.
fn config_dir(environment: &[(&str, &str)], working_dir: Option<&Path>, home: &Path) -> PathBuf {
    let told = |name: &str| {
        let found = environment.iter().find(|(known, value)| *known == name && !value.is_empty());
        found.map(|(_, value)| Path::new(*value))
    };
    match (told("CLAUDE_CONFIG_DIR"), working_dir) {
        (Some(folder), Some(base)) => base.join(folder),
        (Some(folder), None) => folder.to_owned(),
        (None, _) => told("HOME").unwrap_or(home).join(".claude"),
    }
}
