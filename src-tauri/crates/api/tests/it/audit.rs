//! The audit, asked over the API.

use plimsoll_domain::{
    Fact, Model, ModelTotals, NanoUsd, Statement, StatusReport, Tokens, Witness,
};
use serde_json::Value;

use crate::desk::{Desk, told};

const HOUR: i64 = 3_600_000;

/// The same request as its transcript tells it.
fn line(fact: Fact) -> Fact {
    let mut fact = by(fact, Witness::Transcript);
    if let Statement::Request(request) = &mut fact.statement {
        (request.cost, request.finished) = (None, Some(true));
    }
    fact
}

fn by(mut fact: Fact, witness: Witness) -> Fact {
    fact.envelope.witness = witness;
    fact
}

/// What the client states of a session that used so much output beside the requests told.
fn stated(session: &str, requests: u64, output: u64) -> Fact {
    let tokens = Tokens {
        input: 17 * requests,
        output: 113 * requests + output,
        cache_read: 12_011 * requests,
        cache_creation: 3_307 * requests,
    };
    let model = Model::parse("claude-sonnet-4-6").0;
    let totals = ModelTotals { model, tokens, cost: Some(NanoUsd(9)) };
    let fact = told(session, "", -HOUR + 20);
    by(Fact { statement: Statement::Totals(totals), ..fact }, Witness::Transcript)
}

fn ids(audit: &Value) -> Vec<&str> {
    let sessions = audit["sessions"].as_array().unwrap();
    sessions.iter().map(|one| one["sessionId"].as_str().unwrap()).collect()
}

/// Scenario: a session of which one event is missing at its end, with a status line; it is audited by name.
/// Guarantees: the JSON: sums by each witness, unknown ones `null`, the difference, its reason and the request that
/// only the transcript knows.
#[tokio::test]
async fn a_session_is_audited() {
    let desk = Desk::open().await;
    let last = line(told("s-1", "r2", -HOUR + 10));
    desk.record(vec![told("s-1", "r1", -HOUR), line(told("s-1", "r1", -HOUR)), last]).await;
    let report = StatusReport { window: Some(200_000), ..StatusReport::default() };
    let shown = Fact { statement: Statement::Status(report), ..told("s-1", "", -HOUR + 5) };
    desk.record(vec![by(shown, Witness::Hook)]).await;
    insta::assert_json_snapshot!(desk.good("/api/v1/audit?session=s-1").await);
}

/// Scenario: an exact session, an older one that states more than anybody knows, one that is under way.
/// Guarantees: the unexplained one is listed first whatever the limit, `since` leaves it out; what is unknown or
/// malformed is refused.
#[tokio::test]
async fn audits_are_chosen_and_cut() {
    let desk = Desk::open().await;
    let both = |session: &str, request: &str, at: i64| {
        [told(session, request, at), line(told(session, request, at))]
    };
    desk.record(both("exact", "r1", -HOUR).to_vec()).await;
    desk.record(vec![stated("exact", 1, 0)]).await;
    desk.record(both("old", "r2", -50 * HOUR).to_vec()).await;
    // Below what is counted, in a session of one process.
    let mut less = stated("old", 0, 5);
    (less.envelope.at, less.envelope.arrived) = {
        let at = told("", "", -50 * HOUR + 20).envelope.at;
        (at, at)
    };
    desk.record(vec![less]).await;
    desk.record(vec![told("young", "r3", -1_000)]).await;

    let all = desk.good("/api/v1/audit").await;
    assert_eq!(ids(&all), ["old", "young", "exact"]);
    assert_eq!((&all["verdict"], &all["more"]), (&"unexplained".into(), &0.into()));
    assert_eq!(all["counts"]["exact"], 1);
    assert_eq!(all["total"]["events"]["requests"], 3);
    assert_eq!(all["total"]["metrics"], Value::Null);
    let cut = desk.good("/api/v1/audit?limit=1").await;
    assert_eq!((ids(&cut), &cut["more"]), (vec!["old"], &2.into()));
    assert_eq!(cut["counts"], all["counts"]);
    let recent = desk.good("/api/v1/audit?since=2026-11-23").await;
    assert_eq!((ids(&recent), &recent["verdict"]), (vec!["young", "exact"], &"explained".into()));
    for (path, status, code) in [
        ("/api/v1/audit?session=nobody", 404, "session-unknown"),
        ("/api/v1/audit?since=yesterday", 400, "bad-parameter"),
        ("/api/v1/audit?limit=0", 400, "bad-parameter"),
    ] {
        let (answered, body) = desk.get(path).await;
        assert_eq!((answered, &body["error"]["code"]), (status, &code.into()), "{path}");
    }
}
