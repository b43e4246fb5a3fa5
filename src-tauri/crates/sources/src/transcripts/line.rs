//! The lines that are read, and of these the parts that are.

use std::{borrow::Cow, collections::BTreeMap};

use memchr::memmem::Finder;
use serde::Deserialize;

use super::value::Value;

/// Where the kind of a line is looked for that tells of no use, in bytes from its start: the client writes it first.
const KIND_WITHIN: usize = 2048;

/// What a line tells of, by the words in it. Inside a text these would be escaped; which kind of line it really is,
/// is for who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The use of an answer.
    Answer,
    /// A compaction.
    Boundary,
    /// The client's own sums.
    CostState,
}

/// Finds the few lines that have to be parsed.
#[derive(Debug)]
pub(super) struct Kinds {
    usage: Finder<'static>,
    assistant: Finder<'static>,
    cost_state: Finder<'static>,
    boundary: Finder<'static>,
}

impl Kinds {
    pub(super) fn new() -> Self {
        Self {
            usage: Finder::new("\"usage\""),
            assistant: Finder::new("\"assistant\""),
            cost_state: Finder::new("\"cost-state\""),
            boundary: Finder::new("\"compact_boundary\""),
        }
    }

    /// What a line may tell of; `None` for nearly all.
    pub(super) fn of(&self, line: &[u8]) -> Option<Kind> {
        if self.usage.find(line).is_some() && self.assistant.find(line).is_some() {
            return Some(Kind::Answer);
        }
        let start = line.get(..KIND_WITHIN).unwrap_or(line);
        if self.cost_state.find(start).is_some() {
            return Some(Kind::CostState);
        }
        self.boundary.find(start).map(|_| Kind::Boundary)
    }
}

/// A line of the type `assistant`: a part of an answer, with the use of the whole.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Answer<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Value<'a>,
    #[serde(borrow)]
    pub(super) uuid: Value<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Value<'a>,
    #[serde(borrow)]
    pub(super) session_id: Value<'a>,
    /// The session that made the request, in copies of its lines.
    #[serde(borrow)]
    pub(super) request_session_id: Value<'a>,
    #[serde(borrow)]
    pub(super) request_id: Value<'a>,
    #[serde(borrow)]
    pub(super) version: Value<'a>,
    #[serde(borrow)]
    pub(super) git_branch: Value<'a>,
    #[serde(borrow)]
    pub(super) is_sidechain: Value<'a>,
    #[serde(borrow)]
    pub(super) agent_id: Value<'a>,
    /// The subagent's type.
    #[serde(borrow)]
    pub(super) attribution_agent: Value<'a>,
    #[serde(borrow)]
    pub(super) effort: Value<'a>,
    #[serde(borrow)]
    pub(super) is_api_error_message: Value<'a>,
    #[serde(borrow)]
    pub(super) message: Value<'a, Message<'a>>,
}

/// The provider's answer, without what it says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) id: Value<'a>,
    #[serde(borrow)]
    pub(super) model: Value<'a>,
    #[serde(borrow)]
    pub(super) stop_reason: Value<'a>,
    #[serde(borrow)]
    pub(super) usage: Value<'a, Usage<'a>>,
}

/// What an answer used.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Usage<'a> {
    #[serde(borrow)]
    pub(super) input_tokens: Value<'a>,
    #[serde(borrow)]
    pub(super) output_tokens: Value<'a>,
    #[serde(borrow)]
    pub(super) cache_read_input_tokens: Value<'a>,
    #[serde(borrow)]
    pub(super) cache_creation_input_tokens: Value<'a>,
    #[serde(borrow)]
    pub(super) cache_creation: Value<'a, CacheCreation<'a>>,
    #[serde(borrow)]
    pub(super) server_tool_use: Value<'a, ServerToolUse<'a>>,
    /// `standard` or `fast`.
    #[serde(borrow)]
    pub(super) speed: Value<'a>,
    /// `us` where it was answered in the United States only; else `global` or empty.
    #[serde(borrow)]
    pub(super) inference_geo: Value<'a>,
}

/// How long what was written to the cache is kept.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CacheCreation<'a> {
    #[serde(borrow)]
    pub(super) ephemeral_1h_input_tokens: Value<'a>,
}

/// What the provider did for an answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ServerToolUse<'a> {
    #[serde(borrow)]
    pub(super) web_search_requests: Value<'a>,
}

/// A line of the type `system` and the subtype `compact_boundary`: a compaction that succeeded.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Boundary<'a> {
    #[serde(borrow)]
    pub(super) subtype: Value<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Value<'a>,
    #[serde(borrow)]
    pub(super) session_id: Value<'a>,
    #[serde(borrow)]
    pub(super) version: Value<'a>,
    #[serde(borrow)]
    pub(super) compact_metadata: Value<'a, CompactMetadata<'a>>,
}

/// What is told of a compaction.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CompactMetadata<'a> {
    /// `auto` or `manual`.
    #[serde(borrow)]
    pub(super) trigger: Value<'a>,
    #[serde(borrow)]
    pub(super) pre_tokens: Value<'a>,
    #[serde(borrow)]
    pub(super) post_tokens: Value<'a>,
}

/// A line of the type `cost-state`: the sums of the session so far, over all its processes. It carries no time.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CostState<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Value<'a>,
    #[serde(borrow)]
    pub(super) session_id: Value<'a>,
    /// By model, whose names may carry the suffix of the window.
    #[serde(borrow)]
    pub(super) model_usage: Value<'a, BTreeMap<Cow<'a, str>, Value<'a, ModelUsage<'a>>>>,
}

/// The sums of one model.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ModelUsage<'a> {
    #[serde(borrow)]
    pub(super) input_tokens: Value<'a>,
    #[serde(borrow)]
    pub(super) output_tokens: Value<'a>,
    #[serde(borrow)]
    pub(super) cache_read_input_tokens: Value<'a>,
    #[serde(borrow)]
    pub(super) cache_creation_input_tokens: Value<'a>,
    #[serde(borrow, rename = "costUSD")]
    pub(super) cost_usd: Value<'a>,
}

/// Any line that says where its session works.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Placed<'a> {
    #[serde(borrow)]
    pub(super) timestamp: Value<'a>,
    #[serde(borrow)]
    pub(super) session_id: Value<'a>,
    #[serde(borrow)]
    pub(super) version: Value<'a>,
    #[serde(borrow)]
    pub(super) is_sidechain: Value<'a>,
    #[serde(borrow)]
    pub(super) cwd: Value<'a>,
    #[serde(borrow)]
    pub(super) git_branch: Value<'a>,
}

/// Any line that carries a time.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Timed<'a> {
    #[serde(borrow)]
    pub(super) timestamp: Value<'a>,
}

/// Parses a line. Marks and zero bytes before it, which editors and crashes leave, are no part of it.
///
/// # Errors
///
/// When it is no JSON object, or one of its names is no text.
pub(super) fn parse<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, serde_json::Error> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let mut line = line.strip_prefix(MARK).unwrap_or(line);
    while let [0, rest @ ..] = line {
        line = rest;
    }
    serde_json::from_slice(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: lines of every kind, lines that quote such lines, and one that names its kind late.
    /// Guarantees: what has to be parsed is found, however its JSON is spaced; quotations are not.
    #[test]
    fn the_few_lines_of_use_are_found() {
        let kinds = Kinds::new();
        let of = |line: &str| kinds.of(line.as_bytes());
        assert_eq!(of(r#"{"type":"assistant","message":{"usage":{}}}"#), Some(Kind::Answer));
        assert_eq!(of(r#"{"message": {"usage" : {}}, "type" : "assistant"}"#), Some(Kind::Answer));
        assert_eq!(of(r#"{"type":"cost-state"}"#), Some(Kind::CostState));
        assert_eq!(of(r#"{"subtype":"compact_boundary"}"#), Some(Kind::Boundary));
        assert_eq!(of(r#"{"type":"user","toolUseResult":{"usage":{}}}"#), None);
        assert_eq!(of(r#"{"content":"{\"type\":\"assistant\",\"usage\":{}}"}"#), None);
        assert_eq!(of(r#"{"content":"\"cost-state\""}"#), None);
        let late = format!(r#"{{"content":"{}","type":"cost-state"}}"#, "x".repeat(KIND_WITHIN));
        assert_eq!(of(&late), None);
        assert_eq!(of(""), None);
    }
}
