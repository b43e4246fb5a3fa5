//! Requests and what else happened are pruned, and told again.

use plimsoll_domain::{Fact, Statement, Temporality, Timestamp, Tokens, UserPrompt};
use plimsoll_ledger::{LedgerFile, Pruned, Use, UseFilter};
use proptest::prelude::*;

use crate::{
    desk::{Desk, edit, event, fact, line, metric, millis},
    witnesses::tellings,
};

/// Sums of sessions and of reports.
async fn sums(desk: &Desk) -> (Vec<String>, Vec<String>) {
    let (sessions, _, rows) = desk.books().await;
    (sessions, rows)
}

/// Requests as both witnesses tell them, and metrics of other sessions, over twenty minutes.
fn everything() -> Vec<Fact> {
    let mut facts = tellings();
    for step in 0_i64..6 {
        let at = 200_000 * (step + 1);
        facts.push(metric("delta", Temporality::Delta, (at, at + 900), 3));
        let sum = 5 * (step.unsigned_abs() + 1);
        facts.push(metric("grows", Temporality::Cumulative, (1_000, at), sum));
        let prompt = UserPrompt { prompt: None, length: Some(7), command: None };
        facts.push(fact("s", at, Statement::Prompt(prompt)));
    }
    facts
}

/// The use of all rows, and how many requests they stand for.
async fn exported(desk: &Desk) -> (u64, Tokens) {
    let mut sum = (0, Tokens::ZERO);
    let mut add = |row: &Use| {
        sum = (sum.0 + row.requests, sum.1.plus(row.record.tokens));
        Ok::<_, plimsoll_ledger::LedgerError>(())
    };
    let mut file = LedgerFile::open(&desk.path()).await.unwrap();
    file.each_use(&UseFilter::default(), &mut add).await.unwrap();
    sum
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Scenario: some of the tellings in any order; then everything before any moment is pruned; then all that was
    /// told is told again in another order, in other calls, after the ledger was opened again; and pruned again.
    /// Guarantees: no sum of any session, model or quarter changes, and the rows of an export add up to them.
    #[test]
    fn what_was_pruned_is_never_counted_again(
        keys in prop::collection::vec(any::<u32>(), 80),
        left_out in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        calls in prop::collection::vec(1_usize..6, 60),
        before in 0_i64..1_400_000,
        reopen in any::<bool>(),
    ) {
        let mut told = everything();
        for index in left_out {
            told.remove(index.index(told.len()));
        }
        let mut shuffled: Vec<_> = told.iter().cloned().zip(&keys).collect();
        shuffled.sort_by_key(|(_, key)| *key);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut desk = Desk::open().await;
            desk.record(told).await;
            let whole = sums(&desk).await;
            let all = exported(&desk).await;
            desk.ledger.prune(millis(before)).await.unwrap();
            prop_assert_eq!(sums(&desk).await, whole.clone());
            if reopen {
                desk = desk.reopen().await;
            }
            let mut rest = shuffled.into_iter().map(|(fact, _)| fact);
            for size in calls {
                let call: Vec<_> = rest.by_ref().take(size).collect();
                if !call.is_empty() {
                    desk.record(call).await;
                }
            }
            desk.record(rest.collect()).await;
            prop_assert_eq!(sums(&desk).await, whole.clone());
            desk.ledger.prune(millis(before)).await.unwrap();
            prop_assert_eq!(sums(&desk).await, whole);
            prop_assert_eq!(exported(&desk).await, all);
            Ok(())
        })?;
    }
}

/// Scenario: requests of two days; those of the first are pruned; asked before what would go.
/// Guarantees: exactly what was announced is removed and nothing else; the sums stay; it can be done again.
#[tokio::test]
async fn what_is_older_goes() {
    let desk = Desk::open().await;
    desk.record(everything()).await;
    let sums_before = sums(&desk).await;
    let cut = millis(650_000);
    let announced = LedgerFile::open(&desk.path()).await.unwrap().prunable(cut).await.unwrap();
    let removed = desk.ledger.prune(cut).await.unwrap();
    assert_eq!(removed, announced);
    // The copies in the side log and the fork come later or under a name of their own.
    let expected = Pruned { requests: 6, readings: 3, events: 3, alerts: 0, processes: 0 };
    assert_eq!(removed, expected);
    let records = desk.records().await;
    assert!(records.iter().all(|record| record.is_unattributed() || record.at >= cut));
    assert_eq!(sums(&desk).await, sums_before);
    assert_eq!(desk.ledger.prune(cut).await.unwrap(), Pruned::default());
}

/// Scenario: a request known by its event is pruned; then its transcript is read for the first time, then a side log
/// that repeats its answer under an id of its own, in both orders; all of them again.
/// Guarantees: nothing of it is counted once more.
#[tokio::test]
async fn other_witnesses_tell_of_a_pruned_request() {
    let original = line("s", "req_1", 1_004, 113);
    let Statement::Request(told) = &original.statement else { panic!() };
    let message = told.message;
    let copy = edit(line("s", "req_copy", 9_000, 113), |request| {
        request.side_log = true;
        request.message = message;
    });
    for calls in [[original.clone(), copy.clone()], [copy, original]] {
        let desk = Desk::open().await;
        desk.record(vec![event("s", "req_1", 1_000, 113), event("s", "req_2", 2_000, 1)]).await;
        desk.ledger.prune(millis(1_500)).await.unwrap();
        for call in calls.clone().into_iter().chain(calls) {
            desk.record(vec![call]).await;
        }
        let usage = desk.session("s").await.usage;
        assert_eq!((usage.requests, usage.tokens.output), (2, 114));
        desk.ledger.prune(Timestamp::from_millis(10_000)).await.unwrap();
        desk.record(vec![line("s", "req_copy", 9_000, 113)]).await;
        assert_eq!(desk.session("s").await.usage, usage);
    }
}

/// Scenario: everything is pruned, and the ledger is opened again.
/// Guarantees: no revision is given twice, so that no cursor misses a record.
#[tokio::test]
async fn revisions_go_on_after_pruning() {
    let desk = Desk::open().await;
    desk.record(vec![event("s", "req_1", 1_000, 1), event("s", "req_2", 2_000, 2)]).await;
    let reached = desk.ledger.revision();
    desk.ledger.prune(millis(100_000)).await.unwrap();
    let desk = desk.reopen().await;
    assert_eq!(desk.ledger.revision(), reached);
    desk.record(vec![event("s", "req_3", 3_000, 3)]).await;
    assert!(desk.ledger.revision() > reached);
    assert_eq!(desk.session("s").await.usage.requests, 3);
}
