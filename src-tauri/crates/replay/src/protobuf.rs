//! The places that can be changed in OTLP's protobuf messages.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, Metric};
use opentelemetry_proto::tonic::trace::v1::Span;

use crate::edit::Edit;

pub(crate) fn logs(request: &mut ExportLogsServiceRequest, edit: &mut dyn Edit) {
    for resource in &mut request.resource_logs {
        attributes(resource.resource.iter_mut().flat_map(|it| &mut it.attributes), edit);
        for record in resource.scope_logs.iter_mut().flat_map(|scope| &mut scope.log_records) {
            edit.time(&mut record.time_unix_nano);
            edit.time(&mut record.observed_time_unix_nano);
            edit.trace(&mut record.trace_id);
            edit.trace(&mut record.span_id);
            attributes(&mut record.attributes, edit);
        }
    }
}

pub(crate) fn metrics(request: &mut ExportMetricsServiceRequest, edit: &mut dyn Edit) {
    for resource in &mut request.resource_metrics {
        attributes(resource.resource.iter_mut().flat_map(|it| &mut it.attributes), edit);
        for metric in resource.scope_metrics.iter_mut().flat_map(|scope| &mut scope.metrics) {
            points(metric, edit);
        }
    }
}

pub(crate) fn traces(request: &mut ExportTraceServiceRequest, edit: &mut dyn Edit) {
    for resource in &mut request.resource_spans {
        attributes(resource.resource.iter_mut().flat_map(|it| &mut it.attributes), edit);
        for one in resource.scope_spans.iter_mut().flat_map(|scope| &mut scope.spans) {
            span(one, edit);
        }
    }
}

/// The five kinds of points share their fields' names, but no type.
macro_rules! each_point {
    ($points:expr, $edit:expr) => {
        for point in $points {
            $edit.time(&mut point.start_time_unix_nano);
            $edit.time(&mut point.time_unix_nano);
            attributes(&mut point.attributes, $edit);
        }
    };
}

fn points(metric: &mut Metric, edit: &mut dyn Edit) {
    match &mut metric.data {
        Some(Data::Gauge(gauge)) => {
            each_point!(&mut gauge.data_points, edit);
            exemplars(gauge.data_points.iter_mut().flat_map(|it| &mut it.exemplars), edit);
        }
        Some(Data::Sum(sum)) => {
            each_point!(&mut sum.data_points, edit);
            exemplars(sum.data_points.iter_mut().flat_map(|it| &mut it.exemplars), edit);
        }
        Some(Data::Histogram(histogram)) => {
            each_point!(&mut histogram.data_points, edit);
            exemplars(histogram.data_points.iter_mut().flat_map(|it| &mut it.exemplars), edit);
        }
        Some(Data::ExponentialHistogram(histogram)) => {
            each_point!(&mut histogram.data_points, edit);
            exemplars(histogram.data_points.iter_mut().flat_map(|it| &mut it.exemplars), edit);
        }
        Some(Data::Summary(summary)) => each_point!(&mut summary.data_points, edit),
        None => {}
    }
}

fn exemplars<'a>(exemplars: impl Iterator<Item = &'a mut Exemplar>, edit: &mut dyn Edit) {
    for exemplar in exemplars {
        edit.time(&mut exemplar.time_unix_nano);
        edit.trace(&mut exemplar.trace_id);
        edit.trace(&mut exemplar.span_id);
        attributes(&mut exemplar.filtered_attributes, edit);
    }
}

fn span(span: &mut Span, edit: &mut dyn Edit) {
    edit.time(&mut span.start_time_unix_nano);
    edit.time(&mut span.end_time_unix_nano);
    edit.trace(&mut span.trace_id);
    edit.trace(&mut span.span_id);
    edit.trace(&mut span.parent_span_id);
    attributes(&mut span.attributes, edit);
    for event in &mut span.events {
        edit.time(&mut event.time_unix_nano);
        attributes(&mut event.attributes, edit);
    }
    for link in &mut span.links {
        edit.trace(&mut link.trace_id);
        edit.trace(&mut link.span_id);
        attributes(&mut link.attributes, edit);
    }
}

fn attributes<'a>(pairs: impl IntoIterator<Item = &'a mut KeyValue>, edit: &mut dyn Edit) {
    for pair in pairs {
        let value = pair.value.as_mut().and_then(|any| any.value.as_mut());
        if let Some(Value::StringValue(text)) = value {
            edit.text(&pair.key, text);
        }
    }
}
