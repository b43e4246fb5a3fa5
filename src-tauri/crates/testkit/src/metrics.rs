//! Metric exports: the client's counters.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
};
use plimsoll_domain::{Timestamp, TokenKind};

use crate::attribute::{common, nanos, resource, scope, text};
use crate::events::ApiCall;

const SCOPE: &str = "com.anthropic.claude_code";

/// Builds one metric export of one session. Every value is a double, as the client sends them.
#[derive(Debug, Clone)]
pub struct Metrics {
    session: Option<String>,
    temporality: AggregationTemporality,
    start: Timestamp,
    time: Timestamp,
    points: BTreeMap<String, Vec<NumberDataPoint>>,
}

impl Metrics {
    /// What `session` used between two times.
    #[must_use]
    pub fn delta(session: &str, start: Timestamp, time: Timestamp) -> Self {
        Self::new(Some(session), AggregationTemporality::Delta, start, time)
    }

    /// What `session` has used by `time`, counted since `start`.
    #[must_use]
    pub fn cumulative(session: &str, start: Timestamp, time: Timestamp) -> Self {
        Self::new(Some(session), AggregationTemporality::Cumulative, start, time)
    }

    /// Deltas of a client that was told not to name its session.
    #[must_use]
    pub fn nameless(start: Timestamp, time: Timestamp) -> Self {
        Self::new(None, AggregationTemporality::Delta, start, time)
    }

    fn new(
        session: Option<&str>,
        temporality: AggregationTemporality,
        start: Timestamp,
        time: Timestamp,
    ) -> Self {
        let session = session.map(str::to_owned);
        Self { session, temporality, start, time, points: BTreeMap::new() }
    }

    /// The span of the points that follow.
    #[must_use]
    pub fn span(self, start: Timestamp, time: Timestamp) -> Self {
        Self { start, time, ..self }
    }

    /// Tokens and cost of a request: four points of `claude_code.token.usage` and one of
    /// `claude_code.cost.usage`. What metrics call the model may end in `[1m]`.
    #[must_use]
    pub fn usage(self, call: &ApiCall) -> Self {
        self.tokens(call).cost(call)
    }

    /// Only the tokens of a request.
    #[must_use]
    pub fn tokens(self, call: &ApiCall) -> Self {
        TokenKind::ALL.into_iter().fold(self, |metrics, kind| {
            let mut own = asked_by(call);
            own.push(text("type", kind_name(kind)));
            metrics.point("claude_code.token.usage", own, as_double(call.tokens[kind]))
        })
    }

    /// Only the cost of a request.
    #[must_use]
    pub fn cost(self, call: &ApiCall) -> Self {
        self.point("claude_code.cost.usage", asked_by(call), call.cost_usd)
    }

    /// Any point, with its own attributes.
    #[must_use]
    pub fn point(
        mut self,
        metric: &str,
        own: impl IntoIterator<Item = KeyValue>,
        value: f64,
    ) -> Self {
        let mut attributes = common(self.session.as_deref());
        attributes.extend(own);
        self.points.entry(metric.to_owned()).or_default().push(NumberDataPoint {
            attributes,
            start_time_unix_nano: nanos(self.start),
            time_unix_nano: nanos(self.time),
            value: Some(Value::AsDouble(value)),
            ..NumberDataPoint::default()
        });
        self
    }

    /// The export.
    #[must_use]
    pub fn build(self) -> ExportMetricsServiceRequest {
        let temporality = self.temporality;
        let metric = |(name, points): (String, Vec<NumberDataPoint>)| Metric {
            unit: unit(&name).to_owned(),
            description: description(&name).to_owned(),
            name,
            data: Some(Data::Sum(Sum {
                data_points: points,
                aggregation_temporality: temporality.into(),
                is_monotonic: true,
            })),
            ..Metric::default()
        };
        let metrics = ScopeMetrics {
            scope: Some(scope(SCOPE)),
            metrics: self.points.into_iter().map(metric).collect(),
            ..ScopeMetrics::default()
        };
        let metrics = ResourceMetrics {
            resource: Some(resource()),
            scope_metrics: vec![metrics],
            ..ResourceMetrics::default()
        };
        ExportMetricsServiceRequest { resource_metrics: vec![metrics] }
    }
}

fn asked_by(call: &ApiCall) -> Vec<KeyValue> {
    let mut own = vec![text("model", &call.model), text("query_source", call.source.name())];
    own.extend(call.agent.iter().map(|(_, name)| text("agent.name", name)));
    own.push(text("effort", "high"));
    own
}

fn kind_name(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Input => "input",
        TokenKind::Output => "output",
        TokenKind::CacheRead => "cacheRead",
        TokenKind::CacheCreation => "cacheCreation",
    }
}

#[expect(clippy::cast_precision_loss, reason = "the client counts tokens in doubles")]
fn as_double(count: u64) -> f64 {
    count as f64
}

fn unit(metric: &str) -> &'static str {
    match metric {
        "claude_code.token.usage" => "tokens",
        "claude_code.cost.usage" => "USD",
        "claude_code.active_time.total" => "s",
        _ => "",
    }
}

fn description(metric: &str) -> &'static str {
    match metric {
        "claude_code.token.usage" => "Number of tokens used",
        "claude_code.cost.usage" => "Cost of the Claude Code session",
        "claude_code.active_time.total" => "Total active time in seconds",
        _ => "",
    }
}
