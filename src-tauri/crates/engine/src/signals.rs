//! The signals as they arrive, for whoever watches them; computed only while somebody does.

use std::sync::Arc;

use plimsoll_api::Signal;
use plimsoll_otlp::Arrival;
use plimsoll_sources::{Sighting, Understood};
use tokio::sync::broadcast;

/// How many signals a slow watcher may fall behind before some are left out for it.
const BACKLOG: usize = 1024;

/// Where signals are shown.
#[derive(Debug, Clone)]
pub(crate) struct Signals(broadcast::Sender<Arc<Signal>>);

impl Signals {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }

    pub(crate) fn sender(&self) -> broadcast::Sender<Arc<Signal>> {
        self.0.clone()
    }

    /// Shows what arrived, if somebody watches.
    pub(crate) fn show(&self, arrival: &Arrival) {
        if self.0.receiver_count() == 0 {
            return;
        }
        for sighting in plimsoll_sources::describe(arrival) {
            // Fails only when the last watcher has just left.
            let _ = self.0.send(Arc::new(signal(sighting)));
        }
    }
}

fn signal(sighting: Sighting) -> Signal {
    let value = sighting.value.map(|value| ("value".to_owned(), value));
    Signal {
        at: sighting.at,
        kind: sighting.kind.name(),
        scope: sighting.scope,
        name: sighting.name,
        session: sighting.session.map(|session| session.to_string()),
        attributes: value.into_iter().chain(sighting.attributes).collect(),
        understood: in_words(sighting.understood),
    }
}

fn in_words(understood: Understood) -> String {
    match understood {
        Understood::Fact { kind, numbers } => {
            let mut words = kind.to_owned();
            for (name, number) in numbers {
                words.push_str(&format!(" {name}={number}"));
            }
            words
        }
        Understood::Ignored => "known, not needed".to_owned(),
        Understood::Unknown => "unknown".to_owned(),
        Understood::Rejected { reason } => format!("refused: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a fact with numbers, and the three ways to be none.
    /// Guarantees: each is told in a few words, numbers included.
    #[test]
    fn understanding_is_put_in_words() {
        let numbers = vec![("input", 17), ("output", 113)];
        let fact = Understood::Fact { kind: "request", numbers };
        assert_eq!(in_words(fact), "request input=17 output=113");
        assert_eq!(in_words(Understood::Ignored), "known, not needed");
        assert_eq!(in_words(Understood::Unknown), "unknown");
        let refused = Understood::Rejected { reason: "negative count".to_owned() };
        assert_eq!(in_words(refused), "refused: negative count");
    }
}
