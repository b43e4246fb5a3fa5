//! Signals described one by one, for people who look at what arrives.

use plimsoll_domain::{ApiRequest, NanoUsd, SessionId, Statement, Timestamp, TokenKind};
use plimsoll_otlp::{
    Arrival, Export,
    proto::{
        collector::{
            logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
            trace::v1::ExportTraceServiceRequest,
        },
        common::v1::{KeyValue, any_value::Value},
        metrics::v1::number_data_point,
    },
};

use crate::{
    claude_code,
    signal::{Signal, SignalKind, Understanding},
    unknown::{is_plain_name, tellable},
    usage::{Measure, UsagePoint},
    walk,
};

/// How many attributes of one signal are shown.
const MOST_ATTRIBUTES: usize = 64;

/// One record, data point or span as it arrived, without text content.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// When it happened, by the client's clock; never later than its arrival.
    pub at: Timestamp,
    /// What kind of signal it is.
    pub kind: SignalKind,
    /// The scope's name.
    pub scope: String,
    /// The signal's name.
    pub name: String,
    /// The session, where a known scope names one.
    pub session: Option<SessionId>,
    /// A data point's number as received.
    pub value: Option<String>,
    /// Keys and values; a text that is not known to be harmless is shown as `<N chars>`. At most 64.
    pub attributes: Vec<(String, String)>,
    /// How it was understood.
    pub understood: Understood,
}

/// How a signal was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Understood {
    /// It is a fact, or a part of one.
    Fact {
        /// The fact's kind, e.g. `request`.
        kind: &'static str,
        /// Its numbers by name, e.g. `input`, `costNanoUsd`.
        numbers: Vec<(&'static str, u64)>,
    },
    /// It is known and not needed.
    Ignored,
    /// Nobody knows it.
    Unknown,
    /// It is known, and its values could not be used.
    Rejected {
        /// Why.
        reason: String,
    },
}

/// Describes every signal of an export.
#[must_use]
pub fn describe(arrival: &Arrival) -> Vec<Sighting> {
    match &arrival.export {
        Export::Metrics(request) => describe_metrics(request, arrival.at),
        Export::Logs(request) => describe_logs(request, arrival.at),
        Export::Traces(request) => describe_traces(request, arrival.at),
    }
}

/// Describes log records.
pub(crate) fn describe_logs(
    request: &ExportLogsServiceRequest,
    arrived: Timestamp,
) -> Vec<Sighting> {
    let mut sightings = Vec::new();
    walk::logs(request, arrived, |signal| sightings.push(Sighting::of(&signal)));
    sightings
}

/// Describes data points.
pub(crate) fn describe_metrics(
    request: &ExportMetricsServiceRequest,
    arrived: Timestamp,
) -> Vec<Sighting> {
    let mut sightings = Vec::new();
    walk::metrics(request, arrived, |signal| sightings.push(Sighting::of(&signal)));
    sightings
}

/// Describes spans.
pub(crate) fn describe_traces(
    request: &ExportTraceServiceRequest,
    arrived: Timestamp,
) -> Vec<Sighting> {
    let mut sightings = Vec::new();
    walk::spans(request, arrived, |signal| sightings.push(Sighting::of(&signal)));
    sightings
}

impl Sighting {
    fn of(signal: &Signal<'_>) -> Self {
        let known = signal.scope.known;
        let attribute = |pair: &KeyValue| (tellable(&pair.key).to_owned(), shown(pair, known));
        Self {
            at: signal.at,
            kind: signal.kind,
            scope: tellable(signal.scope.name).to_owned(),
            name: tellable(signal.name).to_owned(),
            session: signal.session.map(SessionId::new),
            value: signal.value.map(|value| match value {
                number_data_point::Value::AsDouble(number) => number.to_string(),
                number_data_point::Value::AsInt(number) => number.to_string(),
            }),
            attributes: signal.attributes.0.iter().take(MOST_ATTRIBUTES).map(attribute).collect(),
            understood: Understood::of(&signal.understanding),
        }
    }
}

/// A value as it may be shown: numbers and truth values always, text only of known scopes, under keys that
/// are known to hold ids and names, and made like a name.
fn shown(pair: &KeyValue, known_scope: bool) -> String {
    match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        None => "<empty>".to_owned(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::StringValue(text)) => {
            let harmless = known_scope && claude_code::is_harmless(&pair.key, text);
            if harmless && is_plain_name(text) {
                text.clone()
            } else {
                format!("<{} chars>", text.chars().count())
            }
        }
        Some(Value::ArrayValue(array)) => format!("<array of {}>", array.values.len()),
        Some(Value::KvlistValue(list)) => format!("<list of {}>", list.values.len()),
        Some(Value::BytesValue(bytes)) => format!("<{} bytes>", bytes.len()),
        Some(Value::StringValueStrindex(_)) => "<reference>".to_owned(),
    }
}

type Numbers = Vec<(&'static str, u64)>;

impl Understood {
    fn of(understanding: &Understanding<'_>) -> Self {
        let (kind, numbers) = match understanding {
            Understanding::Fact(statement) => statement_numbers(statement),
            Understanding::Usage(point) => ("usage", usage_numbers(point)),
            Understanding::Ignored => return Self::Ignored,
            Understanding::Unknown => return Self::Unknown,
            Understanding::Rejected(rejection) => {
                return Self::Rejected { reason: rejection.to_string() };
            }
        };
        Self::Fact { kind, numbers }
    }
}

/// A fact's kind and its numbers.
fn statement_numbers(statement: &Statement) -> (&'static str, Numbers) {
    match statement {
        Statement::Request(request) => ("request", request_numbers(request)),
        // A signal is only ever a part of a reading; this is the reading as a whole.
        Statement::Usage(_) => ("usage", Vec::new()),
        Statement::Counter(counter) => (counter.name, vec![("value", counter.value)]),
        Statement::Prompt(prompt) => ("prompt", told([("length", prompt.length)])),
        Statement::Tool(tool) => {
            let numbers = [("durationMs", tool.duration_ms), ("resultBytes", tool.result_bytes)];
            ("tool", told(numbers))
        }
        Statement::Compaction(compaction) => {
            let success = Some(u64::from(compaction.success));
            let numbers =
                [("success", success), ("before", compaction.before), ("after", compaction.after)];
            ("compaction", told(numbers))
        }
        Statement::SubagentCompleted(agent) => {
            let numbers = [("totalTokens", agent.total_tokens), ("durationMs", agent.duration_ms)];
            ("subagentCompleted", told(numbers))
        }
        Statement::ApiError(error) => {
            ("apiError", told([("status", error.status), ("attempts", error.attempts)]))
        }
        // Told by files and hooks, which are no signals.
        Statement::Project(_)
        | Statement::Life(_)
        | Statement::Totals(_)
        | Statement::Status(_)
        | Statement::Size(_)
        | Statement::Heard(_) => ("statement", Vec::new()),
    }
}

fn request_numbers(request: &ApiRequest) -> Numbers {
    told([
        ("input", Some(request.tokens.input)),
        ("output", Some(request.tokens.output)),
        ("cacheRead", Some(request.tokens.cache_read)),
        ("cacheCreation", Some(request.tokens.cache_creation)),
        ("cacheCreation1h", request.cache_creation_1h),
        ("costNanoUsd", request.cost.and_then(nano)),
        ("durationMs", request.duration_ms),
        ("ttftMs", request.ttft_ms),
    ])
}

fn usage_numbers(point: &UsagePoint<'_>) -> Numbers {
    match point.measure {
        Measure::Cost(cost) => told([("costNanoUsd", nano(cost))]),
        Measure::Tokens(TokenKind::Input, tokens) => vec![("input", tokens)],
        Measure::Tokens(TokenKind::Output, tokens) => vec![("output", tokens)],
        Measure::Tokens(TokenKind::CacheRead, tokens) => vec![("cacheRead", tokens)],
        Measure::Tokens(TokenKind::CacheCreation, tokens) => vec![("cacheCreation", tokens)],
    }
}

/// Those of the numbers that are told.
fn told<const N: usize>(numbers: [(&'static str, Option<u64>); N]) -> Numbers {
    numbers.into_iter().filter_map(|(name, number)| Some((name, number?))).collect()
}

fn nano(cost: NanoUsd) -> Option<u64> {
    u64::try_from(cost.0).ok()
}

#[cfg(test)]
mod tests {
    use plimsoll_otlp::proto::trace::v1::Span;

    use super::*;
    use crate::builders::{
        EVENTS, METRICS, TIME, api_request, at, boolean, double, event, int, logs, metrics, origin,
        spans, sum, text, usage,
    };

    fn described(scope: &str, name: &str, attributes: Vec<KeyValue>) -> Sighting {
        let request = logs(scope, vec![event(name, attributes)]);
        let [sighting] = <[Sighting; 1]>::try_from(describe_logs(&request, origin().arrived))
            .expect("one sighting");
        sighting
    }

    fn value<'a>(sighting: &'a Sighting, key: &str) -> &'a str {
        let found = sighting.attributes.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str()).expect("the attribute is shown")
    }

    /// Scenario: a request, with a prompt's text beside its numbers.
    /// Guarantees: ids and numbers are shown, text by its length, and the fact by its numbers.
    #[test]
    fn a_request_is_described() {
        let mut attributes = api_request();
        attributes.push(text("prompt", "four"));
        let sighting = described(EVENTS, "api_request", attributes);
        assert_eq!((sighting.kind, sighting.at), (SignalKind::Event, at(TIME)));
        assert_eq!(sighting.scope, EVENTS);
        assert_eq!(sighting.name, "api_request");
        assert_eq!(sighting.session, Some(SessionId::new("s-1")));
        assert_eq!(value(&sighting, "model"), "claude-sonnet-4-6");
        assert_eq!(value(&sighting, "input_tokens"), "17");
        assert_eq!(value(&sighting, "cost_usd"), "0.01775055");
        assert_eq!(value(&sighting, "prompt"), "<4 chars>");
        let numbers = vec![
            ("input", 17),
            ("output", 113),
            ("cacheRead", 12_011),
            ("cacheCreation", 3307),
            ("cacheCreation1h", 7),
            ("costNanoUsd", 17_750_550),
            ("durationMs", 5120),
            ("ttftMs", 43),
        ];
        assert_eq!(sighting.understood, Understood::Fact { kind: "request", numbers });
    }

    /// Scenario: every other event that becomes a fact.
    /// Guarantees: each is described by its kind and the numbers that were told.
    #[test]
    fn other_facts_are_described() {
        let compaction =
            vec![text("trigger", "auto"), text("success", "true"), text("pre_tokens", "9")];
        let table: Vec<(&str, Vec<KeyValue>, &str, Numbers)> = vec![
            ("compaction", compaction, "compaction", vec![("success", 1), ("before", 9)]),
            ("user_prompt", vec![int("prompt_length", 3)], "prompt", vec![("length", 3)]),
            ("tool_result", vec![text("tool_name", "Bash")], "tool", vec![]),
            ("api_error", vec![int("status_code", 500)], "apiError", vec![("status", 500)]),
            ("subagent_completed", vec![], "subagentCompleted", vec![]),
        ];
        for (name, attributes, kind, numbers) in table {
            let understood = described(EVENTS, name, attributes).understood;
            assert_eq!(understood, Understood::Fact { kind, numbers });
        }
    }

    /// Scenario: an event of a scope that nobody knows, under keys that are harmless in a known one.
    /// Guarantees: numbers and truth values are shown, text never, the session neither.
    #[test]
    fn foreign_text_is_never_shown() {
        let attributes = vec![
            text("model", "secret"),
            text("command_name", "secret"),
            boolean("on", true),
            double("x", 0.5),
        ];
        let sighting = described("my.app", "thing", attributes);
        assert_eq!(value(&sighting, "model"), "<6 chars>");
        assert_eq!(value(&sighting, "command_name"), "<6 chars>");
        assert_eq!((value(&sighting, "on"), value(&sighting, "x")), ("true", "0.5"));
        assert_eq!((sighting.session, sighting.understood), (None, Understood::Unknown));
    }

    /// Scenario: token, cost and refused points, and spans of both kinds of scopes.
    /// Guarantees: each point with its number as received and what became of it; spans too.
    #[test]
    fn points_and_spans_are_described() {
        let all = vec![
            sum(
                "claude_code.token.usage",
                vec![usage(19.0, Some("input")), usage(-1.0, Some("input"))],
            ),
            sum("claude_code.cost.usage", vec![usage(0.25, None)]),
        ];
        let sightings = describe_metrics(&metrics(METRICS, all), origin().arrived);
        let understood = |index: usize| sightings[index].understood.clone();
        let usage =
            |name, number| Understood::Fact { kind: "usage", numbers: vec![(name, number)] };
        assert_eq!(sightings.len(), 3);
        assert_eq!(
            (sightings[0].value.as_deref(), understood(0)),
            (Some("19"), usage("input", 19))
        );
        let reason = "claude_code.token.usage: value is negative".to_owned();
        assert_eq!(understood(1), Understood::Rejected { reason });
        assert_eq!(understood(2), usage("costNanoUsd", 250_000_000));

        let span = || Span { name: "claude_code.interaction".to_owned(), ..Span::default() };
        let of = |scope| describe_traces(&spans(scope, vec![span()]), origin().arrived);
        let known = &of("com.anthropic.claude_code.tracing")[0];
        assert_eq!((known.kind.name(), &known.understood), ("span", &Understood::Ignored));
        assert_eq!(of("my.app")[0].understood, Understood::Unknown);
    }
}
