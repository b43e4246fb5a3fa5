//! The context window of a model: the most that one request can hold.

use crate::Model;

/// A window of 200,000 tokens.
pub const WINDOW_200K: u64 = 200_000;
/// A window of 1,000,000 tokens.
pub const WINDOW_1M: u64 = 1_000_000;

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

#[cfg(test)]
mod tests {
    use super::*;

    fn window(name: &str, largest_occupancy: u64) -> u64 {
        let (model, million_named) = Model::parse(name);
        Window::resolve(&model, WindowEvidence { million_named, largest_occupancy }).tokens
    }

    /// Scenario: more is observed than the table's window holds.
    /// Guarantees: the smaller window is refuted; at exactly the window it is not.
    #[test]
    fn evidence_refutes_a_window() {
        assert_eq!(window("claude-opus-4-6", 200_000), 200_000);
        assert_eq!(window("claude-opus-4-6", 200_001), 1_000_000);
        assert_eq!(window("some-gateway-model", 250_000), 1_000_000);
    }
}
