//! Whose connections there are, from the kernel's tables.

use std::{collections::HashMap, fs, path::Path};

use procfs::net::{TcpNetEntry, TcpState, tcp, tcp6};

use crate::doctor::machine::{Listener, Socket};

/// The TCP sockets of the machine.
pub(in crate::doctor::gather) struct Sockets(Vec<TcpNetEntry>);

impl Sockets {
    /// Reads the tables; `None` where they cannot be read. A machine need not have IPv6.
    pub(in crate::doctor::gather) fn read() -> Option<Self> {
        let mut sockets = tcp().ok()?;
        sockets.extend(tcp6().unwrap_or_default());
        Some(Self(sockets))
    }

    /// The established connections of these processes.
    pub(in crate::doctor::gather) fn of(&self, pids: &[u32]) -> Vec<Socket> {
        let established = |entry: &&TcpNetEntry| entry.state == TcpState::Established;
        let by_inode: HashMap<u64, &TcpNetEntry> =
            self.0.iter().filter(established).map(|entry| (entry.inode, entry)).collect();
        let sockets = pids.iter().flat_map(|pid| {
            inodes(*pid).into_iter().filter_map(|inode| by_inode.get(&inode)).map(|entry| Socket {
                pid: *pid,
                local_port: entry.local_address.port(),
                peer: entry.remote_address,
            })
        });
        sockets.collect()
    }

    /// Who listens on these ports.
    pub(in crate::doctor::gather) fn listeners(&self, ports: &[u16]) -> Vec<Listener> {
        let is_listening = |entry: &&TcpNetEntry| {
            entry.state == TcpState::Listen && ports.contains(&entry.local_address.port())
        };
        let listening: Vec<&TcpNetEntry> = self.0.iter().filter(is_listening).collect();
        let mut owners = owners(&listening);
        let listener = |entry: &TcpNetEntry| Listener {
            address: entry.local_address,
            program: owners.remove(&entry.inode),
        };
        listening.into_iter().map(listener).collect()
    }
}

/// The programs that hold these sockets. Looks only at processes of their users that we may look at.
fn owners(sockets: &[&TcpNetEntry]) -> HashMap<u64, (u32, String)> {
    let mut owners = HashMap::new();
    if sockets.is_empty() {
        return owners;
    }
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
        let held = inodes(pid);
        for socket in sockets.iter().filter(|socket| held.contains(&socket.inode)) {
            owners.entry(socket.inode).or_insert_with(|| (pid, name(pid)));
        }
        if owners.len() == sockets.len() {
            break;
        }
    }
    owners
}

/// Whether the process has a terminal.
pub(in crate::doctor::gather) fn has_terminal(pid: u32) -> Option<bool> {
    let process = procfs::process::Process::new(pid.try_into().ok()?).ok()?;
    Some(process.stat().ok()?.tty_nr != 0)
}

/// The sockets that a process holds, none where we may not look.
fn inodes(pid: u32) -> Vec<u64> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let links = files.filter_map(|file| fs::read_link(file.path()).ok());
    links.filter_map(|link| inode(&link)).collect()
}

/// The number in `socket:[123]`.
fn inode(link: &Path) -> Option<u64> {
    link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

fn name(pid: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim_end().to_owned()
}
