//! `expected.json` and `truth.json` of a recorded capture, and how recorded books differ from them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use plimsoll_domain::{TokenKind, Tokens};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::books::Books;

/// What complete books hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Expected {
    /// By session id.
    pub sessions: BTreeMap<String, ExpectedSession>,
}

/// What complete books hold of one session.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct ExpectedSession {
    /// Whether no answer was aborted. Where one was, `totals` hold its input and cache tokens exactly,
    /// `by_model` and `by_source` do not, and the client estimates its output.
    pub exact: bool,
    /// Everything the session used; output at least.
    #[serde(with = "counts")]
    pub totals: Tokens,
    /// The completed requests by model.
    #[serde(with = "counts::map")]
    pub by_model: BTreeMap<String, Tokens>,
    /// The completed requests by source.
    #[serde(with = "counts::map")]
    pub by_source: BTreeMap<String, Tokens>,
    /// Output at most.
    pub output_max: u64,
}

/// What the scripted API answered.
#[derive(Debug, Clone, Deserialize)]
pub struct Truth {
    requests: Vec<Answered>,
}

#[derive(Debug, Clone, Deserialize)]
struct Answered {
    request_id: Option<String>,
    session_id: Option<String>,
    model: String,
    kind: String,
    outcome: String,
    usage: Option<Used>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Used {
    input_tokens: u64,
    output_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation_input_tokens: u64,
}

/// Why a fixture could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FixtureError {
    /// The file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{} is not what it should be", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Expected {
    /// Reads `expected.json` of a capture's folder.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(folder: &Path) -> Result<Self, FixtureError> {
        read(folder.join("expected.json"))
    }

    /// How the books differ, one line each; empty when they do not. Sessions with aborted answers are
    /// held to the bounds that the client's estimate leaves.
    #[must_use]
    pub fn differences(&self, books: &Books) -> Vec<String> {
        let mut found = Vec::new();
        for (id, session) in &self.sessions {
            session.compare_with(id, books, &mut found);
        }
        for id in books.sessions() {
            if !self.sessions.contains_key(id) {
                found.push(format!("{id}: not expected, yet it has {:?}", books.total(id)));
            }
        }
        found
    }
}

impl ExpectedSession {
    fn compare_with(&self, id: &str, books: &Books, found: &mut Vec<String>) {
        let total = books.total(id);
        let most = Tokens { output: self.output_max, ..self.totals };
        compare(&format!("{id} total"), total, self.totals, most, found);
        // What the aborted answers may add, to whichever model and source.
        let completed = self.by_model.values().fold(Tokens::ZERO, |sum, tokens| sum.plus(*tokens));
        let aborted = most.minus(completed);
        let groups = [
            ("model", &self.by_model, books.by_model(id)),
            ("source", &self.by_source, books.by_source(id)),
        ];
        for (kind, expected, recorded) in groups {
            let names: BTreeSet<_> = expected.keys().chain(recorded.keys()).collect();
            for name in names {
                let least = expected.get(name).copied().unwrap_or_default();
                let recorded = recorded.get(name).copied().unwrap_or_default();
                let what = format!("{id} {kind} {name}");
                compare(&what, recorded, least, least.plus(aborted), found);
            }
        }
    }
}

fn compare(what: &str, recorded: Tokens, least: Tokens, most: Tokens, found: &mut Vec<String>) {
    for kind in TokenKind::ALL {
        let (is, least, most) = (recorded[kind], least[kind], most[kind]);
        if (least..=most).contains(&is) {
            continue;
        }
        let expected = if least == most { least.to_string() } else { format!("{least} to {most}") };
        found.push(format!("{what} {kind:?}: expected {expected}, recorded {is}"));
    }
}

impl Truth {
    /// Reads `truth.json` of a capture's folder.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(folder: &Path) -> Result<Self, FixtureError> {
        read(folder.join("truth.json"))
    }

    /// The ids of the requests that were completed, in order.
    #[must_use]
    pub fn completed(&self) -> BTreeSet<String> {
        let ids = self.answered().filter_map(|(request, _)| request.request_id.clone());
        ids.collect()
    }

    /// What the books hold when only these of the completed requests were ever told of: for a client
    /// that was killed before it could report the rest.
    #[must_use]
    pub fn told_of(&self, requests: &BTreeSet<String>) -> Expected {
        let mut expected = Expected::default();
        for (request, usage) in self.answered() {
            if !request.request_id.as_ref().is_some_and(|id| requests.contains(id)) {
                continue;
            }
            let session = request.session_id.clone().unwrap_or_default();
            let session = expected.sessions.entry(session).or_default();
            session.exact = true;
            for sum in [
                &mut session.totals,
                session.by_model.entry(request.model.clone()).or_default(),
                session.by_source.entry(source(&request.kind).to_owned()).or_default(),
            ] {
                *sum = sum.plus(usage);
            }
            session.output_max = session.totals.output;
        }
        expected
    }

    fn answered(&self) -> impl Iterator<Item = (&Answered, Tokens)> {
        self.requests.iter().filter(|request| request.outcome == "ok").filter_map(|request| {
            let used = request.usage?;
            let tokens = Tokens {
                input: used.input_tokens,
                output: used.output_tokens,
                cache_read: used.cache_read_input_tokens,
                cache_creation: used.cache_creation_input_tokens,
            };
            Some((request, tokens))
        })
    }
}

fn source(kind: &str) -> &'static str {
    match kind {
        "main" => "main",
        "sub" => "subagent",
        _ => "auxiliary",
    }
}

fn read<T: DeserializeOwned>(path: PathBuf) -> Result<T, FixtureError> {
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(FixtureError::Read { path, source }),
    };
    serde_json::from_slice(&bytes).map_err(|source| FixtureError::Parse { path, source })
}

/// Token counts as the fixtures spell them.
mod counts {
    use plimsoll_domain::Tokens;
    use serde::{Deserialize, Deserializer};

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Counts {
        input: u64,
        output: u64,
        cache_read: u64,
        cache_creation: u64,
    }

    impl From<Counts> for Tokens {
        fn from(counts: Counts) -> Self {
            let Counts { input, output, cache_read, cache_creation } = counts;
            Self { input, output, cache_read, cache_creation }
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(reader: D) -> Result<Tokens, D::Error> {
        Counts::deserialize(reader).map(Tokens::from)
    }

    pub(super) mod map {
        use std::collections::BTreeMap;

        use super::{Counts, Deserialize, Deserializer, Tokens};

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            reader: D,
        ) -> Result<BTreeMap<String, Tokens>, D::Error> {
            let map = BTreeMap::<String, Counts>::deserialize(reader)?;
            Ok(map.into_iter().map(|(name, counts)| (name, counts.into())).collect())
        }
    }
}

#[cfg(test)]
mod tests;
