//! Claude Code's hooks: what the client tells a hook, as JSON.
//!
//! Of prompts, answers, tool inputs and results only the sizes are read. Hooks count no tokens, with two exceptions:
//! `context_tokens` at a switch of models, and the use of a subagent's last request in the result of its tool call,
//! which is not read because it is one of many. No hook says when it happened.
//!
//! Other witnesses tell of some of it as well. A *compaction* is also an event of the telemetry and a line of the
//! transcript, and is told twice by hooks: `SessionStart` with the source `compact` comes first, `PostCompact`
//! right after it. Nothing names it; it is known by session, trigger and time: a thread compacts once at a time,
//! and a second compaction needs a request between. *Prompts* and *tool calls* are events of the telemetry too.

use plimsoll_domain::{
    AgentId, Compaction, CompactionTrigger, ContentKind, ContentSize, End, Life, Model, Start,
    Statement, StatusReport, Tokens, ToolResult, UserPrompt, window::WINDOW_1M,
};
use serde::Deserialize;
use serde_json::json;

use super::{
    project,
    written::{Written, object},
};
use crate::{HandedFault, Moment, handed::Said};

/// The part of a hook's input that is read, of all events.
#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Hook<'a> {
    hook_event_name: Written<'a>,
    session_id: Written<'a>,
    transcript_path: Written<'a>,
    cwd: Written<'a>,
    version: Written<'a>,
    prompt_id: Written<'a>,
    agent_id: Written<'a>,
    agent_type: Written<'a>,
    source: Written<'a>,
    reason: Written<'a>,
    trigger: Written<'a>,
    model: Written<'a>,
    to_model: Written<'a>,
    context_tokens: Written<'a>,
    tool_name: Written<'a>,
    duration_ms: Written<'a>,
    prompt: Written<'a>,
    tool_input: Written<'a>,
    tool_response: Written<'a>,
    error: Written<'a>,
    last_assistant_message: Written<'a>,
    stop_hook_active: Written<'a>,
    compact_summary: Written<'a>,
}

/// Reads a hook's input.
pub(crate) fn read(body: &[u8]) -> Result<Said, HandedFault> {
    let hook: Hook<'_> = object(body).ok_or(HandedFault::NotAnObject)?;
    let event = hook.hook_event_name.text().ok_or(HandedFault::NoEvent)?;
    let said = Said::of(hook.session_id, hook.transcript_path, hook.version)?;
    let said = said.and(project(hook.cwd)).and(hook.statements(&event).into_iter().flatten());
    Ok(said.at(hook.moment(&event)))
}

/// What the client takes as context for the agent, by the event that it told of. Texts of more than 10,000 characters
/// it would put aside in a file.
pub(crate) fn answer(moment: Moment, text: &str) -> String {
    let event = match moment {
        Moment::Prompt => "UserPromptSubmit",
        Moment::Tool => "PostToolUse",
        Moment::Stop => "Stop",
        Moment::Compacted => "SessionStart",
    };
    let output = json!({"hookEventName": event, "additionalContext": text});
    json!({"hookSpecificOutput": output}).to_string()
}

/// What an event says besides the place: two statements at most.
type Statements = [Option<Statement>; 2];

impl Hook<'_> {
    fn statements(&self, event: &str) -> Statements {
        match event {
            "SessionStart" => [self.start().map(Statement::Life), self.model_at_start()],
            "SessionEnd" => [Some(Statement::Life(Life::Ended(self.end()))), None],
            "UserPromptSubmit" => [Some(self.user_prompt()), self.prompt_size()],
            "PreToolUse" => [None, self.size(ContentKind::ToolInput, self.tool_input.json_bytes())],
            "PostToolUse" => self.tool(true, self.tool_response.json_bytes()),
            "PostToolUseFailure" => self.tool(false, text_bytes(self.error)),
            "Stop" => [None, self.answer(self.last_assistant_message)],
            // Compactions and side questions end with it too, as subagents of no type. Their answers are in no
            // subagent's context.
            "SubagentStop" if self.agent().is_some() => {
                [None, self.answer(self.last_assistant_message)]
            }
            // What the context begins with anew is the summary.
            "PostCompact" => [self.compaction(), self.answer(self.compact_summary)],
            "PostModelSwitch" => [self.model_switch(), None],
            _ => [None, None],
        }
    }

    /// The moment, where the agent of the main thread can be told something. One whose turn was made to go on by a hook
    /// is not told again at its end.
    fn moment(&self, event: &str) -> Option<Moment> {
        let moment = match event {
            "UserPromptSubmit" => Moment::Prompt,
            "PostToolUse" => Moment::Tool,
            "Stop" if !self.stop_hook_active.is_true() => Moment::Stop,
            "SessionStart" if self.source.text().as_deref() == Some("compact") => Moment::Compacted,
            _ => return None,
        };
        self.agent_id.text().is_none().then_some(moment)
    }

    fn start(&self) -> Option<Life> {
        Some(Life::Started(match &*self.source.text()? {
            "startup" => Start::Startup,
            "resume" => Start::Resume,
            "clear" => Start::Clear,
            "compact" => Start::Compact,
            "fork" => Start::Fork,
            _ => return None,
        }))
    }

    /// Logging out, leaving and every reason that is not known are one: the program ended.
    fn end(&self) -> End {
        match self.reason.text().as_deref() {
            Some("clear") => End::Clear,
            Some("resume") => End::Resume,
            _ => End::Exit,
        }
    }

    /// The model, which hooks name here only. There is no context yet, or it is not known after a compaction.
    fn model_at_start(&self) -> Option<Statement> {
        Some(Statement::Status(model_report(self.model)?))
    }

    /// `context_tokens` is one sum: the tokens of all types of the last answer, which the next request sends again;
    /// 0 before the first. It is told as fresh input, as the new model reads it: caches belong to a model. Only the
    /// occupancy of these tokens means anything.
    fn model_switch(&self) -> Option<Statement> {
        let context = self.context_tokens.count().filter(|tokens| *tokens > 0);
        let context = context.map(|input| Tokens { input, ..Tokens::ZERO });
        Some(Statement::Status(StatusReport { context, ..model_report(self.to_model)? }))
    }

    fn user_prompt(&self) -> Statement {
        Statement::Prompt(UserPrompt {
            prompt: self.prompt_id.name(),
            length: self.prompt.text_size().map(|size| size.chars),
            command: None,
        })
    }

    fn prompt_size(&self) -> Option<Statement> {
        self.size(ContentKind::Prompt, text_bytes(self.prompt))
    }

    fn tool(&self, success: bool, result_bytes: Option<u64>) -> Statements {
        let ended = self.tool_name.name().map(|tool| {
            Statement::Tool(ToolResult {
                tool,
                success: Some(success),
                duration_ms: self.duration_ms.count(),
                result_bytes,
                agent: self.agent(),
            })
        });
        [ended, self.size(ContentKind::ToolResult, result_bytes)]
    }

    fn answer(&self, text: Written<'_>) -> Option<Statement> {
        self.size(ContentKind::Answer, text_bytes(text))
    }

    fn compaction(&self) -> Option<Statement> {
        let trigger = match &*self.trigger.text()? {
            "auto" => CompactionTrigger::Auto,
            "manual" => CompactionTrigger::Manual,
            _ => return None,
        };
        // The hook runs only after one that succeeded.
        Some(Statement::Compaction(Compaction {
            trigger,
            success: true,
            before: None,
            after: None,
        }))
    }

    fn size(&self, kind: ContentKind, bytes: Option<u64>) -> Option<Statement> {
        Some(Statement::Size(ContentSize { agent: self.agent(), kind, bytes: bytes? }))
    }

    /// The subagent in which the hook runs; one of no type is none.
    fn agent(&self) -> Option<AgentId> {
        let typeless = self.agent_type.text().is_some_and(|name| name.is_empty());
        self.agent_id.name().filter(|_| !typeless).map(AgentId::new)
    }
}

/// A report of nothing but the model, and of the window where its name tells it.
fn model_report(model: Written<'_>) -> Option<StatusReport> {
    let (model, million) = Model::parse(&model.name()?);
    let window = million.then_some(WINDOW_1M);
    Some(StatusReport { model: Some(model), window, ..StatusReport::default() })
}

fn text_bytes(text: Written<'_>) -> Option<u64> {
    text.text_size().map(|size| size.bytes)
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::{Fact, Handed, SessionId, Timestamp, Witness};
    use serde_json::Value;

    use super::*;
    use crate::{read_handed, tell_agent};

    const ARRIVED: Timestamp = Timestamp::from_millis(1_795_435_200_250);

    /// What a hook says besides the place.
    fn said(event: &str, more: &Value) -> Vec<Statement> {
        let mut hook = json!({"session_id": "s", "cwd": "/work", "hook_event_name": event});
        let fields = more.as_object().expect("an object").clone();
        hook.as_object_mut().expect("an object").extend(fields);
        let told = read_handed(Handed::Hook, hook.to_string().as_bytes(), ARRIVED).expect("a hook");
        let mut facts = told.facts.into_iter();
        let envelope = facts.next().expect("the place").envelope;
        assert_eq!((envelope.witness, envelope.at), (Witness::Hook, ARRIVED));
        facts.map(|fact| fact.statement).collect()
    }

    fn moment(hook: &Value) -> Option<Moment> {
        read_handed(Handed::Hook, hook.to_string().as_bytes(), ARRIVED).expect("a hook").moment
    }

    /// Scenario: events at which the client takes context for the agent, the same within a subagent, at an end that a
    /// hook has put off already, and others.
    /// Guarantees: only the main thread's agent is told, and not twice at one end; the answer names the event.
    #[test]
    fn the_agent_can_be_told_at_some_moments() {
        let hook = |event: &str| json!({"session_id": "s", "hook_event_name": event});
        let mut start = hook("SessionStart");
        assert_eq!(moment(&start), None);
        start["source"] = "compact".into();
        let moments =
            [hook("UserPromptSubmit"), hook("PostToolUse"), hook("Stop"), start].map(|hook| {
                let mut of_subagent = hook.clone();
                of_subagent["agent_id"] = "a1".into();
                assert_eq!(moment(&of_subagent), None);
                moment(&hook).expect("a moment")
            });
        let expected = [Moment::Prompt, Moment::Tool, Moment::Stop, Moment::Compacted];
        assert_eq!(moments, expected);
        let mut stop = hook("Stop");
        stop["stop_hook_active"] = true.into();
        for none in [stop, hook("PreToolUse"), hook("SubagentStop"), hook("PreCompact")] {
            assert_eq!(moment(&none), None);
        }
        let told = tell_agent(Moment::Tool, "a \"text\"");
        let output = json!({"hookEventName": "PostToolUse", "additionalContext": "a \"text\""});
        assert_eq!(
            serde_json::from_str::<Value>(&told).unwrap(),
            json!({"hookSpecificOutput": output})
        );
    }

    fn size(agent: Option<&str>, kind: ContentKind, bytes: u64) -> Statement {
        Statement::Size(ContentSize { agent: agent.map(AgentId::new), kind, bytes })
    }

    /// A call of the subagent `a-1`.
    fn tool(tool: &str, success: bool, bytes: u64) -> Statement {
        Statement::Tool(ToolResult {
            tool: tool.into(),
            success: Some(success),
            duration_ms: Some(38),
            result_bytes: Some(bytes),
            agent: Some(AgentId::new("a-1")),
        })
    }

    /// Scenario: starts and ends of every kind, of a kind that is not known, and without one.
    /// Guarantees: each is told as what it is; a start of an unknown kind is none, an end always is one.
    #[test]
    fn lives_begin_and_end() {
        for (source, start) in [
            ("startup", Start::Startup),
            ("resume", Start::Resume),
            ("clear", Start::Clear),
            ("compact", Start::Compact),
            ("fork", Start::Fork),
        ] {
            let started = said("SessionStart", &json!({"source": source}));
            assert_eq!(started, [Statement::Life(Life::Started(start))]);
        }
        assert_eq!(said("SessionStart", &json!({"source": "new"})), []);
        for (reason, end) in [
            (json!("clear"), End::Clear),
            (json!("resume"), End::Resume),
            (json!("prompt_input_exit"), End::Exit),
            (json!("other"), End::Exit),
            (json!(null), End::Exit),
        ] {
            let ended = said("SessionEnd", &json!({"reason": reason}));
            assert_eq!(ended, [Statement::Life(Life::Ended(end))]);
        }
    }

    /// Scenario: a start that names its model, and switches of models before and after the first request.
    /// Guarantees: the model without suffix, the window that the suffix names, and a context whose occupancy is
    /// what the client says; none where there is none yet.
    #[test]
    fn models_are_told() {
        let report = |model: &str, window, context| {
            let model = Some(Model::parse(model).0);
            Statement::Status(StatusReport { model, window, context, ..StatusReport::default() })
        };
        let started = said("SessionStart", &json!({"model": "claude-sonnet-4-6"}));
        assert_eq!(started, [report("claude-sonnet-4-6", None, None)]);
        let switched = |tokens: Value| {
            let to = "claude-opus-4-6[1m]";
            said("PostModelSwitch", &json!({"to_model": to, "context_tokens": tokens}))
        };
        let context = Tokens { input: 151_203, ..Tokens::ZERO };
        assert_eq!(context.occupancy(), 151_203);
        let full = report("claude-opus-4-6", Some(WINDOW_1M), Some(context));
        assert_eq!(switched(json!(151_203)), [full]);
        for none in [json!(0), json!(null), json!("many")] {
            assert_eq!(switched(none), [report("claude-opus-4-6", Some(WINDOW_1M), None)]);
        }
        assert_eq!(said("PostModelSwitch", &json!({"context_tokens": 7})), []);
    }

    /// Scenario: a prompt with characters of several bytes, and one that is missing.
    /// Guarantees: length in characters and size in bytes; nothing of the text.
    #[test]
    fn prompts_are_measured() {
        let prompt = |length| {
            Statement::Prompt(UserPrompt { prompt: Some("p-1".into()), length, command: None })
        };
        let told = said("UserPromptSubmit", &json!({"prompt_id": "p-1", "prompt": "gr\u{fc}n\n"}));
        assert_eq!(told, [prompt(Some(5)), size(None, ContentKind::Prompt, 6)]);
        assert_eq!(said("UserPromptSubmit", &json!({"prompt_id": "p-1"})), [prompt(None)]);
    }

    /// Scenario: a tool call of a subagent from its input to its result, one that failed, one without a result.
    /// Guarantees: input and result are measured as JSON, an error as text, all in the subagent's context; the call is
    /// told as the subagent's.
    #[test]
    fn tool_calls_are_measured() {
        let call = |more: Value| {
            let mut call = json!({"agent_id": "a-1", "agent_type": "Explore", "tool_name": "Bash",
                "tool_input": {"command": "ls"}, "duration_ms": 38});
            call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            call
        };
        let agent = Some("a-1");
        assert_eq!(said("PreToolUse", &call(json!({}))), [size(agent, ContentKind::ToolInput, 16)]);
        assert_eq!(
            said("PostToolUse", &call(json!({"tool_response": {"stdout": "hi"}}))),
            [tool("Bash", true, 15), size(agent, ContentKind::ToolResult, 15)]
        );
        assert_eq!(
            said("PostToolUseFailure", &call(json!({"error": "Exit code 1"}))),
            [tool("Bash", false, 11), size(agent, ContentKind::ToolResult, 11)]
        );
        let unmeasured = said("PostToolUse", &json!({"tool_name": "Bash"}));
        let [Statement::Tool(ended)] = &*unmeasured else { panic!("{unmeasured:?}") };
        assert_eq!((ended.duration_ms, ended.result_bytes, &ended.agent), (None, None, &None));
    }

    /// Scenario: answers of the main thread and of a subagent; the ends of a compaction and of a side question, which
    /// look like a subagent's.
    /// Guarantees: answers are measured in the context that they are in; the others are in none.
    #[test]
    fn answers_are_measured() {
        let answer = |event, agent_type: Value| {
            let answer = json!({"agent_id": "a-1", "agent_type": agent_type,
                "last_assistant_message": "done"});
            said(event, &answer)
        };
        assert_eq!(
            said("Stop", &json!({"last_assistant_message": "HELLO"})),
            [size(None, ContentKind::Answer, 5)]
        );
        let subagent = [size(Some("a-1"), ContentKind::Answer, 4)];
        assert_eq!(answer("SubagentStop", json!("Explore")), subagent);
        assert_eq!(answer("SubagentStop", json!(null)), subagent);
        assert_eq!(answer("SubagentStop", json!("")), []);
        assert_eq!(said("Stop", &json!({"last_assistant_message": null})), []);
    }

    /// Scenario: compactions by either trigger, and by one that is not known.
    /// Guarantees: told as done, without counts; the context begins anew with the summary.
    #[test]
    fn compactions_are_told() {
        let compacted = |trigger: &str| {
            said("PostCompact", &json!({"trigger": trigger, "compact_summary": "all of it"}))
        };
        let summary = size(None, ContentKind::Answer, 9);
        for (name, trigger) in
            [("auto", CompactionTrigger::Auto), ("manual", CompactionTrigger::Manual)]
        {
            let done = Compaction { trigger, success: true, before: None, after: None };
            assert_eq!(compacted(name), [Statement::Compaction(done), summary.clone()]);
        }
        assert_eq!(compacted("new"), [summary]);
    }

    /// Scenario: every hook of two recorded sessions, interactive and in print mode.
    /// Guarantees: all are read; session, place and transcript of each; as many prompts, tool calls and compactions
    /// as were recorded; and nothing of any content in what is told.
    #[test]
    fn recorded_sessions_are_read() {
        for (capture, session, prompts, tools, compactions) in [
            ("interactive", "1d10fde2-b1a6-4ccf-a817-cf0ed4274f0d", 7, 2, 1),
            ("hooks-print-mode", "12ce0e57-55a4-48af-a242-16c1c9d0334d", 3, 3, 1),
        ] {
            let path = format!("../../../tests/fixtures/captures/{capture}/hooks.jsonl");
            let lines = std::fs::read_to_string(path).expect("the fixture");
            let mut facts: Vec<Fact> = Vec::new();
            for line in lines.lines() {
                let told = read_handed(Handed::Hook, line.as_bytes(), ARRIVED).expect("a hook");
                assert_eq!(told.session, SessionId::new(session));
                assert!(
                    told.transcript.is_some_and(|path| path.ends_with(&format!("{session}.jsonl")))
                );
                assert!(matches!(told.facts[0].statement, Statement::Project(_)));
                facts.extend(told.facts);
            }
            let count = |wanted: fn(&Statement) -> bool| {
                facts.iter().filter(|fact| wanted(&fact.statement)).count()
            };
            assert_eq!(count(|said| matches!(said, Statement::Prompt(_))), prompts, "{capture}");
            assert_eq!(count(|said| matches!(said, Statement::Tool(_))), tools, "{capture}");
            let compacted = count(|said| matches!(said, Statement::Compaction(_)));
            assert_eq!(compacted, compactions, "{capture}");
            assert_eq!(count(|said| matches!(said, Statement::Life(Life::Ended(_)))), 1);
            let all = format!("{facts:?}");
            for content in ["hello", "HELLO", "touch", "SUBAGENT", "echo", "mock", "Exit code"] {
                assert!(!all.contains(content), "{content}");
            }
        }
    }
}
