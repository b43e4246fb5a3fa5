//! What the recorded client's transcripts tell, beside what its provider answered.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use plimsoll_domain::{ApiRequest, Fact, QuerySource, Statement, Tokens};
use serde_json::Value;
use tempfile::TempDir;

use super::{Books, Read};
use crate::transcripts::find;

const CAPTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures/captures");

/// Requests that the client never wrote down: one in flight when it was killed, and one for a name.
const UNWRITTEN: [&str; 2] = ["req_mock_0015_16ce7ba5", "req_mock_0011_7b32cff8"];

/// Answers whose stream died, of which the first piece is written down, as if it were the whole.
const CUT_OFF: [&str; 3] =
    ["req_mock_0020_608591ad", "req_mock_0022_ba1547ea", "req_mock_0024_413d7362"];

/// The transcripts of captures, by name, with their content.
pub(super) fn transcripts(captures: &[&str]) -> Vec<(String, Vec<u8>)> {
    let paths = captures.iter().flat_map(|capture| paths(capture));
    let name = |path: &PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
    paths.map(|path| (name(&path), fs::read(path).expect("readable"))).collect()
}

/// The transcripts of a capture, found as those of a user.
fn paths(capture: &str) -> Vec<PathBuf> {
    let config = TempDir::new().expect("a temporary folder");
    let folder = Path::new(CAPTURES).join(capture).join("transcripts");
    symlink(&folder, config.path().join("projects")).expect("a link");
    let listing = find(&[config.path().to_owned()]);
    assert!(listing.failures.is_empty());
    let below =
        |path: &Path| path.strip_prefix(config.path().join("projects")).expect("below").to_owned();
    let mut paths: Vec<_> =
        listing.transcripts.iter().map(|file| folder.join(below(&file.path))).collect();
    paths.sort();
    paths
}

fn books(capture: &str) -> Books {
    let mut books = Books::default();
    for path in paths(capture) {
        let read = Read::of(&path, None);
        assert_eq!(read.malformed(), 0, "{}", path.display());
        read.facts().into_iter().for_each(|fact| books.enter(fact));
    }
    books
}

fn json(capture: &str, file: &str) -> Value {
    let text = fs::read_to_string(Path::new(CAPTURES).join(capture).join(file));
    serde_json::from_str(&text.expect("readable")).expect("JSON")
}

fn request(fact: &Fact) -> &ApiRequest {
    match &fact.statement {
        Statement::Request(request) => request,
        other => panic!("{other:?}"),
    }
}

fn usage(usage: &Value) -> Tokens {
    let count = |name: &str| usage[name].as_u64().expect("a count");
    Tokens {
        input: count("input_tokens"),
        output: count("output_tokens"),
        cache_read: count("cache_read_input_tokens"),
        cache_creation: count("cache_creation_input_tokens"),
    }
}

fn totals(totals: &Value) -> Tokens {
    let count = |name: &str| totals[name].as_u64().expect("a count");
    Tokens {
        input: count("input"),
        output: count("output"),
        cache_read: count("cacheRead"),
        cache_creation: count("cacheCreation"),
    }
}

/// Checks a request of the conversation or of a subagent against what the provider answered.
fn check(told: &Fact, answered: &Value) {
    let known = request(told);
    let id = answered["request_id"].as_str();
    assert_eq!(known.tokens, usage(&answered["usage"]), "{id:?}");
    assert_eq!(known.cache_creation_1h, answered["usage"]["ephemeral_1h"].as_u64(), "{id:?}");
    assert_eq!(Some(known.model.as_str()), answered["resp_model"].as_str(), "{id:?}");
    let session = told.session.as_ref().map(|session| session.as_str());
    assert_eq!(session, answered["session_id"].as_str(), "{id:?}");
    let agent = known.agent.as_ref().map(|agent| agent.as_str());
    assert_eq!(agent, answered["agent_id"].as_str(), "{id:?}");
    let source = if agent.is_some() { QuerySource::Subagent } else { QuerySource::Main };
    assert_eq!((known.source, known.finished), (source, Some(true)), "{id:?}");
}

/// Scenario: the transcripts of every capture.
/// Guarantees: every completed request of conversations and subagents is known, to the token, in the session that
/// made it; beside them only the first pieces of answers that did not come to their end.
#[test]
fn every_completed_request_is_known() {
    for folder in fs::read_dir(CAPTURES).expect("captures") {
        let capture = folder.expect("a capture").file_name().to_string_lossy().into_owned();
        let mut known = books(&capture).requests;
        let truth = json(&capture, "truth.json");
        for answered in truth["requests"].as_array().expect("requests") {
            let id = answered["request_id"].as_str().unwrap_or_default();
            let written = ["main", "sub"].iter().any(|kind| answered["kind"] == *kind);
            if !written || answered["outcome"] != "ok" || UNWRITTEN.contains(&id) {
                continue;
            }
            let told = known.remove(id).unwrap_or_else(|| panic!("{capture} lacks {id}"));
            check(&told, answered);
        }
        for (id, told) in known {
            let cut_off = CUT_OFF.contains(&&*id) || id == "req_mock_0001_52d4ef5c";
            assert!(cut_off && request(&told).tokens.output == 1, "{capture}: {told:?}");
        }
    }
}

/// Scenario: the client killed with SIGKILL, while its fifteenth request was under way.
/// Guarantees: what it wrote down, together with that request, is exactly what its provider answered.
#[test]
fn a_killed_clients_requests_are_known() {
    let known = books("kill9").requests;
    let sum = known.values().fold(Tokens::ZERO, |sum, fact| sum.plus(request(fact).tokens));
    let truth = json("kill9", "truth.json");
    let last = truth["requests"].as_array().and_then(|all| all.last()).expect("requests");
    assert_eq!(last["request_id"], UNWRITTEN[0]);
    let expected = json("kill9", "expected.json");
    let sessions = expected["sessions"].as_object().expect("sessions");
    let expected =
        sessions.values().fold(Tokens::ZERO, |sum, told| sum.plus(totals(&told["totals"])));
    assert_eq!(sum.plus(usage(&last["usage"])), expected);
}

/// Scenario: sessions that were continued, resumed and forked.
/// Guarantees: each session has what `expected.json` says, and the fork nothing of its ancestor's.
#[test]
fn copies_in_forks_are_their_makers() {
    let mut sums: BTreeMap<String, Tokens> = BTreeMap::new();
    for fact in books("resume").requests.values() {
        let session = fact.session.as_ref().expect("a session").to_string();
        let sum = sums.entry(session).or_default();
        *sum = sum.plus(request(fact).tokens);
    }
    let expected = json("resume", "expected.json");
    let expected = expected["sessions"].as_object().expect("sessions");
    assert_eq!(
        sums,
        expected.iter().map(|(id, told)| (id.clone(), totals(&told["totals"]))).collect()
    );
}

/// Scenario: Esc in the middle of an answer.
/// Guarantees: input and cache are exact; the output is the first token, and the answer not finished.
#[test]
fn an_aborted_answer_is_known_as_such() {
    let known = books("user-abort").requests;
    let aborted = request(&known["req_mock_0001_52d4ef5c"]);
    let tokens = Tokens { input: 10, output: 1, cache_read: 11_000, cache_creation: 4_000 };
    assert_eq!((aborted.tokens, aborted.finished), (tokens, Some(false)));
    assert!(known.values().filter(|fact| request(fact).finished == Some(true)).count() == 2);
}

/// Scenario: a session with tools, a subagent, a compaction, a side question and a renaming, and its end.
/// Guarantees: the client's own sums are all of it, though its lines lack some; place and compaction are told.
#[test]
fn the_clients_sums_are_the_whole_session() {
    let books = books("interactive");
    let expected = json("interactive", "expected.json");
    let (session, expected) =
        expected["sessions"].as_object().and_then(|all| all.iter().next()).expect("a session");
    let key = (session.clone(), "claude-sonnet-4-6".to_owned());
    let (_, sums) = &books.totals[&key];
    assert_eq!(sums.tokens, totals(&expected["totals"]));
    assert_eq!((books.totals.len(), books.compactions.len()), (1, 1));
    assert_eq!(&*books.projects[session].1.path, "/home/dev/work/p_interactive");
}
