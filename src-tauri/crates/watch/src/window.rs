//! What the client names of its windows: the metrics that of one million tokens, the status line any.

use plimsoll_domain::{Model, Timestamp, Window, WindowEvidence, WindowKind};

/// The windows that a session named, by model, and since when (event time).
#[derive(Debug, Clone, Default)]
pub(crate) struct Named {
    /// Models whose one-million-token window metrics named.
    million: Vec<(Model, Timestamp)>,
    /// What the status line said of the main thread's window, in order of time.
    stated: Vec<Stated>,
    /// What it said once, against what it had said before.
    doubtful: Option<Stated>,
}

/// A window that the status line states.
#[derive(Debug, Clone)]
struct Stated {
    model: Model,
    since: Timestamp,
    tokens: u64,
}

/// What is seen of a thread, of one model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// Whether it is a main thread.
    pub(crate) main: bool,
    /// The largest occupancy of a completed request.
    pub(crate) largest: u64,
}

impl Named {
    /// Metrics named the one-million-token window; whether that changes anything.
    pub(crate) fn million(&mut self, model: &Model, at: Timestamp) -> bool {
        match self.million.iter_mut().find(|(known, _)| known == model) {
            Some((_, since)) if *since <= at => false,
            Some((_, since)) => {
                *since = at;
                true
            }
            None => {
                self.million.push((model.clone(), at));
                true
            }
        }
    }

    /// The status line stated a window, later than it did before; whether that changes anything. A window that
    /// differs from the one before counts when it is stated again: after an update of itself the client once
    /// stated 200,000 tokens for a moment (claude-code 2.1.208).
    pub(crate) fn state(&mut self, model: &Model, tokens: u64, at: Timestamp) -> bool {
        let told = Stated { model: model.clone(), since: at, tokens };
        let doubted = self.doubtful.take();
        match self.stated.iter().rev().find(|known| known.model == *model) {
            Some(known) if known.tokens == tokens => false,
            None => {
                self.stated.push(told);
                true
            }
            Some(_) => match doubted {
                Some(first) if first.model == *model && first.tokens == tokens => {
                    self.stated.push(first);
                    true
                }
                _ => {
                    self.doubtful = Some(told);
                    false
                }
            },
        }
    }

    /// The window of a model, by what was named until a moment, or by all that is known. More seen than the client
    /// states refutes that.
    pub(crate) fn window(&self, model: &Model, seen: Seen, until: Option<Timestamp>) -> Window {
        let known = |since: Timestamp| until.is_none_or(|until| since <= until);
        let stated = self.stated.iter().rev().find(|one| one.model == *model && known(one.since));
        match stated.filter(|one| seen.main && seen.largest <= one.tokens) {
            Some(one) => Window { tokens: one.tokens, kind: WindowKind::Named },
            None => {
                let mut million = self.million.iter();
                let million_named = million.any(|(named, since)| named == model && known(*since));
                let largest_occupancy = seen.largest;
                Window::resolve(model, WindowEvidence { million_named, largest_occupancy })
            }
        }
    }
}
