//! What `plimsoll audit --json` says of a session.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_domain::Tokens;
use plimsoll_testkit::Books;
use serde_json::Value;

use crate::house::tokens;

/// What follows for the books, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Verdict {
    #[default]
    Exact,
    Explained,
    Unexplained,
}

/// The audit of one session.
#[derive(Debug, Default)]
pub(super) struct Audited {
    pub(super) verdict: Verdict,
    /// Codes.
    pub(super) reasons: BTreeSet<String>,
    /// What is known request by request; none where no use is known at all.
    pub(super) requests: i64,
    pub(super) tokens: Tokens,
    /// Nano-dollars; `None` where there is no price.
    pub(super) cost: Option<i64>,
    /// By model and part of the client.
    pub(super) books: Books,
    /// What only metrics know.
    pub(super) metered_only: Tokens,
    /// Events that did not arrive.
    pub(super) missed: u64,
}

impl Verdict {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Explained => "explained",
            Self::Unexplained => "unexplained",
        }
    }

    fn read(name: &Value) -> Self {
        let all = [Self::Exact, Self::Explained, Self::Unexplained];
        all.into_iter().find(|verdict| name == verdict.name()).unwrap()
    }
}

impl Audited {
    /// Every audited session by its id.
    pub(super) fn sessions(audit: &Value) -> BTreeMap<String, Self> {
        let of = |session: &Value| {
            let id = session["sessionId"].as_str().unwrap_or_default().to_owned();
            (id.clone(), Self::read(&id, session))
        };
        audit["sessions"].as_array().unwrap().iter().map(of).collect()
    }

    fn read(id: &str, session: &Value) -> Self {
        let total = &session["total"];
        let mut books = Books::default();
        for line in session["lines"].as_array().unwrap() {
            let text = |name: &str| line[name].as_str().unwrap();
            books.add(id, text("model"), text("source"), tokens(&line["told"]["books"]["tokens"]));
        }
        Self {
            verdict: Verdict::read(&session["verdict"]),
            reasons: codes(&session["reasons"]),
            requests: total["counted"]["requests"].as_i64().unwrap_or(0),
            tokens: tokens(&total["books"]["tokens"]),
            cost: total["books"]["costNanoUsd"].as_i64(),
            books,
            metered_only: tokens(&total["unattributed"]["tokens"]),
            missed: session["missedEvents"].as_array().unwrap().iter().map(missed).sum(),
        }
    }

    /// Whether it is too young to be judged.
    pub(super) fn is_in_flight(&self) -> bool {
        self.reasons.contains("in-flight")
    }
}

fn codes(reasons: &Value) -> BTreeSet<String> {
    let codes = reasons.as_array().unwrap().iter().map(|code| code.as_str().unwrap());
    codes.map(str::to_owned).collect()
}

fn missed(events: &Value) -> u64 {
    let number = |name: &str| events[name].as_u64().unwrap();
    number("last") - number("first") + 1
}
