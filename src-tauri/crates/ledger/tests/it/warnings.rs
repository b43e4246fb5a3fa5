//! Warnings: claimed once, told in order, pruned.

use plimsoll_domain::{Revision, SessionId, Warning, WarningKind};
use plimsoll_ledger::{Change, LedgerFile};

use crate::desk::{Desk, event, millis};

/// A warning of a session or of all, 100 ms after its period began.
fn warning(kind: WarningKind, session: Option<&str>, period: i64, amount: u64) -> Warning {
    Warning {
        kind,
        session: session.map(SessionId::new),
        period: millis(period),
        amount,
        at: millis(period + 100),
        revision: None,
    }
}

/// Scenario: the same warnings are claimed twice, the second time with other amounts, also over a crash; and others
/// that differ in kind, session or period.
/// Guarantees: each kind, session and period is granted once, with a revision of its own; a limit once more when it is
/// used up.
#[tokio::test]
async fn a_warning_is_granted_once() {
    use WarningKind::{CacheBreak, DailyCost, Errors, FiveHourLimit, SevenDayLimit, Silent};
    let different = [
        (FiveHourLimit, None, 1_000, 930),
        (FiveHourLimit, None, 1_000, 1_000),
        (SevenDayLimit, None, 1_000, 930),
        (FiveHourLimit, None, 2_000, 930),
        (DailyCost, None, 1_000, 20_000_000_000),
        (Errors, None, 1_000, 5),
        (Silent, Some("s"), 1_000, 0),
        (Silent, Some("t"), 1_000, 0),
        (CacheBreak, Some("s"), 1_000, 80_000),
    ]
    .map(|(kind, session, period, amount)| warning(kind, session, period, amount));
    let mut desk = Desk::open().await;
    for (revision, told) in (1..).zip(&different) {
        let granted = desk.ledger.claim_warning(told.clone()).await.unwrap();
        let expected = Warning { revision: Some(Revision(revision)), ..told.clone() };
        assert_eq!(granted, Some(expected));
    }
    for crash in [false, true] {
        if crash {
            desk = desk.crash().await;
        }
        for told in &different {
            let again = Warning { amount: told.amount + 20, at: millis(9_000), ..told.clone() };
            assert_eq!(desk.ledger.claim_warning(again).await.unwrap(), None, "{told:?}");
        }
        assert_eq!(desk.ledger.revision(), Revision(9));
    }
}

/// Scenario: a request, two warnings, one of them of a session; a subscriber reads the commits, others the file.
/// Guarantees: each has the next number, is told with its commit, and stands among the changes in order; the newest
/// comes first where warnings are asked for, and no more than asked for.
#[tokio::test]
async fn a_warning_is_a_change() {
    let desk = Desk::open().await;
    let mut commits = desk.ledger.commits();
    desk.record(vec![event("s", "req_1", 1_000, 1)]).await;
    let of_session = warning(WarningKind::CacheBreak, Some("s"), 1_000, 80_000);
    let of_all = warning(WarningKind::SevenDayLimit, None, 5_000, 901);
    let mut granted = Vec::new();
    for told in [of_session, of_all] {
        granted.push(desk.ledger.claim_warning(told).await.unwrap().unwrap());
    }
    let mut changes = Vec::new();
    for _ in 0..3 {
        changes.extend(commits.recv().await.unwrap().changes.clone());
    }
    assert_eq!(changes[1..], granted.clone().into_iter().map(Change::Warning).collect::<Vec<_>>());
    assert_eq!(desk.ledger.changes(Revision(0), 10).await.unwrap(), changes);
    for (after, change) in (0..).zip(&changes) {
        let page = desk.ledger.changes(Revision(after), 1).await.unwrap();
        assert_eq!(page.as_slice(), std::slice::from_ref(change));
    }
    let newest = [granted[1].clone(), granted[0].clone()];
    assert_eq!(desk.ledger.warnings(None, 10).await.unwrap(), newest);
    assert_eq!(desk.ledger.warnings(None, 1).await.unwrap(), newest[..1]);
    assert_eq!(desk.ledger.warnings(Some(Revision(3)), 10).await.unwrap(), newest[1..]);
}

/// Scenario: warnings before and after a moment, the last change of all among the former's kind; pruned, asked before
/// what would go; the ledger is opened again.
/// Guarantees: exactly what was announced goes; no revision is given twice.
#[tokio::test]
async fn old_warnings_are_pruned() {
    let desk = Desk::open().await;
    for period in [1_000, 2_000, 7_000, 3_000] {
        desk.ledger.claim_warning(warning(WarningKind::Errors, None, period, 5)).await.unwrap();
    }
    let cut = millis(5_000);
    let announced = LedgerFile::open(&desk.path()).await.unwrap().prunable(cut).await.unwrap();
    let removed = desk.ledger.prune(cut).await.unwrap();
    assert_eq!((removed.alerts, removed), (2, announced));
    let left = desk.ledger.warnings(None, 10).await.unwrap();
    let left: Vec<i64> = left.iter().map(|warning| warning.period.millis()).collect();
    assert_eq!(left, [3_000, 7_000]);
    let desk = desk.reopen().await;
    assert_eq!(desk.ledger.revision(), Revision(4), "the last one stays for its number");
}
