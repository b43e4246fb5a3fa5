//! Every situation of a client, and what is to be said of it.

use std::{
    fs::File,
    time::{Duration, SystemTime},
};

use plimsoll_connect::doctor::{ClientState, Fix};
use serde_json::json;

use crate::{
    desk::{Desk, Place, now},
    stand_in::{Link, MARKER, StandIn, Start},
};

/// What is to be said of a client.
pub(super) struct Told {
    /// Within its first seconds, and a minute later.
    pub(super) states: [ClientState; 2],
    pub(super) code: Option<&'static str>,
    pub(super) remedy: String,
    pub(super) fix: Option<Fix>,
    /// Of the machine, where no other client is on it.
    pub(super) findings: &'static [&'static str],
}

/// A client in its situation.
pub(super) struct Situation {
    pub(super) name: &'static str,
    pub(super) client: StandIn,
    pub(super) told: Told,
}

/// Makes one, some together with others.
pub(super) type Make = fn(&Desk) -> Vec<Situation>;

pub(super) const ALL: [Make; 11] = [
    sending,
    parent,
    pair,
    starting,
    silent,
    connected_later,
    written_later,
    elsewhere,
    off,
    proxy,
    refused,
];

/// The token of the resident.
pub(super) const TOKEN: &str = "MARKER-token";
/// By how much settings were written later than a client began.
const LATER: Duration = Duration::from_secs(10);

impl Told {
    fn nothing() -> Self {
        Self {
            states: [ClientState::Sending, ClientState::Sending],
            code: None,
            remedy: String::new(),
            fix: None,
            findings: &[],
        }
    }

    fn always(state: ClientState, code: &'static str, remedy: String) -> Self {
        Self { states: [state.clone(), state], code: Some(code), remedy, ..Self::nothing() }
    }

    /// Nothing at first.
    fn later(code: &'static str, remedy: String) -> Self {
        let states = [ClientState::Starting, ClientState::Silent];
        Self { states, ..Self::always(ClientState::Silent, code, remedy) }
    }

    fn silent() -> Self {
        let remedy = "Answer what it asks at its start; if it asks nothing, restart it.";
        Self::later("silent", remedy.to_owned())
    }

    fn needs_restart(place: &Place) -> Self {
        let process = procfs::process::Process::myself().unwrap();
        let has_terminal = process.stat().unwrap().tty_nr != 0;
        let project = place.project();
        let remedy = if has_terminal {
            format!("Leave it, and go on with `claude --continue` in {}.", project.display())
        } else {
            "Restart it, or the program that runs it.".to_owned()
        };
        Self::always(ClientState::NeedsRestart, "needs-restart", remedy)
    }
}

fn one(name: &'static str, client: StandIn, told: Told) -> Vec<Situation> {
    vec![Situation { name, client, told }]
}

fn link(link: Link) -> Start {
    Start { link, ..Start::default() }
}

/// One that was connected right before it began.
fn connected(desk: &Desk, name: &str, start: &Start) -> StandIn {
    let place = desk.place(name);
    let connected = place.connect(desk, &desk.wish(TOKEN));
    let mut client = StandIn::start(desk, &place, start);
    client.connected = Some(connected);
    client
}

fn connect_command(client: &StandIn) -> String {
    format!("`CLAUDE_CONFIG_DIR={} plimsoll connect`", client.config.display())
}

fn sending(desk: &Desk) -> Vec<Situation> {
    one("sending", connected(desk, "sending", &link(Link::Sends)), Told::nothing())
}

/// The client that it starts is a part of it, and no situation.
fn parent(desk: &Desk) -> Vec<Situation> {
    let start = Start { has_child: true, ..link(Link::Sends) };
    one("parent", connected(desk, "parent", &start), Told::nothing())
}

/// Two with the same settings in the same folder, of which one sends.
fn pair(desk: &Desk) -> Vec<Situation> {
    let place = desk.place("pair");
    let connected = place.connect(desk, &desk.wish(TOKEN));
    let start = |to| {
        let mut client = StandIn::start(desk, &place, &link(to));
        client.connected = Some(connected);
        client
    };
    let (first, second) = (start(Link::Sends), start(Link::Nothing));
    let mut both = one("first of two", first, Told::nothing());
    both.extend(one("second of two", second, Told::silent()));
    both
}

fn starting(desk: &Desk) -> Vec<Situation> {
    one("starting", connected(desk, "starting", &link(Link::Nothing)), Told::silent())
}

/// It is connected to the receiver, and says nothing; its settings were written by hand.
fn silent(desk: &Desk) -> Vec<Situation> {
    let mut client = connected(desk, "silent", &link(Link::Idle));
    client.connected = None;
    one("silent", client, Told::silent())
}

/// It was connected while it ran. Not waited for, but told: the time of a start is known to two seconds only.
fn connected_later(desk: &Desk) -> Vec<Situation> {
    let place = desk.place("connected-later");
    let mut client = StandIn::start(desk, &place, &link(Link::Nothing));
    place.connect(desk, &desk.wish(TOKEN));
    client.connected = Some(now().after(LATER));
    one("connected later", client, Told::needs_restart(&place))
}

/// The same by hand, so that only the file tells when.
fn written_later(desk: &Desk) -> Vec<Situation> {
    let place = desk.place("written-later");
    let client = StandIn::start(desk, &place, &link(Link::Nothing));
    place.connect(desk, &desk.wish(TOKEN));
    let file = File::options().write(true).open(place.settings()).unwrap();
    file.set_modified(SystemTime::now() + LATER).unwrap();
    one("written later", client, Told::needs_restart(&place))
}

fn elsewhere(desk: &Desk) -> Vec<Situation> {
    let (place, endpoint) = (desk.place("elsewhere"), desk.elsewhere());
    place.write(&json!({"env": {
        "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": format!("http://{MARKER}-user:{MARKER}@{endpoint}/?{MARKER}"),
    }}));
    let client = StandIn::start(desk, &place, &link(Link::Elsewhere));
    let remedy = format!("Run {}, and restart it.", connect_command(&client));
    let told =
        Told::always(ClientState::SendingElsewhere { endpoint }, "sending-elsewhere", remedy);
    one("elsewhere", client, Told { findings: &["not-connected"], ..told })
}

/// It has settings, but none for telemetry.
fn off(desk: &Desk) -> Vec<Situation> {
    let place = desk.place("off");
    place.write(&json!({"model": "opus"}));
    let client = StandIn::start(desk, &place, &link(Link::Nothing));
    let remedy = format!("Run {}, and restart it.", connect_command(&client));
    let fix = Some(Fix::Connect { config_dir: place.config() });
    let told = Told::always(ClientState::TelemetryOff, "telemetry-off", remedy);
    one("off", client, Told { fix, findings: &["not-connected"], ..told })
}

/// What it sends goes to a proxy.
fn proxy(desk: &Desk) -> Vec<Situation> {
    let proxy = format!("http://{MARKER}:{MARKER}@{}", desk.elsewhere());
    let environment =
        vec![("HTTP_PROXY", proxy), ("NO_PROXY", "localhost,.corp.example".to_owned())];
    let client = connected(desk, "proxy", &Start { environment, ..link(Link::Elsewhere) });
    let remedy = "Add 127.0.0.1 to NO_PROXY, and restart it.".to_owned();
    one("proxy", client, Told::later("proxy", remedy))
}

/// It shows the token of another day.
fn refused(desk: &Desk) -> Vec<Situation> {
    let place = desk.place("refused");
    let connected = place.connect(desk, &desk.wish("MARKER-old"));
    let mut client = StandIn::start(desk, &place, &link(Link::Refused));
    client.connected = Some(connected);
    let remedy = format!("Run {}, and restart it.", connect_command(&client));
    one("refused", client, Told::later("token-wrong", remedy))
}
