//! A conforming writer of OTLP/JSON, in two spellings.

use plimsoll_otlp::proto::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{AnyValue, EntityRef, InstrumentationScope, KeyValue, any_value::Value as Any},
    logs::v1::LogRecord,
    metrics::v1::{
        Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint,
        SummaryDataPoint, exemplar, exponential_histogram_data_point::Buckets, metric::Data,
        number_data_point,
    },
    resource::v1::Resource,
    trace::v1::Span,
};
use serde_json::{Map, Value, json};

/// How the freedom that the format leaves is used.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spelling {
    /// As the specification's examples: 64-bit integers as strings, absent members left out.
    Specification,
    /// As the real client: 64-bit integers as numbers but times as strings, whole doubles without a
    /// point, every member present.
    Client,
    /// Everything that may be a string is one, absent members are `null`.
    Strings,
}

impl Spelling {
    pub(super) const ALL: [Self; 3] = [Self::Specification, Self::Client, Self::Strings];

    pub(super) fn metrics(self, request: &ExportMetricsServiceRequest) -> Value {
        let resources = request.resource_metrics.iter().map(|resource| {
            let scopes = resource.scope_metrics.iter().map(|scope| {
                self.object([
                    ("scope", scope.scope.as_ref().map(|scope| self.scope(scope))),
                    ("metrics", self.list(&scope.metrics, |metric| self.metric(metric))),
                    ("schemaUrl", self.text(&scope.schema_url)),
                ])
            });
            self.object([
                ("resource", resource.resource.as_ref().map(|resource| self.resource(resource))),
                ("scopeMetrics", Some(scopes.collect())),
                ("schemaUrl", self.text(&resource.schema_url)),
            ])
        });
        self.object([("resourceMetrics", Some(resources.collect()))])
    }

    pub(super) fn logs(self, request: &ExportLogsServiceRequest) -> Value {
        let resources = request.resource_logs.iter().map(|resource| {
            let scopes = resource.scope_logs.iter().map(|scope| {
                self.object([
                    ("scope", scope.scope.as_ref().map(|scope| self.scope(scope))),
                    ("logRecords", self.list(&scope.log_records, |record| self.log_record(record))),
                    ("schemaUrl", self.text(&scope.schema_url)),
                ])
            });
            self.object([
                ("resource", resource.resource.as_ref().map(|resource| self.resource(resource))),
                ("scopeLogs", Some(scopes.collect())),
                ("schemaUrl", self.text(&resource.schema_url)),
            ])
        });
        self.object([("resourceLogs", Some(resources.collect()))])
    }

    pub(super) fn traces(self, request: &ExportTraceServiceRequest) -> Value {
        let resources = request.resource_spans.iter().map(|resource| {
            let scopes = resource.scope_spans.iter().map(|scope| {
                self.object([
                    ("scope", scope.scope.as_ref().map(|scope| self.scope(scope))),
                    ("spans", self.list(&scope.spans, |span| self.span(span))),
                    ("schemaUrl", self.text(&scope.schema_url)),
                ])
            });
            self.object([
                ("resource", resource.resource.as_ref().map(|resource| self.resource(resource))),
                ("scopeSpans", Some(scopes.collect())),
                ("schemaUrl", self.text(&resource.schema_url)),
            ])
        });
        self.object([("resourceSpans", Some(resources.collect()))])
    }

    fn resource(self, resource: &Resource) -> Value {
        self.object([
            ("attributes", self.attributes(&resource.attributes)),
            ("droppedAttributesCount", self.small(resource.dropped_attributes_count)),
            ("entityRefs", self.list(&resource.entity_refs, |entity| self.entity(entity))),
        ])
    }

    fn entity(self, entity: &EntityRef) -> Value {
        self.object([
            ("schemaUrl", self.text(&entity.schema_url)),
            ("type", self.text(&entity.r#type)),
            ("idKeys", self.list(&entity.id_keys, |key| json!(key))),
            ("descriptionKeys", self.list(&entity.description_keys, |key| json!(key))),
        ])
    }

    fn scope(self, scope: &InstrumentationScope) -> Value {
        self.object([
            ("name", self.text(&scope.name)),
            ("version", self.text(&scope.version)),
            ("attributes", self.attributes(&scope.attributes)),
            ("droppedAttributesCount", self.small(scope.dropped_attributes_count)),
        ])
    }

    fn log_record(self, record: &LogRecord) -> Value {
        self.object([
            ("timeUnixNano", self.time(record.time_unix_nano)),
            ("observedTimeUnixNano", self.time(record.observed_time_unix_nano)),
            ("severityNumber", self.enumeration(record.severity_number)),
            ("severityText", self.text(&record.severity_text)),
            ("body", record.body.as_ref().map(|body| self.any(body))),
            ("attributes", self.attributes(&record.attributes)),
            ("droppedAttributesCount", self.small(record.dropped_attributes_count)),
            ("flags", self.small(record.flags)),
            ("traceId", self.id(&record.trace_id)),
            ("spanId", self.id(&record.span_id)),
            ("eventName", self.text(&record.event_name)),
        ])
    }

    fn span(self, span: &Span) -> Value {
        self.object([
            ("traceId", self.id(&span.trace_id)),
            ("spanId", self.id(&span.span_id)),
            ("traceState", self.text(&span.trace_state)),
            ("parentSpanId", self.id(&span.parent_span_id)),
            ("flags", self.small(span.flags)),
            ("name", self.text(&span.name)),
            ("kind", self.enumeration(span.kind)),
            ("startTimeUnixNano", self.time(span.start_time_unix_nano)),
            ("endTimeUnixNano", self.time(span.end_time_unix_nano)),
            ("attributes", self.attributes(&span.attributes)),
            ("droppedAttributesCount", self.small(span.dropped_attributes_count)),
            (
                "events",
                self.list(&span.events, |event| {
                    self.object([
                        ("timeUnixNano", self.time(event.time_unix_nano)),
                        ("name", self.text(&event.name)),
                        ("attributes", self.attributes(&event.attributes)),
                        ("droppedAttributesCount", self.small(event.dropped_attributes_count)),
                    ])
                }),
            ),
            ("droppedEventsCount", self.small(span.dropped_events_count)),
            (
                "links",
                self.list(&span.links, |link| {
                    self.object([
                        ("traceId", self.id(&link.trace_id)),
                        ("spanId", self.id(&link.span_id)),
                        ("traceState", self.text(&link.trace_state)),
                        ("attributes", self.attributes(&link.attributes)),
                        ("droppedAttributesCount", self.small(link.dropped_attributes_count)),
                        ("flags", self.small(link.flags)),
                    ])
                }),
            ),
            ("droppedLinksCount", self.small(span.dropped_links_count)),
            (
                "status",
                span.status.as_ref().map(|status| {
                    self.object([
                        ("message", self.text(&status.message)),
                        ("code", self.enumeration(status.code)),
                    ])
                }),
            ),
        ])
    }

    fn metric(self, metric: &Metric) -> Value {
        let temporality = |value| ("aggregationTemporality", self.enumeration(value));
        let data = metric.data.as_ref().map(|data| match data {
            Data::Gauge(gauge) => {
                let points = self.list(&gauge.data_points, |point| self.number_point(point));
                ("gauge", self.object([("dataPoints", points)]))
            }
            Data::Sum(sum) => {
                let points = self.list(&sum.data_points, |point| self.number_point(point));
                let monotonic = sum.is_monotonic || self.is_complete();
                (
                    "sum",
                    self.object([
                        ("dataPoints", points),
                        temporality(sum.aggregation_temporality),
                        ("isMonotonic", monotonic.then_some(json!(sum.is_monotonic))),
                    ]),
                )
            }
            Data::Histogram(histogram) => {
                let points = self.list(&histogram.data_points, |point| self.histogram_point(point));
                (
                    "histogram",
                    self.object([
                        ("dataPoints", points),
                        temporality(histogram.aggregation_temporality),
                    ]),
                )
            }
            Data::ExponentialHistogram(histogram) => {
                let points = &histogram.data_points;
                let points = self.list(points, |point| self.exponential_histogram_point(point));
                (
                    "exponentialHistogram",
                    self.object([
                        ("dataPoints", points),
                        temporality(histogram.aggregation_temporality),
                    ]),
                )
            }
            Data::Summary(summary) => {
                let points = self.list(&summary.data_points, |point| self.summary_point(point));
                ("summary", self.object([("dataPoints", points)]))
            }
        });
        let (kind, data) = data.map_or(("sum", None), |(kind, data)| (kind, Some(data)));
        self.object([
            ("name", self.text(&metric.name)),
            ("description", self.text(&metric.description)),
            ("unit", self.text(&metric.unit)),
            ("metadata", self.attributes(&metric.metadata)),
            (kind, data),
        ])
    }

    fn number_point(self, point: &NumberDataPoint) -> Value {
        use number_data_point::Value::{AsDouble, AsInt};
        self.object([
            ("attributes", self.attributes(&point.attributes)),
            ("startTimeUnixNano", self.time(point.start_time_unix_nano)),
            ("timeUnixNano", self.time(point.time_unix_nano)),
            ("exemplars", self.exemplars(&point.exemplars)),
            ("flags", self.small(point.flags)),
            match point.value {
                None => ("asInt", None),
                Some(AsInt(value)) => ("asInt", Some(self.long(value))),
                Some(AsDouble(value)) => ("asDouble", Some(self.double(value))),
            },
        ])
    }

    fn histogram_point(self, point: &HistogramDataPoint) -> Value {
        self.object([
            ("attributes", self.attributes(&point.attributes)),
            ("startTimeUnixNano", self.time(point.start_time_unix_nano)),
            ("timeUnixNano", self.time(point.time_unix_nano)),
            ("count", Some(self.unsigned(point.count))),
            ("sum", point.sum.map(|value| self.double(value))),
            ("bucketCounts", self.list(&point.bucket_counts, |count| self.unsigned(*count))),
            ("explicitBounds", self.list(&point.explicit_bounds, |bound| self.double(*bound))),
            ("exemplars", self.exemplars(&point.exemplars)),
            ("flags", self.small(point.flags)),
            ("min", point.min.map(|value| self.double(value))),
            ("max", point.max.map(|value| self.double(value))),
        ])
    }

    fn exponential_histogram_point(self, point: &ExponentialHistogramDataPoint) -> Value {
        let buckets = |buckets: &Buckets| {
            self.object([
                ("offset", self.signed_small(buckets.offset)),
                ("bucketCounts", self.list(&buckets.bucket_counts, |count| self.unsigned(*count))),
            ])
        };
        self.object([
            ("attributes", self.attributes(&point.attributes)),
            ("startTimeUnixNano", self.time(point.start_time_unix_nano)),
            ("timeUnixNano", self.time(point.time_unix_nano)),
            ("count", Some(self.unsigned(point.count))),
            ("sum", point.sum.map(|value| self.double(value))),
            ("scale", self.signed_small(point.scale)),
            ("zeroCount", Some(self.unsigned(point.zero_count))),
            ("positive", point.positive.as_ref().map(buckets)),
            ("negative", point.negative.as_ref().map(buckets)),
            ("flags", self.small(point.flags)),
            ("exemplars", self.exemplars(&point.exemplars)),
            ("min", point.min.map(|value| self.double(value))),
            ("max", point.max.map(|value| self.double(value))),
            ("zeroThreshold", Some(self.double(point.zero_threshold))),
        ])
    }

    fn summary_point(self, point: &SummaryDataPoint) -> Value {
        let quantiles = self.list(&point.quantile_values, |at| {
            self.object([
                ("quantile", Some(self.double(at.quantile))),
                ("value", Some(self.double(at.value))),
            ])
        });
        self.object([
            ("attributes", self.attributes(&point.attributes)),
            ("startTimeUnixNano", self.time(point.start_time_unix_nano)),
            ("timeUnixNano", self.time(point.time_unix_nano)),
            ("count", Some(self.unsigned(point.count))),
            ("sum", Some(self.double(point.sum))),
            ("quantileValues", quantiles),
            ("flags", self.small(point.flags)),
        ])
    }

    fn exemplars(self, exemplars: &[Exemplar]) -> Option<Value> {
        use exemplar::Value::{AsDouble, AsInt};
        self.list(exemplars, |exemplar| {
            self.object([
                ("filteredAttributes", self.attributes(&exemplar.filtered_attributes)),
                ("timeUnixNano", self.time(exemplar.time_unix_nano)),
                ("spanId", self.id(&exemplar.span_id)),
                ("traceId", self.id(&exemplar.trace_id)),
                match exemplar.value {
                    None => ("asInt", None),
                    Some(AsInt(value)) => ("asInt", Some(self.long(value))),
                    Some(AsDouble(value)) => ("asDouble", Some(self.double(value))),
                },
            ])
        })
    }

    fn attributes(self, attributes: &[KeyValue]) -> Option<Value> {
        self.list(attributes, |attribute| self.attribute(attribute))
    }

    fn attribute(self, attribute: &KeyValue) -> Value {
        let index = attribute.key_strindex;
        self.object([
            ("key", self.text(&attribute.key)),
            ("value", attribute.value.as_ref().map(|value| self.any(value))),
            ("keyStrindex", (index != 0).then(|| json!(index))),
        ])
    }

    fn any(self, value: &AnyValue) -> Value {
        let value = value.value.as_ref().map(|value| match value {
            Any::StringValue(text) => ("stringValue", json!(text)),
            Any::BoolValue(value) => ("boolValue", json!(value)),
            Any::IntValue(value) => ("intValue", self.long(*value)),
            Any::DoubleValue(value) => ("doubleValue", self.double(*value)),
            Any::ArrayValue(array) => {
                let values = self.list(&array.values, |value| self.any(value));
                ("arrayValue", self.object([("values", values)]))
            }
            Any::KvlistValue(list) => {
                let values = self.list(&list.values, |value| self.attribute(value));
                ("kvlistValue", self.object([("values", values)]))
            }
            Any::BytesValue(bytes) => ("bytesValue", json!(base64(bytes))),
            Any::StringValueStrindex(index) => ("stringValueStrindex", json!(index)),
        });
        value.map_or_else(|| json!({}), |(kind, value)| json!({ kind: value }))
    }

    /// Left out, or `null`, where it is absent.
    fn object<const N: usize>(self, members: [(&str, Option<Value>); N]) -> Value {
        let mut object = Map::new();
        for (key, value) in members {
            match value {
                Some(value) => drop(object.insert(key.to_owned(), value)),
                None if matches!(self, Self::Strings) => {
                    object.insert(key.to_owned(), Value::Null);
                }
                None => {}
            }
        }
        Value::Object(object)
    }

    fn is_complete(self) -> bool {
        matches!(self, Self::Client)
    }

    fn list<T>(self, list: &[T], element: impl FnMut(&T) -> Value) -> Option<Value> {
        let present = !list.is_empty() || self.is_complete();
        present.then(|| list.iter().map(element).collect())
    }

    fn text(self, text: &str) -> Option<Value> {
        (!text.is_empty() || self.is_complete()).then(|| json!(text))
    }

    fn small(self, number: u32) -> Option<Value> {
        (number != 0 || self.is_complete()).then(|| json!(number))
    }

    fn signed_small(self, number: i32) -> Option<Value> {
        (number != 0 || self.is_complete()).then(|| json!(number))
    }

    fn enumeration(self, number: i32) -> Option<Value> {
        self.signed_small(number)
    }

    fn id(self, id: &[u8]) -> Option<Value> {
        let lower: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = if self.is_complete() { lower } else { lower.to_uppercase() };
        self.text(&text)
    }

    fn time(self, nanos: u64) -> Option<Value> {
        (nanos != 0 || self.is_complete()).then(|| json!(nanos.to_string()))
    }

    fn unsigned(self, number: u64) -> Value {
        if self.is_complete() { json!(number) } else { json!(number.to_string()) }
    }

    fn long(self, number: i64) -> Value {
        if self.is_complete() { json!(number) } else { json!(number.to_string()) }
    }

    #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
    fn double(self, number: f64) -> Value {
        if number.is_nan() {
            json!("NaN")
        } else if number.is_infinite() {
            json!(if number > 0.0 { "Infinity" } else { "-Infinity" })
        } else if matches!(self, Self::Strings) {
            json!(format!("{number:?}"))
        } else if self.is_complete()
            && number.fract() == 0.0
            && number.abs() < 1e15
            && number != 0.0
        {
            json!(number as i64)
        } else {
            json!(number)
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let bits = group.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - group.len()));
        let digit = |index: usize| {
            let place = bits >> (18 - 6 * index) & 63;
            if index > group.len() { '=' } else { char::from(ALPHABET[place as usize]) }
        };
        (0..4).map(digit).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}
