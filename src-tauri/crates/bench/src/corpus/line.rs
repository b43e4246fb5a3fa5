//! The lines of a transcript, as the client writes them.

use std::io::Write as _;

use plimsoll_domain::calendar::rfc3339;
use plimsoll_domain::{Timestamp, Tokens};

use super::truth::Truth;
use crate::random::Random;

/// Lines, and what they come to.
#[derive(Debug, Default)]
pub(super) struct Tape {
    bytes: Vec<u8>,
    lines: u64,
    /// After so many lines nothing is taken any more.
    most: Option<u64>,
    pub(super) truth: Truth,
}

/// What stands in every line of a conversation.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub(super) session: &'a str,
    pub(super) cwd: &'a str,
    pub(super) version: &'a str,
    /// Of a subagent.
    pub(super) agent: Option<&'a str>,
}

/// One line's place in the conversation.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) uuid: String,
    /// `null`, or a UUID in quotation marks.
    pub(super) parent: String,
    pub(super) at: Timestamp,
}

/// A part of an answer.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) model: &'a str,
    pub(super) message: &'a str,
    pub(super) request: &'a str,
    pub(super) content: &'a str,
    pub(super) last: bool,
    pub(super) tokens: Tokens,
    /// Cache writes for an hour.
    pub(super) hour: u64,
}

impl Tape {
    /// Begins a new file.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        (self.lines, self.most) = (0, None);
    }

    /// Takes so many lines and no more, or any number again.
    pub(super) fn take_at_most(&mut self, lines: Option<u64>) {
        self.most = lines;
    }

    pub(super) fn is_full(&self) -> bool {
        self.most.is_some_and(|most| self.lines >= most)
    }

    /// What a file holds so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds a line; tells whether it was taken.
    pub(super) fn line(&mut self, line: std::fmt::Arguments<'_>) -> bool {
        if self.is_full() {
            return false;
        }
        self.cut_off(line);
        self.bytes.push(b'\n');
        self.lines += 1;
        self.truth.lines += 1;
        true
    }

    /// Adds a line that was not written to its end.
    pub(super) fn cut_off(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to memory does not fail.
        let _ = self.bytes.write_fmt(line);
    }

    /// What somebody said.
    pub(super) fn prompt(&mut self, head: &Head<'_>, step: &Step, text: &str) {
        let Step { uuid, at, .. } = step;
        let start = head.start(step);
        self.line(format_args!(
            r#"{{{start},"type":"user","message":{{"role":"user","content":"{text}"}},"uuid":"{uuid}","timestamp":"{}"}}"#,
            rfc3339(*at)
        ));
    }

    /// What a tool gave back, to the model and to the client.
    pub(super) fn result(
        &mut self,
        head: &Head<'_>,
        step: &Step,
        (tool, text, output): (&str, &str, &str),
    ) {
        let Step { uuid, at, .. } = step;
        let start = head.start(step);
        self.line(format_args!(
            r#"{{{start},"type":"user","message":{{"role":"user","content":[{{"tool_use_id":"{tool}","type":"tool_result","content":"{text}"}}]}},"uuid":"{uuid}","timestamp":"{}","toolUseResult":{{"stdout":"{output}","stderr":"","interrupted":false,"isImage":false}}}}"#,
            rfc3339(*at)
        ));
    }

    /// What the client notes of itself.
    pub(super) fn system(&mut self, head: &Head<'_>, step: &Step, duration: u64) {
        let Step { uuid, at, .. } = step;
        let start = head.start(step);
        self.line(format_args!(
            r#"{{{start},"type":"system","subtype":"turn_duration","durationMs":{duration},"timestamp":"{}","uuid":"{uuid}","isMeta":false}}"#,
            rfc3339(*at)
        ));
    }

    /// A part of an answer.
    pub(super) fn part(&mut self, head: &Head<'_>, step: &Step, part: &Part<'_>) {
        let Step { uuid, at, .. } = step;
        let start = head.start(step);
        let Part { model, message, request, content, tokens, hour, .. } = part;
        let Tokens { input, output, cache_read, cache_creation } = tokens;
        let short = cache_creation - hour;
        let stop = if part.last { r#""tool_use""# } else { "null" };
        let taken = self.line(format_args!(
            r#"{{{start},"message":{{"model":"{model}","id":"{message}","type":"message","role":"assistant","content":[{content}],"stop_reason":{stop},"stop_sequence":null,"usage":{{"input_tokens":{input},"cache_creation_input_tokens":{cache_creation},"cache_read_input_tokens":{cache_read},"cache_creation":{{"ephemeral_5m_input_tokens":{short},"ephemeral_1h_input_tokens":{hour}}},"output_tokens":{output},"service_tier":"standard"}}}},"requestId":"{request}","type":"assistant","uuid":"{uuid}","timestamp":"{}"}}"#,
            rfc3339(*at)
        ));
        self.truth.usage_lines += u64::from(taken);
    }

    /// What the client puts in the place of an answer that did not come.
    pub(super) fn error(&mut self, head: &Head<'_>, step: &Step, message: &str) {
        let Step { uuid, at, .. } = step;
        let start = head.start(step);
        self.line(format_args!(
            r#"{{{start},"type":"assistant","uuid":"{uuid}","timestamp":"{}","message":{{"id":"{message}","container":null,"model":"<synthetic>","role":"assistant","stop_reason":"stop_sequence","stop_sequence":"","type":"message","usage":{{"input_tokens":0,"output_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"server_tool_use":{{"web_search_requests":0,"web_fetch_requests":0}},"service_tier":null}},"content":[{{"type":"text","text":"API Error: 529 Overloaded"}}]}},"isApiErrorMessage":true}}"#,
            rfc3339(*at)
        ));
    }
}

impl Head<'_> {
    fn start(&self, step: &Step) -> String {
        let Self { session, cwd, version, agent } = self;
        let aside = agent.is_some();
        let agent = agent.map_or(String::new(), |agent| format!(r#","agentId":"{agent}""#));
        let parent = &step.parent;
        format!(
            r#""parentUuid":{parent},"isSidechain":{aside},"userType":"external","cwd":"{cwd}","sessionId":"{session}","version":"{version}","gitBranch":"main"{agent}"#
        )
    }
}

impl Step {
    /// The first of a conversation.
    pub(super) fn first(random: &mut Random, at: Timestamp) -> Self {
        Self { uuid: random.uuid(), parent: "null".to_owned(), at }
    }

    /// The one that follows, after some time.
    pub(super) fn follow(&mut self, random: &mut Random, after: std::time::Duration) {
        self.parent = format!("\"{}\"", self.uuid);
        self.uuid = random.uuid();
        self.at = self.at.after(after);
    }
}
