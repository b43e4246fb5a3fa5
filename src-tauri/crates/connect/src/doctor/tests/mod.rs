//! The examination over constructed situations, and the look at real processes.

mod findings;
mod properties;
#[cfg(target_os = "linux")]
mod real;
mod states;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use plimsoll_domain::Timestamp;
use serde_json::{Value, json};

use super::{
    Client, ClientState, Door, Ledger, Machine, Peer, Process, Report, Resident, SettingsFile,
    Socket, Variables, examine,
};

const HOME: &str = "/home/ada/.claude";
const PROJECT: &str = "/home/ada/engine";
const PID: u32 = 4242;
const PORT: u16 = 50_001;

/// A machine with one client, and the resident, in any state.
#[derive(Debug, Clone)]
struct Situation {
    machine: Machine,
    resident: Resident,
}

/// A moment, so many seconds into the test's day.
fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000).after(Duration::from_secs(seconds))
}

/// The moment of the examination.
fn now() -> Timestamp {
    at(1000)
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn door(text: &str) -> Door {
    Door { addresses: vec![address(text)], is_served: true }
}

/// What `plimsoll connect` writes.
fn connected() -> Value {
    json!({"env": {
        "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
        "OTEL_METRIC_EXPORT_INTERVAL": "1000",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "cumulative",
    }})
}

fn file(path: impl AsRef<Path>, value: &Value) -> SettingsFile {
    SettingsFile::parse(path.as_ref().to_owned(), &value.to_string())
}

fn client(pid: u32) -> Process {
    Process {
        pid,
        parent: None,
        name: "claude".to_owned(),
        started_at: at(100),
        working_dir: Some(PathBuf::from(PROJECT)),
        config_dir: PathBuf::from(HOME),
        environment: Variables::default(),
        version: Some("2.1.330".to_owned()),
        has_terminal: Some(true),
    }
}

fn socket(pid: u32, local_port: u16) -> Socket {
    Socket { pid, local_port, peer: address("127.0.0.1:4318") }
}

fn peer(port: u16) -> Peer {
    Peer {
        port,
        last_export: at(999),
        sessions: vec!["s-1".to_owned()],
        folders: vec![PathBuf::from(PROJECT)],
        is_open: true,
    }
}

impl Situation {
    /// One client that was connected before it began, and sends.
    fn healthy() -> Self {
        let mut settings = file(Path::new(HOME).join("settings.json"), &connected());
        settings.modified = Some(at(50));
        let machine = Machine {
            usual: PathBuf::from(HOME),
            processes: vec![client(PID)],
            sockets: Some(vec![socket(PID, PORT)]),
            settings: [(PathBuf::from(HOME), settings)].into(),
            ledger: Some(Ledger {
                folder: PathBuf::from("/home/ada/.local/share/plimsoll"),
                free_bytes: Some(50_000_000_000),
                is_open_to_others: false,
            }),
            ..Machine::default()
        };
        let resident = Resident {
            is_running: true,
            http: door("127.0.0.1:4318"),
            grpc: door("127.0.0.1:4317"),
            dashboard: door("127.0.0.1:3030"),
            peers: vec![peer(PORT)],
            connected: [(PathBuf::from(HOME), at(50))].into(),
            skew_millis: Some(20),
            ..Resident::default()
        };
        Self { machine, resident }
    }

    /// The same, but nothing arrives from the client.
    fn quiet() -> Self {
        let mut situation = Self::healthy();
        situation.resident.peers.clear();
        situation
    }

    /// With these variables in the user's settings; `null` takes one out.
    fn with_settings(mut self, variables: &Value) -> Self {
        let settings = self.machine.settings.get_mut(Path::new(HOME)).unwrap();
        let mut value = connected();
        for (name, told) in variables.as_object().unwrap() {
            match told {
                Value::Null => value["env"].as_object_mut().unwrap().remove(name),
                told => value["env"].as_object_mut().unwrap().insert(name.clone(), told.clone()),
            };
        }
        settings.variables = file("x", &value).variables;
        self
    }

    /// With settings of the user's that say nothing.
    fn unconnected(mut self) -> Self {
        let settings = self.machine.settings.get_mut(Path::new(HOME)).unwrap();
        settings.variables = Variables::default();
        self
    }

    /// With these local settings of the project.
    fn with_project(mut self, value: &Value) -> Self {
        let path = Path::new(PROJECT).join(".claude/settings.local.json");
        self.machine.projects.insert(PathBuf::from(PROJECT), vec![file(path, value)]);
        self
    }

    /// With these managed settings.
    fn with_managed(mut self, value: &Value) -> Self {
        self.machine.managed.push(file("/etc/claude-code/managed-settings.json", value));
        self
    }

    /// With this environment of the client.
    fn with_environment(mut self, pairs: &[(&str, &str)]) -> Self {
        self.machine.processes[0].environment = Variables::keep(pairs.iter().copied());
        self
    }

    fn change(mut self, change: impl FnOnce(&mut Machine, &mut Resident)) -> Self {
        change(&mut self.machine, &mut self.resident);
        self
    }

    fn examine(&self) -> Report {
        examine(&self.machine, &self.resident, now())
    }

    /// The only client.
    fn client(&self) -> Client {
        let report = self.examine();
        assert_eq!(report.clients.len(), 1, "{report:?}");
        report.clients.into_iter().next().unwrap()
    }
}

/// The codes of what concerns no single client.
fn codes(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|finding| finding.code).collect()
}

fn elsewhere(endpoint: &str) -> ClientState {
    ClientState::SendingElsewhere { endpoint: endpoint.to_owned() }
}
