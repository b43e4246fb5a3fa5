//! A desk with clients on it: real processes that are named like the client, and what they connect to.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use plimsoll_connect::{
    doctor::{self, Door, Machine, Places, Resident},
    settings::{self, Destination, Plimsoll, Receiver, Records, Wish},
};
use plimsoll_domain::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

use crate::stand_in::{Link, StandIn};

/// Folders of its own, the doors of a resident, and another place to send to. Nothing answers anywhere: what matters
/// is who connects.
pub(super) struct Desk {
    /// Others may enter it: what is to be private must be so by itself.
    root: PathBuf,
    http: TcpListener,
    grpc: TcpListener,
    dashboard: TcpListener,
    /// The other place.
    elsewhere: TcpListener,
    _folder: TempDir,
}

impl Desk {
    pub(super) fn new() -> Self {
        let folder = tempfile::Builder::new().tempdir_in("/tmp").unwrap();
        let root = folder.path().canonicalize().unwrap();
        set_mode(&root, 0o755);
        make_folder(&root.join("ledger"), 0o700);
        // By another program: a file that is open here for writing would be inherited by what other threads start
        // meanwhile, and cannot be run until they are under way.
        let copied = Command::new("cp").arg("/bin/bash").arg(root.join("claude")).status();
        assert!(copied.unwrap().success());
        let bind = || TcpListener::bind("127.0.0.1:0").unwrap();
        let (http, grpc, dashboard, elsewhere) = (bind(), bind(), bind(), bind());
        Self { root, http, grpc, dashboard, elsewhere, _folder: folder }
    }

    pub(super) fn ledger(&self) -> PathBuf {
        self.root.join("ledger")
    }

    /// Where a client with this link connects to.
    pub(super) fn receiver(&self, link: Link) -> Option<&TcpListener> {
        match link {
            Link::Nothing => None,
            Link::Idle | Link::Sends | Link::Refused => Some(&self.http),
            Link::Elsewhere => Some(&self.elsewhere),
        }
    }

    /// Host and port of the other place.
    pub(super) fn elsewhere(&self) -> String {
        self.elsewhere.local_addr().unwrap().to_string()
    }

    /// Folders for clients.
    pub(super) fn place(&self, name: &str) -> Place {
        let root = self.root.join(name);
        let place = Place { root: root.clone(), program: self.root.join("claude") };
        for folder in [root, place.home(), place.config(), place.project()] {
            make_folder(&folder, 0o755);
        }
        place
    }

    /// Everything that `plimsoll connect` can write.
    pub(super) fn wish(&self, token: &str) -> Wish {
        let url = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let receiver = Receiver {
            endpoint: url(&self.http),
            also: vec![url(&self.grpc)],
            token: Some(token.to_owned()),
        };
        let plimsoll = Plimsoll {
            receiver,
            dashboard: Some(url(&self.dashboard)),
            program: PathBuf::from("/opt/plimsoll"),
            in_session: false,
        };
        let destination = Destination::Keep;
        Wish { plimsoll, telemetry: true, hooks: true, status_line: true, destination }
    }

    /// What is found of these clients and their parts. Others may run on this machine, and this test below one.
    pub(super) fn gather(&self, clients: &[&StandIn], managed: &[PathBuf]) -> Machine {
        let config_dirs: Vec<PathBuf> =
            clients.iter().map(|client| client.config.clone()).collect();
        let mut machine = doctor::gather(&Places {
            home: self.root.join("nobody"),
            config_dirs: config_dirs.clone(),
            managed: managed.to_vec(),
            ledger: Some(self.ledger()),
            ports: Vec::new(),
        });
        // None of the clients is where commands look by themselves.
        machine.usual = self.root.join("nobody/.claude");
        let is_ours = |pid: u32| clients.iter().any(|client| client.pid() == pid);
        for process in &mut machine.processes {
            process.parent = process.parent.filter(|above| is_ours(*above));
        }
        machine.processes.retain(|process| is_ours(process.pid) || process.parent.is_some());
        machine.settings.retain(|folder, _| config_dirs.contains(folder));
        machine.projects.retain(|folder, _| folder.starts_with(&self.root));
        machine
    }

    /// What the resident knows of these clients: the ports from which they came, and what came.
    pub(super) fn resident(&self, clients: &[&StandIn]) -> Resident {
        let door = |listener: &TcpListener| Door {
            addresses: vec![listener.local_addr().unwrap()],
            is_served: true,
        };
        let of = |link| clients.iter().filter(move |client| client.link == link);
        let connected = clients.iter().filter_map(|it| Some((it.config.clone(), it.connected?)));
        Resident {
            is_running: true,
            http: door(&self.http),
            grpc: door(&self.grpc),
            dashboard: door(&self.dashboard),
            wants_token: true,
            refused: of(Link::Refused).map(|client| client.port().unwrap()).collect(),
            // The refused one was heard too, until it was asked for another token.
            peers: of(Link::Sends).chain(of(Link::Refused)).map(|client| client.peer()).collect(),
            connected: connected.collect(),
            skew_millis: Some(0),
            problems: Vec::new(),
        }
    }
}

/// The folders of a client.
pub(super) struct Place {
    root: PathBuf,
    /// The client's program.
    pub(super) program: PathBuf,
}

impl Place {
    pub(super) fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    pub(super) fn config(&self) -> PathBuf {
        self.root.join("config")
    }

    pub(super) fn project(&self) -> PathBuf {
        self.root.join("project")
    }

    pub(super) fn settings(&self) -> PathBuf {
        self.config().join("settings.json")
    }

    /// Writes settings by hand.
    pub(super) fn write(&self, settings: &Value) {
        fs::write(self.settings(), settings.to_string()).unwrap();
    }

    /// Does what `plimsoll connect` does, and says when that was done.
    pub(super) fn connect(&self, desk: &Desk, wish: &Wish) -> Timestamp {
        let found = settings::find(&[self.config()]).pop().unwrap();
        let edit = settings::connect(found.text().unwrap(), wish, None).unwrap();
        settings::apply(&found, &edit, "20261129-120000", &Records::new(&desk.ledger())).unwrap();
        now()
    }
}

pub(super) fn now() -> Timestamp {
    Timestamp::EPOCH.after(SystemTime::now().duration_since(UNIX_EPOCH).unwrap())
}

pub(super) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn make_folder(path: &Path, mode: u32) {
    fs::create_dir(path).unwrap();
    set_mode(path, mode);
}
