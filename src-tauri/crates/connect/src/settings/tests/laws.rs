//! What holds for every text.

use serde_json::{Value, json};

use super::{
    fixtures::{BY_HAND, COMMENTS, ELSEWHERE, HOOKS, SIGNALS, STALE, VALID},
    plimsoll, wish,
};
use crate::settings::{
    Current, Destination, Edit, Hooks, LARGEST, SettingsError, StatusLine, Telemetry, connect,
    disconnect, document::Document, read,
};

pub(super) fn value(text: &str) -> Value {
    let parsed = jsonc_parser::cst::CstRootNode::parse(
        text.trim_start_matches('\u{feff}'),
        &crate::settings::check::STRICT,
    );
    parsed.unwrap().to_serde_value().unwrap_or_else(|| json!({}))
}

pub(super) fn connected(text: &str, destination: Destination) -> Edit {
    connect(text, &wish(destination), None).unwrap()
}

fn current(text: &str) -> Current {
    read(text, &plimsoll()).unwrap()
}

/// The three laws, of one text.
pub(super) fn hold(text: &str, destination: Destination) {
    let edit = connected(text, destination);
    let again = connect(&edit.after, &wish(destination), edit.record.as_ref()).unwrap();
    assert!(again.is_empty(), "{:?}", again.changes);
    assert_eq!(again.record, edit.record);
    let Some(record) = &edit.record else {
        assert!(edit.is_empty());
        return;
    };
    let back = disconnect(&edit.after, Some(record), &plimsoll()).unwrap();
    assert_eq!(back.after, text);
    // The user adds a key and a comment.
    let edited = edit.after.replacen('{', "{\n  /* later */ \"zz\": [1],", 1);
    let back = disconnect(&edited, Some(record), &plimsoll()).unwrap();
    let mut expected = if text.trim().is_empty() { json!({}) } else { value(text) };
    expected["zz"] = json!([1]);
    assert_eq!(value(&back.after), expected, "{}", back.after);
    assert!(back.after.contains("/* later */"), "{}", back.after);
    assert_eq!(back.kept, Vec::<String>::new());
    // What is moved loses comments within what is taken out.
    let comments = |text: &str| text.matches("/*").count();
    let kept =
        comments(&edit.after) == comments(text) && comments(&back.after) == comments(text) + 1;
    assert!(kept || destination == Destination::Move, "{}", back.after);
}

/// Scenario: settings of many forms are connected, again, and disconnected, also after the user added something.
/// Guarantees: the second time changes nothing; disconnecting brings back every byte, or exactly what the user added
/// more.
#[test]
fn the_laws_hold_for_what_people_have() {
    for (name, text) in VALID {
        for destination in [Destination::Keep, Destination::Move] {
            println!("{name}, {destination:?}");
            hold(text, destination);
        }
    }
}

/// Scenario: settings of many forms are connected.
/// Guarantees: everything that was there is there, at its place, with comments, indentation and line ends.
#[test]
fn nothing_else_changes() {
    let edit = connected(COMMENTS, Destination::Keep);
    let mut rest = edit.after.as_str();
    for line in COMMENTS.lines() {
        let at = rest.find(line).unwrap_or_else(|| panic!("{line} in {}", edit.after));
        rest = &rest[at + line.len()..];
    }
    for (_, text) in VALID {
        let after = connected(text, Destination::Keep).after;
        let all = after.matches('\n').count();
        if text.contains('\r') {
            assert_eq!(after.matches("\r\n").count(), all, "{after}");
        }
        assert_eq!(after.starts_with('\u{feff}'), text.starts_with('\u{feff}'));
    }
    let tabs = connected("{\n\t\"a\": 1\n}", Destination::Keep).after;
    assert!(tabs.contains("\n\t\"env\": {\n\t\t\"CLAUDE_CODE_ENABLE_TELEMETRY\": \"1\","));
    assert!(tabs.ends_with('}'));
}

/// Scenario: settings with nothing of ours are connected.
/// Guarantees: what the README says stands there, and is read as complete.
#[test]
fn what_is_written_is_complete() {
    let after = connected("", Destination::Keep).after;
    let written = value(&after);
    assert_eq!(
        written["env"],
        json!({
            "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
            "OTEL_METRICS_EXPORTER": "otlp",
            "OTEL_LOGS_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:4318/v1/metrics",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://127.0.0.1:4318/v1/logs",
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "cumulative",
            "OTEL_METRIC_EXPORT_INTERVAL": "10000",
            "OTEL_LOGS_EXPORT_INTERVAL": "500"
        })
    );
    let command =
        "if [ -x '/opt/plim soll/plimsoll' ]; then exec '/opt/plim soll/plimsoll' hook; fi";
    let group = |hook: Value| json!([{"hooks": [hook]}]);
    let post = json!({
        "type": "http", "url": "http://127.0.0.1:3030/hooks/claude-code", "timeout": 1
    });
    assert_eq!(
        written["hooks"],
        json!({
            "SessionStart": group(json!({"type": "command", "command": command, "timeout": 1})),
            "SessionEnd": group(post.clone()),
            "PostCompact": group(post.clone()),
            "PostModelSwitch": group(post)
        })
    );
    let current = current(&after);
    assert_eq!(current.telemetry, Telemetry::Ours { complete: true });
    assert_eq!(current.hooks, Hooks::Complete);
    assert_eq!(current.status_line, StatusLine::Ours { own: None, complete: true });
}

/// Scenario: telemetry is sent elsewhere, as a whole or for one signal, and shall stay so, or be moved.
/// Guarantees: when it stays, no key of it is touched; when it is moved, headers meant for the other place go, other
/// exporters and intervals stay.
#[test]
fn what_goes_elsewhere_stays_or_is_moved() {
    for text in [ELSEWHERE, SIGNALS] {
        assert!(matches!(current(text).telemetry, Telemetry::Elsewhere { .. }));
        let kept = connected(text, Destination::Keep).after;
        assert_eq!(value(&kept)["env"], value(text)["env"]);
        let moved = connected(text, Destination::Move);
        let now = current(&moved.after);
        assert_eq!(now.telemetry, Telemetry::Ours { complete: true });
        assert!(!moved.after.contains("hush"));
        assert!(!moved.diff().contains("hush"));
        assert!(!format!("{moved:?}").contains("hush"));
    }
    let moved = connected(ELSEWHERE, Destination::Move).after;
    let now = current(&moved);
    assert_eq!((now.other_exporters, now.headers_helper), (vec!["prometheus".to_owned()], true));
    assert_eq!(value(&moved)["env"]["OTEL_METRIC_EXPORT_INTERVAL"], json!(30000));
}

/// Scenario: a receiver wants a token; settings have other headers, or send telemetry elsewhere with some.
/// Guarantees: the token stands beside headers of a destination that is ours, and in place of others'.
#[test]
fn a_token_is_added() {
    let mut wish = wish(Destination::Move);
    wish.plimsoll.receiver.token = Some("a+b".to_owned());
    let headers = |text: &str| {
        let after = connect(text, &wish, None).unwrap().after;
        value(&after)["env"]["OTEL_EXPORTER_OTLP_HEADERS"].clone()
    };
    assert_eq!(headers("{}"), json!("Authorization=Bearer%20a%2Bb"));
    assert_eq!(headers(ELSEWHERE), json!("Authorization=Bearer%20a%2Bb"));
    let own = r#"{"env": {"OTEL_EXPORTER_OTLP_HEADERS": "x=1"}}"#;
    assert_eq!(headers(own), json!("x=1,Authorization=Bearer%20a%2Bb"));
}

/// Scenario: hooks and a status line of the user's are there; entries lead to an older Plimsoll, or were written by hand.
/// Guarantees: the user's stay untouched, old ones of ours are brought up to date, working ones are left as they are.
#[test]
fn what_is_there_is_left_or_renewed() {
    let after = value(&connected(HOOKS, Destination::Keep).after);
    let before = value(HOOKS);
    assert_eq!(after["hooks"]["SessionEnd"][0], before["hooks"]["SessionEnd"][0]);
    assert_eq!(after["hooks"]["SessionEnd"].as_array().unwrap().len(), 2);
    assert_eq!(after["hooks"]["Stop"], before["hooks"]["Stop"]);
    assert_eq!(after["statusLine"]["padding"], json!(0));
    let stale = current(STALE);
    assert_eq!(stale.hooks, Hooks::Partial);
    let own = Some("date".to_owned());
    assert_eq!(stale.status_line, StatusLine::Ours { own: own.clone(), complete: false });
    let renewed = connected(STALE, Destination::Keep).after;
    assert!(!renewed.contains("/old/") && !renewed.contains("3999"), "{renewed}");
    assert_eq!(current(&renewed).status_line, StatusLine::Ours { own, complete: true });
    let by_hand = connected(BY_HAND, Destination::Keep);
    let keys: Vec<String> = by_hand.changes.iter().map(super::super::Change::key).collect();
    assert!(!keys.iter().any(|key| key.contains("INTERVAL") || key.contains("statusLine")));
    assert!(!keys.contains(&"hooks.SessionStart".to_owned()));
}

/// Scenario: after connecting the user changes keys of ours, removes some, and puts things into what we made.
/// Guarantees: what the user changed stays and is named; what is still ours goes; what was there before returns.
#[test]
fn what_the_user_changed_stays() {
    let edit = connected(ELSEWHERE, Destination::Move);
    let changed = edit
        .after
        .replace("http://127.0.0.1:4318/v1/logs", "http://other/v1/logs")
        .replacen("\"timeout\": 1", "\"timeout\": 9", 1)
        .replace("\"OTEL_LOGS_EXPORT_INTERVAL\": \"500\"", "\"MINE\": \"1\"");
    let back = disconnect(&changed, edit.record.as_ref(), &plimsoll()).unwrap();
    let kept = ["hooks.SessionStart", "env.OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"];
    assert_eq!(back.kept, kept);
    let mut expected = value(ELSEWHERE);
    expected["env"]["MINE"] = json!("1");
    expected["env"]["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"] = json!("http://other/v1/logs");
    let hook = value(&changed)["hooks"]["SessionStart"].clone();
    expected["hooks"] = json!({ "SessionStart": hook });
    assert_eq!(value(&back.after), expected);
}

/// Scenario: more is connected later, with and without a change of the user's in between; then all is disconnected.
/// Guarantees: what was there before the first time comes back.
#[test]
fn what_was_connected_in_two_steps_goes_at_once() {
    let mut first = wish(Destination::Move);
    (first.hooks, first.status_line) = (false, false);
    for text in [ELSEWHERE, HOOKS, COMMENTS] {
        let one = connect(text, &first, None).unwrap();
        let two = connect(&one.after, &wish(Destination::Move), one.record.as_ref()).unwrap();
        let back = disconnect(&two.after, two.record.as_ref(), &plimsoll()).unwrap();
        assert_eq!(back.after, text);
        let touched = one.after.replacen('{', "{\n  \"mine\": true,", 1);
        let two = connect(&touched, &wish(Destination::Move), one.record.as_ref()).unwrap();
        let back = disconnect(&two.after, two.record.as_ref(), &plimsoll()).unwrap();
        let mut expected = value(text);
        expected["mine"] = json!(true);
        assert_eq!(value(&back.after), expected);
    }
}

/// Scenario: the record is lost.
/// Guarantees: what is ours by its shape goes, the user's own command comes out of the status line, and the rest stays.
#[test]
fn without_a_record_shapes_tell() {
    for (name, text) in VALID.iter().filter(|(name, _)| !["by hand", "stale"].contains(name)) {
        let edit = connected(text, Destination::Keep);
        let back = disconnect(&edit.after, None, &plimsoll()).unwrap();
        let current = current(&back.after);
        assert_eq!(current.hooks, Hooks::Absent, "{name}");
        assert!(!matches!(current.status_line, StatusLine::Ours { .. }), "{name}");
        assert!(!matches!(current.telemetry, Telemetry::Ours { .. }), "{name}");
        assert_eq!(value(&back.after)["statusLine"], value(text)["statusLine"], "{name}");
    }
    let back = disconnect(BY_HAND, None, &plimsoll()).unwrap().after;
    let left = json!({
        "env": { "OTEL_METRIC_EXPORT_INTERVAL": "1000" },
        "statusLine": { "type": "command", "command": "your own command" }
    });
    assert_eq!(value(&back), left);
    let untouched = disconnect(ELSEWHERE, None, &plimsoll()).unwrap();
    assert!(untouched.is_empty());
}

/// Scenario: texts that are no settings.
/// Guarantees: each is refused with the place of what is wrong, whatever is wished.
#[test]
fn what_is_no_settings_is_refused() {
    let cases = [
        ("{\n  \"a\": 1,,\n}", "line 2, column 10"),
        ("{\"a\": foo}", "line 1, column 7"),
        ("{\"a\": 1", "line 1, column 1"),
        ("{'a': 1}", "line 1, column 2"),
        ("{\"a\": \"x\ny\"}", "line 1, column 9"),
        ("[]", "the whole is not an object (line 1, column 1)"),
        ("\"ü\"", "the whole is not an object (line 1, column 1)"),
        ("{\n \"env\": \"A=1\"}", "env is not an object (line 2, column 9)"),
        ("{\"env\": null}", "env is not an object (line 1, column 9)"),
        ("{\"hooks\": []}", "hooks is not an object (line 1, column 11)"),
        ("{\"hooks\": {\"Stop\": {}}}", "hooks.Stop is not a list (line 1, column 20)"),
        ("{\"statusLine\": \"x\"}", "statusLine is not an object (line 1, column 16)"),
        ("{\"env\": {\"A\": \"1\",\n\"A\": \"2\"}}", "env.A stands there twice (line 2, column 1)"),
        ("{\"env\": {}, \"env\": {}}", "env stands there twice (line 1, column 13)"),
    ];
    for (text, expected) in cases {
        let error = connect(text, &wish(Destination::Keep), None).unwrap_err();
        assert!(error.to_string().contains(expected), "{text}: {error}");
        assert_eq!(disconnect(text, None, &plimsoll()).unwrap_err(), error);
        assert_eq!(read(text, &plimsoll()).unwrap_err(), error);
    }
}

/// Scenario: settings of two and of more than eight mebibytes.
/// Guarantees: the former are edited under the same laws, the latter are refused.
#[test]
fn large_settings_are_edited_and_huge_ones_refused() {
    let lines = |bytes: usize| "    \"Bash(echo 0123456789)\",\n".repeat(bytes / 29);
    let text = |bytes| format!("{{\n  \"allow\": [\n{}    \"\"\n  ]\n}}\n", lines(bytes));
    let large = text(2 << 20);
    let edit = connected(&large, Destination::Keep);
    let back = disconnect(&edit.after, edit.record.as_ref(), &plimsoll()).unwrap();
    assert!(back.after == large);
    assert!(edit.diff().len() < 8192);
    let huge = text(LARGEST + 4096);
    let refused = connect(&huge, &wish(Destination::Keep), None).unwrap_err();
    assert_eq!(refused, SettingsError::TooLarge(huge.len()));
}

/// Scenario: texts of every form are read and written out again.
/// Guarantees: every byte is the same.
#[test]
fn reading_loses_nothing() {
    for (name, text) in VALID.iter().filter(|(_, text)| text.contains('{')) {
        assert_eq!(Document::parse(text).unwrap().text(), *text, "{name}");
    }
}

/// Scenario: settings of many forms are connected for agents that are to be told in their sessions, after they were
/// connected without that, and disconnected.
/// Guarantees: hooks before a turn, after a tool and at a turn's end are added, and only then; before that the hooks are
/// told to be incomplete; disconnecting takes out all of them.
#[test]
fn agents_are_told_by_hooks_of_their_own() {
    let mut telling = wish(Destination::Keep);
    telling.plimsoll.in_session = true;
    let events = ["UserPromptSubmit", "PostToolUse", "Stop"];
    let leads_to_us = |text: &str, event: &str| {
        value(text)["hooks"][event].to_string().contains("http://127.0.0.1:3030/hooks/claude-code")
    };
    for (name, text) in VALID {
        println!("{name}");
        let silent = connected(text, Destination::Keep);
        assert!(events.iter().all(|event| !leads_to_us(&silent.after, event)));
        let hooks = |text: &str| read(text, &telling.plimsoll).unwrap().hooks;
        assert_eq!(hooks(&silent.after), Hooks::Partial);
        let edit = connect(&silent.after, &telling, silent.record.as_ref()).unwrap();
        assert!(events.iter().all(|event| leads_to_us(&edit.after, event)));
        assert_eq!(hooks(&edit.after), Hooks::Complete);
        let back = disconnect(&edit.after, edit.record.as_ref(), &telling.plimsoll).unwrap();
        assert_eq!(value(&back.after), value(text));
    }
}
