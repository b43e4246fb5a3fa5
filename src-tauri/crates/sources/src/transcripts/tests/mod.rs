//! Transcripts as files, and what is read of them.

mod captures;
mod finding;
mod growing;
mod lines;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write as _,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use plimsoll_domain::{
    Compaction, Fact, ModelTotals, Position, ProjectPlace, Statement, Timestamp, Tokens,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Batch, Outcome, Reader};

/// When the tests read: after all recordings.
const ARRIVED: Timestamp = Timestamp::from_millis(1_795_900_000_000);
const SESSION: &str = "1d10fde2-b1a6-4ccf-a817-cf0ed4274f0d";

/// One transcript in a folder of its own.
struct Script {
    folder: TempDir,
    path: PathBuf,
}

impl Script {
    fn new() -> Self {
        Self::named(&format!("{SESSION}.jsonl"))
    }

    fn named(name: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().join(name);
        File::create(&path).expect("a new file");
        Self { folder, path }
    }

    fn of(lines: &[Value]) -> Self {
        let script = Self::new();
        lines.iter().for_each(|line| script.line(line));
        script
    }

    fn append(&self, bytes: &[u8]) {
        let mut file = File::options().append(true).open(&self.path).expect("the file");
        file.write_all(bytes).expect("written");
    }

    fn line(&self, line: &Value) {
        self.append(format!("{line}\n").as_bytes());
    }

    fn size(&self) -> u64 {
        fs::metadata(&self.path).expect("the file").len()
    }

    fn read(&self, from: Option<&Position>) -> Read {
        Read::of(&self.path, from)
    }
}

/// All that one reading told.
#[derive(Debug, Default)]
struct Read {
    batches: Vec<Batch>,
    outcome: Option<Outcome>,
}

impl Read {
    fn of(path: &Path, from: Option<&Position>) -> Self {
        let mut read = Self::default();
        let mut deliver = |batch| {
            read.batches.push(batch);
            ControlFlow::Continue(())
        };
        let outcome = Reader::default().read(path, from, ARRIVED, &mut deliver);
        read.outcome = Some(outcome.expect("readable"));
        read
    }

    fn facts(&self) -> Vec<&Fact> {
        self.batches.iter().flat_map(|batch| &batch.facts).collect()
    }

    fn position(&self) -> Option<&Position> {
        self.batches.last().map(|batch| &batch.position)
    }

    fn malformed(&self) -> u64 {
        self.batches.iter().map(|batch| batch.malformed).sum()
    }

    fn books(&self) -> Books {
        let mut books = Books::default();
        self.facts().into_iter().for_each(|fact| books.enter(fact));
        books
    }

    /// The only request told.
    fn request(&self) -> &plimsoll_domain::ApiRequest {
        let requests = self.facts().into_iter().filter_map(|fact| match &fact.statement {
            Statement::Request(request) => Some(request),
            _ => None,
        });
        let requests: Vec<_> = requests.collect();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0]
    }
}

/// Facts as the ledger keeps them: each request once, with the largest counts.
#[derive(Debug, Default, PartialEq)]
struct Books {
    requests: BTreeMap<String, Fact>,
    compactions: BTreeMap<(String, Timestamp), Compaction>,
    totals: BTreeMap<(String, String), (Timestamp, ModelTotals)>,
    projects: BTreeMap<String, (Timestamp, ProjectPlace)>,
}

impl Books {
    fn enter(&mut self, fact: &Fact) {
        let at = fact.envelope.at;
        let session = fact.session.as_ref().expect("a session").to_string();
        match &fact.statement {
            Statement::Request(request) => {
                let id = request.id.as_ref().map(ToString::to_string);
                let key = id.unwrap_or_else(|| format!("{:?}", request.message));
                let known = self.requests.entry(key).or_insert_with(|| fact.clone());
                merge(known, fact);
            }
            Statement::Compaction(compaction) => {
                self.compactions.insert((session, at), compaction.clone());
            }
            Statement::Totals(totals) => {
                let key = (session, totals.model.to_string());
                let known = self.totals.entry(key).or_insert_with(|| (at, totals.clone()));
                if totals.tokens.total() >= known.1.tokens.total() {
                    *known = (at, totals.clone());
                }
            }
            Statement::Project(place) => {
                let known = self.projects.insert(session, (at, place.clone()));
                assert!(known.is_none_or(|(before, _)| before <= at), "told in order");
            }
            other => panic!("no transcript tells this: {other:?}"),
        }
    }
}

fn merge(known: &mut Fact, fact: &Fact) {
    let at = known.envelope.at.min(fact.envelope.at);
    let (Statement::Request(one), Statement::Request(other)) = (&known.statement, &fact.statement)
    else {
        return;
    };
    let finished = one.finished.max(other.finished);
    let size = |tokens: &Tokens| (tokens.total(), tokens.output);
    if size(&other.tokens) > size(&one.tokens) {
        known.statement = fact.statement.clone();
    }
    known.envelope.at = at;
    if let Statement::Request(request) = &mut known.statement {
        request.finished = finished;
    }
}

/// A line of an answer as the recorded client writes it.
fn answer() -> Value {
    json!({
        "parentUuid": "0c1a7a5e-4f0e-4d2c-9f39-2f1d6f8b7a11",
        "isSidechain": false,
        "requestId": "req_1",
        "type": "assistant",
        "uuid": "b709b1a4-d764-444a-9e79-76ff84842c21",
        "timestamp": "2026-11-23T04:43:43.445Z",
        "effort": "high",
        "cwd": "/home/me/work",
        "sessionId": SESSION,
        "version": "2.1.330",
        "gitBranch": "main",
        "message": {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-4-6",
            "stop_reason": "end_turn",
            "content": [{"type": "text", "text": "<text of 12 characters>"}],
            "usage": {
                "input_tokens": 17,
                "output_tokens": 113,
                "cache_read_input_tokens": 12011,
                "cache_creation_input_tokens": 3307,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 3300,
                    "ephemeral_1h_input_tokens": 7
                },
                "server_tool_use": {"web_search_requests": 2},
                "speed": "standard"
            }
        }
    })
}

/// A compaction as the recorded client writes it.
fn boundary() -> Value {
    json!({
        "type": "system",
        "subtype": "compact_boundary",
        "content": "Conversation compacted",
        "timestamp": "2026-11-23T04:44:59.713Z",
        "sessionId": SESSION,
        "version": "2.1.330",
        "compactMetadata": {"trigger": "auto", "preTokens": 167_245, "postTokens": 2720}
    })
}

/// The client's sums as it writes them at its end.
fn cost_state() -> Value {
    let usage = json!({
        "inputTokens": 43,
        "outputTokens": 241,
        "cacheReadInputTokens": 2069,
        "cacheCreationInputTokens": 1063,
        "costUSD": 0.008_350_95
    });
    json!({
        "type": "cost-state",
        "sessionId": SESSION,
        "totalDuration": 821,
        "modelUsage": {"claude-sonnet-4-6": usage}
    })
}

/// A line with other values at these places.
fn with(mut line: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        line.pointer_mut(parent).expect("an object")[key] = value.clone();
    }
    line
}

fn at(text: &str) -> Timestamp {
    plimsoll_domain::calendar::parse_rfc3339(text).expect("a time")
}
