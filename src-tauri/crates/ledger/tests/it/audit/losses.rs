//! What was lost on its way: who shows that it held no request, and what it is called.

use plimsoll_domain::{ApiError, Fact, Statement, Tokens};
use plimsoll_ledger::{Reason, SessionAudit, Teller, Verdict};

use super::telling::{
    aside, codes, counted_on, difference, event, heard, judged, metered, of, prompt, stated,
    tokens, unfinished,
};
use crate::desk::{fact, line};

use Verdict::{Exact, Explained, Unexplained};

/// Two requests a minute apart; of the events between them only those before number `until` and from there on arrive.
fn gap(until: u64) -> Vec<Fact> {
    vec![
        heard("s", 900, (0, 3)),
        event("s", "s_1", 1_000, 100),
        heard("s", 60_000, (until, 9)),
        event("s", "s_3", 60_000, 5),
    ]
}

fn closed_by(session: &SessionAudit) -> Vec<&'static str> {
    session.missed[0].closed_by.iter().map(|teller| teller.name()).collect()
}

/// Scenario: events 0 to 3 and 6 arrive, and what is left of the session agrees: with delta metrics, with a transcript,
/// with cumulative metrics before and after the gap, with the client's own sums.
/// Guarantees: an outage takes events and delta metrics of the same requests, and a transcript does not tell of what is
/// asked aside, so neither shows that nothing is missing; sums that reach over the gap do, and then it is exact.
#[tokio::test]
async fn only_sums_over_a_gap_close_it() {
    let sum = tokens(100).plus(tokens(5));
    let lines = || vec![line("s", "s_1", 1_001, 100), line("s", "s_3", 60_001, 5)];
    let deltas =
        || vec![metered("s", (900, 1_100), tokens(100)), metered("s", (59_900, 60_100), tokens(5))];
    let counters = |at| vec![counted_on("s", 1_100, tokens(100)), counted_on("s", at, sum)];
    for (more, verdict, closed) in [
        (vec![], Explained, vec![]),
        (deltas(), Explained, vec![]),
        (lines(), Explained, vec![]),
        ([deltas(), lines()].concat(), Explained, vec![]),
        (counters(60_100), Exact, vec!["metrics"]),
        (counters(59_000), Explained, vec![]),
        ([lines(), vec![stated("s", 60_001, sum)]].concat(), Exact, vec!["client"]),
        ([lines(), vec![stated("s", 60_001, sum.plus(tokens(9)))]].concat(), Explained, vec![]),
    ] {
        let session = of("s", [gap(6), more].concat()).await;
        assert_eq!((session.verdict, closed_by(&session)), (verdict, closed), "{session:#?}");
        assert!(session.reasons.contains(&Reason::ReceiverMissed));
    }
}

/// Scenario: a request of the time of a gap is told by its transcript only; then there are two of them with a single
/// event missing.
/// Guarantees: the receiver missed it; one missing event does not explain two requests.
#[tokio::test]
async fn a_gap_explains_no_more_requests_than_events() {
    let told = |until: u64, more: &[Fact]| {
        let lines = [line("s", "s_1", 1_001, 100), line("s", "s_3", 60_001, 5)];
        of("s", [gap(until), lines.to_vec(), more.to_vec()].concat())
    };
    let lost = line("s", "s_2", 20_000, 40);
    let session = told(6, std::slice::from_ref(&lost)).await;
    assert_eq!(judged(&session), (Explained, vec!["metrics-off", "receiver-missed"]));
    let missed = &session.missed[0];
    assert_eq!((missed.first, missed.last, missed.found), (4, 5, 1));
    let lack = difference(&session, Teller::Events);
    assert_eq!((lack.missing, lack.tokens.output), (Some(1), -40));
    let session = told(5, &[lost, line("s", "s_x", 21_000, 40)]).await;
    assert_eq!(session.verdict, Unexplained, "{session:#?}");
}

/// Scenario: a session in which every request failed lost an export of events; beside it metrics and a transcript, which
/// tell of no use.
/// Guarantees: nobody knows what was lost, so it is not exact.
#[tokio::test]
async fn errors_alone_prove_nothing() {
    let error = || {
        let error = ApiError { model: None, status: Some(500), attempts: Some(3) };
        fact("s", 900, Statement::ApiError(error))
    };
    let facts = vec![heard("s", 900, (0, 3)), error(), heard("s", 60_000, (6, 9))];
    let session = of("s", [facts, vec![metered("s", (800, 60_000), Tokens::ZERO)]].concat()).await;
    assert_eq!(session.verdict, Explained, "{session:#?}");
    assert!(session.missed[0].is_open() && session.reasons.contains(&Reason::ReceiverMissed));
}

/// Three requests, 30 seconds apart, as events and a transcript tell them.
fn three() -> Vec<Fact> {
    let outputs = [(1, 1_000, 100), (2, 31_000, 40), (3, 61_000, 5)];
    let told = |(number, at, output)| {
        let name = format!("s_{number}");
        [event("s", &name, at, output), line("s", &name, at, output)]
    };
    outputs.into_iter().flat_map(told).collect()
}

/// Scenario: of three readings the one amidst is lost, or the last two; or a reading lacks a token of a request that it
/// covers; and the events are there.
/// Guarantees: the loss is named where the spans of the readings show it, and a reading that tells less has no reason.
#[tokio::test]
async fn lost_metrics_are_seen_by_their_spans() {
    let reading = |begin: i64, output| metered("s", (begin, begin + 200), tokens(output));
    let less = Tokens { input: 9, ..tokens(40) };
    for (readings, verdict, reasons) in [
        (vec![reading(900, 100), reading(30_900, 40), reading(60_900, 5)], Exact, vec![]),
        (vec![reading(900, 100), reading(60_900, 5)], Explained, vec!["metrics-missed"]),
        (vec![reading(30_900, 40)], Explained, vec!["metrics-missed", "killed"]),
        (
            vec![reading(900, 100), metered("s", (30_900, 31_100), less), reading(60_900, 5)],
            Unexplained,
            vec![],
        ),
    ] {
        let session = of("s", [three(), readings].concat()).await;
        assert_eq!(judged(&session), (verdict, reasons), "{session:#?}");
    }
}

/// Scenario: telemetry began with a gap, in which the first request's metric was lost too, and the second one's not; its
/// end, which the transcript tells, was never told.
/// Guarantees: what is missing is explained by itself, and no answer is taken for an aborted one.
#[tokio::test]
async fn lost_events_are_not_taken_for_lost_metrics() {
    let mut facts: Vec<_> = three();
    facts.remove(4);
    facts.drain(0..3);
    facts.push(line("s", "s_1", 1_000, 100));
    facts.insert(0, heard("s", 50_000, (5, 9)));
    facts.extend([event("s", "s_4", 50_000, 3), line("s", "s_4", 50_000, 3)]);
    facts.push(metered("s", (30_900, 50_200), tokens(40).plus(tokens(3))));
    let session = of("s", facts).await;
    let reasons = codes(&difference(&session, Teller::Metrics).reasons);
    assert_eq!((session.verdict, reasons), (Explained, vec!["metrics-missed", "killed"]));
}

/// Scenario: telemetry is told at another time than the transcript, and lacks the last two requests, the last of them
/// in events too.
/// Guarantees: the client was killed before it told them, by order and amount; nothing else is made up of it.
#[tokio::test]
async fn a_killed_client_is_seen_whatever_its_clock() {
    let mut facts: Vec<_> = three();
    facts.remove(4);
    facts.push(metered("s", (900_000, 900_200), tokens(100)));
    let session = of("s", facts).await;
    assert_eq!(judged(&session), (Explained, vec!["killed"]), "{session:#?}");
}

/// Scenario: metrics alone know an aborted answer, and lack a request that used less output, or more, or as much; with
/// the transcript's beginning of the aborted answer and without.
/// Guarantees: both are named, however the two make up for each other in the sums.
#[tokio::test]
async fn lost_metrics_do_not_hide_an_aborted_answer() {
    for output in [30, 40, 60] {
        for begun in [vec![], vec![unfinished("s", "s_0", 10_000)]] {
            let aborted = Tokens { input: 7, output, cache_read: 900, cache_creation: 700 };
            let aborted = if begun.is_empty() { aborted } else { tokens(output) };
            let readings = vec![
                metered("s", (900, 1_100), tokens(100)),
                metered("s", (15_000, 15_200), aborted),
                metered("s", (60_900, 61_100), tokens(5)),
            ];
            let session = of("s", [three(), readings, begun].concat()).await;
            assert_eq!(session.verdict, Explained, "{session:#?}");
            let reasons = codes(&difference(&session, Teller::Metrics).reasons);
            assert_eq!(reasons, ["metrics-missed", "aborted"]);
        }
    }
}

/// Scenario: Esc: a prompt, no answer, another prompt and its answer; events and delta metrics agree on that.
/// Guarantees: not exact, because what the first one used may have been lost with its metric; exact with sums that reach
/// over it, and where it was answered, failed, or was a command of the client's own.
#[tokio::test]
async fn an_unanswered_prompt_is_not_exact() {
    let sum = tokens(5);
    let facts = |command| {
        let events = heard("s", 900, (0, 9));
        vec![
            events,
            prompt("s", 1_000, command),
            prompt("s", 10_000, None),
            event("s", "s_1", 12_000, 5),
        ]
    };
    let metric = || metered("s", (11_990, 12_500), sum);
    let error = ApiError { model: None, status: Some(500), attempts: Some(3) };
    let error = fact("s", 3_000, Statement::ApiError(error));
    let answer = || vec![event("s", "s_0", 3_000, 7), metered("s", (2_990, 3_100), tokens(7))];
    let unanswered = vec!["unanswered", "transcript-missing"];
    let alone = vec!["transcript-missing"];
    for (facts, expected) in [
        ([facts(None), vec![metric()]].concat(), (Explained, unanswered.clone())),
        ([facts(Some("exit")), vec![metric()]].concat(), (Exact, alone.clone())),
        ([facts(None), vec![metric(), error]].concat(), (Exact, alone.clone())),
        ([facts(None), vec![metric()], answer()].concat(), (Exact, alone.clone())),
        ([facts(None), vec![counted_on("s", 12_500, sum)]].concat(), (Exact, alone.clone())),
        (
            [facts(None), vec![metric(), prompt("s", 20_000, None)]].concat(),
            (Explained, unanswered.clone()),
        ),
    ] {
        let session = of("s", facts).await;
        assert_eq!(judged(&session), expected, "{session:#?}");
    }
    let told = vec![line("s", "s_1", 12_001, 5), stated("s", 12_001, sum)];
    let session = of("s", [facts(None), vec![metric()], told].concat()).await;
    assert_eq!(judged(&session), (Exact, vec![]));
    let session = of("s", vec![heard("s", 900, (0, 2)), prompt("s", 1_000, None)]).await;
    assert_eq!((session.verdict, session.lines.len()), (Explained, 0));
    assert!(session.reasons.contains(&Reason::Unanswered));
    let aborted = Tokens { output: 9, ..sum };
    let known = [facts(None), vec![metric(), metered("s", (3_000, 3_100), aborted)]].concat();
    assert_eq!(judged(&of("s", known).await), (Explained, vec!["aborted", "transcript-missing"]));
    let aside =
        vec![aside(event("s", "s_9", 3_000, 9)), aside(metered("s", (2_990, 3_100), tokens(9)))];
    let titled = of("s", [facts(None), vec![metric()], aside].concat()).await;
    assert_eq!(judged(&titled), (Explained, unanswered));
}
