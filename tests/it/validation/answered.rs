//! What the scripted API answered to the client of a capture.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_domain::{ApiRequest, Model, NanoUsd, QuerySource, Tokens};
use plimsoll_sources::prices::built_in;
use plimsoll_testkit::{Expected, ExpectedSession, Truth};
use serde_json::Value;

use crate::house::{expected, folder};

/// The one answered request that no witness can know: its client was killed in `kill9` before it told anyone.
pub(super) const UNTOLD: (&str, &str) = ("kill9", "req_mock_0015_16ce7ba5");

/// What complete books hold, by session.
pub(super) type Sessions = BTreeMap<String, Due>;

/// What complete books hold of one session.
#[derive(Debug, Clone, Default)]
pub(super) struct Due {
    pub(super) requests: Span,
    pub(super) tokens: ExpectedSession,
    /// Nano-dollars.
    pub(super) cost: Span,
}

/// What is certain, and what it may be. The two differ by aborted answers: the client estimates their output, and not
/// all of them are known one by one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) least: i64,
    pub(super) most: i64,
}

/// Everything that was answered to the client of a capture.
pub(super) struct Answered {
    pub(super) capture: String,
    /// All of it.
    pub(super) all: Sessions,
    /// What a witness can know of it.
    pub(super) knowable: Sessions,
    truth: Truth,
    requests: Vec<Request>,
}

/// One request in `truth.json`.
struct Request {
    id: String,
    session: String,
    model: Model,
    tokens: Tokens,
    hour: u64,
}

impl Answered {
    pub(super) fn read(capture: &str) -> Self {
        let truth = Truth::read(&folder(capture)).unwrap();
        let file = read(capture, "truth.json");
        let requests: Vec<_> =
            file["requests"].as_array().unwrap().iter().filter_map(Request::read).collect();
        let new = |all, knowable, truth, requests| Self {
            capture: capture.to_owned(),
            all,
            knowable,
            truth,
            requests,
        };
        let mut answered = new(Sessions::new(), Sessions::new(), truth, requests);
        let completed = answered.truth.completed();
        let aborted = aborted(&read(capture, "expected.json"));
        answered.all = answered.sessions(expected(capture), &completed, &aborted);
        answered.knowable = match UNTOLD {
            (name, request) if name == capture => answered.of(&without(completed, request)),
            _ => answered.all.clone(),
        };
        answered
    }

    /// What books hold that know of these answers only.
    pub(super) fn of(&self, requests: &BTreeSet<String>) -> Sessions {
        self.sessions(self.truth.told_of(requests), requests, &BTreeSet::new())
    }

    /// The answers that came to their end.
    pub(super) fn completed(&self) -> BTreeSet<String> {
        self.truth.completed()
    }

    fn sessions(
        &self,
        tokens: Expected,
        completed: &BTreeSet<String>,
        aborted: &BTreeSet<String>,
    ) -> Sessions {
        let due = |(session, tokens): (String, ExpectedSession)| {
            let mut due = Due { tokens, ..Due::default() };
            for request in self.requests.iter().filter(|request| request.session == session) {
                if completed.contains(&request.id) {
                    due.requests = due.requests.plus(1, 0);
                    due.cost = due.cost.plus(request.cost(request.tokens), 0);
                } else if aborted.contains(&request.id) {
                    due.requests = due.requests.plus(0, 1);
                    let least = request.cost(Tokens { output: 0, ..request.tokens });
                    due.cost = due.cost.plus(least, request.cost(request.tokens) - least);
                }
            }
            (session, due)
        };
        tokens.sessions.into_iter().map(due).collect()
    }
}

impl Span {
    fn plus(self, certain: i64, room: i64) -> Self {
        Self { least: self.least + certain, most: self.most + certain + room }
    }

    pub(super) fn sum(self, other: Self) -> Self {
        Self { least: self.least + other.least, most: self.most + other.most }
    }

    /// How far something is outside of it.
    pub(super) fn beyond(self, amount: i64) -> i64 {
        (amount - self.most).max(0) + (amount - self.least).min(0)
    }
}

impl Request {
    /// `None` where nothing was used.
    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let usage = value["usage"].as_object()?;
        let count = |name: &str| usage[name].as_u64().unwrap();
        Some(Self {
            id: text("request_id")?,
            session: text("session_id")?,
            model: Model::parse(&text("model")?).0,
            tokens: Tokens {
                input: count("input_tokens"),
                output: count("output_tokens"),
                cache_read: count("cache_read_input_tokens"),
                cache_creation: count("cache_creation_input_tokens"),
            },
            hour: count("ephemeral_1h"),
        })
    }

    /// What so many tokens of it cost.
    fn cost(&self, tokens: Tokens) -> i64 {
        let request = ApiRequest {
            cache_creation_1h: Some(self.hour),
            ..ApiRequest::new(None, self.model.clone(), QuerySource::Main, tokens)
        };
        let NanoUsd(cost) = built_in().cost(&request).unwrap();
        cost
    }
}

/// The requests whose use counts though their answers were aborted.
fn aborted(expected: &Value) -> BTreeSet<String> {
    let sessions = expected["sessions"].as_object().unwrap().values();
    let aborted = sessions.flat_map(|session| session["aborted"].as_array().unwrap());
    aborted.map(|request| request["request_id"].as_str().unwrap().to_owned()).collect()
}

fn without(mut requests: BTreeSet<String>, one: &str) -> BTreeSet<String> {
    assert!(requests.remove(one));
    requests
}

fn read(capture: &str, file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder(capture).join(file)).unwrap()).unwrap()
}
