//! An estimate of a context by the sizes of what went into it, where nobody tells tokens: about +-20 %, as the page
//! says. In the recorded sessions with hooks it held 91 to 103 percent of the bytes that the client sent
//! (`tests/it/estimate.rs`); the rest of the range is what a token is worth, which differs by text and model.

use plimsoll_domain::Timestamp;

/// What the client sends before the first prompt: system prompt, descriptions of its tools, and reminders, in
/// bytes. Claude Code 2.1.330 sent 85,600 to 90,500 of it in the recorded sessions, without any tools or
/// instructions of the user's (`tests/fixtures/captures`, lines `api-request-shape` and the first
/// `api-request-blob`).
const BASE: u64 = 88_000;

/// So many bytes of text are two tokens. By the tokenizer that Anthropic published (`@anthropic-ai/tokenizer` 0.0.4 of
/// npm) code, prose and transcripts have 3.2 to 3.6 bytes a token.
const BYTES_OF_TWO_TOKENS: u64 = 7;

/// How much text went into a context since it was empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    bytes: u64,
    /// When the first of it was told.
    pub(crate) since: Timestamp,
    /// When the last of it was told.
    pub(crate) as_of: Timestamp,
}

impl Sizes {
    /// A context into which nothing went yet.
    pub(crate) fn new(at: Timestamp) -> Self {
        Self { bytes: 0, since: at, as_of: at }
    }

    /// More went in.
    pub(crate) fn grow(&mut self, at: Timestamp, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.as_of = self.as_of.max(at);
    }

    /// About how many tokens that is.
    pub(crate) fn occupancy(&self) -> u64 {
        BASE.saturating_add(self.bytes).saturating_mul(2) / BYTES_OF_TWO_TOKENS
    }
}
