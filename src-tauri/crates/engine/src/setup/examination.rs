//! The doctor's view of this engine, and its report for the API.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use plimsoll_api::{
    Time,
    setup::{Doctor, Finding, Fix, RunningClient},
};
use plimsoll_connect::doctor::{self, ClientState, Door, Peer, Places, Report, Resident, Severity};
use plimsoll_connect::settings::Records;
use plimsoll_domain::{
    Timestamp,
    health::{self, ListenerState, Status},
};

use crate::{
    Config,
    engine::{DASHBOARD, GRPC, HTTP, Surroundings},
    exporters::Exporter,
};

/// What is examined, beside the machine itself.
pub struct Examination<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// What lies around.
    pub around: &'a Surroundings,
    /// The state of the engine that runs; `None` where none does.
    pub status: Option<&'a Status>,
    /// Who sends to it.
    pub(crate) exporters: Vec<Exporter>,
    /// How far the clients' clock is ahead of ours, in milliseconds, as far as their last events tell.
    pub(crate) skew_millis: Option<i64>,
}

impl std::fmt::Debug for Examination<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Examination").field("exporters", &self.exporters).finish_non_exhaustive()
    }
}

impl<'a> Examination<'a> {
    /// Where no engine runs.
    #[must_use]
    pub fn without_engine(config: &'a Config, around: &'a Surroundings) -> Self {
        Self { config, around, status: None, exporters: Vec::new(), skew_millis: None }
    }

    fn door(&self, name: &str, wished: SocketAddr) -> Door {
        let listener = self.status.and_then(|status| status.listener(name));
        let is_served = listener.is_some_and(|listener| listener.state == ListenerState::Listening);
        let addresses = listener.into_iter().flat_map(|listener| &listener.addresses);
        let addresses: Vec<_> = addresses.filter_map(|address| address.parse().ok()).collect();
        Door { addresses: if addresses.is_empty() { vec![wished] } else { addresses }, is_served }
    }

    fn resident(&self) -> Resident {
        let Config { receiver, dashboard, .. } = self.config;
        let refused = self.exporters.iter().filter(|one| one.lacks_token).map(|one| one.port);
        let peers = self.exporters.iter().filter_map(|one| {
            Some(Peer {
                port: one.port,
                last_export: one.last_export?,
                sessions: one.sessions.iter().map(ToString::to_string).collect(),
                folders: Vec::new(),
                is_open: true,
            })
        });
        Resident {
            is_running: self.status.is_some(),
            http: self.door(HTTP, receiver.http),
            grpc: self.door(GRPC, receiver.grpc),
            dashboard: self.door(DASHBOARD, dashboard.listen),
            wants_token: receiver.token.is_some(),
            refused: refused.collect(),
            peers: peers.collect(),
            connected: self.connected(),
            skew_millis: self.skew_millis,
            problems: self.problems(),
        }
    }

    /// What is wrong with the engine itself. Of ports the doctor knows more by itself.
    fn problems(&self) -> Vec<doctor::Finding> {
        let problems = self.status.into_iter().flat_map(|status| &status.problems);
        let faults = problems.filter(|problem| problem.severity == health::Severity::Fault);
        let finding = |problem: &health::Problem| doctor::Finding {
            code: problem.code,
            severity: Severity::Problem,
            what: problem.message.clone(),
            remedy: "The Health page shows when it is over.".to_owned(),
            fix: None,
        };
        faults.map(finding).collect()
    }

    /// When connecting last wrote into each configuration folder.
    fn connected(&self) -> BTreeMap<PathBuf, Timestamp> {
        // Where that cannot be read, the files' own times tell.
        let records = Records::new(&self.around.places.data).load().unwrap_or_default();
        let times = self.around.client_folders.iter().filter_map(|folder| {
            let settings = folder.join("settings.json").canonicalize().ok()?;
            let record = records.iter().find(|(target, _)| *target == settings)?;
            Some((folder.clone(), record.1.written()?))
        });
        times.collect()
    }
}

/// Looks at the machine, and says what is found in the words of the API.
#[must_use]
pub fn told(examination: &Examination<'_>, now: Timestamp) -> Doctor {
    in_words(examine(examination, now), now)
}

fn examine(examination: &Examination<'_>, now: Timestamp) -> Report {
    let around = examination.around;
    let resident = examination.resident();
    // Whoever has them instead of us: to find that out takes a look at every process.
    let missed = [&resident.http, &resident.grpc].into_iter().filter(|door| !door.is_served);
    let ports = missed.flat_map(|door| &door.addresses).map(SocketAddr::port);
    let places = Places {
        home: around.places.home.clone(),
        config_dirs: around.client_folders.clone(),
        managed: doctor::managed_settings(),
        ledger: examination.config.ledger.path.parent().map(ToOwned::to_owned),
        ports: ports.collect(),
    };
    doctor::examine(&doctor::gather(&places), &resident, now)
}

fn in_words(report: Report, now: Timestamp) -> Doctor {
    let client = |client: doctor::Client| RunningClient {
        pid: client.pid,
        state: state(&client.state),
        project: client.project.map(|path| path.display().to_string()),
        sessions: client.sessions,
        started_at: Time(client.since),
        last_export_at: client.last_export.map(Time),
        finding: client.finding.map(finding),
    };
    Doctor {
        examined_at: Time(now),
        clients: report.clients.into_iter().map(client).collect(),
        findings: report.findings.into_iter().map(finding).collect(),
    }
}

fn state(state: &ClientState) -> &'static str {
    match state {
        ClientState::Sending => "sending",
        ClientState::Starting => "starting",
        ClientState::NeedsRestart => "needs-restart",
        ClientState::Silent => "silent",
        ClientState::SendingElsewhere { .. } => "sending-elsewhere",
        ClientState::TelemetryOff => "telemetry-off",
        ClientState::Locked { .. } => "locked",
    }
}

fn finding(finding: doctor::Finding) -> Finding {
    let fix = finding.fix.map(|fix| {
        let (name, path) = match fix {
            doctor::Fix::Connect { config_dir } => ("connect", config_dir),
            doctor::Fix::MakePrivate { path } => ("make-private", path),
        };
        Fix { name: name.to_owned(), path: path.display().to_string() }
    });
    Finding {
        code: finding.code,
        severity: match finding.severity {
            Severity::Problem => "problem",
            Severity::Advice => "advice",
        },
        what: finding.what,
        remedy: finding.remedy,
        fix,
    }
}
