//! Everything that was used, read from beside the writer.

use plimsoll_domain::{NanoUsd, SessionId, Temporality, Tokens};
use plimsoll_ledger::{Grouping, LedgerError, LedgerFile, Usage, Use, UseFilter, UseKind};

use crate::desk::{Desk, event, metric, millis, story};

async fn rows(desk: &Desk, filter: UseFilter) -> Vec<Use> {
    let mut rows = Vec::new();
    let take = |row: &Use| {
        rows.push(row.clone());
        Ok::<_, LedgerError>(())
    };
    LedgerFile::open(&desk.path()).await.unwrap().each_use(&filter, take).await.unwrap();
    rows
}

fn sum(rows: &[Use]) -> (u64, Tokens, NanoUsd) {
    rows.iter().fold((0, Tokens::ZERO, NanoUsd::ZERO), |(requests, tokens, cost), row| {
        let told = row.record.cost.unwrap_or(NanoUsd::ZERO);
        (requests + row.requests, tokens.plus(row.record.tokens), cost.plus(told))
    })
}

/// Scenario: two sessions over two hours, one of which sends metrics only and one whose metrics know more than its
/// events; half of it is pruned; spans of whole quarters, open ones, and one session are asked for.
/// Guarantees: the rows of a span add up to its report, those of the session to its sum; what no request explains and
/// what was pruned are named as such; every row has a name of its own.
#[tokio::test]
async fn rows_add_up_to_the_report() {
    let desk = Desk::open().await;
    desk.record(story()).await;
    for cut in [0, 4_500_000] {
        desk.ledger.prune(millis(cut)).await.unwrap();
        for (from, to) in
            [(None, None), (Some(900), Some(4_500)), (Some(2_700), None), (Some(90_000), None)]
        {
            let time = |seconds: i64| millis(seconds * 1_000);
            let filter = UseFilter { session: None, from: from.map(time), to: to.map(time) };
            let rows = rows(&desk, filter).await;
            let (from, to) = (time(from.unwrap_or(0)), time(to.unwrap_or(100_000)));
            let report = desk.ledger.usage(Grouping::Session, from, to).await.unwrap();
            let report = report.iter().fold(Usage::default(), |sum, row| sum.plus(row.usage));
            assert_eq!(
                sum(&rows),
                (report.requests, report.tokens, report.cost),
                "{from:?} {to:?}"
            );
        }
    }
    let all = rows(&desk, UseFilter::default()).await;
    let names: std::collections::BTreeSet<_> =
        all.iter().map(|row| row.record.key.clone()).collect();
    assert_eq!(names.len(), all.len());
    let kinds = |kind| all.iter().filter(|row| row.kind == kind).count();
    assert_eq!((kinds(UseKind::Request), kinds(UseKind::Pruned)), (4, 3));
    assert!(kinds(UseKind::Unattributed) > 0);
    let of_session = UseFilter { session: Some(SessionId::new("s")), ..UseFilter::default() };
    let usage = desk.session("s").await.usage;
    let (requests, tokens, _) = sum(&rows(&desk, of_session).await);
    assert_eq!((requests, tokens), (usage.requests, usage.tokens));
}

/// Scenario: a request is committed while an export is half-way through its view of the file.
/// Guarantees: the commit does not wait for the export, and the export shows the moment at which it began.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_is_of_one_moment() {
    let desk = Desk::open().await;
    desk.record((0..2_000).map(|n| event("s", &format!("req_{n}"), n, 1)).collect()).await;
    let runtime = tokio::runtime::Handle::current();
    let (mut seen, ledger) = (0, desk.ledger.clone());
    let take = |_: &Use| {
        seen += 1;
        if seen == 1 {
            let facts = vec![event("s", "req_late", 5_000, 1), event("s", "req_0", 0, 9)];
            let recorded = tokio::task::block_in_place(|| runtime.block_on(ledger.record(facts)));
            recorded.unwrap();
        }
        Ok::<_, LedgerError>(())
    };
    let mut file = LedgerFile::open(&desk.path()).await.unwrap();
    file.each_use(&UseFilter::default(), take).await.unwrap();
    assert_eq!(seen, 2_000);
    assert_eq!(desk.session("s").await.usage.requests, 2_001);
}

/// Scenario: more usage records than a page holds, among them one of what only metrics know, are read from the file.
/// Guarantees: they are those that the ledger gives itself, in its order.
#[tokio::test]
async fn records_are_those_of_the_ledger() {
    let desk = Desk::open().await;
    desk.record((0..700).map(|n| event("s", &format!("req_{n}"), n, 1)).collect()).await;
    desk.record(vec![metric("t", Temporality::Delta, (900, 1_100), 113)]).await;
    let mut read = Vec::new();
    let take = |record: &plimsoll_ledger::UsageRecord| {
        read.push(record.clone());
        Ok::<_, LedgerError>(())
    };
    let mut file = LedgerFile::open(&desk.path()).await.unwrap();
    file.each_record(&UseFilter::default(), take).await.unwrap();
    assert_eq!(read.len(), 701);
    assert_eq!(read, desk.records().await);
}
