//! Counts of connections, for the health page.

use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_domain::health::Counter;

/// What happened to the connections of one listener since the start. Shared with the code that
/// serves, so that it can be read while serving.
#[derive(Debug, Default)]
pub struct Tally {
    pub(crate) accepted: Count,
    pub(crate) strangers: Count,
    pub(crate) unverified: Count,
    pub(crate) accept_errors: Count,
}

impl Tally {
    /// The counts under the listener's name (`otlp-http`, `otlp-grpc`, `dashboard`). `stranger`:
    /// the peer's socket belongs to another user, or to nobody any more; `unverified`: its owner
    /// could not be looked up; `accept-error`: the system could not hand a connection over.
    #[must_use]
    pub fn report(&self, listener: &str) -> Vec<Counter> {
        let mut counters = vec![Counter {
            name: "connections.accepted",
            label: listener.to_owned(),
            value: self.accepted.get(),
        }];
        let refused = [
            ("stranger", &self.strangers),
            ("unverified", &self.unverified),
            ("accept-error", &self.accept_errors),
        ];
        counters.extend(refused.into_iter().filter(|(_, count)| count.get() > 0).map(
            |(reason, count)| Counter {
                name: "connections.refused",
                label: format!("{listener}/{reason}"),
                value: count.get(),
            },
        ));
        counters
    }
}

/// One running count.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
