//! Walks an export and hands over every signal in it, understood.

use plimsoll_domain::{Timestamp, calendar::parse_rfc3339};
use plimsoll_otlp::proto::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::KeyValue,
    logs::v1::LogRecord,
    metrics::v1::{Metric, NumberDataPoint, metric::Data},
    trace::v1::Span,
};

use crate::{
    attributes::{Attributes, text},
    claude_code::{events, metrics::Meter},
    signal::{Scope, Signal, SignalKind, Understanding, not_after},
};

/// The longest text that is tried as a time, in bytes.
const LONGEST_TIME: usize = 40;

/// Visits every log record.
pub(crate) fn logs<'a>(
    request: &'a ExportLogsServiceRequest,
    arrived: Timestamp,
    mut visit: impl FnMut(Signal<'a>),
) {
    for resource in &request.resource_logs {
        for logs in &resource.scope_logs {
            let scope = Scope::of(resource.resource.as_ref(), logs.scope.as_ref());
            for record in &logs.log_records {
                visit(event(scope, record, arrived));
            }
        }
    }
}

fn event<'a>(scope: Scope<'a>, record: &'a LogRecord, arrived: Timestamp) -> Signal<'a> {
    let attributes = Attributes(&record.attributes);
    let at = event_time(record, arrived);
    let signal = Signal::unknown(SignalKind::Event, scope, attributes, at);
    if !scope.known {
        return Signal { name: foreign_name(record), ..signal };
    }
    let name = events::name(record);
    Signal {
        name,
        session: attributes.text("session.id"),
        sequence: attributes.count("event.sequence").ok(),
        understanding: events::understand(name, attributes),
        ..signal
    }
}

/// The name of an event of a scope that nobody knows. Its body is never a name: it may be text.
fn foreign_name(record: &LogRecord) -> &str {
    if record.event_name.is_empty() {
        Attributes(&record.attributes).get("event.name").and_then(text).unwrap_or_default()
    } else {
        &record.event_name
    }
}

/// The first of time, observed time and `event.timestamp` that is told; else the arrival.
fn event_time(record: &LogRecord, arrived: Timestamp) -> Timestamp {
    let told = match record.time_unix_nano {
        0 => record.observed_time_unix_nano,
        time => time,
    };
    if told != 0 {
        return not_after(told, arrived);
    }
    let written = Attributes(&record.attributes).get("event.timestamp").and_then(text);
    written
        .filter(|text| text.len() <= LONGEST_TIME)
        .and_then(parse_rfc3339)
        .filter(|time| *time > Timestamp::EPOCH)
        .map_or(arrived, |time| time.min(arrived))
}

/// Visits every data point.
pub(crate) fn metrics<'a>(
    request: &'a ExportMetricsServiceRequest,
    arrived: Timestamp,
    mut visit: impl FnMut(Signal<'a>),
) {
    for resource in &request.resource_metrics {
        for metrics in &resource.scope_metrics {
            let scope = Scope::of(resource.resource.as_ref(), metrics.scope.as_ref());
            for metric in &metrics.metrics {
                let meter = if scope.known { Meter::of(metric) } else { Meter::Unknown };
                points(&PointReader { scope, metric, meter, arrived }, &mut visit);
            }
        }
    }
}

/// What the points of one metric share.
struct PointReader<'a> {
    scope: Scope<'a>,
    metric: &'a Metric,
    meter: Meter,
    arrived: Timestamp,
}

fn points<'a>(reader: &PointReader<'a>, visit: &mut impl FnMut(Signal<'a>)) {
    match &reader.metric.data {
        Some(Data::Sum(data)) => data.data_points.iter().for_each(|p| visit(reader.number(p))),
        Some(Data::Gauge(data)) => data.data_points.iter().for_each(|p| visit(reader.number(p))),
        Some(Data::Histogram(data)) => {
            for point in &data.data_points {
                visit(reader.other(&point.attributes, point.time_unix_nano));
            }
        }
        Some(Data::ExponentialHistogram(data)) => {
            for point in &data.data_points {
                visit(reader.other(&point.attributes, point.time_unix_nano));
            }
        }
        Some(Data::Summary(data)) => {
            for point in &data.data_points {
                visit(reader.other(&point.attributes, point.time_unix_nano));
            }
        }
        None => {}
    }
}

impl<'a> PointReader<'a> {
    fn number(&self, point: &'a NumberDataPoint) -> Signal<'a> {
        let value = point.value;
        let signal = Signal { value, ..self.other(&point.attributes, point.time_unix_nano) };
        if !self.scope.known {
            return signal;
        }
        let (session, understanding) = self.meter.understand(point);
        Signal { session, understanding, ..signal }
    }

    /// A point as far as it can be understood without its being a number.
    fn other(&self, attributes: &'a [KeyValue], time: u64) -> Signal<'a> {
        let at = not_after(time, self.arrived);
        Signal {
            name: &self.metric.name,
            understanding: self.meter.without_number(),
            ..Signal::unknown(SignalKind::Metric, self.scope, Attributes(attributes), at)
        }
    }
}

/// Visits every span. Those of a known scope repeat what its events tell.
pub(crate) fn spans<'a>(
    request: &'a ExportTraceServiceRequest,
    arrived: Timestamp,
    mut visit: impl FnMut(Signal<'a>),
) {
    for resource in &request.resource_spans {
        for spans in &resource.scope_spans {
            let scope = Scope::of(resource.resource.as_ref(), spans.scope.as_ref());
            spans.spans.iter().for_each(|span| visit(self::span(scope, span, arrived)));
        }
    }
}

fn span<'a>(scope: Scope<'a>, span: &'a Span, arrived: Timestamp) -> Signal<'a> {
    let at = not_after(span.end_time_unix_nano, arrived);
    let attributes = Attributes(&span.attributes);
    let signal = Signal::unknown(SignalKind::Span, scope, attributes, at);
    if !scope.known {
        return Signal { name: &span.name, ..signal };
    }
    Signal {
        name: &span.name,
        session: attributes.text("session.id"),
        understanding: Understanding::Ignored,
        ..signal
    }
}
