//! The three signals, so that everything else is written once.

use prost::Message;

use crate::{
    intake::Receipt,
    json::{self, Decoded, Malformed},
    proto::{
        collector::{
            logs::v1::{
                ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
            },
            metrics::v1::{
                ExportMetricsPartialSuccess, ExportMetricsServiceRequest,
                ExportMetricsServiceResponse,
            },
            trace::v1::{
                ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
            },
        },
        metrics::v1::{Metric, metric::Data},
    },
};

/// One decoded request of any signal.
#[derive(Debug, Clone, PartialEq)]
pub enum Export {
    /// Metrics.
    Metrics(ExportMetricsServiceRequest),
    /// Log records, which carry the events.
    Logs(ExportLogsServiceRequest),
    /// Spans.
    Traces(ExportTraceServiceRequest),
}

/// A kind of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Metrics,
    Logs,
    Traces,
}

impl Signal {
    pub(crate) const ALL: [Self; 3] = [Self::Metrics, Self::Logs, Self::Traces];

    /// The name in paths and counters.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Logs => "logs",
            Self::Traces => "traces",
        }
    }

    /// The field of a JSON answer that counts rejected records.
    pub(crate) const fn rejected_field(self) -> &'static str {
        match self {
            Self::Metrics => "rejectedDataPoints",
            Self::Logs => "rejectedLogRecords",
            Self::Traces => "rejectedSpans",
        }
    }
}

/// The request message of one signal.
pub(crate) trait ExportRequest: Message + Default + Sized + Send + 'static {
    const SIGNAL: Signal;
    /// The answer's message.
    type Response: Message + Default;

    /// Reads the JSON body.
    fn from_json(body: &[u8]) -> Result<Decoded<Self>, Malformed>;
    /// How many data points, log records or spans it has.
    fn records(&self) -> u64;
    /// As one of the three.
    fn into_export(self) -> Export;
    /// The answer to a partial success, or a warning where nothing was rejected.
    fn partial_success(rejected: u64, reason: String) -> Self::Response;

    /// The answer to what was kept; `None` for a full success without a warning, whose message is
    /// empty.
    fn response(receipt: Receipt) -> Option<Self::Response> {
        let Receipt { rejected, reason } = receipt;
        let something = rejected > 0 || reason.is_some();
        something.then(|| Self::partial_success(rejected, reason.unwrap_or_default()))
    }
}

impl ExportRequest for ExportMetricsServiceRequest {
    const SIGNAL: Signal = Signal::Metrics;
    type Response = ExportMetricsServiceResponse;

    fn from_json(body: &[u8]) -> Result<Decoded<Self>, Malformed> {
        json::read_metrics(body)
    }

    fn records(&self) -> u64 {
        let scopes = self.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
        scopes.flat_map(|scope| &scope.metrics).map(data_points).sum()
    }

    fn into_export(self) -> Export {
        Export::Metrics(self)
    }

    fn partial_success(rejected: u64, error_message: String) -> Self::Response {
        let rejected_data_points = saturated(rejected);
        let partial = ExportMetricsPartialSuccess { rejected_data_points, error_message };
        Self::Response { partial_success: Some(partial) }
    }
}

impl ExportRequest for ExportLogsServiceRequest {
    const SIGNAL: Signal = Signal::Logs;
    type Response = ExportLogsServiceResponse;

    fn from_json(body: &[u8]) -> Result<Decoded<Self>, Malformed> {
        json::read_logs(body)
    }

    fn records(&self) -> u64 {
        let scopes = self.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
        scopes.map(|scope| scope.log_records.len() as u64).sum()
    }

    fn into_export(self) -> Export {
        Export::Logs(self)
    }

    fn partial_success(rejected: u64, error_message: String) -> Self::Response {
        let rejected_log_records = saturated(rejected);
        let partial = ExportLogsPartialSuccess { rejected_log_records, error_message };
        Self::Response { partial_success: Some(partial) }
    }
}

impl ExportRequest for ExportTraceServiceRequest {
    const SIGNAL: Signal = Signal::Traces;
    type Response = ExportTraceServiceResponse;

    fn from_json(body: &[u8]) -> Result<Decoded<Self>, Malformed> {
        json::read_traces(body)
    }

    fn records(&self) -> u64 {
        let scopes = self.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
        scopes.map(|scope| scope.spans.len() as u64).sum()
    }

    fn into_export(self) -> Export {
        Export::Traces(self)
    }

    fn partial_success(rejected: u64, error_message: String) -> Self::Response {
        let partial =
            ExportTracePartialSuccess { rejected_spans: saturated(rejected), error_message };
        Self::Response { partial_success: Some(partial) }
    }
}

/// How many data points a metric has.
pub(crate) fn data_points(metric: &Metric) -> u64 {
    let count = match &metric.data {
        None => 0,
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
    };
    count as u64
}

fn saturated(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
