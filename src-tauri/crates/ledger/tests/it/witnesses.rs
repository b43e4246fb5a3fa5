//! Several witnesses of one request: each is counted once, whatever name it is told by.

use std::collections::BTreeMap;

use plimsoll_domain::{
    Fact, Heard, ModelTotals, NanoUsd, Position, ProjectPlace, SessionId, Statement, Tokens,
    Witness,
};
use plimsoll_ledger::{TranscriptPart, Usage};
use proptest::prelude::*;

use crate::desk::{Desk, edit, event, fact, line, metric, millis};

/// What both orders of two calls leave: the session's use and the keys of the records that count.
async fn both_orders(one: Vec<Fact>, other: Vec<Fact>) -> (Usage, Vec<String>) {
    let mut outcomes = Vec::new();
    for calls in [[one.clone(), other.clone()], [other, one]] {
        let desk = Desk::open().await;
        for call in calls {
            desk.record(call.clone()).await;
            desk.record(call).await;
        }
        let records = desk.records().await;
        let counted = records.iter().filter(|record| !record.tokens.is_zero());
        outcomes.push((
            desk.session("s").await.usage,
            counted.map(|record| record.key.to_string()).collect::<Vec<_>>(),
        ));
    }
    assert_eq!(outcomes[0].0, outcomes[1].0, "the order changed a sum");
    outcomes.remove(0)
}

/// Scenario: a request is told by its event and by its transcript, in both orders, each twice.
/// Guarantees: it is one request with both witnesses, at the client's own price.
#[tokio::test]
async fn a_transcript_confirms_an_event() {
    let (usage, keys) =
        both_orders(vec![event("s", "req_1", 1_000, 113)], vec![line("s", "req_1", 1_005, 113)])
            .await;
    assert_eq!((usage.requests, usage.tokens.output, usage.unpriced), (1, 113, 0));
    assert_eq!(usage.cost, NanoUsd(5_000_000));
    assert_eq!(keys, ["req_1"]);
}

/// Scenario: a request that only its transcript knows, half written at first; another with one-hour cache writes.
/// Guarantees: the largest telling counts, at the price of the table, and the record says whose price it is.
#[tokio::test]
async fn what_only_a_transcript_knows_is_added_and_priced() {
    let desk = Desk::open().await;
    desk.record(vec![line("s", "req_1", 1_000, 1)]).await;
    desk.record(vec![line("s", "req_1", 1_010, 113), line("s", "req_1", 1_005, 7)]).await;
    let hour = edit(line("s", "req_2", 2_000, 0), |request| request.cache_creation_1h = Some(500));
    desk.record(vec![hour]).await;
    let records = desk.records().await;
    let told: Vec<_> = records
        .iter()
        .map(|record| (record.tokens.output, record.cost, record.cost_by_table))
        .collect();
    assert_eq!(told, [(113, Some(NanoUsd(1_623)), true), (0, Some(NanoUsd(2_010)), true)]);
    assert_eq!(records[0].witnesses.iter().collect::<Vec<_>>(), [Witness::Transcript]);
    let books = desk.session("s").await;
    assert_eq!(books.usage.cost, NanoUsd(1_623 + 2_010));
    assert_eq!((books.has_events, books.has_transcript), (false, true));
}

/// Scenario: a model without a price is told by a transcript only.
/// Guarantees: its cost is unknown, not zero.
#[tokio::test]
async fn an_unknown_model_has_no_price() {
    let desk = Desk::open().await;
    let unknown = edit(line("s", "req_1", 1_000, 5), |request| {
        request.model = plimsoll_domain::Model::parse("claude-next-9").0;
    });
    desk.record(vec![unknown]).await;
    assert_eq!(desk.records().await[0].cost, None);
    let usage = desk.session("s").await.usage;
    assert_eq!((usage.unpriced, usage.known_cost()), (1, None));
}

/// Scenario: a fork's file repeats a request of the session it came from, before and after the original is read.
/// Guarantees: it is counted once, for the session that the event names, else for the one that told of it first.
#[tokio::test]
async fn a_copy_belongs_to_the_session_that_made_it() {
    for first in [0, 1] {
        let desk = Desk::open().await;
        let mut calls = [line("copy", "req_1", 1_000, 9), event("s", "req_1", 1_000, 9)];
        calls.rotate_left(first);
        for call in calls {
            desk.record(vec![call]).await;
        }
        assert_eq!(desk.session("s").await.usage.requests, 1);
        assert_eq!(desk.session("copy").await.usage, Usage::default());
    }
}

/// Scenario: a side log repeats a request under a new id, before and after the conversation tells of it.
/// Guarantees: it counts once, under the conversation's id; what was listed before is taken back with zeros.
#[tokio::test]
async fn a_side_log_that_repeats_an_answer_counts_nothing() {
    let original = line("s", "req_1", 1_000, 113);
    let Statement::Request(told) = &original.statement else { panic!() };
    let message = told.message;
    let copy = edit(line("s", "req_copy", 9_000, 113), |request| {
        request.side_log = true;
        request.message = message;
    });
    let (usage, keys) = both_orders(vec![copy], vec![original]).await;
    assert_eq!((usage.requests, usage.tokens.output), (1, 113));
    assert_eq!(keys, ["req_1"]);
}

/// Scenario: the provider gives events no request id, and the transcript has one; two equal requests follow each
/// other within a second.
/// Guarantees: each is counted once, in both orders; a third telling of the same tokens much later is another.
#[tokio::test]
async fn a_missing_name_is_made_up_for_by_tokens_and_time() {
    let nameless = |at, sequence| {
        let mut fact = edit(event("s", "", at, 113), |request| request.id = None);
        fact.envelope.sequence = Some(sequence);
        fact
    };
    let events = vec![nameless(1_000, 0), nameless(1_800, 1), nameless(60_000, 2)];
    let lines = vec![line("s", "req_1", 1_010, 113), line("s", "req_2", 1_790, 113)];
    let (usage, keys) = both_orders(events, lines).await;
    assert_eq!((usage.requests, keys.len()), (3, 3));
}

/// Scenario: event and transcript disagree on a request's tokens.
/// Guarantees: the event counts, in both orders and also when the transcript grows afterwards.
#[tokio::test]
async fn the_event_is_trusted_more_than_the_transcript() {
    let lines = vec![line("s", "req_1", 1_000, 120), line("s", "req_1", 1_000, 150)];
    let (usage, _) = both_orders(vec![event("s", "req_1", 1_000, 113)], lines).await;
    assert_eq!(usage.tokens.output, 113);
}

/// Scenario: telemetry ends in mid-session and the transcript knows the rest; metrics know both.
/// Guarantees: nothing is unattributed once the transcript is read, in whatever order.
#[tokio::test]
async fn a_transcript_explains_what_only_metrics_knew() {
    let told = vec![
        event("s", "req_1", 1_000, 100),
        metric("s", plimsoll_domain::Temporality::Delta, (900, 2_100), 140),
    ];
    let (usage, _) = both_orders(told, vec![line("s", "req_2", 2_000, 40)]).await;
    assert_eq!((usage.tokens.output, usage.unattributed, usage.requests), (140, Tokens::ZERO, 2));
}

/// Scenario: transcripts are read to a position, the ledger is opened again, and one is read on.
/// Guarantees: facts and position are kept together, and the later position takes the place of the former.
#[tokio::test]
async fn positions_are_kept_with_what_was_read() {
    let position = |offset| Position {
        path: "/t/a.jsonl".into(),
        device: 3,
        inode: u64::MAX,
        offset,
        head: -7,
    };
    let part = |facts, offset| TranscriptPart {
        facts,
        positions: vec![position(offset)],
        ..TranscriptPart::default()
    };
    let desk = Desk::open().await;
    let read = vec![line("s", "req_1", 1_000, 1)];
    desk.ledger.record_read(part(read, 100)).await.unwrap();
    desk.ledger.record_read(part(Vec::new(), 250)).await.unwrap();
    let desk = desk.reopen().await;
    assert_eq!(desk.ledger.positions().await.unwrap(), [position(250)]);
    assert_eq!(desk.session("s").await.usage.requests, 1);
}

/// Scenario: a transcript and hooks tell where a session works; then commands work in a folder of it, and at last the
/// client goes elsewhere.
/// Guarantees: the project is what hooks say rather than the transcript, and a folder within it is no other project.
#[tokio::test]
async fn a_folder_of_the_project_is_no_other_project() {
    let desk = Desk::open().await;
    let place = |path: &str| Statement::Project(ProjectPlace { path: path.into(), branch: None });
    for (witness, told, known) in [
        (Witness::Transcript, "/home/me/other", "/home/me/other"),
        (Witness::Hook, "/home/me/harbour", "/home/me/harbour"),
        (Witness::Hook, "/home/me/harbour/src/deep", "/home/me/harbour"),
        (Witness::Transcript, "/home/me/other", "/home/me/harbour"),
        (Witness::Hook, "/home/me/harbour-2", "/home/me/harbour-2"),
    ] {
        let mut said = fact("s", 1_000, place(told));
        said.envelope.witness = witness;
        desk.record(vec![said]).await;
        assert_eq!(desk.session("s").await.project.as_deref(), Some(known), "{witness:?} {told}");
    }
}

/// Scenario: running numbers of a session that nothing else is told of, as the client sends them at a `--continue`.
/// Guarantees: no session is listed for them.
#[tokio::test]
async fn running_numbers_alone_make_no_session() {
    let desk = Desk::open().await;
    let mut heard = fact("phantom", 1_000, Statement::Heard(Heard { last: 3 }));
    heard.envelope.sequence = Some(0);
    desk.record(vec![heard]).await;
    assert!(desk.ledger.sessions(None, 10).await.unwrap().is_empty());
    let desk = desk.reopen().await;
    desk.record(vec![event("s", "req_1", 2_000, 1)]).await;
    assert_eq!(desk.session("s").await.usage.requests, 1);
}

/// Scenario: the client states its sums twice, and the smaller one is read last.
/// Guarantees: no sum of the books changes by it.
#[tokio::test]
async fn the_clients_own_sums_are_never_added() {
    let desk = Desk::open().await;
    let totals = |output| {
        let tokens = Tokens { output, ..Tokens::ZERO };
        let model = plimsoll_domain::Model::parse("claude-sonnet-4-6").0;
        fact("s", 5_000, Statement::Totals(ModelTotals { model, tokens, cost: None }))
    };
    desk.record(vec![line("s", "req_1", 1_000, 9), totals(900), totals(9)]).await;
    assert_eq!(desk.session("s").await.usage.tokens.output, 9);
}

/// Twelve requests as both witnesses tell them: some events lack their id, one answer is repeated by a side log, one
/// by a fork, and each is told half written first by its transcript.
pub(crate) fn tellings() -> Vec<Fact> {
    let mut facts = Vec::new();
    for number in 0_u8..12 {
        let (name, at) = (format!("req_{number}"), 100_000 * (i64::from(number) + 1));
        let output = 100 + u64::from(number);
        let full = line("s", &name, at + 4, output);
        let Statement::Request(told) = &full.statement else { panic!() };
        let message = told.message;
        let mut event = event("s", &name, at, output);
        event.envelope.sequence = Some(number.into());
        if number % 4 == 3 {
            event = edit(event, |request| request.id = None);
        } else {
            facts.push(line("s", &name, at + 2, 1));
        }
        if number == 5 {
            facts.push(edit(line("s", "req_side", at + 50_000, output), |request| {
                request.side_log = true;
                request.message = message;
            }));
        }
        if number == 6 {
            facts.push(Fact { session: Some(SessionId::new("fork")), ..full.clone() });
        }
        facts.extend([event, full]);
    }
    facts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Scenario: all tellings in any order, split into any calls, any of them repeated; the ledger is opened again on
    /// the way.
    /// Guarantees: every request is counted once: the sums are those of the twelve requests.
    #[test]
    fn any_order_of_witnesses_ends_in_the_same_sums(
        keys in prop::collection::vec(any::<u32>(), 60),
        calls in prop::collection::vec(1_usize..6, 60),
        repeated in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        reopen in any::<prop::sample::Index>(),
    ) {
        let told = tellings();
        let mut facts: Vec<_> = told.iter().cloned().zip(&keys).map(|(fact, key)| (*key, fact)).collect();
        facts.extend(repeated.iter().zip(keys.iter().rev()).map(|(index, key)| (*key, told[index.index(told.len())].clone())));
        facts.sort_by_key(|(key, _)| *key);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut desk = Desk::open().await;
            let mut rest = facts.into_iter().map(|(_, fact)| fact).peekable();
            let last = reopen.index(calls.len());
            for (index, size) in calls.iter().enumerate() {
                if index == last {
                    desk = desk.reopen().await;
                }
                let call: Vec<_> = rest.by_ref().take(*size).collect();
                if !call.is_empty() {
                    desk.record(call).await;
                }
            }
            desk.record(rest.collect()).await;
            let mut outputs: BTreeMap<u64, usize> = BTreeMap::new();
            for record in desk.records().await.iter().filter(|record| !record.tokens.is_zero()) {
                *outputs.entry(record.tokens.output).or_default() += 1;
            }
            prop_assert_eq!(outputs, (100..112).map(|output| (output, 1)).collect::<BTreeMap<_, _>>());
            let sum: u64 = (100..112).sum();
            let sessions = desk.ledger.sessions(None, 10).await.unwrap();
            let all = sessions.iter().fold(Usage::default(), |sum, session| sum.plus(session.usage));
            prop_assert_eq!((all.requests, all.tokens.output), (12, sum));
            let end = millis(100_000_000);
            for row in desk.ledger.usage(plimsoll_ledger::Grouping::Model, millis(0), end).await.unwrap() {
                prop_assert_eq!((row.usage.requests, row.usage.tokens.output), (12, sum));
            }
            Ok(())
        })?;
    }
}
