//! What is read beside the user's settings, and what is printed.

use std::fs;

use super::{plimsoll, wish};
use crate::settings::{Destination, LockKind, Managed, Snippet, managed, read, snippet};

fn locks(text: &str) -> Managed {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("managed-settings.json");
    fs::write(&path, text).unwrap();
    managed(&[path, folder.path().join("nowhere")], &plimsoll())
}

/// Scenario: an organisation names another destination, headers, no hooks, and addresses of hooks.
/// Guarantees: each is a lock with its key; values that may be secret are not repeated; what leads to us is none.
#[test]
fn what_an_organisation_forbids_is_named() {
    let text = r#"{
      "env": {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example",
        "OTEL_EXPORTER_OTLP_HEADERS": "x=hush",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta"
      },
      "disableAllHooks": true,
      "allowManagedHooksOnly": true,
      "allowedHttpHookUrls": ["https://hooks.example/*"] // and no other
    }"#;
    let managed = locks(text);
    let lock = |key: &str, value: Option<&str>| LockKind::Telemetry {
        key: key.to_owned(),
        value: value.map(str::to_owned),
    };
    let kinds: Vec<LockKind> = managed.locks.iter().map(|lock| lock.kind.clone()).collect();
    let expected = [
        lock("OTEL_METRICS_EXPORTER", Some("none")),
        lock("OTEL_EXPORTER_OTLP_ENDPOINT", Some("https://collector.example")),
        lock("OTEL_EXPORTER_OTLP_HEADERS", None),
        LockKind::NoHooks,
        LockKind::ManagedHooksOnly,
        LockKind::HookAddress,
    ];
    assert_eq!(kinds, expected);
    assert!(managed.locks_telemetry() && managed.locks_hooks() && managed.unread.is_empty());
    let ours = locks(
        r#"{"env": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"},
            "allowedHttpHookUrls": ["http://127.0.0.1:*"]}"#,
    );
    assert_eq!(ours.locks, vec![]);
}

/// Scenario: a folder of an organisation's files, one of them damaged, and one of another kind.
/// Guarantees: every JSON file is read, in the order of their names; the damaged one is named.
#[test]
fn folders_of_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("20.json", r#"{"disableAllHooks": true}"#),
        ("10.json", r#"{"env": {"CLAUDE_CODE_ENABLE_TELEMETRY": "0"}}"#),
        ("30.json", "{"),
        ("40.txt", "{"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let managed = managed(&[folder.path().to_owned()], &plimsoll());
    let files: Vec<_> = managed.locks.iter().map(|lock| lock.file.file_name().unwrap()).collect();
    assert_eq!(files, ["10.json", "20.json"]);
    assert_eq!(managed.unread[0].0, folder.path().join("30.json"));
}

/// Scenario: the user's own settings switch hooks off and name addresses of hooks.
/// Guarantees: both are told.
#[test]
fn hooks_that_are_off_are_told() {
    let text = r#"{"disableAllHooks": true, "allowedHttpHookUrls": []}"#;
    let current = read(text, &plimsoll()).unwrap();
    assert!(current.hooks_disabled && current.hook_address_refused);
}

/// Scenario: what goes elsewhere is printed, for a token with a quote in it.
/// Guarantees: every form names the receiver and the token, in its own quotes; the settings' form is what is written.
#[test]
fn every_place_has_its_form() {
    let mut wish = wish(Destination::Move);
    wish.plimsoll.receiver.token = Some("it's".to_owned());
    let printed = |place| snippet(&wish, place).unwrap();
    let key = "OTEL_EXPORTER_OTLP_HEADERS";
    let token = "Authorization=Bearer%20it%27s";
    for (place, line) in [
        (Snippet::Posix, format!("export {key}={token}\n")),
        (Snippet::Fish, format!("set -gx {key} '{token}'\n")),
        (Snippet::PowerShell, format!("$env:{key} = '{token}'\n")),
        (Snippet::DevContainer, format!("    \"{key}\": \"{token}\"\n")),
        (Snippet::Ssh, "ssh -R 4318:127.0.0.1:4318 host\n".to_owned()),
        (Snippet::Ssh, format!("export {key}={token}\n")),
        (Snippet::Wsl, format!("export {key}={token}\n")),
        (Snippet::GitHubActions, "env:\n  CLAUDE_CODE_ENABLE_TELEMETRY: \"1\"\n".to_owned()),
        (Snippet::Settings, format!("\"{key}\": \"{token}\"")),
    ] {
        let printed = printed(place);
        assert!(printed.contains(&line), "{printed}");
    }
}
