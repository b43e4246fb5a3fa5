//! The examination as a whole.

use plimsoll_domain::Timestamp;

use super::{
    advice, client, hooks, installation,
    machine::{Machine, Process, Socket},
    report::{Finding, Report},
    resident::{Peer, Resident},
    surroundings,
};

/// What is examined.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) machine: &'a Machine,
    pub(super) resident: &'a Resident,
    pub(super) now: Timestamp,
}

/// Judges every client, and what is around them. Where all is well, there are no findings.
#[must_use]
pub fn examine(machine: &Machine, resident: &Resident, now: Timestamp) -> Report {
    let case = Case { machine, resident, now };
    let processes = case.clients();
    let mut findings = surroundings::findings(&case);
    findings.extend(installation::findings(&case, &processes));
    findings.extend(hooks::findings(machine));
    findings.extend(advice::findings(&case, &processes));
    Report {
        clients: processes.iter().map(|process| client::judge(process, &case)).collect(),
        findings: in_order(findings),
        knows_senders: machine.sockets.is_some(),
    }
}

impl<'a> Case<'a> {
    /// The clients, by their number. One that another client started is a part of that one, unless it sends itself.
    fn clients(&self) -> Vec<&'a Process> {
        let is_own = |process: &&Process| {
            process.parent.is_none() || self.sockets(process.pid).next().is_some()
        };
        let mut clients: Vec<_> = self.machine.processes.iter().filter(is_own).collect();
        clients.sort_by_key(|process| process.pid);
        clients
    }

    /// The client's connections to our receivers.
    pub(super) fn sockets(&self, pid: u32) -> impl Iterator<Item = &'a Socket> {
        let Self { machine, resident, .. } = *self;
        let sockets = machine.sockets.iter().flatten();
        sockets.filter(move |socket| socket.pid == pid && resident.receives(socket))
    }

    /// The connection over which the client's exports come. One that was closed is known by the folder only: an idle
    /// client may have closed its own.
    pub(super) fn heard(&self, process: &Process) -> Option<&'a Peer> {
        let resident = self.resident;
        let open = self.sockets(process.pid).filter_map(|socket| resident.peer(socket.local_port));
        let knows_senders = self.machine.sockets.is_some();
        open.max_by_key(|peer| peer.last_export).or_else(|| {
            let folder = process.working_dir.as_deref()?;
            resident.latest(folder, process.started_at, |peer| !(knows_senders && peer.is_open))
        })
    }
}

/// Each once, problems first.
fn in_order(findings: Vec<Finding>) -> Vec<Finding> {
    let mut once: Vec<Finding> = Vec::new();
    for finding in findings {
        if !once.contains(&finding) {
            once.push(finding);
        }
    }
    once.sort_by_key(|finding| finding.severity);
    once
}
