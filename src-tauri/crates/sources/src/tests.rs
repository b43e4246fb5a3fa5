//! Properties of whole exports.

use plimsoll_domain::{Fact, Statement, Timestamp};
use plimsoll_otlp::{
    Arrival, Export,
    proto::{
        common::v1::{AnyValue, KeyValue, any_value::Value},
        logs::v1::LogRecord,
        metrics::v1::NumberDataPoint,
        resource::v1::Resource,
        trace::v1::Span,
    },
};
use proptest::prelude::*;

use crate::{
    Reading, Understood, UnknownSignals,
    builders::{
        EVENTS, METRICS, TIME, api_request, event, logs, metrics, origin, spans, sum, text, usage,
        with, without,
    },
    describe, read,
    reading::{read_logs, read_metrics, read_traces},
    redact,
    sighting::{describe_logs, describe_metrics, describe_traces},
};

const MARKER: &str = "MARKER@example.com has a secret";

/// Every attribute that holds or may hold what a person or a model wrote.
const CONTENT: [&str; 18] = [
    "prompt",
    "prompt_text",
    "response",
    "tool_input",
    "tool_parameters",
    "error",
    "error_type",
    "user.email",
    "user.id",
    "organization.id",
    "command_name",
    "hook_name",
    "hook_definitions",
    "workspace.host_paths",
    "body",
    "summary",
    "MARKER@example.com",
    "plugin.name",
];

fn content() -> Vec<KeyValue> {
    CONTENT.iter().map(|key| text(key, MARKER)).collect()
}

/// A record with marker text wherever content may be.
fn talking(name: &str) -> LogRecord {
    let mut attributes = api_request();
    attributes.extend([
        text("trigger", "auto"),
        text("success", "true"),
        text("tool_name", "Bash"),
    ]);
    attributes.extend(content());
    let body = AnyValue { value: Some(Value::StringValue(MARKER.to_owned())) };
    LogRecord { body: Some(body), ..event(name, attributes) }
}

fn talking_records() -> Vec<LogRecord> {
    let names = [
        "api_request",
        "api_error",
        "compaction",
        "user_prompt",
        "tool_result",
        "subagent_completed",
        "assistant_response",
        "hook_execution_start",
        "new_event",
        MARKER,
    ];
    let mut nameless = talking("");
    nameless.attributes = without(nameless.attributes, "event.name");
    names.into_iter().map(talking).chain([nameless]).collect()
}

fn talking_points() -> Vec<NumberDataPoint> {
    let mut point = usage(1.0, Some("input"));
    point.attributes.extend(content());
    vec![NumberDataPoint { attributes: content(), ..point.clone() }, point]
}

/// Scenario: marker text in the body and in every attribute that may hold content, on every known event, on
/// unknown ones, on points and spans, in known and unknown scopes.
/// Guarantees: neither facts nor descriptions, reasons or the registry of the unknown ever hold it.
#[test]
fn no_content_leaks() {
    let span = Span { name: MARKER.to_owned(), attributes: content(), ..Span::default() };
    let registry = UnknownSignals::default();
    let mut seen = String::new();
    for scope in [EVENTS, METRICS, "com.anthropic.claude_code.tracing", "my.app", MARKER] {
        let logs = logs(scope, talking_records());
        let names = ["claude_code.token.usage", "claude_code.commit.count", MARKER];
        let metrics = metrics(scope, names.map(|name| sum(name, talking_points())).to_vec());
        let spans = spans(scope, vec![span.clone()]);
        let readings = [
            read_logs(&logs, origin()),
            read_metrics(&metrics, origin()),
            read_traces(&spans, origin()),
        ];
        readings.iter().for_each(|reading| registry.note(&reading.unknown));
        let sightings = [
            describe_logs(&logs, origin().arrived),
            describe_metrics(&metrics, origin().arrived),
            describe_traces(&spans, origin().arrived),
        ];
        seen += &format!("{readings:?}{sightings:?}");
    }
    seen += &format!("{:?}{:?}{registry:?}", registry.report(), registry.counters());
    assert!(seen.contains("Bash") && seen.contains("new_event") && seen.contains("chars>"));
    for part in ["MARKER", "example.com", "secret"] {
        assert!(!seen.contains(part), "{part}");
    }
}

/// Scenario: the talking records and points, redacted for the spool, in known and unknown scopes.
/// Guarantees: they are read into the same facts as before; records hold no content any more, points no e-mail
/// address, and unknown scopes nothing.
#[test]
fn what_is_spooled_gives_the_same_facts_and_holds_no_content() {
    for scope in [EVENTS, "my.app"] {
        let export = Export::Logs(logs(scope, talking_records()));
        let Export::Logs(kept) = redact(&export) else { panic!("another signal") };
        let seen = format!("{kept:?}");
        for part in ["MARKER", "example.com", "secret"] {
            assert!(!seen.contains(part), "{part}");
        }
        let Export::Logs(sent) = export else { panic!("another signal") };
        assert_eq!(read_logs(&kept, origin()).facts, read_logs(&sent, origin()).facts);
        assert_eq!(kept.resource_logs[0].scope_logs.is_empty(), scope == "my.app");
    }
    let points = vec![sum("claude_code.token.usage", talking_points())];
    let sent = metrics(METRICS, points);
    let Export::Metrics(kept) = redact(&Export::Metrics(sent.clone())) else {
        panic!("another signal")
    };
    assert_eq!(read_metrics(&kept, origin()).facts, read_metrics(&sent, origin()).facts);
    assert!(!format!("{kept:?}").contains("user.email"));
}

/// Scenario: control characters in everything that is kept.
/// Guarantees: none reaches a fact or a description, so that a terminal obeys nothing received.
#[test]
fn no_terminal_command_passes() {
    let keys = [
        "model",
        "request_id",
        "agent_id",
        "agent.name",
        "query_source",
        "session.id",
        "tool_name",
        "prompt.id",
        "agent_type",
        "command_name",
        "event.name",
    ];
    let escape = "\u{1b}]0;owned\u{7}";
    for name in ["api_request", "user_prompt", "tool_result", "subagent_completed"] {
        for key in keys {
            let attributes = with(event(name, api_request()).attributes, text(key, escape));
            let record = LogRecord { attributes, time_unix_nano: TIME, ..LogRecord::default() };
            let logs = logs(EVENTS, vec![record]);
            let seen = format!(
                "{:?}",
                (read_logs(&logs, origin()), describe_logs(&logs, Timestamp::EPOCH))
            );
            assert!(!seen.contains("owned"), "{name} {key}");
        }
    }
}

/// Scenario: an export with facts, ignored, unknown and refused signals, as the receivers hand it on.
/// Guarantees: describing tells of each the same as reading does.
#[test]
fn describing_agrees_with_reading() {
    let records = vec![
        event("api_request", api_request()),
        event("api_request", vec![]),
        event("user_prompt", vec![]),
        event("tool_decision", vec![]),
        event("new_event", vec![]),
    ];
    let arrival = arrived(Export::Logs(logs(EVENTS, records)));
    let (reading, sightings) = (read(&arrival), describe(&arrival));
    let understood: Vec<_> = sightings.iter().map(|sighting| &sighting.understood).collect();
    let facts = understood.iter().filter(|u| matches!(u, Understood::Fact { .. })).count();
    assert_eq!((facts, reading.facts.len()), (2, 2));
    let reason = reading.reason.expect("a reason");
    assert_eq!(*understood[1], Understood::Rejected { reason });
    assert_eq!((understood[3], understood[4]), (&Understood::Ignored, &Understood::Unknown));
    assert_eq!(sightings[0].session, reading.facts[0].session);
    assert_eq!(sightings[0].at, reading.facts[0].envelope.at);
}

/// Scenario: one export of each kind, as the receivers hand it on.
/// Guarantees: each is read and described as what it is, at its time and on its connection.
#[test]
fn every_kind_of_export_is_read() {
    let points = vec![sum("claude_code.token.usage", vec![usage(1.0, Some("input"))])];
    let span = Span { name: "claude_code.tool".to_owned(), ..Span::default() };
    let exports = [
        (Export::Logs(logs(EVENTS, vec![event("user_prompt", vec![])])), 1),
        (Export::Metrics(metrics(METRICS, points)), 1),
        (Export::Traces(spans("com.anthropic.claude_code.tracing", vec![span])), 0),
    ];
    for (export, expected) in exports {
        let arrival = arrived(export);
        let facts = read(&arrival).facts;
        assert_eq!((facts.len(), describe(&arrival).len()), (expected, 1));
        for fact in facts {
            assert_eq!(fact.envelope.connection, Some(arrival.connection));
            assert_eq!(fact.envelope.arrived, arrival.at);
        }
    }
}

fn arrived(export: Export) -> Arrival {
    Arrival { export, connection: origin().connection, at: origin().arrived }
}

/// Scenario: a scope without version beside a resource that names one; spans of a known and an unknown scope.
/// Guarantees: the resource's version is taken; known spans leave no trace, unknown ones are described.
#[test]
fn versions_and_spans_are_read() {
    let mut request = logs(EVENTS, vec![event("user_prompt", vec![])]);
    let resource = &mut request.resource_logs[0];
    let attributes = vec![text("service.name", "renamed"), text("service.version", "2.0.1")];
    resource.resource = Some(Resource { attributes, ..Resource::default() });
    resource.scope_logs[0].scope.as_mut().expect("a scope").version.clear();
    let facts = read_logs(&request, origin()).facts;
    assert_eq!(facts[0].envelope.client_version.as_deref(), Some("2.0.1"));

    let span = || Span { name: "work".to_owned(), ..Span::default() };
    let read = |scope| read_traces(&spans(scope, vec![span(), span()]), origin());
    assert_eq!(read("com.anthropic.claude_code.tracing"), Reading::default());
    let reading = read("my.app");
    assert_eq!((reading.facts.len(), reading.rejected), (0, 0));
    assert_eq!(
        (reading.unknown[0].kind.name(), &*reading.unknown[0].name),
        ("span", "my.app/work")
    );
    assert_eq!(reading.unknown[0].seen, 2);
}

fn facts_in_order(points: &[NumberDataPoint]) -> Vec<Fact> {
    let (cost, tokens): (Vec<_>, Vec<_>) = points
        .iter()
        .cloned()
        .partition(|point| point.attributes.iter().all(|pair| pair.key != "type"));
    let all = vec![sum("claude_code.cost.usage", cost), sum("claude_code.token.usage", tokens)];
    read_metrics(&metrics(METRICS, all), origin()).facts
}

prop_compose! {
    fn any_point()(
        kind in prop::sample::select(vec![
            None, Some("input"), Some("output"), Some("cacheRead"), Some("cacheCreation"),
        ]),
        value in 0_u32..50,
        session in 0_u8..2,
        effort in prop::option::of(0_u8..2),
        start in 0_u64..3,
        time in 0_u64..3,
    ) -> NumberDataPoint {
        let mut point = usage(value.into(), kind);
        point.attributes[0] = text("session.id", &session.to_string());
        point.attributes.extend(effort.map(|effort| text("effort", &effort.to_string())));
        point.start_time_unix_nano -= start;
        point.time_unix_nano -= time;
        point
    }
}

proptest! {
    /// Scenario: points of some series, starts and times in two orders, their attributes too.
    /// Guarantees: the facts do not depend on the order.
    #[test]
    fn readings_do_not_depend_on_order(
        (points, shuffled) in prop::collection::vec(any_point(), 0..40)
            .prop_flat_map(|points| (Just(points.clone()), Just(points).prop_shuffle())),
    ) {
        let reversed: Vec<_> = shuffled.into_iter().map(|mut point| {
            point.attributes.reverse();
            point
        }).collect();
        prop_assert_eq!(facts_in_order(&points), facts_in_order(&reversed));
    }
}

/// Scenario: an export with the events 5, 6 and 9 of one session, then number 10 of another; one has no number.
/// Guarantees: every number that arrived is told, in runs without a hole, also those of events that are not needed.
#[test]
fn running_numbers_are_told_in_runs() {
    let numbered = |name, session: &str, number: Option<i64>| {
        let number = number.map(|number| crate::builders::int("event.sequence", number));
        let attributes = without(api_request(), "event.sequence").into_iter().chain(number);
        let record = event(name, attributes.collect());
        LogRecord { attributes: with(record.attributes, text("session.id", session)), ..record }
    };
    let records = vec![
        numbered("api_request", "s", Some(5)),
        numbered("plugin_loaded", "s", Some(6)),
        numbered("never_seen", "s", Some(9)),
        numbered("api_request", "s", None),
        numbered("tool_decision", "t", Some(10)),
    ];
    let heard = read_logs(&logs(EVENTS, records), origin()).heard;
    let runs: Vec<_> = heard
        .iter()
        .map(|fact| {
            let Statement::Heard(heard) = &fact.statement else { panic!("{fact:?}") };
            let session = fact.session.as_ref().map(|session| session.as_str().to_owned());
            (session.unwrap(), fact.envelope.sequence.unwrap(), heard.last)
        })
        .collect();
    assert_eq!(runs, [("s".into(), 5, 6), ("s".into(), 9, 9), ("t".into(), 10, 10)]);
}
