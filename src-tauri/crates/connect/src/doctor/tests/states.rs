//! Every state of a client, and why.

use serde_json::json;

use super::{
    ClientState, Machine, PID, PORT, PROJECT, Process, Resident, Situation, address, at, client,
    codes, connected, door, elsewhere, peer, socket,
};

const LOCKING: &str = "https://me:MARKER@otel.corp.example/x?key=MARKER";

/// Scenario: a machine on which all is well.
/// Guarantees: the client sends, and there is nothing to say.
#[test]
fn all_is_well() {
    let report = Situation::healthy().examine();
    assert_eq!(codes(&report), Vec::<&str>::new());
    let client = &report.clients[0];
    assert_eq!((&client.state, &client.finding), (&ClientState::Sending, &None));
    assert_eq!(client.last_export, Some(at(999)));
    assert_eq!(client.sessions, ["s-1"]);
    assert!(report.knows_senders);
}

type Expected = (&'static str, Situation, ClientState, Option<&'static str>);

fn check(cases: Vec<Expected>) {
    for (name, situation, state, code) in cases {
        let client = situation.client();
        assert_eq!(client.state, state, "{name}");
        assert_eq!(client.finding.as_ref().map(|finding| finding.code), code, "{name}");
        assert!(!format!("{:?}", situation.examine()).contains("MARKER"), "{name}");
    }
}

/// Scenario: clients whose settings send them elsewhere or nowhere.
/// Guarantees: state and code are exactly these; no secret of an address is told.
#[test]
fn settings_that_keep_clients_from_us() {
    use ClientState::{Locked, TelemetryOff};
    let off = json!({"env": {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}});
    let locking = json!({"env": {"OTEL_EXPORTER_OTLP_ENDPOINT": LOCKING}});
    let of_one = json!({"env": {"CLAUDE_CODE_ENABLE_TELEMETRY": "0"}});
    let to = |name, url: &str, place, code| {
        let endpoint = json!({"OTEL_EXPORTER_OTLP_ENDPOINT": url});
        (name, Situation::quiet().with_settings(&endpoint), elsewhere(place), Some(code))
    };
    let corporate = Locked { endpoint: Some("otel.corp.example:443".to_owned()) };
    let project = Situation::quiet().with_project(&off);
    check(vec![
        to("a collector", "http://u:MARKER@a.example:9", "a.example:9", "sending-elsewhere"),
        to("a wrong path", "http://localhost:4318/x", "localhost:4318", "endpoint-wrong"),
        to("TLS", "https://localhost:4318", "localhost:4318", "endpoint-wrong"),
        to("the port for gRPC", "http://localhost:4317", "localhost:4317", "endpoint-wrong"),
        ("off", Situation::quiet().unconnected(), TelemetryOff, Some("telemetry-off")),
        ("off by the project", project, TelemetryOff, Some("telemetry-off")),
        ("locked", Situation::quiet().with_managed(&locking), corporate, Some("locked")),
        (
            "locked off",
            Situation::quiet().with_managed(&of_one),
            Locked { endpoint: None },
            Some("locked"),
        ),
    ]);
}

/// Scenario: clients whose settings point to us, and of which nothing arrives.
/// Guarantees: state and code are exactly these.
#[test]
fn connected_clients_that_are_not_heard() {
    use ClientState::{NeedsRestart, Silent, Starting};
    let quiet = |change: fn(&mut Machine, &mut Resident)| Situation::quiet().change(change);
    let behind = |pairs: &[(&str, &str)]| Situation::quiet().with_environment(pairs);
    let proxy = ("HTTP_PROXY", "http://proxy:3128");
    let refused = Situation::healthy().change(|_, resident| resident.refused.push(PORT));
    let by_hand = quiet(|machine, resident| {
        resident.connected.clear();
        machine.settings.values_mut().for_each(|file| file.modified = Some(at(500)));
    });
    let late = quiet(|_, resident| resident.connected.values_mut().for_each(|it| *it = at(500)));
    let young = quiet(|machine, _| machine.processes[0].started_at = at(990));
    let buggy = quiet(|machine, _| machine.processes[0].version = Some("2.1.252".to_owned()));
    let closed = quiet(|_, resident| resident.is_running = false);
    let guarded = quiet(|_, resident| resident.wants_token = true);
    check(vec![
        ("nothing arrives", Situation::quiet(), Silent, Some("silent")),
        ("young", young, Starting, None),
        ("began before it was connected", late, NeedsRestart, Some("needs-restart")),
        ("began before the file was written by hand", by_hand, NeedsRestart, Some("needs-restart")),
        ("a proxy", behind(&[proxy]), Silent, Some("proxy")),
        ("exempt", behind(&[proxy, ("no_proxy", "127.0.0.1")]), Silent, Some("silent")),
        ("no token", guarded, Silent, Some("token-missing")),
        ("a wrong token", refused, Silent, Some("token-wrong")),
        ("a version with a bug", buggy, Silent, Some("known-bug")),
        ("the resident is to blame", closed, Silent, None),
    ]);
}

/// Scenario: clients that began shortly before and after they were connected, by the rounded time of their start.
/// Guarantees: only one that surely began before is told to restart.
#[test]
fn a_restart_is_asked_for_only_where_it_is_certain() {
    for (started, state) in [
        (497, ClientState::NeedsRestart),
        (498, ClientState::NeedsRestart),
        (499, ClientState::Silent),
        (501, ClientState::Silent),
    ] {
        let situation = Situation::quiet().change(|machine, resident| {
            machine.processes[0].started_at = at(started);
            resident.connected.values_mut().for_each(|time| *time = at(500));
        });
        assert_eq!(situation.client().state, state, "{started}");
    }
}

/// Scenario: a client whose environment points it to us, while the settings were written after it began.
/// Guarantees: it is not told to restart, for the settings change nothing for it.
#[test]
fn an_environment_that_points_to_us_needs_no_restart() {
    let env = connected()["env"].clone();
    let pairs: Vec<(&str, &str)> = env
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let situation = Situation::quiet().with_environment(&pairs).change(|_, resident| {
        resident.connected.values_mut().for_each(|time| *time = at(500));
    });
    assert_eq!(situation.client().state, ClientState::Silent);
    let unconnected = Situation::healthy().unconnected().with_environment(&pairs);
    assert_eq!(codes(&unconnected.examine()), Vec::<&str>::new());
}

/// Scenario: clients that send whatever their settings say: off, elsewhere, written later, behind a proxy.
/// Guarantees: what arrives counts, not what the settings say.
#[test]
fn what_arrives_counts() {
    for situation in [
        Situation::healthy().unconnected(),
        Situation::healthy().with_settings(&json!({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:1"})),
        Situation::healthy().with_environment(&[("ALL_PROXY", "socks5://a")]),
        Situation::healthy()
            .change(|_, resident| resident.connected.values_mut().for_each(|time| *time = at(500))),
    ] {
        assert_eq!(situation.client().state, ClientState::Sending);
        assert_eq!(situation.client().finding, None);
    }
}

/// Scenario: every way to name our receivers, with each protocol.
/// Guarantees: a client that uses one is set up.
#[test]
fn all_ways_to_us_are_known() {
    for variables in [
        json!({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318/"}),
        json!({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://[::1]:4318"}),
        json!({"OTEL_EXPORTER_OTLP_ENDPOINT": null}),
        json!({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"}),
        json!({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}),
        json!({"OTEL_METRICS_EXPORTER": "console, otlp"}),
        json!({
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a.example",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:4318/v1/metrics",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://127.0.0.1:4317",
            "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "grpc",
        }),
    ] {
        let situation = Situation::quiet().with_settings(&variables);
        assert_eq!(situation.client().state, ClientState::Silent, "{variables}");
    }
}

/// Scenario: a project tries to switch telemetry on, and to send it elsewhere.
/// Guarantees: it is not heard; managed settings that point to us are.
#[test]
fn projects_can_only_switch_off() {
    let project = Situation::quiet().unconnected().with_project(&connected());
    assert_eq!(project.client().state, ClientState::TelemetryOff);
    let project = json!({"env": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:1"}});
    assert_eq!(Situation::quiet().with_project(&project).client().state, ClientState::Silent);
    let managed = Situation::quiet().unconnected().with_managed(&connected());
    assert_eq!(managed.client().state, ClientState::Silent);
}

/// Scenario: managed settings name our address for all signals, the user's another for one.
/// Guarantees: the managed ones take the user's away.
#[test]
fn managed_settings_take_away_single_signals() {
    let single = json!({
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://a:1",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://a:1",
    });
    let situation = Situation::quiet().with_settings(&single);
    assert_eq!(situation.client().state, elsewhere("a:1"));
    assert_eq!(situation.with_managed(&connected()).client().state, ClientState::Silent);
}

/// Scenario: a client that a client started, without and with a connection of its own.
/// Guarantees: it is a part of the other until it sends itself.
#[test]
fn a_part_of_a_client_is_no_client() {
    let child = Process { parent: Some(PID), ..client(9) };
    let situation = Situation::healthy().change(|machine, _| machine.processes.push(child));
    assert_eq!(situation.client().pid, PID);
    let sending = situation.change(|machine, resident| {
        machine.sockets.as_mut().unwrap().push(socket(9, 50_009));
        resident.peers.push(peer(50_009));
    });
    let pids: Vec<_> = sending.examine().clients.iter().map(|client| client.pid).collect();
    assert_eq!(pids, [9, PID]);
}

/// Scenario: connections to another port, of another process, a closed one, and a system that tells none.
/// Guarantees: a port counts only for the process that holds it; the folder counts only where nothing better is known.
#[test]
fn senders_are_told_by_their_connection() {
    let foreign = Situation::healthy().change(|machine, _| {
        machine.sockets.as_mut().unwrap()[0].peer = address("10.0.0.1:4318");
    });
    assert_eq!(foreign.client().state, ClientState::Silent);
    let other =
        Situation::healthy().change(|machine, _| machine.sockets = Some(vec![socket(1, PORT)]));
    assert_eq!(other.client().state, ClientState::Silent);
    let closed = Situation::healthy().change(|machine, resident| {
        machine.sockets = Some(Vec::new());
        resident.peers[0].is_open = false;
    });
    assert_eq!(closed.client().state, ClientState::Sending);
    let before = closed.change(|_, resident| resident.peers[0].last_export = at(99));
    assert_eq!(before.client().state, ClientState::Silent);
    let untold = Situation::healthy().change(|machine, _| machine.sockets = None);
    assert_eq!(untold.client().state, ClientState::Sending);
    assert!(!untold.examine().knows_senders);
    let strange = untold.change(|_, resident| resident.peers[0].folders.clear());
    assert_eq!(strange.client().state, ClientState::Silent);
}

/// Scenario: a client over gRPC, one whose receiver's port is taken, and a report as JSON.
/// Guarantees: the former is looked for at its door; the latter is not blamed; names are camelCase and unknown is null.
#[test]
fn doors_are_told_apart() {
    let variables = json!({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"});
    let grpc = Situation::quiet().with_settings(&variables);
    let blocked = grpc.change(|_, resident| resident.grpc.is_served = false);
    assert_eq!(blocked.client().finding, None);
    let moved = Situation::quiet().change(|_, resident| resident.http = door("127.0.0.1:5000"));
    assert_eq!(moved.client().state, elsewhere("127.0.0.1:4318"));
    let value = serde_json::to_value(moved.client()).unwrap();
    assert_eq!(value["state"], json!({"name": "sending-elsewhere", "endpoint": "127.0.0.1:4318"}));
    assert_eq!(value["since"], json!("2026-11-18T11:08:20.000Z"));
    assert_eq!((&value["lastExport"], &value["project"]), (&json!(null), &json!(PROJECT)));
    assert_eq!(value["finding"]["severity"], json!("problem"));
}

/// Scenario: two clients whose configuration folders have the same name, one of them where commands look by themselves.
/// Guarantees: the remedy of the other names its folder; it would connect the wrong one otherwise.
#[test]
fn remedies_name_the_folder_that_is_meant() {
    let variables = json!({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel.corp:4318"});
    let usual = Situation::quiet().with_settings(&variables);
    let remedy = usual.client().finding.unwrap().remedy;
    assert!(remedy.contains("`plimsoll connect`"), "{remedy}");
    let other = usual.change(|machine, _| machine.usual = "/home/eve/.claude".into());
    let remedy = other.client().finding.unwrap().remedy;
    assert!(remedy.contains("`CLAUDE_CONFIG_DIR=/home/ada/.claude plimsoll connect`"), "{remedy}");
}
