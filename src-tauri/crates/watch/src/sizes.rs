//! An estimate of a context by the sizes of what went into it, where nobody tells tokens.

use plimsoll_domain::Timestamp;

/// What the client sends before the first prompt: system prompt, descriptions of its tools, and reminders, in
/// tokens. Claude Code 2.1.330 sent 85,600 to 90,500 bytes of it in the recorded sessions, without any tools or
/// instructions of the user's (`tests/fixtures/captures`, lines `api-request-shape` and the first
/// `api-request-blob`); at four bytes a token.
const BASE: u64 = 21_500;

/// Bytes of text to a token, by rule of thumb.
const BYTES_PER_TOKEN: u64 = 4;

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
        BASE + self.bytes / BYTES_PER_TOKEN
    }
}
