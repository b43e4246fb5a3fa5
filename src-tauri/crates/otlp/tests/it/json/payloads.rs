//! Arbitrary requests of the three signals.

use plimsoll_otlp::proto::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{
        AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
        any_value::Value as Any,
    },
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{
        Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
        HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
        SummaryDataPoint, exemplar, exponential_histogram_data_point::Buckets, metric::Data,
        number_data_point, summary_data_point::ValueAtQuantile,
    },
    resource::v1::Resource,
    trace::v1::{
        ResourceSpans, ScopeSpans, Span, Status,
        span::{Event, Link},
    },
};
use proptest::{
    collection::vec,
    option::of,
    prelude::{Just, Strategy, any, prop_oneof},
    strategy::BoxedStrategy,
};

/// Lists short enough to keep the nested ones small.
const FEW: std::ops::Range<usize> = 0..3;

pub(super) fn metrics() -> impl Strategy<Value = ExportMetricsServiceRequest> {
    let scope = (of(scope()), vec(metric(), FEW), text())
        .prop_map(|(scope, metrics, schema_url)| ScopeMetrics { scope, metrics, schema_url });
    let resource = (of(resource()), vec(scope, FEW), text()).prop_map(
        |(resource, scope_metrics, schema_url)| ResourceMetrics {
            resource,
            scope_metrics,
            schema_url,
        },
    );
    vec(resource, FEW).prop_map(|resource_metrics| ExportMetricsServiceRequest { resource_metrics })
}

pub(super) fn logs() -> impl Strategy<Value = ExportLogsServiceRequest> {
    let scope = (of(scope()), vec(log_record(), FEW), text())
        .prop_map(|(scope, log_records, schema_url)| ScopeLogs { scope, log_records, schema_url });
    let resource =
        (of(resource()), vec(scope, FEW), text()).prop_map(|(resource, scope_logs, schema_url)| {
            ResourceLogs { resource, scope_logs, schema_url }
        });
    vec(resource, FEW).prop_map(|resource_logs| ExportLogsServiceRequest { resource_logs })
}

pub(super) fn traces() -> impl Strategy<Value = ExportTraceServiceRequest> {
    let scope = (of(scope()), vec(span(), FEW), text())
        .prop_map(|(scope, spans, schema_url)| ScopeSpans { scope, spans, schema_url });
    let resource = (of(resource()), vec(scope, FEW), text()).prop_map(
        |(resource, scope_spans, schema_url)| ResourceSpans { resource, scope_spans, schema_url },
    );
    vec(resource, FEW).prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![Just(String::new()), "[ -~]{1,9}", ".{0,4}"].boxed()
}

/// All doubles, with one NaN for all: JSON has no more.
fn double() -> BoxedStrategy<f64> {
    prop_oneof![
        any::<f64>().prop_map(|number| if number.is_nan() { f64::NAN } else { number }),
        any::<i32>().prop_map(f64::from),
        any::<u32>().prop_map(|number| f64::from(number) / 1000.0),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
    ]
    .boxed()
}

fn time() -> BoxedStrategy<u64> {
    prop_oneof![Just(0), 1_700_000_000_000_000_000_u64..1_900_000_000_000_000_000, any::<u64>()]
        .boxed()
}

fn id(length: usize) -> BoxedStrategy<Vec<u8>> {
    prop_oneof![Just(Vec::new()), vec(any::<u8>(), length)].boxed()
}

fn any_value() -> BoxedStrategy<AnyValue> {
    let leaf = prop_oneof![
        text().prop_map(Any::StringValue),
        any::<bool>().prop_map(Any::BoolValue),
        any::<i64>().prop_map(Any::IntValue),
        double().prop_map(Any::DoubleValue),
        vec(any::<u8>(), 0..5).prop_map(Any::BytesValue),
        any::<i32>().prop_map(Any::StringValueStrindex),
    ];
    of(leaf)
        .prop_map(|value| AnyValue { value })
        .prop_recursive(3, 8, 3, |inner| {
            let values = vec(inner.clone(), FEW);
            let members = vec((text(), of(inner)), FEW);
            prop_oneof![
                values.prop_map(|values| Any::ArrayValue(ArrayValue { values })),
                members.prop_map(|members| {
                    let values = members.into_iter().map(|(key, value)| attribute(key, value));
                    Any::KvlistValue(KeyValueList { values: values.collect() })
                }),
            ]
            .prop_map(|value| AnyValue { value: Some(value) })
        })
        .boxed()
}

fn attribute(key: String, value: Option<AnyValue>) -> KeyValue {
    KeyValue { key, value, key_strindex: 0 }
}

fn attributes() -> BoxedStrategy<Vec<KeyValue>> {
    let attribute = (text(), of(any_value()), prop_oneof![Just(0), any::<i32>()])
        .prop_map(|(key, value, key_strindex)| KeyValue { key, value, key_strindex });
    vec(attribute, FEW).boxed()
}

fn resource() -> BoxedStrategy<Resource> {
    let entity = (text(), text(), vec(text(), FEW), vec(text(), FEW)).prop_map(
        |(schema_url, r#type, id_keys, description_keys)| EntityRef {
            schema_url,
            r#type,
            id_keys,
            description_keys,
        },
    );
    (attributes(), any::<u32>(), vec(entity, FEW))
        .prop_map(|(attributes, dropped_attributes_count, entity_refs)| Resource {
            attributes,
            dropped_attributes_count,
            entity_refs,
        })
        .boxed()
}

fn scope() -> BoxedStrategy<InstrumentationScope> {
    (text(), text(), attributes(), any::<u32>())
        .prop_map(|(name, version, attributes, dropped_attributes_count)| InstrumentationScope {
            name,
            version,
            attributes,
            dropped_attributes_count,
        })
        .boxed()
}

fn log_record() -> BoxedStrategy<LogRecord> {
    let told = (text(), of(any_value()), attributes(), text());
    let numbers = (0..25_i32, any::<u32>(), any::<u32>());
    (time(), time(), told, numbers, id(16), id(8))
        .prop_map(|(time, observed, told, numbers, trace_id, span_id)| LogRecord {
            time_unix_nano: time,
            observed_time_unix_nano: observed,
            severity_number: numbers.0,
            severity_text: told.0,
            body: told.1,
            attributes: told.2,
            dropped_attributes_count: numbers.1,
            flags: numbers.2,
            trace_id,
            span_id,
            event_name: told.3,
        })
        .boxed()
}

fn span() -> BoxedStrategy<Span> {
    let event = (time(), text(), attributes(), any::<u32>()).prop_map(
        |(time_unix_nano, name, attributes, dropped_attributes_count)| Event {
            time_unix_nano,
            name,
            attributes,
            dropped_attributes_count,
        },
    );
    let link = (id(16), id(8), text(), attributes(), any::<u32>(), any::<u32>()).prop_map(
        |(trace_id, span_id, trace_state, attributes, dropped_attributes_count, flags)| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count,
            flags,
        },
    );
    let status = (text(), 0..3_i32).prop_map(|(message, code)| Status { message, code });
    let ids = (id(16), id(8), id(8), text());
    let lists = (attributes(), vec(event, FEW), vec(link, FEW), of(status));
    let counts = (any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>());
    (ids, text(), 0..6_i32, (time(), time()), lists, counts)
        .prop_map(|(ids, name, kind, times, lists, counts)| Span {
            trace_id: ids.0,
            span_id: ids.1,
            parent_span_id: ids.2,
            trace_state: ids.3,
            flags: counts.0,
            name,
            kind,
            start_time_unix_nano: times.0,
            end_time_unix_nano: times.1,
            attributes: lists.0,
            dropped_attributes_count: counts.1,
            events: lists.1,
            dropped_events_count: counts.2,
            links: lists.2,
            dropped_links_count: counts.3,
            status: lists.3,
        })
        .boxed()
}

fn metric() -> BoxedStrategy<Metric> {
    let temporality = || 0..3_i32;
    let data = prop_oneof![
        vec(number_point(), FEW).prop_map(|data_points| Data::Gauge(Gauge { data_points })),
        (vec(number_point(), FEW), temporality(), any::<bool>()).prop_map(
            |(data_points, aggregation_temporality, is_monotonic)| {
                Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic })
            }
        ),
        (vec(histogram_point(), FEW), temporality()).prop_map(
            |(data_points, aggregation_temporality)| {
                Data::Histogram(Histogram { data_points, aggregation_temporality })
            }
        ),
        (vec(exponential_histogram_point(), FEW), temporality()).prop_map(
            |(data_points, aggregation_temporality)| {
                let histogram = ExponentialHistogram { data_points, aggregation_temporality };
                Data::ExponentialHistogram(histogram)
            }
        ),
        vec(summary_point(), FEW).prop_map(|data_points| Data::Summary(Summary { data_points })),
    ];
    (text(), text(), text(), attributes(), of(data))
        .prop_map(|(name, description, unit, metadata, data)| Metric {
            name,
            description,
            unit,
            metadata,
            data,
        })
        .boxed()
}

fn number_point() -> BoxedStrategy<NumberDataPoint> {
    let value = prop_oneof![
        any::<i64>().prop_map(number_data_point::Value::AsInt),
        double().prop_map(number_data_point::Value::AsDouble),
    ];
    (attributes(), time(), time(), exemplars(), any::<u32>(), of(value))
        .prop_map(|(attributes, start, time, exemplars, flags, value)| NumberDataPoint {
            attributes,
            start_time_unix_nano: start,
            time_unix_nano: time,
            exemplars,
            flags,
            value,
        })
        .boxed()
}

fn exemplars() -> BoxedStrategy<Vec<Exemplar>> {
    let value = prop_oneof![
        any::<i64>().prop_map(exemplar::Value::AsInt),
        double().prop_map(exemplar::Value::AsDouble),
    ];
    let exemplar = (attributes(), time(), id(8), id(16), of(value)).prop_map(
        |(filtered_attributes, time_unix_nano, span_id, trace_id, value)| Exemplar {
            filtered_attributes,
            time_unix_nano,
            span_id,
            trace_id,
            value,
        },
    );
    vec(exemplar, 0..2).boxed()
}

fn histogram_point() -> BoxedStrategy<HistogramDataPoint> {
    let optional = (of(double()), of(double()), of(double()));
    let buckets = (vec(any::<u64>(), FEW), vec(double(), FEW));
    (attributes(), (time(), time()), any::<u64>(), optional, buckets, exemplars(), any::<u32>())
        .prop_map(|(attributes, times, count, optional, buckets, exemplars, flags)| {
            HistogramDataPoint {
                attributes,
                start_time_unix_nano: times.0,
                time_unix_nano: times.1,
                count,
                sum: optional.0,
                bucket_counts: buckets.0,
                explicit_bounds: buckets.1,
                exemplars,
                flags,
                min: optional.1,
                max: optional.2,
            }
        })
        .boxed()
}

fn exponential_histogram_point() -> BoxedStrategy<ExponentialHistogramDataPoint> {
    let buckets = || {
        let buckets = (any::<i32>(), vec(any::<u64>(), FEW));
        of(buckets.prop_map(|(offset, bucket_counts)| Buckets { offset, bucket_counts }))
    };
    let optional = (of(double()), of(double()), of(double()));
    let counts = (any::<u64>(), any::<i32>(), any::<u64>(), any::<u32>(), double());
    (attributes(), (time(), time()), counts, optional, (buckets(), buckets()), exemplars())
        .prop_map(|(attributes, times, counts, optional, buckets, exemplars)| {
            ExponentialHistogramDataPoint {
                attributes,
                start_time_unix_nano: times.0,
                time_unix_nano: times.1,
                count: counts.0,
                sum: optional.0,
                scale: counts.1,
                zero_count: counts.2,
                positive: buckets.0,
                negative: buckets.1,
                flags: counts.3,
                exemplars,
                min: optional.1,
                max: optional.2,
                zero_threshold: counts.4,
            }
        })
        .boxed()
}

fn summary_point() -> BoxedStrategy<SummaryDataPoint> {
    let quantile =
        (double(), double()).prop_map(|(quantile, value)| ValueAtQuantile { quantile, value });
    (attributes(), (time(), time()), any::<u64>(), double(), vec(quantile, FEW), any::<u32>())
        .prop_map(|(attributes, times, count, sum, quantile_values, flags)| SummaryDataPoint {
            attributes,
            start_time_unix_nano: times.0,
            time_unix_nano: times.1,
            count,
            sum,
            quantile_values,
            flags,
        })
        .boxed()
}
