//! Every finding that concerns no single client.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{HOME, Situation, client, codes, connected, file};
use crate::doctor::{Condition, Finding, Fix, Listener, SettingsFile, Severity};

fn set(variables: &Value) -> Situation {
    Situation::healthy().with_settings(variables)
}

fn project(variables: &Value) -> Situation {
    Situation::healthy().with_project(&json!({"env": variables}))
}

fn user(change: impl FnOnce(&mut SettingsFile)) -> Situation {
    Situation::healthy()
        .change(|machine, _| change(machine.settings.get_mut(Path::new(HOME)).unwrap()))
}

/// With hooks of ours in the user's settings.
fn hooked() -> Situation {
    user(|file| file.hook_urls.push("http://localhost:3030/hooks/claude-code".to_owned()))
}

fn check(cases: Vec<(&str, Situation, &[&str])>) {
    for (name, situation, expected) in cases {
        let report = situation.examine();
        assert_eq!(codes(&report), expected, "{name}: {report:#?}");
        for finding in &report.findings {
            let is_sentence = |text: &str| text.ends_with('.') && !text.contains('\n');
            assert!(is_sentence(&finding.what) && is_sentence(&finding.remedy), "{finding:?}");
        }
    }
}

/// Scenario: each thing that can be wrong with the resident and the machine.
/// Guarantees: each is told by exactly its code.
#[test]
fn surroundings() {
    let taken = |program: Option<(u32, String)>| {
        Situation::quiet().change(|machine, resident| {
            resident.http.is_served = false;
            let address = super::address("127.0.0.1:4318");
            machine.listeners.push(Listener { address, program });
        })
    };
    let other = Finding::advice("no-tray", "No tray.".to_owned(), "Start one.".to_owned());
    check(vec![
        ("not running", Situation::quiet().change(|_, it| it.is_running = false), &["not-running"]),
        ("port taken", taken(Some((77, "otelcol".to_owned()))), &["port-taken"]),
        ("port taken by another user", taken(None), &["port-taken"]),
        (
            "clock ahead",
            Situation::healthy().change(|_, it| it.skew_millis = Some(61_000)),
            &["clock-jump"],
        ),
        (
            "clock behind",
            Situation::healthy().change(|_, it| it.skew_millis = Some(-61_000)),
            &["clock-jump"],
        ),
        (
            "clock about right",
            Situation::healthy().change(|_, it| it.skew_millis = Some(-60_000)),
            &[],
        ),
        (
            "disk full",
            Situation::healthy()
                .change(|it, _| it.ledger.as_mut().unwrap().free_bytes = Some(499_999_999)),
            &["disk-nearly-full"],
        ),
        (
            "disk unknown",
            Situation::healthy().change(|it, _| it.ledger.as_mut().unwrap().free_bytes = None),
            &[],
        ),
        (
            "ledger exposed",
            Situation::healthy()
                .change(|it, _| it.ledger.as_mut().unwrap().is_open_to_others = true),
            &["ledger-exposed"],
        ),
        (
            "told by itself",
            Situation::healthy().change(|_, it| it.problems.push(other)),
            &["no-tray"],
        ),
    ]);
    let named = taken(Some((77, "otelcol".to_owned()))).examine();
    assert!(named.findings[0].what.contains("otelcol (process 77)"), "{named:?}");
}

/// Scenario: each thing that can be wrong with settings files, and folders that are not connected.
/// Guarantees: each is told by exactly its code.
#[test]
fn installations() {
    let second = |value: &Value| {
        Situation::healthy().change(|machine, _| {
            let folder = PathBuf::from("/home/ada/my work");
            machine.settings.insert(folder.clone(), file(folder.join("settings.json"), value));
        })
    };
    let idle = |situation: Situation| situation.change(|machine, _| machine.processes.clear());
    let locking = json!({"env": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:1"}});
    let broken = SettingsFile::empty(PathBuf::from("/x"), Condition::Invalid { line: Some(3) });
    check(vec![
        ("no client, connected", idle(Situation::healthy()), &[]),
        ("no client, not connected", idle(Situation::healthy().unconnected()), &["not-connected"]),
        ("not connected", Situation::quiet().unconnected(), &["not-connected"]),
        ("locked", idle(Situation::healthy().with_managed(&locking)), &["locked"]),
        ("two, one connected", second(&json!({})), &["installations-differ"]),
        ("two, both connected", second(&connected()), &[]),
        (
            "invalid project",
            Situation::healthy().change(|it, _| {
                it.projects.insert("/x".into(), vec![broken]);
            }),
            &["settings-invalid"],
        ),
        (
            "unreadable",
            user(|file| file.condition = Condition::Unreadable),
            &["settings-unreadable"],
        ),
        ("open without a secret", user(|file| file.is_open_to_others = true), &[]),
        (
            "open with a secret",
            set(&json!({"OTEL_EXPORTER_OTLP_HEADERS": "a=MARKER"})).change(|machine, _| {
                machine.settings.values_mut().for_each(|file| file.is_open_to_others = true);
            }),
            &["settings-exposed"],
        ),
    ]);
    let report = second(&json!({})).examine();
    assert!(
        report.findings[0]
            .remedy
            .contains("CLAUDE_CONFIG_DIR='/home/ada/my work' plimsoll connect")
    );
    assert_eq!(
        report.findings[0].fix,
        Some(Fix::Connect { config_dir: "/home/ada/my work".into() })
    );
}

/// Scenario: each setting that keeps something from us though the client sends.
/// Guarantees: each is told by exactly its code, once for all clients.
#[test]
fn advice() {
    let mut two = project(&json!({"OTEL_METRICS_EXPORTER": "none"}));
    two.machine.processes.push(client(9));
    let mut old = Situation::healthy();
    old.machine.processes[0].version = Some("2.1.213".to_owned());
    let attributes = (0..13).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
    let mut many = set(&json!({"OTEL_RESOURCE_ATTRIBUTES": attributes}));
    many.machine.processes[0].version = Some("2.1.170".to_owned());
    check(vec![
        ("metrics off", set(&json!({"OTEL_METRICS_EXPORTER": null})), &["metrics-off"]),
        ("logs off", set(&json!({"OTEL_LOGS_EXPORTER": "console"})), &["logs-off"]),
        ("off by the project", two, &["metrics-off"]),
        (
            "one elsewhere",
            set(&json!({"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://a:1/v1/logs"})),
            &["signal-elsewhere"],
        ),
        (
            "no session ids",
            set(&json!({"OTEL_METRICS_INCLUDE_SESSION_ID": "false"})),
            &["session-ids-off"],
        ),
        (
            "none by the project",
            project(&json!({"OTEL_METRICS_INCLUDE_SESSION_ID": false})),
            &["session-ids-off"],
        ),
        (
            "gRPC",
            set(
                &json!({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"}),
            ),
            &["grpc"],
        ),
        (
            "default interval",
            set(&json!({"OTEL_METRIC_EXPORT_INTERVAL": null})),
            &["metrics-interval"],
        ),
        ("quick enough", set(&json!({"OTEL_METRIC_EXPORT_INTERVAL": "10000"})), &[]),
        (
            "differences",
            set(&json!({"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta"})),
            &["delta-metrics"],
        ),
        (
            "differences by the project",
            project(&json!({"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "lowmemory"})),
            &["delta-metrics"],
        ),
        ("an old version", old, &["known-bug"]),
        ("many attributes", many, &["known-bug"]),
        (
            "a proxy that lets through",
            Situation::healthy().with_environment(&[("HTTP_PROXY", "x")]),
            &[],
        ),
    ]);
}

/// Scenario: a project switches events off.
/// Guarantees: the remedy names its file, and Plimsoll does not offer to change it.
#[test]
fn a_project_is_named() {
    let report = project(&json!({"OTEL_LOGS_EXPORTER": "none"})).examine();
    let finding = &report.findings[0];
    assert_eq!((finding.severity, &finding.fix), (Severity::Problem, &None));
    assert!(finding.remedy.contains("/home/ada/engine/.claude/settings.local.json"), "{finding:?}");
}

/// Scenario: each setting that keeps hooks from running, with and without hooks of ours.
/// Guarantees: it is told only where it concerns us.
#[test]
fn hooks() {
    let only = json!({"allowManagedHooksOnly": true});
    let listing = |urls: Value| json!({"allowedHttpHookUrls": urls});
    let off = json!({"disableAllHooks": true});
    check(vec![
        ("hooks", hooked(), &[]),
        ("switched off", hooked().with_project(&off), &["hooks-disabled"]),
        ("switched off, none of ours", Situation::healthy().with_project(&off), &[]),
        ("managed only", hooked().with_managed(&only), &["hooks-managed-only"]),
        ("managed only, none of ours", Situation::healthy().with_managed(&only), &[]),
        (
            "a list without ours",
            hooked().with_managed(&listing(json!(["https://a/*"]))),
            &["hook-url-not-allowed"],
        ),
        ("a list with ours", hooked().with_managed(&listing(json!(["http://localhost:*"]))), &[]),
        ("an empty list", hooked().with_project(&listing(json!([]))), &["hook-url-not-allowed"]),
    ]);
}
