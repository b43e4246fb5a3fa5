//! Short ways to build exports in tests.

use plimsoll_domain::{ConnectionId, Timestamp};
use plimsoll_otlp::proto::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{
        Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric::Data,
        number_data_point,
    },
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};

use crate::reading::Origin;

pub(crate) const EVENTS: &str = "com.anthropic.claude_code.events";
pub(crate) const METRICS: &str = "com.anthropic.claude_code";

/// When test events happen, in nanoseconds: 2026-11-23T04:43:43.445Z.
pub(crate) const TIME: u64 = 1_795_409_023_445_000_000;

/// A connection on which exports arrive one second after [`TIME`].
pub(crate) fn origin() -> Origin {
    Origin { connection: ConnectionId(7), arrived: at(TIME + 1_000_000_000) }
}

pub(crate) fn at(nanos: u64) -> Timestamp {
    Timestamp::from_nanos(nanos).expect("a time of this century")
}

pub(crate) fn attribute(key: &str, value: Option<Value>) -> KeyValue {
    let value = value.map(|value| AnyValue { value: Some(value) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Some(Value::StringValue(value.to_owned())))
}

pub(crate) fn int(key: &str, value: i64) -> KeyValue {
    attribute(key, Some(Value::IntValue(value)))
}

pub(crate) fn double(key: &str, value: f64) -> KeyValue {
    attribute(key, Some(Value::DoubleValue(value)))
}

pub(crate) fn boolean(key: &str, value: bool) -> KeyValue {
    attribute(key, Some(Value::BoolValue(value)))
}

fn scope(name: &str) -> Option<InstrumentationScope> {
    Some(InstrumentationScope {
        name: name.to_owned(),
        version: "2.1.330".to_owned(),
        ..InstrumentationScope::default()
    })
}

/// A log record of this name in the session `s-1`.
pub(crate) fn event(name: &str, attributes: Vec<KeyValue>) -> LogRecord {
    let mut all = vec![text("session.id", "s-1"), text("event.name", name)];
    all.extend(attributes);
    LogRecord {
        time_unix_nano: TIME,
        observed_time_unix_nano: TIME,
        attributes: all,
        ..LogRecord::default()
    }
}

/// The attributes of a complete `api_request`.
pub(crate) fn api_request() -> Vec<KeyValue> {
    vec![
        int("event.sequence", 5),
        text("model", "claude-sonnet-4-6"),
        int("input_tokens", 17),
        int("output_tokens", 113),
        int("cache_read_tokens", 12_011),
        int("cache_creation_tokens", 3307),
        int("cache_creation_1h_tokens", 7),
        double("cost_usd", 0.017_750_55),
        int("cost_usd_micros", 17_751),
        int("duration_ms", 5120),
        int("ttft_ms", 43),
        text("request_id", "req_1"),
        text("query_source", "sdk"),
        text("effort", "high"),
    ]
}

/// `attributes` with the one of `pair`'s key replaced by `pair`, or with `pair` added.
pub(crate) fn with(mut attributes: Vec<KeyValue>, pair: KeyValue) -> Vec<KeyValue> {
    attributes.retain(|other| other.key != pair.key);
    attributes.push(pair);
    attributes
}

/// `attributes` without the one of this key.
pub(crate) fn without(mut attributes: Vec<KeyValue>, key: &str) -> Vec<KeyValue> {
    attributes.retain(|other| other.key != key);
    attributes
}

pub(crate) fn logs(scope_name: &str, log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    let scope_logs =
        vec![ScopeLogs { scope: scope(scope_name), log_records, ..ScopeLogs::default() }];
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }],
    }
}

/// A point of the span that ends at [`TIME`], in the session `s-1`.
pub(crate) fn point(value: f64, attributes: Vec<KeyValue>) -> NumberDataPoint {
    let mut all = vec![text("session.id", "s-1")];
    all.extend(attributes);
    NumberDataPoint {
        attributes: all,
        start_time_unix_nano: TIME - 1_000_000_000,
        time_unix_nano: TIME,
        value: Some(number_data_point::Value::AsDouble(value)),
        ..NumberDataPoint::default()
    }
}

/// A point of `token.usage` (with a type) or `cost.usage` (without).
pub(crate) fn usage(value: f64, kind: Option<&str>) -> NumberDataPoint {
    let mut attributes = vec![text("model", "claude-sonnet-4-6[1m]"), text("query_source", "main")];
    attributes.extend(kind.map(|kind| text("type", kind)));
    point(value, attributes)
}

/// A monotonic delta sum.
pub(crate) fn sum(name: &str, data_points: Vec<NumberDataPoint>) -> Metric {
    let sum = Sum { data_points, aggregation_temporality: 1, is_monotonic: true };
    metric(name, Data::Sum(sum))
}

pub(crate) fn metric(name: &str, data: Data) -> Metric {
    Metric { name: name.to_owned(), data: Some(data), ..Metric::default() }
}

pub(crate) fn metrics(scope_name: &str, metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    let scope_metrics =
        vec![ScopeMetrics { scope: scope(scope_name), metrics, ..ScopeMetrics::default() }];
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }],
    }
}

pub(crate) fn spans(scope_name: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans { scope: scope(scope_name), spans, ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }],
    }
}
