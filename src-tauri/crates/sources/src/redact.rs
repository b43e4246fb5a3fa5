//! An export without what may be content, for the spool: what is on disk there is read into the same facts.

use plimsoll_otlp::{
    Export,
    proto::{
        common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
        logs::v1::{LogRecord, ResourceLogs},
        metrics::v1::{ResourceMetrics, metric::Data},
        resource::v1::Resource,
    },
};

use crate::{attributes::text, claude_code, series::PERSONAL};

/// The keys whose values are numbers, which older versions of the client write as text.
const NUMBERS: [&str; 12] = [
    "attempt",
    "cache_creation_1h_tokens",
    "cache_creation_tokens",
    "cache_read_tokens",
    "cost_usd",
    "cost_usd_micros",
    "event.sequence",
    "input_tokens",
    "output_tokens",
    "status_code",
    "total_tokens",
    "ttft_ms",
];

/// A copy of an export that yields the same facts and holds no content: no prompts, answers, tool inputs, error
/// texts or e-mail addresses, and nothing of scopes that no dialect knows.
#[must_use]
pub fn redact(export: &Export) -> Export {
    match export {
        Export::Logs(request) => {
            let mut kept = request.clone();
            kept.resource_logs.iter_mut().for_each(redact_logs);
            Export::Logs(kept)
        }
        Export::Metrics(request) => {
            let mut kept = request.clone();
            kept.resource_metrics.iter_mut().for_each(redact_metrics);
            Export::Metrics(kept)
        }
        // Spans yield no facts.
        Export::Traces(_) => Export::Traces(Default::default()),
    }
}

fn redact_logs(logs: &mut ResourceLogs) {
    redact_resource(logs.resource.as_mut());
    logs.scope_logs.retain(|scope| is_known(scope.scope.as_ref()));
    for record in logs.scope_logs.iter_mut().flat_map(|scope| &mut scope.log_records) {
        record.attributes.retain(is_needed);
        redact_body(record);
        record.event_name.clear();
        record.severity_text.clear();
    }
}

/// The body of a known event is its name; of anything else, nothing is kept.
fn redact_body(record: &mut LogRecord) {
    let names = |body: &AnyValue| body.value.as_ref().and_then(text).is_some_and(is_event_name);
    record.body = record.body.take().filter(names);
}

/// Whether a text has the form of the client's event names.
fn is_event_name(text: &str) -> bool {
    let name = text.strip_prefix("claude_code.").unwrap_or(text);
    name.len() <= 64 && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase())
}

fn redact_metrics(metrics: &mut ResourceMetrics) {
    redact_resource(metrics.resource.as_mut());
    metrics.scope_metrics.retain(|scope| is_known(scope.scope.as_ref()));
    for metric in metrics.scope_metrics.iter_mut().flat_map(|scope| &mut scope.metrics) {
        metric.description.clear();
        match &mut metric.data {
            // All attributes but the personal one are the identity of a series.
            Some(Data::Sum(sum)) => {
                for point in &mut sum.data_points {
                    point.attributes.retain(|pair| pair.key != PERSONAL);
                    point.exemplars.clear();
                }
            }
            // No other kind yields facts.
            other => *other = None,
        }
    }
}

fn redact_resource(resource: Option<&mut Resource>) {
    if let Some(resource) = resource {
        resource.attributes.retain(|pair| matches!(&*pair.key, "service.name" | "service.version"));
    }
}

fn is_known(scope: Option<&InstrumentationScope>) -> bool {
    scope.is_some_and(|scope| claude_code::is_scope(&scope.name))
}

/// Numbers, also those written as text, and texts that the client itself or the provider made.
fn is_needed(pair: &KeyValue) -> bool {
    match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::IntValue(_) | Value::DoubleValue(_) | Value::BoolValue(_)) => true,
        Some(Value::StringValue(text)) if pair.key == "event.name" => is_event_name(text),
        Some(Value::StringValue(text)) => {
            claude_code::is_harmless(&pair.key, text)
                || pair.key == "orchestration.id"
                || NUMBERS.contains(&&*pair.key) && text.parse::<f64>().is_ok()
        }
        _ => false,
    }
}
