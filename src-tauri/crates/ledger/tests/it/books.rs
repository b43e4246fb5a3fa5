//! The books as their users see them: a real file, the real writer.

use plimsoll_domain::{NanoUsd, ProjectPlace, Revision, Statement, Temporality, Tokens, Witness};
use plimsoll_ledger::{Change, Grouping, RecordFilter};
use proptest::prelude::*;

use crate::desk::{self, Desk, event, metric, millis};

/// Scenario: one request is told of by an event, then the same event comes again.
/// Guarantees: it is one record with one revision, and the repetition changes nothing.
#[tokio::test]
async fn a_request_is_counted_once() {
    let desk = Desk::open().await;
    let fact = event("s", "req_1", 1_000, 113);
    assert_eq!(desk.ledger.record(vec![fact.clone()]).await.unwrap(), Revision(1));
    assert_eq!(desk.ledger.record(vec![fact.clone(), fact]).await.unwrap(), Revision(1));
    let records = desk.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!(
        records[0].tokens,
        Tokens { input: 10, output: 113, cache_read: 1000, cache_creation: 500 }
    );
    assert_eq!(records[0].cost, Some(NanoUsd(5_000_000)));
    assert_eq!(records[0].witnesses.iter().collect::<Vec<_>>(), [Witness::Event]);
    assert_eq!(desk.session("s").await.usage.requests, 1);
}

/// Scenario: a session sends metrics only, then its events follow.
/// Guarantees: it is counted at once, named as unattributed, and not counted twice when the events are there;
/// its record is taken back under a new revision, and keeps its key.
#[tokio::test]
async fn metrics_count_until_events_follow() {
    let desk = Desk::open().await;
    desk.record(vec![metric("s", Temporality::Delta, (900, 1_100), 113)]).await;
    let books = desk.session("s").await;
    assert_eq!((books.usage.tokens.output, books.usage.unattributed.output), (113, 113));
    let first = desk.records().await;
    assert!(first[0].is_unattributed() && first[0].request.is_none());

    desk.record(vec![event("s", "req_1", 1_000, 113)]).await;
    let books = desk.session("s").await;
    assert_eq!((books.usage.tokens.output, books.usage.unattributed.output), (113, 0));
    let records = desk.records().await;
    let taken_back = records.iter().find(|record| record.is_unattributed()).unwrap();
    assert_eq!(taken_back.key, first[0].key);
    assert!(taken_back.tokens.is_zero() && taken_back.revision > first[0].revision);
    assert_eq!((taken_back.from, taken_back.at), (first[0].from, first[0].at));
}

/// Scenario: metrics know of an aborted answer that no event tells of.
/// Guarantees: the sum holds it at once; it is listed among the records only after two minutes of quiet.
#[tokio::test]
async fn a_lasting_difference_is_listed_after_two_minutes() {
    let desk = Desk::open().await;
    desk.record(vec![event("s", "req_1", 1_000, 100)]).await;
    desk.record(vec![metric("s", Temporality::Delta, (900, 1_100), 140)]).await;
    assert_eq!(desk.session("s").await.usage.tokens.output, 140);
    assert_eq!(desk.records().await.len(), 1);

    let mut commits = desk.ledger.commits();
    tokio::time::pause();
    let commit = commits.recv().await.unwrap();
    tokio::time::resume();
    let [Change::Usage(record)] = commit.changes.as_slice() else { panic!("{commit:?}") };
    assert!(record.is_unattributed());
    assert_eq!(record.tokens, Tokens { output: 40, ..Tokens::ZERO });
    assert_eq!(desk.records().await.len(), 2);
}

/// Scenario: the writer is ended and begun again on the same file, between readings of a cumulative series.
/// Guarantees: sums, increments and revisions go on where they were.
#[tokio::test]
async fn the_books_survive_a_restart() {
    let desk = Desk::open().await;
    desk.record(vec![metric("s", Temporality::Cumulative, (500, 1_000), 53)]).await;
    desk.record(vec![event("s", "req_1", 900, 40)]).await;
    let before = desk.ledger.revision();
    let desk = desk.reopen().await;
    assert_eq!(desk.ledger.revision(), before);
    desk.record(vec![metric("s", Temporality::Cumulative, (500, 2_000), 60)]).await;
    desk.record(vec![metric("s", Temporality::Cumulative, (500, 2_000), 60)]).await;
    // A second process of the session: its counters begin anew.
    desk.record(vec![metric("s", Temporality::Cumulative, (1_500, 2_100), 7)]).await;
    let usage = desk.session("s").await.usage;
    assert_eq!((usage.tokens.output, usage.unattributed.output), (67, 27));
}

/// Scenario: requests in two quarters and two sessions, one of them without a session id, one without a price.
/// Guarantees: every report adds up to the same total, and what is not known stays unknown.
#[tokio::test]
async fn reports_agree_with_each_other() {
    let desk = Desk::open().await;
    let mut nameless = event("", "req_3", 2_000, 3);
    nameless.session = None;
    let mut unpriced = event("t", "req_2", 1_000_000, 2);
    if let Statement::Request(request) = &mut unpriced.statement {
        request.cost = None;
        request.model = plimsoll_domain::Model::parse("claude-next-9").0;
    }
    desk.record(vec![event("s", "req_1", 1_000, 1), unpriced, nameless]).await;
    let place = ProjectPlace { path: "/home/dev/api".into(), branch: Some("main".into()) };
    desk.record(vec![desk::fact("s", 1_000, Statement::Project(place))]).await;
    for by in [Grouping::Quarter, Grouping::Model, Grouping::Project, Grouping::Session] {
        let rows = desk.ledger.usage(by, millis(0), millis(10_000_000)).await.unwrap();
        let total =
            rows.iter().fold(plimsoll_ledger::Usage::default(), |sum, row| sum.plus(row.usage));
        assert_eq!((total.tokens.output, total.requests, total.unpriced), (6, 3, 1), "{by:?}");
    }
    let sessions =
        desk.ledger.usage(Grouping::Session, millis(0), millis(10_000_000)).await.unwrap();
    assert!(sessions.iter().any(|row| row.group.is_none() && row.usage.tokens.output == 3));
    let session = desk.session("s").await;
    assert_eq!(
        (session.project.as_deref(), session.branch.as_deref()),
        (Some("/home/dev/api"), Some("main"))
    );
}

/// Scenario: records are read in pages by revision while one of them improves.
/// Guarantees: the reader that goes on from its cursor sees the improved record again, under its key.
#[tokio::test]
async fn improved_records_come_again() {
    let desk = Desk::open().await;
    desk.record(vec![event("s", "req_1", 1_000, 1), event("s", "req_2", 2_000, 2)]).await;
    let filter = |after| RecordFilter { after, limit: 1, ..RecordFilter::default() };
    let first = desk.ledger.usage_records(filter(Revision(0))).await.unwrap();
    assert_eq!(&*first[0].key, "req_1");
    desk.record(vec![event("s", "req_1", 1_000, 9)]).await;
    let rest = desk.ledger.changes(first[0].revision, 10).await.unwrap();
    let keys: Vec<_> = rest
        .iter()
        .map(|change| match change {
            Change::Usage(record) => (record.key.to_string(), record.tokens.output),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(keys, [("req_2".to_owned(), 2), ("req_1".to_owned(), 9)]);
    assert_eq!(desk.session("s").await.usage.tokens.output, 11);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Scenario: events and metrics of two sessions in any order, any of them repeated, split into any calls.
    /// Guarantees: session sums, records and reports are those of the facts told once in order.
    #[test]
    fn order_and_repetition_never_change_a_total(
        picks in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..60),
    ) {
        let facts = desk::story();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let ordered = Desk::open().await;
            ordered.record(facts.clone()).await;
            let shuffled = Desk::open().await;
            let mut call = Vec::new();
            for (pick, ends) in &picks {
                call.push(facts[pick.index(facts.len())].clone());
                if *ends {
                    shuffled.record(std::mem::take(&mut call)).await;
                }
            }
            call.extend(facts.iter().rev().cloned());
            shuffled.record(call).await;
            prop_assert_eq!(shuffled.books().await, ordered.books().await);
            Ok(())
        })?;
    }
}
