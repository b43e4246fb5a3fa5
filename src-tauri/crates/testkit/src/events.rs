//! Log exports: the client's events.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use plimsoll_domain::calendar::rfc3339;
use plimsoll_domain::{QuerySource, Timestamp, Tokens};

use crate::attribute::{common, double, int, nanos, resource, scope, text};

const SCOPE: &str = "com.anthropic.claude_code.events";

/// One request to the model, as events and metrics tell of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiCall {
    /// `request_id`.
    pub request: String,
    /// The model, as events name it.
    pub model: String,
    /// Who asked, as events name it: `sdk`, `repl_main_thread`, `compact`, `agent:builtin:Explore`, ...
    pub asker: String,
    /// Who asked, as metrics and books class it.
    pub source: QuerySource,
    /// The subagent's id and name.
    pub agent: Option<(String, String)>,
    /// Tokens by type.
    pub tokens: Tokens,
    /// Cost in US dollars.
    pub cost_usd: f64,
}

impl ApiCall {
    /// A request of the main conversation to `claude-sonnet-4-6` with the tokens and the cost of a
    /// small first turn.
    #[must_use]
    pub fn new(request: &str) -> Self {
        Self {
            request: request.to_owned(),
            model: "claude-sonnet-4-6".to_owned(),
            asker: "sdk".to_owned(),
            source: QuerySource::Main,
            agent: None,
            tokens: Tokens { input: 17, output: 113, cache_read: 12_011, cache_creation: 3_307 },
            cost_usd: 0.017_750_55,
        }
    }

    /// With these tokens.
    #[must_use]
    pub fn tokens(self, tokens: Tokens) -> Self {
        Self { tokens, ..self }
    }

    /// To this model.
    #[must_use]
    pub fn model(self, model: &str) -> Self {
        Self { model: model.to_owned(), ..self }
    }

    /// At this cost.
    #[must_use]
    pub fn cost(self, cost_usd: f64) -> Self {
        Self { cost_usd, ..self }
    }

    /// Asked by a subagent.
    #[must_use]
    pub fn subagent(self, id: &str, name: &str) -> Self {
        Self {
            asker: format!("agent:builtin:{name}"),
            source: QuerySource::Subagent,
            agent: Some((id.to_owned(), name.to_owned())),
            ..self
        }
    }

    /// Asked by neither the conversation nor a subagent: `compact`, `side_question`, ...
    #[must_use]
    pub fn auxiliary(self, asker: &str) -> Self {
        Self { asker: asker.to_owned(), source: QuerySource::Auxiliary, ..self }
    }

    fn attributes(&self) -> Vec<KeyValue> {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let tokens = &self.tokens;
        let mut pairs = vec![
            text("model", &self.model),
            int("input_tokens", count(tokens.input)),
            int("output_tokens", count(tokens.output)),
            int("cache_read_tokens", count(tokens.cache_read)),
            int("cache_creation_tokens", count(tokens.cache_creation)),
            int("cache_creation_5m_tokens", count(tokens.cache_creation)),
            int("cache_creation_1h_tokens", 0),
            double("cost_usd", self.cost_usd),
            int("cost_usd_micros", whole(self.cost_usd * 1e6)),
            int("duration_ms", 2214),
            int("ttft_ms", 641),
            text("request_id", &self.request),
            text("speed", "normal"),
            text("query_source", &self.asker),
            text("effort", "high"),
        ];
        if let Some((id, name)) = &self.agent {
            pairs.extend([text("agent.name", name), text("agent_id", id)]);
        }
        pairs
    }
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates; a payload may be absurd")]
fn whole(number: f64) -> i64 {
    number.round() as i64
}

/// Builds one log export of one session.
#[derive(Debug, Clone)]
pub struct Events {
    session: Option<String>,
    at: Timestamp,
    sequence: i64,
    records: Vec<LogRecord>,
}

impl Events {
    /// Events of `session`, the first at `at`.
    #[must_use]
    pub fn of(session: &str, at: Timestamp) -> Self {
        Self { session: Some(session.to_owned()), at, sequence: 0, records: Vec::new() }
    }

    /// Events of a client that was told not to name its session.
    #[must_use]
    pub fn nameless(at: Timestamp) -> Self {
        Self { session: None, at, sequence: 0, records: Vec::new() }
    }

    /// The time of the events that follow.
    #[must_use]
    pub fn at(self, at: Timestamp) -> Self {
        Self { at, ..self }
    }

    /// The number of the next event of this client process.
    #[must_use]
    pub fn sequence(self, sequence: i64) -> Self {
        Self { sequence, ..self }
    }

    /// A request to the model was answered.
    #[must_use]
    pub fn api_request(self, call: &ApiCall) -> Self {
        self.event("api_request", call.attributes())
    }

    /// The user sent a prompt.
    #[must_use]
    pub fn user_prompt(self) -> Self {
        let redacted = "<REDACTED>";
        let prompt = [("prompt_length", "120"), ("prompt", redacted), ("prompt_text", redacted)];
        let mut pairs: Vec<_> = prompt.into_iter().map(|(key, value)| text(key, value)).collect();
        pairs.push(text("message.uuid", "99b444f2-7b3d-41f6-8f71-67cfc81a0e50"));
        self.event("user_prompt", pairs)
    }

    /// A tool was allowed to run.
    #[must_use]
    pub fn tool_decision(self, tool: &str) -> Self {
        let pairs = [
            ("decision", "accept"),
            ("source", "config"),
            ("tool_name", tool),
            ("tool_use_id", "toolu_mock_0001_76d9b229"),
        ];
        self.event("tool_decision", pairs.map(|(key, value)| text(key, value)))
    }

    /// A tool ended.
    #[must_use]
    pub fn tool_result(self, tool: &str) -> Self {
        self.tool_result_of(tool, 2048)
    }

    /// A tool ended, with a result of so many bytes.
    #[must_use]
    pub fn tool_result_of(self, tool: &str, bytes: u64) -> Self {
        let bytes = bytes.to_string();
        let pairs = [
            ("tool_name", tool),
            ("tool_use_id", "toolu_mock_0001_76d9b229"),
            ("success", "true"),
            ("duration_ms", "41"),
            ("tool_input_size_bytes", "64"),
            ("tool_result_size_bytes", &bytes),
            ("decision_source", "config"),
            ("decision_type", "accept"),
        ];
        self.event("tool_result", pairs.map(|(key, value)| text(key, value)))
    }

    /// The conversation was compacted; the client sends these numbers as text.
    #[must_use]
    pub fn compaction(self, trigger: &str, before: u64, after: u64) -> Self {
        let pairs = [
            text("trigger", trigger),
            text("success", "true"),
            text("duration_ms", "39"),
            text("pre_tokens", &before.to_string()),
            text("post_tokens", &after.to_string()),
        ];
        self.event("compaction", pairs)
    }

    /// Any event, with its own attributes.
    #[must_use]
    pub fn event(mut self, name: &str, own: impl IntoIterator<Item = KeyValue>) -> Self {
        let mut attributes = common(self.session.as_deref());
        attributes.extend([
            text("event.name", name),
            text("event.timestamp", &rfc3339(self.at)),
            int("event.sequence", self.sequence),
            text("prompt.id", "224f6a32-8784-407e-b45f-d38d8a07f503"),
        ]);
        attributes.extend(own);
        let body = Value::StringValue(format!("claude_code.{name}"));
        self.records.push(LogRecord {
            time_unix_nano: nanos(self.at),
            observed_time_unix_nano: nanos(self.at),
            body: Some(AnyValue { value: Some(body) }),
            attributes,
            ..LogRecord::default()
        });
        self.sequence += 1;
        self
    }

    /// The export.
    #[must_use]
    pub fn build(self) -> ExportLogsServiceRequest {
        let logs = ScopeLogs {
            scope: Some(scope(SCOPE)),
            log_records: self.records,
            ..ScopeLogs::default()
        };
        let logs = ResourceLogs {
            resource: Some(resource()),
            scope_logs: vec![logs],
            ..ResourceLogs::default()
        };
        ExportLogsServiceRequest { resource_logs: vec![logs] }
    }
}
