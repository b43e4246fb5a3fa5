//! The audit of recorded captures: by the ledger's file, by the command, by the API.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use plimsoll_domain::{
    ApiRequest, Envelope, Fact, Model, QuerySource, RequestId, SessionId, Statement, Timestamp,
    Tokens, Witness,
};
use plimsoll_ledger::{
    Audit, AuditFilter, Ledger, LedgerFile, LedgerOptions, SessionAudit, Teller, Verdict,
};
use plimsoll_replay::{Capture, Order, Signal};
use plimsoll_testkit::{Start, TestResident};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    house::{PATIENCE, capture, folder, replay, resident, start},
    transcripts::beside_transcripts,
};

/// Captures in which an answer was aborted, or that a client did not live to tell in full.
const EXPLAINED: [&str; 3] = ["api-errors", "kill9", "user-abort"];

/// What the audit of a resident's ledger says an hour from now.
async fn audit(house: &TestResident) -> Audit {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let later = Timestamp::EPOCH.after(since + Duration::from_secs(3_600));
    let mut ledger = LedgerFile::open(&house.runtime().ledger).await.unwrap();
    ledger.audit(&AuditFilter::default(), later).await.unwrap()
}

fn names() -> Vec<String> {
    let folders = std::fs::read_dir(folder("")).unwrap();
    folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Verdicts and the codes of reasons, by the beginning of the session's id.
fn judged(audit: &Audit) -> BTreeMap<String, (Verdict, Vec<&'static str>)> {
    let judged = |session: &SessionAudit| {
        let id = session.session.as_ref().unwrap().as_str()[..8].to_owned();
        (id, (session.verdict, session.reasons.iter().map(|reason| reason.code()).collect()))
    };
    audit.sessions.iter().map(judged).collect()
}

/// Scenario: every capture's telemetry, without transcripts.
/// Guarantees: where the client could tell everything, events and metrics agree to the token; what was aborted or
/// killed is explained, and by that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn telemetry_is_exact_or_explained() {
    for name in names() {
        let house = resident().await;
        replay(&house, &capture(&name), Order::Recorded).await;
        let audit = audit(&house).await;
        assert!(!audit.sessions.is_empty(), "{name}");
        let expected = match EXPLAINED.contains(&&*name) {
            true => Verdict::Explained,
            false => Verdict::Exact,
        };
        assert_eq!(audit.verdict(), expected, "{name}: {:#?}", judged(&audit));
        for session in &audit.sessions {
            assert!(session.missed.is_empty(), "{name}: {session:#?}");
            let codes: Vec<_> = session.reasons.iter().map(|reason| reason.code()).collect();
            let known = ["transcript-missing", "aborted", "killed", "unanswered"];
            assert!(codes.iter().all(|code| known.contains(code)), "{name}: {codes:?}");
        }
    }
}

/// Scenario: captures with their transcripts; in one of them a session was forked.
/// Guarantees: all witnesses and the client's own sums agree to the token, but for the fork, whose sums hold those of
/// the session it came from, aborted answers, and the client that was killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_witnesses_agree() {
    for name in names().iter().filter(|name| folder(name).join("transcripts").exists()) {
        let house = beside_transcripts(name).await;
        replay(&house, &capture(name), Order::Recorded).await;
        let audit = audit(&house).await;
        let mut judged = judged(&audit);
        if name == "resume" {
            let fork = judged.remove("87d55327").unwrap();
            assert_eq!(fork, (Verdict::Explained, vec!["fork-includes-ancestor"]));
        }
        for (session, (verdict, reasons)) in judged {
            match (EXPLAINED.contains(&&**name), verdict) {
                (false, verdict) => {
                    assert_eq!(verdict, Verdict::Exact, "{name} {session}: {reasons:?}");
                }
                (true, Verdict::Exact) => {
                    assert!(reasons.is_empty(), "{name} {session}: {reasons:?}");
                }
                (true, _) => assert!(
                    reasons == ["aborted"] || reasons == ["killed"],
                    "{name} {session}: {reasons:?} {audit:#?}"
                ),
            }
        }
    }
}

/// Scenario: a capture's events only, its metrics only, and its transcripts without telemetry.
/// Guarantees: the sums are there, the silent witnesses are unknown, and why is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_witnesses_are_said() {
    let only = async |signal: Signal| {
        let traffic = capture("multiturn-manual-compact");
        let entries = traffic.entries.into_iter().filter(|entry| entry.signal == signal).collect();
        let house = resident().await;
        replay(&house, &Capture { name: traffic.name, entries }, Order::Recorded).await;
        audit(&house).await.sessions.remove(0)
    };
    let events = only(Signal::Logs).await;
    assert_eq!(events.total().metrics, None);
    let metrics = only(Signal::Metrics).await;
    assert_eq!(metrics.total().events, None);
    assert_eq!(metrics.total().books().tokens, events.total().books().tokens);
    let transcripts = beside_transcripts("multiturn-manual-compact").await;
    let transcripts = audit(&transcripts).await.sessions.remove(0);
    let reasons = |session: &SessionAudit| {
        session.reasons.iter().map(|reason| reason.code()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(reasons(&events), "metrics-off transcript-missing");
    assert_eq!(reasons(&metrics), "logs-off transcript-missing");
    // The compaction is known by the client's own sum alone.
    assert_eq!(reasons(&transcripts), "telemetry-never side-requests");
    assert_eq!(transcripts.differences[0].teller, Teller::Client);
}

fn plimsoll(house: &TestResident, words: &[&str]) -> Start {
    house.start().beside().command(words)
}

/// Scenario: `plimsoll audit` beside the resident, after its end, and where there is no ledger; of a session that
/// nobody knows.
/// Guarantees: the same verdict from the file, running or not, and from the API; a code that says what is wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_reads_the_ledger_by_itself() {
    let mut house = resident().await;
    replay(&house, &capture("subagents"), Order::Recorded).await;
    let asked = house.api().unwrap().json("/api/v1/audit").await.unwrap();
    let json = plimsoll(&house, &["audit", "--json"]);
    let beside = json.run_to_end(PATIENCE).await.unwrap();
    assert!(beside.status.success(), "{}", beside.err);
    let told: Value = serde_json::from_str(&beside.out).unwrap();
    assert_eq!((&told["verdict"], &told["total"]), (&asked["verdict"], &asked["total"]));
    assert_eq!(told["verdict"], "exact");

    house.terminate(PATIENCE).await.unwrap();
    let after = json.run_to_end(PATIENCE).await.unwrap();
    let after: Value = serde_json::from_str(&after.out).unwrap();
    assert_eq!((&after["sessions"], &after["counts"]), (&told["sessions"], &told["counts"]));
    let text = plimsoll(&house, &["audit", "--since", "1d"]).run_to_end(PATIENCE).await.unwrap();
    assert!(text.out.starts_with("Exact: "), "{}", text.out);
    let id = told["sessions"][0]["sessionId"].as_str().unwrap().to_owned();
    let one = plimsoll(&house, &["audit", "--session", &id]).run_to_end(PATIENCE).await.unwrap();
    assert!(one.out.contains(&format!("Session {id}")), "{}", one.out);

    for (words, code) in [(&["--session", "nobody"][..], 1), (&["--since", "soon"][..], 2)] {
        let words = [&["audit"], words].concat();
        let ended = plimsoll(&house, &words).run_to_end(PATIENCE).await.unwrap();
        assert_eq!(ended.status.code(), Some(code), "{}{}", ended.out, ended.err);
    }
    let nothing = start().command(&["audit"]).run_to_end(PATIENCE).await.unwrap();
    assert_eq!(nothing.status.code(), Some(69), "{}{}", nothing.out, nothing.err);
}

/// One request as a witness tells it.
fn request(witness: Witness, output: u64) -> Fact {
    let at = Timestamp::from_millis(1_795_435_200_000);
    let tokens = Tokens { input: 10, output, ..Tokens::ZERO };
    let model = Model::parse("claude-sonnet-4-6").0;
    let id = Some(RequestId::new("req_1"));
    let request = ApiRequest {
        finished: Some(true),
        ..ApiRequest::new(id, model, QuerySource::Main, tokens)
    };
    let envelope = Envelope {
        witness,
        at,
        arrived: at,
        connection: None,
        client_version: None,
        sequence: None,
    };
    let session = Some(SessionId::new("s"));
    Fact { envelope, session, statement: Statement::Request(request) }
}

/// Scenario: a ledger in which an event and a transcript tell of one request with a token's difference.
/// Guarantees: the command says that nobody explains it, and ends with 1.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unexplained_difference_fails() {
    let start = start();
    let path = start.root().join("other.db");
    let options = LedgerOptions {
        path: path.clone(),
        queue: 4,
        busy: Duration::from_secs(1),
        prices: std::sync::Arc::default(),
    };
    let (ledger, mut writer) = Ledger::open(options).await.unwrap();
    let stop = CancellationToken::new();
    let ended = stop.clone();
    let writer = tokio::spawn(async move { writer.run(ended).await });
    ledger.record(vec![request(Witness::Event, 7), request(Witness::Transcript, 8)]).await.unwrap();
    stop.cancel();
    writer.await.unwrap().unwrap();
    let audit = start.command(&["audit"]).variable("PLIMSOLL_LEDGER_PATH", path.to_str().unwrap());
    let ended = audit.run_to_end(PATIENCE).await.unwrap();
    assert_eq!(ended.status.code(), Some(1), "{}{}", ended.out, ended.err);
    assert!(ended.out.starts_with("Unexplained: "), "{}", ended.out);
}
