//! Exports in OTLP's JSON as the client writes it: 64-bit times as text, but integers as numbers.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};
use opentelemetry_proto::tonic::resource::v1::Resource;
use serde_json::{Value, json};

/// A log export as JSON.
#[must_use]
pub fn logs_json(export: &ExportLogsServiceRequest) -> Value {
    let resources = export.resource_logs.iter().map(|logs| {
        let scopes = logs.scope_logs.iter().map(|logs| {
            let records: Vec<_> = logs.log_records.iter().map(record).collect();
            json!({"scope": scope(logs.scope.as_ref()), "logRecords": records})
        });
        let scopes: Vec<_> = scopes.collect();
        json!({"resource": resource(logs.resource.as_ref()), "scopeLogs": scopes})
    });
    json!({"resourceLogs": resources.collect::<Vec<_>>()})
}

/// A metric export as JSON. Sums only: the client sends nothing else.
#[must_use]
pub fn metrics_json(export: &ExportMetricsServiceRequest) -> Value {
    let resources = export.resource_metrics.iter().map(|metrics| {
        let scopes = metrics.scope_metrics.iter().map(|metrics| {
            let sums: Vec<_> = metrics.metrics.iter().map(sum).collect();
            json!({"scope": scope(metrics.scope.as_ref()), "metrics": sums})
        });
        let scopes: Vec<_> = scopes.collect();
        json!({"resource": resource(metrics.resource.as_ref()), "scopeMetrics": scopes})
    });
    json!({"resourceMetrics": resources.collect::<Vec<_>>()})
}

fn resource(resource: Option<&Resource>) -> Value {
    let pairs = resource.map(|resource| attributes(&resource.attributes)).unwrap_or_default();
    json!({"attributes": pairs, "droppedAttributesCount": 0})
}

fn scope(scope: Option<&InstrumentationScope>) -> Value {
    scope.map_or(Value::Null, |scope| json!({"name": scope.name, "version": scope.version}))
}

fn record(record: &LogRecord) -> Value {
    json!({
        "timeUnixNano": record.time_unix_nano.to_string(),
        "observedTimeUnixNano": record.observed_time_unix_nano.to_string(),
        "body": any(record.body.as_ref()),
        "attributes": attributes(&record.attributes),
        "droppedAttributesCount": 0,
    })
}

fn sum(metric: &Metric) -> Value {
    let Some(Data::Sum(sum)) = &metric.data else { return json!({"name": metric.name}) };
    let points: Vec<_> = sum.data_points.iter().map(point).collect();
    json!({
        "name": metric.name,
        "description": metric.description,
        "unit": metric.unit,
        "sum": {
            "aggregationTemporality": sum.aggregation_temporality,
            "isMonotonic": sum.is_monotonic,
            "dataPoints": points,
        },
    })
}

fn point(point: &NumberDataPoint) -> Value {
    let mut written = json!({
        "attributes": attributes(&point.attributes),
        "startTimeUnixNano": point.start_time_unix_nano.to_string(),
        "timeUnixNano": point.time_unix_nano.to_string(),
    });
    match point.value {
        Some(Number::AsDouble(value)) => written["asDouble"] = value.into(),
        Some(Number::AsInt(value)) => written["asInt"] = value.into(),
        None => {}
    }
    written
}

fn attributes(pairs: &[KeyValue]) -> Vec<Value> {
    pairs.iter().map(|pair| json!({"key": pair.key, "value": any(pair.value.as_ref())})).collect()
}

fn any(value: Option<&AnyValue>) -> Value {
    use any_value::Value as Any;
    match value.and_then(|value| value.value.as_ref()) {
        Some(Any::StringValue(text)) => json!({"stringValue": text}),
        Some(Any::IntValue(number)) => json!({"intValue": number}),
        Some(Any::DoubleValue(number)) => json!({"doubleValue": number}),
        Some(Any::BoolValue(flag)) => json!({"boolValue": flag}),
        Some(Any::ArrayValue(items)) => {
            let items: Vec<_> = items.values.iter().map(|item| any(Some(item))).collect();
            json!({"arrayValue": {"values": items}})
        }
        _ => json!({}),
    }
}
