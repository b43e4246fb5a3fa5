//! Claude Code's dialect: the only place that knows what this client calls things. `docs/format.md` tells what
//! it was measured to send and what becomes of each signal.

pub(crate) mod events;
pub(crate) mod hooks;
pub(crate) mod metrics;
pub(crate) mod status_line;
mod written;

use plimsoll_domain::{ProjectPlace, QuerySource, Statement};

pub(crate) use written::Written;

/// Whether a scope is one of the client's. It is recognised by these names only: `service.name` can be changed
/// by the user's environment and by a project's settings.
pub(crate) fn is_scope(name: &str) -> bool {
    matches!(
        name,
        "com.anthropic.claude_code"
            | "com.anthropic.claude_code.events"
            | "com.anthropic.claude_code.tracing"
    )
}

/// The place where a session works, as hooks and the status line tell it: without a branch.
fn project(directory: Written<'_>) -> Option<Statement> {
    let path = directory.path()?;
    Some(Statement::Project(ProjectPlace { path, branch: None }))
}

/// The class of the asking part. Events name the part itself, metrics name the class.
fn query_source(part: Option<&str>) -> QuerySource {
    match part {
        None | Some("main" | "sdk") => QuerySource::Main,
        Some(part) if part.starts_with("repl_main_thread") => QuerySource::Main,
        Some("subagent" | "hook_agent") => QuerySource::Subagent,
        Some(part) if part.starts_with("agent:") => QuerySource::Subagent,
        Some(_) => QuerySource::Auxiliary,
    }
}

/// Whether a text under this key may be shown to people: ids, names and classes that the client itself or the
/// provider made, and numbers written as text. Everything else may be content.
pub(crate) fn is_harmless(key: &str, text: &str) -> bool {
    match key {
        "command_name" => events::is_command(text),
        _ => HARMLESS.contains(&key),
    }
}

/// The keys whose text may be shown.
const HARMLESS: [&str; 47] = [
    "additional_context_chars",
    "agent.name",
    "agent.source",
    "agent_id",
    "agent_type",
    "anthropic.provider",
    "app.entrypoint",
    "app.version",
    "command_source",
    "decision",
    "decision_source",
    "decision_type",
    "duration_ms",
    "effort",
    "event.name",
    "event.timestamp",
    "final_model",
    "hook_event",
    "hook_source",
    "hook_type",
    "language",
    "managed_only",
    "model",
    "num_blocking",
    "num_hooks",
    "num_success",
    "permission_mode",
    "post_tokens",
    "pre_tokens",
    "precompute_reuse",
    "prompt.id",
    "prompt_length",
    "query_source",
    "request_id",
    "safe_mode",
    "session.id",
    "source",
    "speed",
    "start_type",
    "success",
    "terminal.type",
    "tool_input_size_bytes",
    "tool_name",
    "tool_result_size_bytes",
    "total_duration_ms",
    "trigger",
    "type",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: the asking parts that were seen, the classes that metrics name, and one never seen.
    /// Guarantees: only the conversation itself is main; what is not known is auxiliary.
    #[test]
    fn asking_parts_have_their_class() {
        let main = [
            None,
            Some("sdk"),
            Some("main"),
            Some("repl_main_thread"),
            Some("repl_main_thread:outputStyle:Explanatory"),
        ];
        let subagent =
            ["agent:builtin:Explore", "agent:custom", "agent:default", "hook_agent", "subagent"];
        let auxiliary = [
            "compact",
            "side_question",
            "hook_prompt",
            "rename_generate_name",
            "auxiliary",
            "",
            "new",
        ];
        assert!(main.into_iter().all(|part| query_source(part) == QuerySource::Main));
        assert!(subagent.into_iter().all(|part| query_source(Some(part)) == QuerySource::Subagent));
        assert!(
            auxiliary.into_iter().all(|part| query_source(Some(part)) == QuerySource::Auxiliary)
        );
    }

    /// Scenario: the client's scopes, and names that only look like them.
    /// Guarantees: nothing but the three scopes is read.
    #[test]
    fn only_the_three_scopes_are_known() {
        assert!(is_scope("com.anthropic.claude_code"));
        assert!(is_scope("com.anthropic.claude_code.events"));
        assert!(is_scope("com.anthropic.claude_code.tracing"));
        assert!(!is_scope(""));
        assert!(!is_scope("com.anthropic.claude_code.event"));
        assert!(!is_scope("claude-code"));
    }
}
