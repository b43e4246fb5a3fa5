//! The look at real processes. Other clients may run on this machine: every test asks for its own by number.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use plimsoll_domain::Timestamp;
use tempfile::TempDir;

use crate::doctor::{Machine, Places, Process, gather};

/// A program named `claude` in a folder of its own, ended with the test.
struct StandIn {
    folder: TempDir,
    child: Child,
}

impl StandIn {
    /// A copy of this program, started with these arguments, a home of its own and a secret in its environment.
    fn start(program: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        // By another program: a file that is open here for writing is inherited by what other tests start meanwhile,
        // and cannot be run until they are under way.
        let copied = Command::new("cp").arg(program).arg(place("claude")).status();
        assert!(copied.unwrap().success());
        fs::create_dir_all(place("project/.claude")).unwrap();
        fs::create_dir(place("config")).unwrap();
        fs::write(place("config/settings.json"), r#"{"env": {"OTEL_LOGS_EXPORTER": "otlp"}}"#)
            .unwrap();
        fs::write(place("project/.claude/settings.json"), "{").unwrap();
        let child = Command::new(place("claude"))
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("CLAUDE_CONFIG_DIR", place("config"))
            .env("OTEL_METRICS_EXPORTER", "otlp")
            .env("ANTHROPIC_API_KEY", "MARKER")
            .current_dir(place("project"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self { folder, child }
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn find<'a>(&self, machine: &'a Machine) -> Option<&'a Process> {
        machine.processes.iter().find(|process| process.pid == self.child.id())
    }

    fn output(&mut self) -> BufReader<ChildStdout> {
        BufReader::new(self.child.stdout.take().unwrap())
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn places(ports: &[u16]) -> Places {
    Places {
        home: PathBuf::from("/nowhere"),
        config_dirs: Vec::new(),
        managed: Vec::new(),
        ledger: Some(PathBuf::from("/")),
        ports: ports.to_vec(),
    }
}

fn now() -> Timestamp {
    Timestamp::EPOCH.after(SystemTime::now().duration_since(UNIX_EPOCH).unwrap())
}

/// Scenario: a program named `claude` runs, with settings, a project and a secret in its environment.
/// Guarantees: it is found with its folders, files, start and variables, without the secret; when it has ended it is not.
#[test]
fn a_client_is_found_with_its_places() {
    let before = now();
    let client = StandIn::start("/bin/sleep", &["600"]);
    let machine = gather(&places(&[]));
    let found = client.find(&machine).unwrap();
    assert_eq!(found.working_dir.as_deref(), Some(client.place("project").as_path()));
    assert_eq!(found.config_dir, client.folder.path().join("config"));
    assert_eq!(found.environment.names().collect::<Vec<_>>(), ["OTEL_METRICS_EXPORTER"]);
    let precision = Duration::from_secs(2);
    assert!(found.started_at.after(precision) >= before && found.started_at <= now(), "{found:?}");
    assert!(!format!("{machine:?}").contains("MARKER"));
    let settings = &machine.settings[&found.config_dir];
    assert_eq!(settings.variables.get("OTEL_LOGS_EXPORTER"), Some("otlp"));
    assert!(settings.modified.is_some_and(|time| time <= now()));
    assert_eq!(machine.projects[&client.place("project")].len(), 1);
    assert!(machine.ledger.unwrap().free_bytes.is_some());
    let pid = client.child.id();
    drop(client);
    assert!(gather(&places(&[])).processes.iter().all(|process| process.pid != pid));
}

/// Scenario: a client connects to a receiver, and has a child that is a client too.
/// Guarantees: its number is found by its port; the child is a part of it; the receiver's owner is this process.
#[test]
fn a_connection_tells_its_client() {
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = receiver.local_addr().unwrap().port();
    let script = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port}; (exec -a claude sleep 600) & echo $!; read line; kill $!"
    );
    let mut client = StandIn::start("/bin/bash", &["-c", &script]);
    let (connection, peer) = receiver.accept().unwrap();
    let mut line = String::new();
    client.output().read_line(&mut line).unwrap();
    let child: u32 = line.trim().parse().unwrap();
    wait_until_named(child);
    let machine = gather(&places(&[port]));
    let sockets = machine.sockets.as_ref().unwrap();
    let senders: Vec<_> = sockets.iter().filter(|it| it.local_port == peer.port()).collect();
    assert!(senders.iter().any(|it| it.pid == client.child.id() && it.peer.port() == port));
    assert_eq!(client.find(&machine).unwrap().has_terminal, Some(has_terminal()));
    let found = machine.processes.iter().find(|process| process.pid == child).unwrap();
    assert_eq!(found.parent, Some(client.child.id()));
    let owner = machine.listeners.iter().find_map(|it| it.program.as_ref()).unwrap();
    assert_eq!(owner.0, std::process::id());
    drop(connection);
    drop(client.child.stdin.take());
    client.child.wait().unwrap();
}

/// Scenario: a machine with its usual processes.
/// Guarantees: a look takes little time; the bound is wide, for tests run beside each other and without optimisation.
#[test]
fn a_look_is_quick() {
    let began = Instant::now();
    let machine = gather(&places(&[]));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", machine.processes.len());
}

/// Waits until the child runs its program: until then it is a copy of the shell.
fn wait_until_named(pid: u32) {
    let is_named = || {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        line.starts_with(b"claude\x00600")
    };
    let began = Instant::now();
    while !is_named() {
        assert!(began.elapsed() < Duration::from_secs(20), "the child does not start");
        std::thread::yield_now();
    }
}

fn has_terminal() -> bool {
    let mut stat = String::new();
    fs::File::open(Path::new("/proc/self/stat")).unwrap().read_to_string(&mut stat).unwrap();
    let rest = stat.rsplit(')').next().unwrap();
    rest.split_ascii_whitespace().nth(4).unwrap() != "0"
}
