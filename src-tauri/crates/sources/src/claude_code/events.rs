//! Claude Code's events, which are log records.
//!
//! Only the attributes named here are read. Prompts, answers, tool inputs and parameters, error texts and
//! e-mail addresses are not among them.

use std::sync::Arc;

use plimsoll_domain::{
    AgentId, ApiError, ApiRequest, Compaction, CompactionTrigger, Model, NanoUsd, RequestId,
    Statement, SubagentCompleted, Tokens, ToolResult, UserPrompt,
};
use plimsoll_otlp::proto::logs::v1::LogRecord;

use super::query_source;
use crate::{
    attributes::{Attributes, Fault, any_text, text},
    signal::{Rejection, Understanding},
};

/// What the body, and in some versions `event.name`, puts before the name.
const PREFIX: &str = "claude_code.";

/// The longest name of a built-in command that is kept, in bytes.
const LONGEST_COMMAND: usize = 64;

/// The name of an event without prefix; empty where it is not told.
pub(crate) fn name(record: &LogRecord) -> &str {
    let named = Attributes(&record.attributes).get("event.name").and_then(text);
    let named = named.or(Some(record.event_name.as_str())).filter(|name| !name.is_empty());
    match named {
        Some(name) => name.strip_prefix(PREFIX).unwrap_or(name),
        // Without the prefix a body may be text of any kind.
        None => any_text(record.body.as_ref())
            .and_then(|body| body.strip_prefix(PREFIX))
            .unwrap_or_default(),
    }
}

/// Understands the event of this name.
pub(crate) fn understand<'a>(name: &str, attributes: Attributes<'_>) -> Understanding<'a> {
    let read = match name {
        "api_request" => request(attributes),
        "api_error" => Ok(api_error(attributes)),
        "compaction" => compaction(attributes),
        "user_prompt" => Ok(user_prompt(attributes)),
        "tool_result" => tool_result(attributes),
        "subagent_completed" => Ok(subagent_completed(attributes)),
        _ if is_known(name) => return Understanding::Ignored,
        _ => return Understanding::Unknown,
    };
    read.map_or_else(Understanding::Rejected, Understanding::Fact)
}

/// Whether an event that is not needed is at least known by its name.
fn is_known(name: &str) -> bool {
    matches!(
        name,
        "api_refusal"
            | "api_request_body"
            | "api_response_body"
            | "api_retries_exhausted"
            | "assistant_response"
            | "at_mention"
            | "auth"
            | "feedback_survey"
            | "internal_error"
            | "managed_settings_resolved"
            | "mcp_server_connection"
            | "permission_mode_changed"
            | "plugin_installed"
            | "plugin_loaded"
            | "retention_sweep"
            | "skill_activated"
            | "system_prompt"
            | "tool_decision"
    ) || name.starts_with("hook_")
}

fn request(attributes: Attributes<'_>) -> Result<Statement, Rejection> {
    let rejection = |field, fault| Rejection { signal: "api_request", field, fault };
    let count = |field| attributes.count(field).map_err(|fault| rejection(field, fault));
    let tokens = Tokens {
        input: count("input_tokens")?,
        output: count("output_tokens")?,
        cache_read: count("cache_read_tokens")?,
        cache_creation: count("cache_creation_tokens")?,
    };
    let model = attributes.text("model").ok_or_else(|| rejection("model", Fault::Missing))?;
    let subsystem = attributes.text("query_source");
    let id = attributes.text("request_id").map(RequestId::new);
    let source = query_source(subsystem);
    Ok(Statement::Request(ApiRequest {
        cache_creation_1h: attributes
            .count("cache_creation_1h_tokens")
            .ok()
            .filter(|hour| *hour <= tokens.cache_creation),
        cost: cost(attributes),
        subsystem: subsystem.map(Arc::from),
        agent: attributes.text("agent_id").map(AgentId::new),
        agent_name: attributes.text("agent.name").map(Arc::from),
        duration_ms: attributes.count("duration_ms").ok(),
        ttft_ms: attributes.count("ttft_ms").ok(),
        effort: attributes.text("effort").map(Arc::from),
        orchestration: attributes.text("orchestration.id").map(Arc::from),
        // `fast` is what was asked; how it was billed stands in the transcript only.
        fast: attributes.text("speed").filter(|speed| *speed == "normal").map(|_| false),
        ..ApiRequest::new(id, Model::parse(model).0, source, tokens)
    }))
}

/// The client's own price: exact where told in dollars, rounded where told in micro-dollars only.
fn cost(attributes: Attributes<'_>) -> Option<NanoUsd> {
    attributes.dollars("cost_usd").or_else(|| {
        let micros = attributes.count("cost_usd_micros").ok()?;
        NanoUsd::from_micros(i64::try_from(micros).ok()?)
    })
}

fn api_error(attributes: Attributes<'_>) -> Statement {
    Statement::ApiError(ApiError {
        model: attributes.text("model").map(|name| Model::parse(name).0),
        status: attributes.count("status_code").ok(),
        attempts: attributes.count("attempt").ok(),
    })
}

fn compaction(attributes: Attributes<'_>) -> Result<Statement, Rejection> {
    let rejection = |field, fault| Rejection { signal: "compaction", field, fault };
    let trigger = match attributes.text("trigger") {
        Some("auto") => CompactionTrigger::Auto,
        Some("manual") => CompactionTrigger::Manual,
        Some(_) => return Err(rejection("trigger", Fault::Unfamiliar)),
        None => return Err(rejection("trigger", Fault::Missing)),
    };
    Ok(Statement::Compaction(Compaction {
        trigger,
        success: attributes.flag("success").ok_or_else(|| rejection("success", Fault::Missing))?,
        before: attributes.count("pre_tokens").ok(),
        after: attributes.count("post_tokens").ok(),
    }))
}

fn user_prompt(attributes: Attributes<'_>) -> Statement {
    Statement::Prompt(UserPrompt {
        prompt: attributes.text("prompt.id").map(Arc::from),
        length: attributes.count("prompt_length").ok(),
        command: attributes.text("command_name").filter(|name| is_command(name)).map(Arc::from),
    })
}

/// Whether a text is the name of a command rather than anything a user wrote.
pub(super) fn is_command(name: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b':' | b'-')
    };
    !name.is_empty() && name.len() <= LONGEST_COMMAND && name.bytes().all(plain)
}

fn tool_result(attributes: Attributes<'_>) -> Result<Statement, Rejection> {
    let missing = Rejection { signal: "tool_result", field: "tool_name", fault: Fault::Missing };
    Ok(Statement::Tool(ToolResult {
        tool: attributes.text("tool_name").ok_or(missing)?.into(),
        success: attributes.flag("success"),
        duration_ms: attributes.count("duration_ms").ok(),
        result_bytes: attributes.count("tool_result_size_bytes").ok(),
        agent: attributes.text("agent_id").map(AgentId::new),
    }))
}

fn subagent_completed(attributes: Attributes<'_>) -> Statement {
    Statement::SubagentCompleted(SubagentCompleted {
        agent_type: attributes.text("agent_type").map(Arc::from),
        total_tokens: attributes.count("total_tokens").ok(),
        duration_ms: attributes.count("duration_ms").ok(),
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::{Fact, QuerySource, Witness};
    use plimsoll_otlp::proto::{
        collector::logs::v1::ExportLogsServiceRequest,
        common::v1::{AnyValue, KeyValue, any_value::Value},
    };

    use super::*;
    use crate::{
        Reading,
        builders::{
            EVENTS, TIME, api_request, at, boolean, double, event, int, logs, origin, text, with,
            without,
        },
        reading::read_logs,
    };

    fn read(records: Vec<LogRecord>) -> Reading {
        read_logs(&logs(EVENTS, records), origin())
    }

    fn only_fact(reading: Reading) -> Fact {
        assert_eq!((reading.rejected, reading.reason, reading.unknown), (0, None, vec![]));
        let [fact] = <[Fact; 1]>::try_from(reading.facts).expect("one fact");
        fact
    }

    fn statement(name: &str, attributes: Vec<KeyValue>) -> Statement {
        only_fact(read(vec![event(name, attributes)])).statement
    }

    fn request(attributes: Vec<KeyValue>) -> ApiRequest {
        match statement("api_request", attributes) {
            Statement::Request(request) => request,
            other => panic!("{other:?}"),
        }
    }

    fn reason(name: &str, attributes: Vec<KeyValue>) -> String {
        let reading = read(vec![event(name, attributes)]);
        assert_eq!((reading.facts.len(), reading.rejected), (0, 1));
        assert!(reading.unknown.iter().all(|unknown| unknown.refused && unknown.dialect));
        reading.reason.expect("a reason")
    }

    /// Scenario: a complete request as the client sends it.
    /// Guarantees: every field of the fact and of its envelope.
    #[test]
    fn a_request_is_read_whole() {
        let fact = only_fact(read(vec![event("api_request", api_request())]));
        assert_eq!(fact.session.expect("a session").as_str(), "s-1");
        assert_eq!(fact.envelope.witness, Witness::Event);
        assert_eq!(fact.envelope.at, at(TIME));
        assert_eq!(fact.envelope.arrived, origin().arrived);
        assert_eq!(fact.envelope.connection, Some(origin().connection));
        assert_eq!(fact.envelope.client_version.as_deref(), Some("2.1.330"));
        assert_eq!(fact.envelope.sequence, Some(5));
        let tokens = Tokens { input: 17, output: 113, cache_read: 12_011, cache_creation: 3307 };
        let (id, model) = (Some(RequestId::new("req_1")), Model::parse("claude-sonnet-4-6").0);
        let expected = ApiRequest {
            cache_creation_1h: Some(7),
            cost: Some(NanoUsd(17_750_550)),
            subsystem: Some("sdk".into()),
            duration_ms: Some(5120),
            ttft_ms: Some(43),
            effort: Some("high".into()),
            ..ApiRequest::new(id, model, QuerySource::Main, tokens)
        };
        assert_eq!(fact.statement, Statement::Request(expected));
    }

    /// Scenario: the request of a subagent, without id, with a window suffix and numbers as text.
    /// Guarantees: agent and class are read, an empty id is none, the suffix is split off.
    #[test]
    fn a_subagent_and_other_spellings_are_read() {
        let pairs = [
            text("query_source", "agent:builtin:Explore"),
            text("agent_id", "a1b2"),
            text("agent.name", "Explore"),
            text("request_id", ""),
            text("model", "claude-opus-4-6[1m]"),
            text("input_tokens", "17"),
            double("output_tokens", 113.0),
        ];
        let read = request(pairs.into_iter().fold(api_request(), with));
        assert_eq!(read.source, QuerySource::Subagent);
        assert_eq!(read.agent, Some(AgentId::new("a1b2")));
        assert_eq!(read.agent_name.as_deref(), Some("Explore"));
        assert_eq!(read.id, None);
        assert_eq!(read.model.as_str(), "claude-opus-4-6");
        assert_eq!((read.tokens.input, read.tokens.output), (17, 113));
    }

    /// Scenario: requests whose side values are bad or absent.
    /// Guarantees: those values are unknown; the tokens stay.
    #[test]
    fn bad_side_values_do_not_cost_the_tokens() {
        let bad = [
            double("cost_usd", f64::NAN),
            int("cost_usd_micros", -1),
            text("duration_ms", "soon"),
            boolean("ttft_ms", true),
            int("cache_creation_1h_tokens", 3308),
            text("request_id", &"x".repeat(201)),
            text("effort", "a\u{1b}[2J"),
        ];
        let read = request(bad.into_iter().fold(api_request(), with));
        assert_eq!(read.tokens.total(), 17 + 113 + 12_011 + 3307);
        assert_eq!((read.cost, read.duration_ms, read.ttft_ms), (None, None, None));
        assert_eq!((read.cache_creation_1h, read.id, read.effort), (None, None, None));

        let micros = request(with(api_request(), double("cost_usd", -1.0)));
        assert_eq!(micros.cost, Some(NanoUsd(17_751_000)));
        let micros = request(without(api_request(), "cost_usd"));
        assert_eq!(micros.cost, Some(NanoUsd(17_751_000)));
    }

    /// Scenario: requests whose needed values are bad or absent.
    /// Guarantees: each is refused with its field and reason, in words that hold nothing received.
    #[test]
    fn bad_needed_values_are_refused() {
        let table = [
            (int("input_tokens", -1), "api_request: input_tokens is negative"),
            (double("output_tokens", f64::NAN), "api_request: output_tokens is not a number"),
            (double("output_tokens", 0.5), "api_request: output_tokens is not a whole number"),
            (
                int("cache_read_tokens", 1_000_000_000_001),
                "api_request: cache_read_tokens is larger than is believed",
            ),
            (
                text("cache_creation_tokens", "ten"),
                "api_request: cache_creation_tokens is not a number",
            ),
            (
                boolean("input_tokens", true),
                "api_request: input_tokens has a type that is not known here",
            ),
            (int("model", 4), "api_request: model is missing"),
        ];
        for (pair, expected) in table {
            assert_eq!(reason("api_request", with(api_request(), pair)), expected);
        }
        for key in ["input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens"] {
            let expected = format!("api_request: {key} is missing");
            assert_eq!(reason("api_request", without(api_request(), key)), expected);
        }
    }

    /// Scenario: a bad request between two good ones.
    /// Guarantees: one is refused, both others are read.
    #[test]
    fn a_refused_record_spoils_nothing_beside_it() {
        let good = || event("api_request", api_request());
        let bad = event("api_request", without(api_request(), "input_tokens"));
        let reading = read(vec![good(), bad, good()]);
        assert_eq!((reading.facts.len(), reading.rejected), (2, 1));
    }

    /// Scenario: the other events that become facts, with the types that the client uses.
    /// Guarantees: each is read, text and typed values alike.
    #[test]
    fn other_events_are_read() {
        let compaction = vec![
            text("trigger", "auto"),
            text("success", "true"),
            text("pre_tokens", "167245"),
            text("post_tokens", "2720"),
        ];
        let expected = Compaction {
            trigger: CompactionTrigger::Auto,
            success: true,
            before: Some(167_245),
            after: Some(2720),
        };
        assert_eq!(statement("compaction", compaction), Statement::Compaction(expected));

        let prompt = vec![
            text("prompt.id", "p-1"),
            text("prompt_length", "8"),
            text("command_name", "compact"),
        ];
        let expected = UserPrompt {
            prompt: Some("p-1".into()),
            length: Some(8),
            command: Some("compact".into()),
        };
        assert_eq!(statement("user_prompt", prompt), Statement::Prompt(expected));

        let tool = vec![
            text("tool_name", "Bash"),
            text("success", "false"),
            text("duration_ms", "77"),
            text("tool_result_size_bytes", "18"),
            text("agent_id", "a1b2"),
        ];
        let expected = ToolResult {
            tool: "Bash".into(),
            success: Some(false),
            duration_ms: Some(77),
            result_bytes: Some(18),
            agent: Some(AgentId::new("a1b2")),
        };
        assert_eq!(statement("tool_result", tool), Statement::Tool(expected));

        let agent =
            vec![text("agent_type", "Explore"), int("total_tokens", 1960), int("duration_ms", 80)];
        let expected = SubagentCompleted {
            agent_type: Some("Explore".into()),
            total_tokens: Some(1960),
            duration_ms: Some(80),
        };
        let expected = Statement::SubagentCompleted(expected);
        assert_eq!(statement("subagent_completed", agent), expected);

        let error =
            vec![text("model", "claude-opus-5"), int("status_code", 500), int("attempt", 3)];
        let expected = ApiError {
            model: Some(Model::parse("claude-opus-5").0),
            status: Some(500),
            attempts: Some(3),
        };
        assert_eq!(statement("api_error", error), Statement::ApiError(expected));
    }

    /// Scenario: compactions and tool results that lack what makes them one; a command that is no plain name.
    /// Guarantees: they are refused; the command is dropped.
    #[test]
    fn incomplete_events_are_refused() {
        let compaction = || vec![text("trigger", "manual"), text("success", "true")];
        assert!(matches!(statement("compaction", compaction()), Statement::Compaction(_)));
        let refused = |pairs| reason("compaction", pairs);
        assert_eq!(refused(without(compaction(), "trigger")), "compaction: trigger is missing");
        assert_eq!(refused(without(compaction(), "success")), "compaction: success is missing");
        assert_eq!(
            refused(with(compaction(), text("trigger", "tide"))),
            "compaction: trigger is not a value that is known here"
        );
        assert_eq!(reason("tool_result", vec![]), "tool_result: tool_name is missing");
        for command in ["", "Delete my files", "UPPER", "b\u{e4}r", &"x".repeat(65)] {
            match statement("user_prompt", vec![text("command_name", command)]) {
                Statement::Prompt(prompt) => assert_eq!(prompt.command, None, "{command}"),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Scenario: the name in the attribute with and without prefix, in the record's own field, in the body, in
    /// none of them; and a body that is text.
    /// Guarantees: the first that is told counts; a body counts only with the client's prefix.
    #[test]
    fn names_are_found() {
        let body = |text: &str| Some(AnyValue { value: Some(Value::StringValue(text.to_owned())) });
        let plain = event("tool_result", vec![]);
        let nameless = LogRecord { attributes: vec![], ..plain.clone() };
        assert_eq!(name(&plain), "tool_result");
        assert_eq!(name(&event("claude_code.tool_result", vec![])), "tool_result");
        assert_eq!(name(&nameless), "");
        let field = LogRecord { event_name: "claude_code.auth".to_owned(), ..nameless.clone() };
        assert_eq!(name(&field), "auth");
        let named = LogRecord { body: body("claude_code.api_request"), ..nameless.clone() };
        assert_eq!(name(&named), "api_request");
        let talking = LogRecord { body: body("please help me"), ..nameless };
        assert_eq!(name(&talking), "");
        let both = LogRecord { body: body("claude_code.api_request"), ..plain };
        assert_eq!(name(&both), "tool_result");
    }

    /// Scenario: records without time, with one observed time, with a written time, and from the future.
    /// Guarantees: the order of trust; nothing is later than its arrival.
    #[test]
    fn times_are_found_and_clamped() {
        let arrived = origin().arrived;
        let time = |time: u64, observed: u64, written: &str| {
            let record = LogRecord {
                time_unix_nano: time,
                observed_time_unix_nano: observed,
                ..event("user_prompt", vec![text("event.timestamp", written)])
            };
            only_fact(read(vec![record])).envelope.at
        };
        assert_eq!(time(TIME, TIME + 5, ""), at(TIME));
        assert_eq!(time(0, TIME + 5, "2026-11-23T04:43:43.445Z"), at(TIME + 5));
        assert_eq!(time(0, 0, "2026-11-23T04:43:43.445Z"), at(TIME));
        assert_eq!(time(0, 0, "2027-11-23T04:43:43.445Z"), arrived);
        assert_eq!(time(0, 0, "yesterday"), arrived);
        assert_eq!(time(TIME * 2, 0, ""), arrived);
        assert_eq!(time(u64::MAX, TIME, ""), arrived);
    }

    /// Scenario: events that are known and not needed, and one that is not known.
    /// Guarantees: the former leave no trace; the latter is described, not refused.
    #[test]
    fn other_names_are_ignored_or_unknown() {
        for name in ["assistant_response", "tool_decision", "hook_execution_start", "plugin_loaded"]
        {
            assert_eq!(read(vec![event(name, vec![])]), Reading::default(), "{name}");
        }
        let new = || event("new_thing", vec![int("count", 3), text("note", "text")]);
        let reading = read(vec![new(), new()]);
        assert_eq!((reading.facts.len(), reading.rejected), (0, 0));
        let [unknown] = &reading.unknown[..] else { panic!("{:?}", reading.unknown) };
        assert_eq!(&*unknown.name, "com.anthropic.claude_code.events/new_thing");
        let keys = ["session.id:string", "event.name:string", "count:int", "note:string"];
        assert_eq!(unknown.attributes, keys);
        assert_eq!((unknown.dialect, unknown.refused, unknown.seen), (true, false, 2));
    }

    /// Scenario: a record without session, with one that is empty, and with one that is too long.
    /// Guarantees: the request counts all the same, without a session.
    #[test]
    fn a_session_may_be_missing() {
        for id in [None, Some(String::new()), Some("s".repeat(201))] {
            let mut attributes = with(api_request(), text("event.name", "api_request"));
            attributes.extend(id.as_deref().map(|id| text("session.id", id)));
            let record = LogRecord { attributes, time_unix_nano: TIME, ..LogRecord::default() };
            assert_eq!(only_fact(read(vec![record])).session, None);
        }
    }

    /// Scenario: a request of the same name in a scope that nobody knows, and an empty export.
    /// Guarantees: the name alone is not enough; nothing is no error.
    #[test]
    fn only_known_scopes_are_read() {
        let record = event("api_request", api_request());
        let reading = read_logs(&logs("my.app", vec![record]), origin());
        assert_eq!((reading.facts.len(), reading.rejected), (0, 0));
        assert_eq!(&*reading.unknown[0].name, "my.app/api_request");
        assert!(!reading.unknown[0].dialect);
        let nothing = read_logs(&ExportLogsServiceRequest::default(), origin());
        assert_eq!(nothing, Reading::default());
    }
}
