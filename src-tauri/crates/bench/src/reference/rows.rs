//! Points and records as rows of small numbers.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// One point or record. Names are kept as short hashes: as small as the numbers that a receiver with a
/// table of names would keep.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Row {
    pub(super) time: i64,
    /// Of everything that tells it from another at the same time.
    pub(super) hash: i64,
    pub(super) session: u32,
    pub(super) name: u16,
    pub(super) model: u16,
    pub(super) kind: u16,
    pub(super) source: u16,
    pub(super) value: f64,
}

pub(super) fn of_metrics(export: &ExportMetricsServiceRequest) -> Vec<Row> {
    let resources = export.resource_metrics.iter();
    let metrics = resources.flat_map(|it| &it.scope_metrics).flat_map(|it| &it.metrics);
    let mut rows = Vec::with_capacity(16);
    for metric in metrics {
        if let Some(Data::Sum(sum)) = &metric.data {
            rows.extend(sum.data_points.iter().map(|one| point(metric, one)));
        }
    }
    rows
}

pub(super) fn of_logs(export: &ExportLogsServiceRequest) -> Vec<Row> {
    let resources = export.resource_logs.iter();
    let records = resources.flat_map(|it| &it.scope_logs).flat_map(|it| &it.log_records);
    records.map(record).collect()
}

fn point(metric: &Metric, point: &NumberDataPoint) -> Row {
    let mut hash = Xxh3::new();
    hash.update(metric.name.as_bytes());
    hash.update(&point.start_time_unix_nano.to_le_bytes());
    let mut row = Row { name: short(&metric.name), ..Row::default() };
    attributes(&mut row, &mut hash, &point.attributes);
    row.time = point.time_unix_nano.cast_signed();
    row.hash = hash.digest().cast_signed();
    row.value = match point.value {
        Some(Number::AsDouble(value)) => value,
        Some(Number::AsInt(value)) => double(value),
        None => 0.0,
    };
    row
}

fn record(record: &LogRecord) -> Row {
    let mut hash = Xxh3::new();
    let mut row = Row::default();
    attributes(&mut row, &mut hash, &record.attributes);
    row.time = record.time_unix_nano.cast_signed();
    row.hash = hash.digest().cast_signed();
    row
}

fn attributes(row: &mut Row, hash: &mut Xxh3, pairs: &[KeyValue]) {
    for pair in pairs {
        let key = pair.key.as_str();
        hash.update(key.as_bytes());
        match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
            Some(Value::StringValue(text)) => {
                hash.update(text.as_bytes());
                match key {
                    "session.id" => row.session = long(text),
                    "event.name" => row.name = short(text),
                    "model" => row.model = short(text),
                    "type" => row.kind = short(text),
                    "query_source" => row.source = short(text),
                    _ => {}
                }
            }
            Some(Value::IntValue(number)) => {
                hash.update(&number.to_le_bytes());
                if key == "output_tokens" {
                    row.value = double(*number);
                }
            }
            Some(Value::DoubleValue(number)) => hash.update(&number.to_bits().to_le_bytes()),
            Some(Value::BoolValue(flag)) => hash.update(&[u8::from(*flag)]),
            _ => {}
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a short hash is wanted")]
fn short(text: &str) -> u16 {
    xxh3_64(text.as_bytes()) as u16
}

#[expect(clippy::cast_possible_truncation, reason = "a short hash is wanted")]
fn long(text: &str) -> u32 {
    xxh3_64(text.as_bytes()) as u32
}

#[expect(clippy::cast_precision_loss, reason = "the reference keeps doubles")]
fn double(number: i64) -> f64 {
    number as f64
}
