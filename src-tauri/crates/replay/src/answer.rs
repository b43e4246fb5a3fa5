//! What a receiver's answer says about the records it was sent.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use serde_json::Value;

use crate::capture::{Content, Signal};

/// What the answer's partial success says. An answer that cannot be read says nothing.
pub(crate) fn refused_records(signal: Signal, content: Content, body: &[u8]) -> u64 {
    let told = match content {
        Content::Json => json_refusals(body),
        Content::Protobuf => protobuf_refusals(signal, body),
    };
    told.and_then(|told| u64::try_from(told).ok()).unwrap_or(0)
}

fn json_refusals(body: &[u8]) -> Option<i64> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let told = answer.get("partialSuccess")?.as_object()?;
    let names = ["rejectedLogRecords", "rejectedDataPoints", "rejectedSpans"];
    let count = names.into_iter().find_map(|name| told.get(name))?;
    count.as_i64().or_else(|| count.as_str()?.parse().ok())
}

fn protobuf_refusals(signal: Signal, body: &[u8]) -> Option<i64> {
    Some(match signal {
        Signal::Logs => {
            ExportLogsServiceResponse::decode(body).ok()?.partial_success?.rejected_log_records
        }
        Signal::Metrics => {
            ExportMetricsServiceResponse::decode(body).ok()?.partial_success?.rejected_data_points
        }
        Signal::Traces => {
            ExportTraceServiceResponse::decode(body).ok()?.partial_success?.rejected_spans
        }
    })
}
