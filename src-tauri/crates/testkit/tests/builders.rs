//! The builders against recorded traffic.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::BTreeSet;
use std::path::Path;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use plimsoll_domain::Timestamp;
use plimsoll_replay::{Capture, Signal};
use plimsoll_testkit::{ApiCall, Events, Metrics, logs_json, metrics_json, text};
use prost::Message;
use serde_json::Value;

fn recorded(name: &str, signal: Signal) -> Vec<u8> {
    let captures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures/captures");
    let capture = Capture::open(&Path::new(captures).join(name)).unwrap();
    capture.entries.iter().find(|entry| entry.signal == signal).unwrap().body.to_vec()
}

fn recorded_json(signal: Signal) -> Value {
    serde_json::from_slice(&recorded("simple-http-json", signal)).unwrap()
}

/// What is said of an event or a metric: its name, and each attribute with its type. Which session, user
/// and numbers is left out.
fn spoken(json: &Value, list: &str, name: &str) -> BTreeSet<String> {
    let (resources, scopes) = match list {
        "logRecords" => ("resourceLogs", "scopeLogs"),
        _ => ("resourceMetrics", "scopeMetrics"),
    };
    let scope = &json[resources][0][scopes][0];
    let mut said = BTreeSet::from([scope["scope"].to_string()]);
    for one in scope[list].as_array().unwrap() {
        if one.to_string().contains(&format!("\"{name}\"")) {
            paths(one, "", &mut said);
        }
    }
    said
}

fn paths(value: &Value, path: &str, said: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| paths(item, path, said)),
        Value::Object(fields) => {
            let key = fields.get("key").and_then(Value::as_str);
            let path = key.map_or(path.to_owned(), |key| format!("{path}[{key}]"));
            for (name, field) in fields {
                paths(field, &format!("{path}.{name}"), said);
            }
        }
        Value::String(_) => drop(said.insert(format!("{path}: text"))),
        Value::Number(_) => drop(said.insert(format!("{path}: number"))),
        Value::Bool(_) | Value::Null => drop(said.insert(format!("{path}: other"))),
    }
}

/// Scenario: a built `api_request` and `user_prompt` beside recorded ones.
/// Guarantees: scope, fields, attributes and their JSON types are the same.
#[test]
fn events_are_spoken_as_the_client_does() {
    let time = Timestamp::from_millis(1_795_409_023_445);
    let call = ApiCall::new("req_1");
    let built = logs_json(&Events::of("s-1", time).user_prompt().api_request(&call).build());
    let recorded = recorded_json(Signal::Logs);
    for name in ["user_prompt", "api_request"] {
        assert_eq!(spoken(&built, "logRecords", name), spoken(&recorded, "logRecords", name));
    }
}

/// Scenario: built token and cost points beside recorded ones.
/// Guarantees: scope, fields, attributes and their JSON types are the same.
#[test]
fn metrics_are_spoken_as_the_client_does() {
    let time = Timestamp::from_millis(1_795_409_023_445);
    let built = Metrics::delta("s-1", time, time)
        .usage(&ApiCall::new("req_1"))
        .point("claude_code.session.count", [text("start_type", "fresh")], 1.0)
        .build();
    let (built, recorded) = (metrics_json(&built), recorded_json(Signal::Metrics));
    let names = ["claude_code.token.usage", "claude_code.cost.usage", "claude_code.session.count"];
    for name in names {
        assert_eq!(spoken(&built, "metrics", name), spoken(&recorded, "metrics", name));
    }
}

/// Scenario: recorded protobuf written as JSON.
/// Guarantees: events and metrics have the form that the client's own JSON has.
#[test]
fn json_is_written_as_the_client_does() {
    let logs = recorded("simple-http-protobuf", Signal::Logs);
    let logs = logs_json(&ExportLogsServiceRequest::decode(logs.as_slice()).unwrap());
    let client = recorded_json(Signal::Logs);
    for name in ["managed_settings_resolved", "plugin_loaded", "api_request"] {
        assert_eq!(spoken(&logs, "logRecords", name), spoken(&client, "logRecords", name));
    }
    let metrics = recorded("simple-http-protobuf", Signal::Metrics);
    let metrics = ExportMetricsServiceRequest::decode(metrics.as_slice()).unwrap();
    let metrics = metrics_json(&metrics);
    let client = recorded_json(Signal::Metrics);
    let name = "claude_code.token.usage";
    assert_eq!(spoken(&metrics, "metrics", name), spoken(&client, "metrics", name));
}
