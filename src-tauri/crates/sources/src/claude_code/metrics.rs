//! Claude Code's metrics: counters, exported as monotonic sums.

use std::sync::Arc;

use plimsoll_domain::{CounterReading, NanoUsd, Statement, Temporality, TokenKind};
use plimsoll_otlp::proto::metrics::v1::{
    AggregationTemporality, Metric, NumberDataPoint, metric::Data, number_data_point::Value,
};

use super::query_source;
use crate::{
    attributes::{Attributes, Fault, any_text, as_double, kept, whole_double, whole_int},
    series::Series,
    signal::{Rejection, Understanding},
    usage::{Measure, UsagePoint},
};

/// The flag of a point that says only that nothing was recorded.
const NO_RECORDED_VALUE: u32 = 1;

/// How the points of one metric are read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meter {
    /// The metric is not known.
    Unknown,
    /// The metric is known; its form is not.
    Rejected(Rejection),
    /// The metric is known.
    Known(Known, Temporality),
}

/// The metrics that are known.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Known {
    Tokens,
    Cost,
    Counter(&'static Counter),
}

/// A counter of neither tokens nor cost.
#[derive(Debug)]
pub(crate) struct Counter {
    /// The metric's name.
    metric: &'static str,
    /// What is counted, in Plimsoll's words.
    name: &'static str,
    /// The attribute that tells its series apart for people.
    detail: &'static str,
    /// How many of Plimsoll's units one of the metric's units is.
    scale: u32,
}

/// A `session.count` of this start type carries a session id that appears nowhere else: the one that the
/// client made up before it found the session to continue.
const CONTINUED: &str = "continue";

const TOKENS: &str = "claude_code.token.usage";
const COST: &str = "claude_code.cost.usage";

const COUNTERS: [Counter; 6] = [
    Counter {
        metric: "claude_code.session.count",
        name: "sessions",
        detail: "start_type",
        scale: 1,
    },
    Counter {
        metric: "claude_code.active_time.total",
        name: "active_ms",
        detail: "type",
        scale: 1000,
    },
    Counter { metric: "claude_code.lines_of_code.count", name: "lines", detail: "type", scale: 1 },
    Counter { metric: "claude_code.commit.count", name: "commits", detail: "", scale: 1 },
    Counter {
        metric: "claude_code.pull_request.count",
        name: "pull_requests",
        detail: "",
        scale: 1,
    },
    Counter {
        metric: "claude_code.code_edit_tool.decision",
        name: "edit_decisions",
        detail: "decision",
        scale: 1,
    },
];

impl Known {
    fn named(name: &str) -> Option<Self> {
        match name {
            TOKENS => Some(Self::Tokens),
            COST => Some(Self::Cost),
            _ => COUNTERS.iter().find(|counter| counter.metric == name).map(Self::Counter),
        }
    }

    fn metric(self) -> &'static str {
        match self {
            Self::Tokens => TOKENS,
            Self::Cost => COST,
            Self::Counter(counter) => counter.metric,
        }
    }

    /// The name that enters the hash of a series: tokens and cost of the same attributes are one series.
    fn series(self) -> &'static str {
        match self {
            Self::Tokens | Self::Cost => "usage",
            Self::Counter(counter) => counter.name,
        }
    }

    fn rejection(self, field: &'static str, fault: Fault) -> Rejection {
        Rejection { signal: self.metric(), field, fault }
    }
}

/// What is read from the attributes of a point, in one pass.
struct Labels<'a> {
    session: Option<&'a str>,
    model: Option<&'a str>,
    source: Option<&'a str>,
    kind: Option<&'a str>,
    detail: Option<&'a str>,
    series: i64,
}

impl<'a> Labels<'a> {
    fn read(known: Known, temporality: Temporality, point: &'a NumberDataPoint) -> Self {
        let mut series = Series::of(known.series(), temporality);
        let mut labels =
            Self { session: None, model: None, source: None, kind: None, detail: None, series: 0 };
        for pair in &point.attributes {
            let text = || any_text(pair.value.as_ref()).and_then(kept);
            match (known, pair.key.as_str()) {
                (Known::Tokens | Known::Cost, "type") => {
                    labels.kind = text();
                    continue;
                }
                (_, "session.id") => labels.session = text(),
                (_, "model") => labels.model = text(),
                (_, "query_source") => labels.source = text(),
                (Known::Counter(counter), key) if key == counter.detail => labels.detail = text(),
                _ => {}
            }
            series.add(pair);
        }
        labels.series = series.finish();
        if labels.detail == Some(CONTINUED) {
            labels.session = None;
        }
        labels
    }
}

impl Meter {
    /// How the points of `metric` are read.
    pub(crate) fn of(metric: &Metric) -> Self {
        let Some(known) = Known::named(&metric.name) else { return Self::Unknown };
        let Some(Data::Sum(sum)) = &metric.data else {
            return Self::Rejected(known.rejection("data", Fault::WrongType));
        };
        if !sum.is_monotonic {
            return Self::Rejected(known.rejection("sum", Fault::NotMonotonic));
        }
        match AggregationTemporality::try_from(sum.aggregation_temporality) {
            Ok(AggregationTemporality::Delta) => Self::Known(known, Temporality::Delta),
            Ok(AggregationTemporality::Cumulative) => Self::Known(known, Temporality::Cumulative),
            Ok(AggregationTemporality::Unspecified) => {
                Self::Rejected(known.rejection("temporality", Fault::Missing))
            }
            Err(_) => Self::Rejected(known.rejection("temporality", Fault::Unfamiliar)),
        }
    }

    /// What becomes of a point that holds no single number.
    pub(crate) fn without_number<'a>(self) -> Understanding<'a> {
        match self {
            Self::Unknown => Understanding::Unknown,
            Self::Rejected(rejection) => Understanding::Rejected(rejection),
            Self::Known(known, _) => {
                Understanding::Rejected(known.rejection("data", Fault::WrongType))
            }
        }
    }

    /// Understands a point; also tells its session.
    pub(crate) fn understand(self, point: &NumberDataPoint) -> (Option<&str>, Understanding<'_>) {
        let Self::Known(known, temporality) = self else {
            return (Attributes(&point.attributes).text("session.id"), self.without_number());
        };
        let labels = Labels::read(known, temporality, point);
        let session = labels.session;
        if point.flags & NO_RECORDED_VALUE != 0 {
            return (session, Understanding::Ignored);
        }
        let read = Reader::new(known, temporality, labels, point).and_then(|reader| match known {
            Known::Counter(counter) => reader.counter(counter).map(Understanding::Fact),
            Known::Tokens | Known::Cost => reader.usage().map(Understanding::Usage),
        });
        (session, read.unwrap_or_else(Understanding::Rejected))
    }
}

/// Reads one point of a known metric.
struct Reader<'a> {
    known: Known,
    temporality: Temporality,
    labels: Labels<'a>,
    start: i64,
    time: i64,
    value: Value,
}

impl<'a> Reader<'a> {
    fn new(
        known: Known,
        temporality: Temporality,
        labels: Labels<'a>,
        point: &NumberDataPoint,
    ) -> Result<Self, Rejection> {
        let nanos = |field, nanos| {
            i64::try_from(nanos).map_err(|_| known.rejection(field, Fault::TooLarge))
        };
        if point.time_unix_nano == 0 {
            // Without a time a point cannot be told from its repetition.
            return Err(known.rejection("time", Fault::Missing));
        }
        Ok(Self {
            known,
            temporality,
            labels,
            start: nanos("start", point.start_time_unix_nano)?,
            time: nanos("time", point.time_unix_nano)?,
            value: point.value.ok_or_else(|| known.rejection("value", Fault::Missing))?,
        })
    }

    fn counter(self, counter: &Counter) -> Result<Statement, Rejection> {
        let value = match self.value {
            Value::AsInt(number) => {
                number.checked_mul(counter.scale.into()).ok_or(Fault::TooLarge).and_then(whole_int)
            }
            Value::AsDouble(number) if counter.scale == 1 => whole_double(number),
            Value::AsDouble(number) => whole_double((number * f64::from(counter.scale)).round()),
        };
        Ok(Statement::Counter(CounterReading {
            name: counter.name,
            detail: self.labels.detail.map(Arc::from),
            series: self.labels.series,
            start: self.start,
            time: self.time,
            temporality: self.temporality,
            value: value.map_err(|fault| self.known.rejection("value", fault))?,
        }))
    }

    fn usage(self) -> Result<UsagePoint<'a>, Rejection> {
        let measure = match self.known {
            Known::Tokens => Measure::Tokens(self.token_kind()?, self.tokens()?),
            _ => Measure::Cost(self.cost()?),
        };
        let missing = self.known.rejection("model", Fault::Missing);
        Ok(UsagePoint {
            series: self.labels.series,
            start: self.start,
            time: self.time,
            temporality: self.temporality,
            session: self.labels.session,
            model: self.labels.model.ok_or(missing)?,
            source: query_source(self.labels.source),
            measure,
        })
    }

    fn token_kind(&self) -> Result<TokenKind, Rejection> {
        match self.labels.kind {
            Some("input") => Ok(TokenKind::Input),
            Some("output") => Ok(TokenKind::Output),
            Some("cacheRead") => Ok(TokenKind::CacheRead),
            Some("cacheCreation") => Ok(TokenKind::CacheCreation),
            Some(_) => Err(self.known.rejection("type", Fault::Unfamiliar)),
            None => Err(self.known.rejection("type", Fault::Missing)),
        }
    }

    fn tokens(&self) -> Result<u64, Rejection> {
        let tokens = match self.value {
            Value::AsInt(number) => whole_int(number),
            Value::AsDouble(number) => whole_double(number),
        };
        tokens.map_err(|fault| self.known.rejection("value", fault))
    }

    fn cost(&self) -> Result<NanoUsd, Rejection> {
        let dollars = match self.value {
            Value::AsInt(number) => as_double(number),
            Value::AsDouble(number) => number,
        };
        NanoUsd::from_usd(dollars).ok_or_else(|| {
            let fault = match dollars {
                dollars if dollars.is_nan() => Fault::NotANumber,
                dollars if dollars < 0.0 => Fault::Negative,
                _ => Fault::TooLarge,
            };
            self.known.rejection("value", fault)
        })
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::{Fact, Model, QuerySource, UsageReading, Witness};
    use plimsoll_otlp::proto::metrics::v1::{Gauge, Histogram, HistogramDataPoint, Sum};

    use super::*;
    use crate::{
        Reading,
        builders::{METRICS, TIME, at, metric, metrics, origin, point, sum, text, usage, with},
        reading::read_metrics,
    };

    fn read(all: Vec<Metric>) -> Reading {
        read_metrics(&metrics(METRICS, all), origin())
    }

    fn usage_of(fact: &Fact) -> &UsageReading {
        match &fact.statement {
            Statement::Usage(reading) => reading,
            other => panic!("{other:?}"),
        }
    }

    fn counter_of(name: &str, point: NumberDataPoint) -> (Fact, CounterReading) {
        let reading = read(vec![sum(name, vec![point])]);
        assert_eq!((reading.rejected, &reading.reason), (0, &None));
        let [fact] = <[Fact; 1]>::try_from(reading.facts).expect("one fact");
        match fact.statement.clone() {
            Statement::Counter(counter) => (fact, counter),
            other => panic!("{other:?}"),
        }
    }

    fn refused(metric: Metric) -> String {
        let reading = read(vec![metric]);
        assert_eq!((reading.facts.len(), reading.rejected), (0, 1));
        assert!(reading.unknown.iter().all(|unknown| unknown.refused && unknown.dialect));
        reading.reason.expect("a reason")
    }

    fn four_types() -> Vec<NumberDataPoint> {
        vec![
            usage(19.0, Some("input")),
            usage(109.0, Some("output")),
            usage(15_030.0, Some("cacheRead")),
            usage(31.0, Some("cacheCreation")),
        ]
    }

    /// Scenario: an export of tokens and cost of one series, as the client sends it.
    /// Guarantees: all points of the same start and time become one reading, whole.
    #[test]
    fn tokens_and_cost_meet_in_one_reading() {
        let cost = vec![usage(0.006_317_25, None)];
        let reading = read(vec![sum(COST, cost), sum(TOKENS, four_types())]);
        let [fact] = &reading.facts[..] else { panic!("{:?}", reading.facts) };
        assert_eq!(fact.session.as_ref().expect("a session").as_str(), "s-1");
        assert_eq!(fact.envelope.witness, Witness::Metric);
        assert_eq!((fact.envelope.at, fact.envelope.sequence), (at(TIME), None));
        assert_eq!(fact.envelope.client_version.as_deref(), Some("2.1.330"));
        let usage = usage_of(fact);
        let expected = UsageReading {
            series: usage.series,
            start: (TIME - 1_000_000_000).cast_signed(),
            time: TIME.cast_signed(),
            temporality: Temporality::Delta,
            model: Model::parse("claude-sonnet-4-6").0,
            million_window: true,
            source: QuerySource::Main,
            input: Some(19),
            output: Some(109),
            cache_read: Some(15_030),
            cache_creation: Some(31),
            cost: Some(NanoUsd(6_317_250)),
        };
        assert_eq!(*usage, expected);
        assert_eq!(Reading { facts: vec![], ..reading }, Reading::default());
    }

    /// Scenario: points that differ in start, in an attribute, in session or in temporality.
    /// Guarantees: each makes a reading of its own; a different start alone keeps the series.
    #[test]
    fn differing_points_make_readings_of_their_own() {
        let earlier = NumberDataPoint {
            start_time_unix_nano: TIME - 2_000_000_000,
            ..usage(1.0, Some("output"))
        };
        let mut low = usage(2.0, Some("input"));
        low.attributes.push(text("effort", "low"));
        let mut other = usage(3.0, Some("input"));
        other.attributes[0] = text("session.id", "s-2");
        let points = vec![usage(4.0, Some("input")), earlier, low, other];
        let cumulative = Sum {
            data_points: vec![usage(5.0, Some("input"))],
            aggregation_temporality: 2,
            is_monotonic: true,
        };
        let reading = read(vec![sum(TOKENS, points), metric(TOKENS, Data::Sum(cumulative))]);
        let readings: Vec<_> = reading.facts.iter().map(usage_of).collect();
        assert_eq!(readings.len(), 5);
        let mut series: Vec<i64> = readings.iter().map(|reading| reading.series).collect();
        series.sort_unstable();
        series.dedup();
        assert_eq!(series.len(), 4);
        let cumulative = |reading: &&&UsageReading| reading.temporality == Temporality::Cumulative;
        assert_eq!(readings.iter().filter(cumulative).count(), 1);
    }

    /// Scenario: the same type told twice for one series, start and time.
    /// Guarantees: it is a repetition; the larger value counts, in either order.
    #[test]
    fn a_repeated_type_counts_once() {
        let (small, large) = (usage(3.0, Some("input")), usage(4.0, Some("input")));
        for points in [vec![small.clone(), large.clone()], vec![large, small]] {
            let reading = read(vec![sum(TOKENS, points)]);
            assert_eq!(reading.facts.len(), 1);
            assert_eq!(usage_of(&reading.facts[0]).input, Some(4));
        }
    }

    /// Scenario: token points with values that are no counts, and labels that are missing or new.
    /// Guarantees: each is refused with its field and reason, and the point beside it is read.
    #[test]
    fn bad_points_are_refused_one_by_one() {
        let good = || usage(7.0, Some("input"));
        let valued = |value| NumberDataPoint { value, ..good() };
        let labelled =
            |pair| NumberDataPoint { attributes: with(good().attributes, pair), ..good() };
        let table = [
            (valued(Some(Value::AsDouble(f64::NAN))), "value is not a number"),
            (valued(Some(Value::AsDouble(-1.0))), "value is negative"),
            (valued(Some(Value::AsDouble(1.5))), "value is not a whole number"),
            (valued(Some(Value::AsDouble(1e13))), "value is larger than is believed"),
            (valued(Some(Value::AsInt(-1))), "value is negative"),
            (valued(Some(Value::AsInt(i64::MAX))), "value is larger than is believed"),
            (valued(None), "value is missing"),
            (labelled(text("type", "thinking")), "type is not a value that is known here"),
            (labelled(text("type", "")), "type is missing"),
            (labelled(text("model", "")), "model is missing"),
            (NumberDataPoint { time_unix_nano: 0, ..good() }, "time is missing"),
            (
                NumberDataPoint { time_unix_nano: u64::MAX, ..good() },
                "time is larger than is believed",
            ),
            (
                NumberDataPoint { start_time_unix_nano: u64::MAX, ..good() },
                "start is larger than is believed",
            ),
        ];
        for (bad, expected) in table {
            let reading = read(vec![sum(TOKENS, vec![bad, good()])]);
            assert_eq!((reading.facts.len(), reading.rejected), (1, 1), "{expected}");
            assert_eq!(reading.reason, Some(format!("{TOKENS}: {expected}")));
        }
        for (value, expected) in
            [(f64::NAN, "not a number"), (-0.1, "negative"), (1e9, "larger than is believed")]
        {
            let reason = refused(sum(COST, vec![usage(value, None)]));
            assert_eq!(reason, format!("{COST}: value is {expected}"));
        }
    }

    /// Scenario: many bad points for more reasons than are told.
    /// Guarantees: all are counted; the reasons stay one bounded line.
    #[test]
    fn reasons_are_bounded() {
        let values = [f64::NAN, f64::NAN, -1.0, 0.5, 1e13];
        let points = values.map(|value| usage(value, Some("input"))).to_vec();
        let reading = read(vec![sum(TOKENS, points)]);
        assert_eq!(reading.rejected, 5);
        let expected = format!(
            "{TOKENS}: value is not a number; {TOKENS}: value is negative; \
             {TOKENS}: value is not a whole number; and other reasons"
        );
        assert_eq!(reading.reason, Some(expected));
    }

    /// Scenario: a known metric in another form: gauge, histogram, not monotonic, of no or a new temporality.
    /// Guarantees: its points are refused and counted.
    #[test]
    fn known_metrics_of_another_form_are_refused() {
        let points = || vec![usage(1.0, Some("input"))];
        let of_temporality = |aggregation_temporality, is_monotonic| {
            metric(
                TOKENS,
                Data::Sum(Sum { data_points: points(), aggregation_temporality, is_monotonic }),
            )
        };
        let gauge = metric(TOKENS, Data::Gauge(Gauge { data_points: points() }));
        let histogram = Histogram {
            data_points: vec![HistogramDataPoint::default()],
            aggregation_temporality: 1,
        };
        let table = [
            (gauge, "data has a type that is not known here"),
            (metric(TOKENS, Data::Histogram(histogram)), "data has a type that is not known here"),
            (of_temporality(1, false), "sum is not monotonic"),
            (of_temporality(0, true), "temporality is missing"),
            (of_temporality(9, true), "temporality is not a value that is known here"),
        ];
        for (metric, expected) in table {
            assert_eq!(refused(metric), format!("{TOKENS}: {expected}"));
        }
    }

    /// Scenario: a point that says only that nothing was recorded.
    /// Guarantees: it is passed over: no fact, no refusal.
    #[test]
    fn unrecorded_points_are_passed_over() {
        let point = NumberDataPoint { flags: 1, value: None, ..usage(0.0, Some("input")) };
        assert_eq!(read(vec![sum(TOKENS, vec![point])]), Reading::default());
    }

    /// Scenario: a point from the future, one without start, and one before 1970 by its start.
    /// Guarantees: the reading keeps both times as received; only the envelope is clamped.
    #[test]
    fn times_of_readings_stay_as_received() {
        let future = NumberDataPoint {
            time_unix_nano: TIME * 2,
            start_time_unix_nano: 0,
            ..usage(1.0, Some("input"))
        };
        let reading = read(vec![sum(TOKENS, vec![future])]);
        let usage = usage_of(&reading.facts[0]);
        assert_eq!((usage.start, usage.time), (0, (TIME * 2).cast_signed()));
        assert_eq!(reading.facts[0].envelope.at, origin().arrived);
    }

    /// Scenario: every other counter with its attributes and units.
    /// Guarantees: name, detail and value in Plimsoll's words; seconds become milliseconds.
    #[test]
    fn counters_are_read() {
        let table = [
            ("claude_code.session.count", "start_type", "fresh", 1.0, "sessions", 1),
            ("claude_code.active_time.total", "type", "cli", 1.2345, "active_ms", 1235),
            ("claude_code.lines_of_code.count", "type", "added", 12.0, "lines", 12),
            ("claude_code.code_edit_tool.decision", "decision", "accept", 2.0, "edit_decisions", 2),
            ("claude_code.commit.count", "", "", 1.0, "commits", 1),
            ("claude_code.pull_request.count", "", "", 1.0, "pull_requests", 1),
        ];
        for (metric, key, detail, value, name, expected) in table {
            let attributes = if key.is_empty() { vec![] } else { vec![text(key, detail)] };
            let (fact, counter) = counter_of(metric, point(value, attributes));
            assert_eq!((counter.name, counter.value), (name, expected));
            assert_eq!(counter.detail.as_deref().unwrap_or_default(), detail);
            assert!(fact.session.is_some());
        }
        let whole = NumberDataPoint { value: Some(Value::AsInt(3)), ..point(0.0, vec![]) };
        assert_eq!(counter_of("claude_code.active_time.total", whole).1.value, 3000);
        for value in [-1.0, 0.5, f64::NAN, 1e13] {
            assert!(
                refused(sum("claude_code.commit.count", vec![point(value, vec![])]))
                    .contains("value")
            );
        }
        let endless = NumberDataPoint { value: Some(Value::AsInt(i64::MAX)), ..point(0.0, vec![]) };
        let reason = refused(sum("claude_code.active_time.total", vec![endless]));
        assert_eq!(reason, "claude_code.active_time.total: value is larger than is believed");
    }

    /// Scenario: the start of a continued session, which carries a made-up session id.
    /// Guarantees: the start counts, and no session comes to life by it.
    #[test]
    fn a_continued_session_is_not_named_by_its_phantom() {
        let start = point(1.0, vec![text("start_type", "continue")]);
        let (fact, counter) = counter_of("claude_code.session.count", start);
        assert_eq!((fact.session, counter.value), (None, 1));
        assert_eq!(counter.detail.as_deref(), Some("continue"));
    }

    /// Scenario: metrics that nobody knows, in a known and in another scope.
    /// Guarantees: they are described and counted, not refused.
    #[test]
    fn unknown_metrics_are_described() {
        let new = sum("claude_code.new.count", vec![point(1.0, vec![]), point(2.0, vec![])]);
        let reading = read(vec![new]);
        assert_eq!((reading.facts.len(), reading.rejected), (0, 0));
        let [unknown] = &reading.unknown[..] else { panic!("{:?}", reading.unknown) };
        assert_eq!(&*unknown.name, "com.anthropic.claude_code/claude_code.new.count");
        assert_eq!((unknown.dialect, unknown.refused, unknown.seen), (true, false, 2));

        let foreign = metrics("my.app", vec![sum(TOKENS, vec![usage(1.0, Some("input"))])]);
        let reading = read_metrics(&foreign, origin());
        assert_eq!((reading.facts.len(), reading.rejected), (0, 0));
        assert_eq!(&*reading.unknown[0].name, "my.app/claude_code.token.usage");
        assert!(!reading.unknown[0].dialect);
    }
}
