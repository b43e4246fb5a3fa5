//! The window of a model and the line at which the client compacts by itself.
//!
//! Formula and exceptions were measured on Claude Code 2.1.330 (docs/format.md, "Where it compacts").

use crate::Model;

/// A window of 200,000 tokens.
pub const WINDOW_200K: u64 = 200_000;
/// A window of 1,000,000 tokens.
pub const WINDOW_1M: u64 = 1_000_000;
/// What the client keeps free for the answer to a compaction, at most.
const ANSWER_RESERVE: u64 = 20_000;
/// What the client keeps free beyond that before it compacts.
const COMPACTION_MARGIN: u64 = 13_000;

/// A model's context window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Size in tokens.
    pub tokens: u64,
    /// How it is known.
    pub kind: WindowKind,
}

/// How a window is known, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowKind {
    /// The client said it: its status line states the size, or its metrics name the one-million-token window.
    Named,
    /// More was observed than a smaller window holds.
    Observed,
    /// The table by model.
    Table,
    /// Nothing is known of the model.
    Guessed,
}

/// What has been seen of a thread that tells of its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WindowEvidence {
    /// Metrics of this session and model named the one-million-token window.
    pub million_named: bool,
    /// The largest occupancy seen of a completed request.
    pub largest_occupancy: u64,
}

impl Window {
    /// Resolves the window of a model from what has been seen.
    #[must_use]
    pub fn resolve(model: &Model, evidence: WindowEvidence) -> Self {
        if evidence.million_named {
            return Self { tokens: WINDOW_1M, kind: WindowKind::Named };
        }
        let (tokens, kind) = match table(model) {
            Some(tokens) => (tokens, WindowKind::Table),
            None => (WINDOW_200K, WindowKind::Guessed),
        };
        if evidence.largest_occupancy > tokens {
            return Self { tokens: WINDOW_1M, kind: WindowKind::Observed };
        }
        Self { tokens, kind }
    }
}

/// Windows by model, as far as the name tells.
fn table(model: &Model) -> Option<u64> {
    let (family, major, minor) = model.family()?;
    let million = match family {
        "opus" => (major, minor) >= (4, 7),
        "sonnet" | "haiku" | "fable" => major >= 5,
        _ => return None,
    };
    Some(if million { WINDOW_1M } else { WINDOW_200K })
}

/// Whether the client was seen never to compact this model by itself: 200K models of the generation 4.5,
/// and 4.6 with the one-million-token window. There the line is where the API refuses.
fn never_compacts(model: &Model, window: u64) -> bool {
    match model.family() {
        Some(("haiku" | "sonnet", 4, 5)) => true,
        Some(("sonnet", 4, 6)) => window == WINDOW_1M,
        _ => false,
    }
}

/// The token count at which the client compacts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Tokens; positive.
    pub tokens: u64,
    /// How it is known.
    pub kind: LineKind,
    /// How many compactions it was learned from; zero unless learned.
    pub observations: u32,
}

/// How a line is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// Computed from the window.
    Assumed,
}

impl LineKind {
    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Assumed => "assumed",
        }
    }
}

impl Line {
    /// The line by formula: window - 20,000 - 13,000, or the window itself where the client never compacts.
    #[must_use]
    pub fn by_formula(model: &Model, window: Window) -> Self {
        let tokens = if never_compacts(model, window.tokens) {
            window.tokens
        } else {
            window.tokens.saturating_sub(ANSWER_RESERVE + COMPACTION_MARGIN).max(1)
        };
        Self { tokens, kind: LineKind::Assumed, observations: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, occupancy: u64) -> (u64, u64) {
        let (model, million_named) = Model::parse(name);
        let window =
            Window::resolve(&model, WindowEvidence { million_named, largest_occupancy: occupancy });
        (window.tokens, Line::by_formula(&model, window).tokens)
    }

    /// Scenario: a status line names a window that is smaller than what is kept free of it.
    /// Guarantees: the line is at the first token, so that any use is past it.
    #[test]
    fn a_tiny_window_has_its_line_at_the_start() {
        let window = Window { tokens: 30_000, kind: WindowKind::Guessed };
        assert_eq!(Line::by_formula(&Model::parse("claude-sonnet-4-6").0, window).tokens, 1);
    }

    /// Scenario: the models whose compaction was measured on the real client.
    /// Guarantees: window and line are the measured ones.
    #[test]
    fn measured_models_have_their_measured_lines() {
        assert_eq!(line("claude-sonnet-4-6", 0), (200_000, 167_000));
        assert_eq!(line("claude-opus-4-6", 0), (200_000, 167_000));
        assert_eq!(line("claude-opus-4-8", 0), (1_000_000, 967_000));
        assert_eq!(line("claude-sonnet-5-5", 0), (1_000_000, 967_000));
        assert_eq!(line("claude-haiku-4-5", 0), (200_000, 200_000));
        assert_eq!(line("claude-sonnet-4-5-20250929", 0), (200_000, 200_000));
        assert_eq!(line("claude-sonnet-4-6[1m]", 0), (1_000_000, 1_000_000));
    }

    /// Scenario: more is observed than the table's window holds.
    /// Guarantees: the smaller window is refuted; at exactly the window it is not.
    #[test]
    fn evidence_refutes_a_window() {
        assert_eq!(line("claude-opus-4-6", 200_000), (200_000, 167_000));
        assert_eq!(line("claude-opus-4-6", 200_001), (1_000_000, 967_000));
        assert_eq!(line("some-gateway-model", 250_000), (1_000_000, 967_000));
    }
}
