//! Every state, of processes that are in it.

use std::{fs, path::PathBuf, time::Duration};

use plimsoll_connect::doctor::{ClientState, Fix, Machine, Report, Resident, examine};
use plimsoll_domain::Timestamp;
use serde_json::json;

use crate::{
    desk::Desk,
    situations::{ALL, Situation},
    stand_in::{MARKER, StandIn},
};

/// What was examined, and the report within the first seconds and a minute later.
struct Examined {
    machine: Machine,
    reports: [Report; 2],
}

fn examined(desk: &Desk, clients: &[&StandIn], managed: &[PathBuf]) -> Examined {
    let (machine, resident) = (desk.gather(clients, managed), desk.resident(clients));
    let reports = moments(&machine).map(|now| told(&machine, &resident, now));
    Examined { machine, reports }
}

/// Just after the last client began, and a minute later.
fn moments(machine: &Machine) -> [Timestamp; 2] {
    let last = machine.processes.iter().map(|process| process.started_at).max().unwrap();
    [2, 62].map(|seconds| last.after(Duration::from_secs(seconds)))
}

/// The report, which tells no secret.
fn told(machine: &Machine, resident: &Resident, now: Timestamp) -> Report {
    let report = examine(machine, resident, now);
    let text = format!("{machine:?} {report:?} {}", serde_json::to_string(&report).unwrap());
    assert!(!text.contains(MARKER), "{text}");
    report
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|finding| finding.code).collect()
}

/// Whether the report says of this client what is to be said of it, `at` the first or the second moment.
fn check(situation: &Situation, report: &Report, at: usize) {
    let Situation { name, client, told } = situation;
    let found = report.clients.iter().find(|one| one.pid == client.pid()).unwrap();
    assert_eq!(found.state, told.states[at], "{name}");
    assert_eq!(
        (&found.config_dir, &found.project),
        (&client.config, &Some(client.project.clone()))
    );
    assert_eq!(found.last_export.is_some(), found.state == ClientState::Sending, "{name}");
    let expected = told.code.filter(|_| found.state != ClientState::Starting);
    assert_eq!(found.finding.as_ref().map(|finding| finding.code), expected, "{name}");
    if let Some(finding) = &found.finding {
        assert_eq!((&finding.remedy, &finding.fix), (&told.remedy, &told.fix), "{name}");
        let who = format!("(process {}) in {}", client.pid(), client.project.display());
        assert!(finding.what.contains(&who), "{name}: {finding:?}");
    }
}

/// Scenario: a process in each situation, all on one machine, looked at once.
/// Guarantees: each is told its own state and remedy at both moments; a client's part is not counted; of the folders,
/// exactly the two that are not connected are named, and to connect is offered only where nothing else was chosen.
#[test]
fn each_is_recognised_among_all() {
    let desk = Desk::new();
    let all: Vec<Situation> = ALL.iter().flat_map(|make| make(&desk)).collect();
    let clients: Vec<&StandIn> = all.iter().map(|situation| &situation.client).collect();
    let Examined { machine, reports } = examined(&desk, &clients, &[]);
    assert_eq!(machine.processes.len(), all.len() + 1, "{machine:#?}");
    for (at, report) in reports.iter().enumerate() {
        assert!(report.knows_senders);
        assert_eq!(report.clients.len(), all.len(), "{report:#?}");
        all.iter().for_each(|situation| check(situation, report, at));
        assert_eq!(codes(report), ["installations-differ"; 2], "{report:#?}");
        for (finding, is_fixed) in report.findings.iter().zip([false, true]) {
            let name = if is_fixed { "off" } else { "elsewhere" };
            let client = &all.iter().find(|situation| situation.name == name).unwrap().client;
            let config_dir = client.config.clone();
            assert!(finding.what.contains(&*config_dir.to_string_lossy()), "{finding:?}");
            assert_eq!(finding.fix, is_fixed.then_some(Fix::Connect { config_dir }));
        }
    }
}

/// Scenario: each situation on a machine of its own, where nothing else runs.
/// Guarantees: each is told the same as among all, and the machine exactly what is wrong with its settings.
#[test]
fn each_is_recognised_alone() {
    for make in ALL {
        let desk = Desk::new();
        let made = make(&desk);
        let clients: Vec<&StandIn> = made.iter().map(|situation| &situation.client).collect();
        let Examined { reports, .. } = examined(&desk, &clients, &[]);
        for (at, report) in reports.iter().enumerate() {
            assert_eq!(report.clients.len(), made.len(), "{report:#?}");
            for situation in &made {
                check(situation, report, at);
                assert_eq!(codes(report), situation.told.findings, "{}", situation.name);
            }
        }
    }
}

/// Scenario: all situations, then each alone, under an administrator's settings that send everything elsewhere, or
/// switch it off.
/// Guarantees: whoever is not heard is locked, and told who can change it; whoever is heard sends.
#[test]
fn all_are_locked_by_an_administrator() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("managed-settings.json");
    let all: Vec<Situation> = ALL.iter().flat_map(|make| make(&desk)).collect();
    let clients: Vec<&StandIn> = all.iter().map(|situation| &situation.client).collect();
    let away = json!({"env": {
        "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": format!("https://{MARKER}:{MARKER}@otel.corp.example"),
    }});
    let off = json!({"env": {"CLAUDE_CODE_ENABLE_TELEMETRY": "0"}});
    for (settings, place) in [(away, Some("otel.corp.example:443")), (off, None)] {
        fs::write(&file, settings.to_string()).unwrap();
        let locked = ClientState::Locked { endpoint: place.map(str::to_owned) };
        let groups = clients.iter().map(std::slice::from_ref).chain([&clients[..]]);
        for group in groups {
            let Examined { reports, .. } = examined(&desk, group, std::slice::from_ref(&file));
            for report in reports {
                assert_eq!(report.clients.len(), group.len());
                assert_eq!(codes(&report), ["locked"], "{report:#?}");
                for client in &report.clients {
                    let of = |one: &&Situation| one.client.pid() == client.pid;
                    let situation = all.iter().find(of).unwrap();
                    let is_heard = situation.told.code.is_none();
                    let state = if is_heard { &ClientState::Sending } else { &locked };
                    assert_eq!(&client.state, state, "{}", situation.name);
                    let remedy = client.finding.as_ref().map(|finding| finding.remedy.as_str());
                    let expected = "Only your administrator can change that.";
                    assert_eq!(remedy, (!is_heard).then_some(expected), "{}", situation.name);
                }
            }
        }
    }
}
