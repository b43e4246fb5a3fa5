//! Small requests of the three signals, and ways to compress them.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use plimsoll_otlp::proto::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{AnyValue, KeyValue, any_value::Value as Any},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{
        Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric::Data,
        number_data_point::Value,
    },
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};

/// Metrics with two points.
pub(crate) fn metrics() -> ExportMetricsServiceRequest {
    let point = |value| NumberDataPoint {
        time_unix_nano: 1_700_000_000_000_000_000,
        value: Some(Value::AsDouble(value)),
        ..NumberDataPoint::default()
    };
    let sum = Sum {
        data_points: vec![point(17.0), point(0.5)],
        aggregation_temporality: 1,
        is_monotonic: true,
    };
    let metric =
        Metric { name: "tokens".to_owned(), data: Some(Data::Sum(sum)), ..Metric::default() };
    let scope = ScopeMetrics { metrics: vec![metric], ..ScopeMetrics::default() };
    let resource = ResourceMetrics { scope_metrics: vec![scope], ..ResourceMetrics::default() };
    ExportMetricsServiceRequest { resource_metrics: vec![resource] }
}

/// The same metrics as JSON.
pub(crate) const METRICS_JSON: &str = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[
    {"name":"tokens","sum":{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[
        {"timeUnixNano":"1700000000000000000","asDouble":17},
        {"timeUnixNano":"1700000000000000000","asDouble":0.5}]}}]}]}]}"#;

/// Logs with one record.
pub(crate) fn logs() -> ExportLogsServiceRequest {
    logs_with("a body")
}

/// The same logs as JSON.
pub(crate) const LOGS_JSON: &str = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[
    {"body":{"stringValue":"a body"}}]}]}]}"#;

/// Logs with one record of this body.
pub(crate) fn logs_with(body: &str) -> ExportLogsServiceRequest {
    let body = Some(AnyValue { value: Some(Any::StringValue(body.to_owned())) });
    let record = LogRecord { body, ..LogRecord::default() };
    let scope = ScopeLogs { log_records: vec![record], ..ScopeLogs::default() };
    let resource = ResourceLogs { scope_logs: vec![scope], ..ResourceLogs::default() };
    ExportLogsServiceRequest { resource_logs: vec![resource] }
}

/// Traces with one span.
pub(crate) fn traces() -> ExportTraceServiceRequest {
    let attribute = KeyValue { key: "k".to_owned(), ..KeyValue::default() };
    let span = Span { name: "s".to_owned(), attributes: vec![attribute], ..Span::default() };
    let scope = ScopeSpans { spans: vec![span], ..ScopeSpans::default() };
    let resource = ResourceSpans { scope_spans: vec![scope], ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![resource] }
}

/// The same traces as JSON.
pub(crate) const TRACES_JSON: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[
    {"name":"s","attributes":[{"key":"k"}]}]}]}]}"#;

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 0).unwrap()
}
