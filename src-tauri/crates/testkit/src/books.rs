//! What was recorded, in a form that can be compared.

use std::collections::BTreeMap;

use plimsoll_domain::Tokens;
use serde_json::Value;

/// Tokens by session, model and source (`main`, `subagent`, `auxiliary`), unattributed use included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Books {
    rows: BTreeMap<Account, Tokens>,
    requests: BTreeMap<String, usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Account {
    session: String,
    model: String,
    source: String,
}

impl Books {
    /// The books of usage records as the API gives them (`records` of `/api/v1/usage-records`).
    #[must_use]
    pub fn from_api(records: &[Value]) -> Self {
        let mut books = Self::default();
        for record in records {
            let text = |name: &str| record[name].as_str().unwrap_or_default();
            let count = |name: &str| record[name].as_u64().unwrap_or_default();
            let tokens = Tokens {
                input: count("inputTokens"),
                output: count("outputTokens"),
                cache_read: count("cacheReadTokens"),
                cache_creation: count("cacheCreationTokens"),
            };
            books.add(text("sessionId"), text("model"), text("querySource"), tokens);
            if let Some(request) = record["requestId"].as_str() {
                books.request(request);
            }
        }
        books
    }

    /// Adds tokens to an account.
    pub fn add(&mut self, session: &str, model: &str, source: &str, tokens: Tokens) {
        let account = Account {
            session: session.to_owned(),
            model: model.to_owned(),
            source: source.to_owned(),
        };
        let sum = self.rows.entry(account).or_default();
        *sum = sum.plus(tokens);
    }

    /// Notes that there is a record of this request.
    pub fn request(&mut self, request: &str) {
        *self.requests.entry(request.to_owned()).or_default() += 1;
    }

    /// The ids of the requests that have a record, each once, in order.
    pub fn requests(&self) -> impl Iterator<Item = &str> {
        self.requests.keys().map(String::as_str)
    }

    /// The requests that have more than one record. Good books have none.
    #[must_use]
    pub fn doubles(&self) -> Vec<&str> {
        let doubles = self.requests.iter().filter(|(_, records)| **records > 1);
        doubles.map(|(request, _)| request.as_str()).collect()
    }

    /// The sessions that used anything, in order.
    #[must_use]
    pub fn sessions(&self) -> Vec<&str> {
        let used = self.rows.iter().filter(|(_, tokens)| !tokens.is_zero());
        let mut sessions: Vec<_> = used.map(|(account, _)| account.session.as_str()).collect();
        sessions.dedup();
        sessions
    }

    /// Everything that a session used.
    #[must_use]
    pub fn total(&self, session: &str) -> Tokens {
        self.of(session).fold(Tokens::ZERO, |sum, (_, tokens)| sum.plus(tokens))
    }

    /// What a session used, by model.
    #[must_use]
    pub fn by_model(&self, session: &str) -> BTreeMap<String, Tokens> {
        sums(self.of(session).map(|(account, tokens)| (account.model.clone(), tokens)))
    }

    /// What a session used, by source.
    #[must_use]
    pub fn by_source(&self, session: &str) -> BTreeMap<String, Tokens> {
        sums(self.of(session).map(|(account, tokens)| (account.source.clone(), tokens)))
    }

    fn of(&self, session: &str) -> impl Iterator<Item = (&Account, Tokens)> {
        let rows = self.rows.iter().filter(move |(account, _)| account.session == session);
        rows.map(|(account, tokens)| (account, *tokens))
    }
}

fn sums(rows: impl Iterator<Item = (String, Tokens)>) -> BTreeMap<String, Tokens> {
    let mut sums: BTreeMap<String, Tokens> = BTreeMap::new();
    for (name, tokens) in rows {
        let sum = sums.entry(name).or_default();
        *sum = sum.plus(tokens);
    }
    sums
}
