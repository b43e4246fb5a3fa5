//! Each reason, and what it needs to be given.

use plimsoll_domain::{Fact, Tokens};
use plimsoll_ledger::{AuditFilter, Balance, Reason, Teller, Verdict};

use super::telling::{
    LATER, aside, audited, codes, difference, event, judged, metered, of, stated, tokens,
    told_by_all, unfinished,
};
use crate::desk::{Desk, edit, line, millis};

use Verdict::{Exact, Explained, Unexplained};

fn without(mut facts: Vec<Fact>, index: &[usize]) -> Vec<Fact> {
    let mut at = 0;
    facts.retain(|_| {
        at += 1;
        !index.contains(&(at - 1))
    });
    facts
}

/// Scenario: events, metrics, transcript and the client's own sums tell the same two requests.
/// Guarantees: exact, without a reason; each witness's sum is told, and the books are what they tell.
#[tokio::test]
async fn witnesses_that_agree_are_exact() {
    let session = of("s", told_by_all("s")).await;
    assert_eq!(judged(&session), (Exact, vec![]));
    let [line] = session.lines.as_slice() else { panic!("{session:?}") };
    let (line, sum) = (line.told, tokens(100).plus(tokens(40)));
    for told in [line.events, line.metrics, line.transcripts, Some(line.books())] {
        assert_eq!(told.unwrap().tokens, sum);
    }
    assert_eq!((line.events.unwrap().requests, line.metrics.unwrap().requests), (Some(2), None));
    assert_eq!(session.stated[0].told.tokens, sum);
}

/// Scenario: sessions of which some witnesses never tell.
/// Guarantees: a witness that never told is unknown, not zero; two that agree are exact, one alone proves nothing; why
/// the others are silent is said.
#[tokio::test]
async fn silent_witnesses_are_unknown() {
    let all = told_by_all("s");
    let pick = |index: &[usize]| index.iter().map(|at| all[*at].clone()).collect::<Vec<_>>();
    for (facts, verdict, reasons) in [
        (pick(&[0, 1, 2]), Exact, vec!["transcript-missing"]),
        (pick(&[0, 1, 3, 4]), Exact, vec!["metrics-off"]),
        (pick(&[2, 3, 4]), Exact, vec!["logs-off"]),
        (pick(&[3, 4, 5]), Exact, vec!["telemetry-never"]),
        (pick(&[3, 4]), Explained, vec!["telemetry-never"]),
        (pick(&[2]), Explained, vec!["logs-off", "transcript-missing"]),
        (pick(&[0, 1]), Explained, vec!["metrics-off", "transcript-missing"]),
    ] {
        let session = of("s", facts).await;
        assert_eq!(judged(&session), (verdict, reasons), "{session:#?}");
    }
    let metrics_only = of("s", pick(&[2])).await;
    let line = metrics_only.total();
    assert_eq!((line.events, line.transcripts), (None, None));
    assert_eq!(line.books().tokens, tokens(100).plus(tokens(40)));
    assert_eq!(line.unattributed.tokens, line.books().tokens);
}

/// Scenario: a transcript goes on after the last telemetry: shortly, for long, shortly with the client's own sums at
/// the end, and before the first telemetry.
/// Guarantees: killed, stopped, missed by the receiver, begun late; a request that no event tells of amidst events
/// without a gap has no reason.
#[tokio::test]
async fn what_lies_outside_of_telemetry_is_told_apart() {
    let telemetry = || without(told_by_all("s"), &[5]);
    let end = |at: i64| line("s", "s_3", at, 7);
    let sum = tokens(100).plus(tokens(40)).plus(tokens(7));
    for (more, verdict, reasons) in [
        (vec![end(4_000)], Explained, vec!["killed"]),
        (vec![end(400_000)], Explained, vec!["telemetry-stopped"]),
        (vec![end(4_000), stated("s", 4_000, sum)], Explained, vec!["receiver-missed"]),
        (vec![end(500)], Explained, vec!["telemetry-late"]),
        (vec![end(1_500)], Unexplained, vec![]),
    ] {
        let session = of("s", [telemetry(), more].concat()).await;
        assert_eq!(judged(&session).0, verdict, "{session:#?}");
        assert_eq!(codes(&difference(&session, Teller::Events).reasons), reasons);
        assert_eq!(codes(&difference(&session, Teller::Metrics).reasons), reasons);
    }
}

/// Scenario: Esc: the transcript has the beginning of an answer, metrics the client's estimate, no event; then the same
/// without output, which no answer is.
/// Guarantees: aborted, by both; counted are the request and the rest that only metrics know.
#[tokio::test]
async fn aborted_answers_are_explained() {
    let aborted = |more: Tokens| {
        let mut facts = without(told_by_all("s"), &[2, 5]);
        facts.push(unfinished("s", "s_3", 1_500));
        facts.push(metered("s", (900, 2_100), tokens(100).plus(tokens(40)).plus(more)));
        facts.push(stated("s", 2_001, tokens(100).plus(tokens(40)).plus(more)));
        facts
    };
    let session = of("s", aborted(tokens(104))).await;
    assert_eq!(judged(&session), (Explained, vec!["aborted"]));
    assert_eq!(session.unfinished, 1);
    let books = session.total().books().tokens;
    assert_eq!(books, tokens(100).plus(tokens(40)).plus(tokens(104)));
    let known = difference(&session, Teller::Client);
    assert_eq!(known.tokens, Balance { output: 103, ..Balance::default() });
    let session = of("s", aborted(Tokens { input: 11, ..tokens(1) })).await;
    assert_eq!(session.verdict, Unexplained);
}

/// Scenario: a compaction that only metrics and the client's sums know, one that its event tells too, and one of a
/// session without telemetry.
/// Guarantees: side requests where sums know whole requests more, and an aborted answer where it is output only; what
/// an event tells is no difference though no transcript has it.
#[tokio::test]
async fn side_requests_are_known_by_sums() {
    let sum = tokens(100).plus(tokens(40)).plus(tokens(9));
    let compacted = |more: Vec<Fact>| [without(told_by_all("s"), &[5]), more].concat();
    let metrics = || aside(metered("s", (900, 2_100), tokens(9)));
    let session = of("s", compacted(vec![metrics(), stated("s", 2_001, sum)])).await;
    assert_eq!(judged(&session), (Explained, vec!["side-requests"]));

    let event = aside(event("s", "s_3", 1_500, 9));
    let session = of("s", compacted(vec![event, metrics(), stated("s", 2_001, sum)])).await;
    assert_eq!(judged(&session), (Exact, vec![]), "{session:#?}");

    let all = told_by_all("s");
    let silent = |stated: Fact| of("s", vec![all[3].clone(), all[4].clone(), stated]);
    let session = silent(stated("s", 2_001, sum)).await;
    assert_eq!(judged(&session), (Explained, vec!["telemetry-never", "side-requests"]));
    let output = Tokens { output: 9, ..Tokens::ZERO };
    let session = silent(stated("s", 2_001, tokens(100).plus(tokens(40)).plus(output))).await;
    assert_eq!(judged(&session), (Explained, vec!["telemetry-never", "aborted"]));
}

/// Scenario: metrics hold a whole request twice, of a client from before and after that was mended.
/// Guarantees: the old client counted twice; of the new one an answer was aborted.
#[tokio::test]
async fn old_clients_count_twice() {
    for (version, reason) in [("2.1.213", "old-client-counted-twice"), ("2.1.330", "aborted")] {
        let mut facts = without(told_by_all("s"), &[5]);
        facts.push(metered("s", (2_100, 2_200), tokens(40)));
        facts.iter_mut().for_each(|fact| fact.envelope.client_version = Some(version.into()));
        let session = of("s", facts).await;
        assert_eq!(judged(&session), (Explained, vec![reason]));
    }
}

/// Scenario: a session is forked from one that goes on; the client's sums of the fork hold the ancestor's up to then,
/// once to the token and once not.
/// Guarantees: the ancestor explains its own sum and no other.
#[tokio::test]
async fn a_fork_includes_its_ancestor() {
    let ancestor = || told_by_all("a");
    let later = || vec![event("a", "a_3", 50_000, 3), line("a", "a_3", 50_001, 3)];
    for (over, verdict, reasons) in [
        (0, Explained, vec!["metrics-off", "fork-includes-ancestor"]),
        (1, Unexplained, vec!["metrics-off"]),
    ] {
        let sum = tokens(100).plus(tokens(40)).plus(tokens(8 + over));
        let fork = vec![
            event("f", "f_1", 9_000, 8),
            line("f", "f_1", 9_001, 8),
            stated("f", 9_001, Tokens { output: sum.output, ..sum }),
        ];
        let mut fork = fork;
        if over == 1 {
            fork.push(metered("f", (8_000, 9_100), tokens(8)));
        }
        let session = of("f", [ancestor(), later(), fork].concat()).await;
        assert_eq!(session.verdict, verdict, "{session:#?}");
        if over == 0 {
            assert_eq!(codes(&session.reasons), reasons);
        }
    }
}

/// Scenario: a session that is under way, seen within two minutes and after them.
/// Guarantees: what differs meanwhile is not judged; afterwards it is.
#[tokio::test]
async fn a_young_session_is_not_judged() {
    let desk = Desk::open().await;
    desk.record(vec![event("s", "s_1", 1_000, 9), metered("s", (0, 900), tokens(1))]).await;
    let at = |later: i64| millis(1_050 + later);
    let audit = |now| {
        let ledger = desk.ledger.clone();
        async move { ledger.audit(&AuditFilter::default(), now).await.unwrap().sessions.remove(0) }
    };
    assert_eq!(judged(&audit(at(119_999)).await), (Explained, vec!["in-flight"]));
    let later = audit(at(120_000)).await;
    assert!(!later.reasons.contains(&Reason::InFlight));
}

/// Scenario: metrics end before the last requests, with and without the client's sums; they know less amidst.
/// Guarantees: killed, and missed by the receiver where the client ended normally; what is missing of what a reading
/// covers has no reason.
#[tokio::test]
async fn metrics_that_end_early_are_explained() {
    let facts = |metric: Fact, stated: bool| {
        let mut facts = without(told_by_all("s"), if stated { &[2] } else { &[2, 5] });
        facts.push(metric);
        facts
    };
    let early = || metered("s", (900, 1_100), tokens(100));
    let session = of("s", facts(early(), false)).await;
    assert_eq!(judged(&session), (Explained, vec!["killed"]));
    let session = of("s", facts(early(), true)).await;
    assert_eq!(judged(&session), (Explained, vec!["receiver-missed"]));
    let session = of("s", facts(metered("s", (900, 2_100), tokens(100)), false)).await;
    assert_eq!(session.verdict, Unexplained);
}

/// Scenario: events tell of requests that the transcript lacks: of a subagent whose file is gone, and amidst its own.
/// Guarantees: a file that is missing is a reason, a hole in one is not.
#[tokio::test]
async fn a_missing_transcript_is_told_from_a_hole() {
    let agent = edit(event("s", "s_9", 1_500, 9), |request| {
        request.source = plimsoll_domain::QuerySource::Subagent;
        request.agent = Some(plimsoll_domain::AgentId::new("a1"));
    });
    let facts = || without(told_by_all("s"), &[2, 5]);
    let session = of("s", [facts(), vec![agent]].concat()).await;
    assert_eq!(codes(&difference(&session, Teller::Transcripts).reasons), ["transcript-missing"]);
    let session = of("s", [facts(), vec![event("s", "s_9", 1_500, 9)]].concat()).await;
    assert_eq!(difference(&session, Teller::Transcripts).reasons.len(), 0);
    assert_eq!(session.verdict, Unexplained);
}

/// Scenario: the client's prices are those of the table, two percent more, all twice as much; one request costs as much
/// as two, and one of one token as much as a longer answer.
/// Guarantees: a drift is seen; a stream that was begun anew and an aborted answer are told apart from it.
#[tokio::test]
async fn prices_that_drift_are_seen() {
    // By the table of the desk a token costs a nano-dollar.
    let priced = |costs: [i64; 4]| {
        let facts = costs.into_iter().zip(1_u32..).map(|(cost, number)| {
            let name = format!("s_{number}");
            edit(event("s", &name, i64::from(number) * 1_000, 490), |request| {
                request.cost = Some(plimsoll_domain::NanoUsd(cost));
            })
        });
        of("s", facts.collect())
    };
    let usual = priced([2_000, 2_000, 2_001, 2_000]).await;
    assert!(usual.prices.is_empty());
    let drifted = priced([2_040; 4]).await;
    assert!(drifted.reasons.contains(&Reason::PriceDrift));
    assert_eq!((drifted.prices[0].requests, drifted.prices[0].drift), (4, 160));
    let anew = priced([2_000, 2_000, 3_511, 2_000]).await;
    assert!(!anew.reasons.contains(&Reason::PriceDrift));
    assert_eq!((anew.prices[0].apart, anew.prices[0].apart_drift), (1, 1_511));
    let aborted = edit(event("s", "s_1", 1_000, 1), |request| {
        request.cost = Some(plimsoll_domain::NanoUsd(1_611));
    });
    let aborted = of("s", vec![aborted]).await;
    assert_eq!((aborted.prices[0].apart, aborted.prices[0].apart_drift), (1, 100));
    let dearer = priced([4_000; 4]).await;
    assert_eq!((dearer.prices[0].requests, dearer.prices[0].drifts()), (4, true));
}

/// Scenario: an audit of one session of two, by name; of those since a time; and over all.
/// Guarantees: only those, requests that one witness knows are listed by name with why; sums over all hold both.
#[tokio::test]
async fn sessions_are_chosen() {
    let desk = Desk::open().await;
    desk.record(without(told_by_all("s"), &[1, 5])).await;
    desk.record(told_by_all("t")).await;
    desk.record(vec![event("t", "t_9", 5_000_000, 3)]).await;
    let audit = |filter| {
        let ledger = desk.ledger.clone();
        async move { ledger.audit(&filter, millis(LATER)).await.unwrap() }
    };
    let one = AuditFilter { session: Some(plimsoll_domain::SessionId::new("s")), since: None };
    let one = audit(one).await;
    let [session] = one.sessions.as_slice() else { panic!("{one:?}") };
    let [lone] = session.lone.as_slice() else { panic!("{session:?}") };
    assert_eq!(
        (&*lone.key, lone.teller, lone.reason),
        ("s_2", Teller::Transcripts, Some(Reason::Killed))
    );
    let late = AuditFilter { session: None, since: Some(millis(4_000_000)) };
    assert_eq!(audit(late).await.sessions.len(), 1);
    let all = audit(AuditFilter::default()).await;
    assert_eq!((all.count(Exact), all.count(Explained)), (0, 2));
    let [line] = all.total().try_into().unwrap();
    let line = line.told;
    assert_eq!((line.counted.requests, line.transcripts.unwrap().requests), (Some(5), Some(4)));
    assert!(all.sessions.iter().all(|session| session.lone.is_empty()));
    assert!(audited(Vec::new()).await.sessions.is_empty());
}

/// Scenario: an audit by name of sessions of which transcripts tell alone, beside metrics, and events alone.
/// Guarantees: their requests are listed as those that one witness knows, with why the other is silent.
#[tokio::test]
async fn requests_of_silent_sessions_are_listed() {
    let all = told_by_all("s");
    let pick = |index: &[usize]| index.iter().map(|at| all[*at].clone()).collect::<Vec<_>>();
    for (facts, teller, reason) in [
        (pick(&[3, 4]), Teller::Transcripts, Reason::TelemetryNever),
        (pick(&[2, 3, 4]), Teller::Transcripts, Reason::LogsOff),
        (pick(&[0, 1, 2]), Teller::Events, Reason::TranscriptMissing),
    ] {
        let desk = Desk::open().await;
        desk.record(facts).await;
        let session = Some(plimsoll_domain::SessionId::new("s"));
        let filter = AuditFilter { session, since: None };
        let audit = desk.ledger.audit(&filter, millis(LATER)).await.unwrap();
        let lone = &audit.sessions[0].lone;
        let lone: Vec<_> = lone.iter().map(|one| (&*one.key, one.teller, one.reason)).collect();
        assert_eq!(lone, [("s_1", teller, Some(reason)), ("s_2", teller, Some(reason))]);
    }
}
