//! Much that is read at once, and what of it is told.

use plimsoll_domain::{Fact, Quarter, Revision};
use plimsoll_ledger::{Change, TranscriptPart, Usage};

use crate::desk::{Desk, edit, event, line, millis};

/// A quarter of an hour, in milliseconds.
const QUARTER: i64 = 900_000;

/// Scenario: a part of a transcript holds a request of long ago and one of now; then an event of that long ago comes.
/// Guarantees: both requests are booked and found in the file; of the old one nothing is told but that it is there;
/// the sum of its quarter is right when it is told at last.
#[tokio::test]
async fn what_nobody_watches_is_booked_and_not_told() {
    let desk = Desk::open().await;
    let mut commits = desk.ledger.commits();
    let now = 100 * QUARTER;
    let facts = vec![line("old", "req_1", 0, 5), line("new", "req_2", now, 7)];
    let told_from = millis(50 * QUARTER);
    let part = TranscriptPart { facts, told_from, ..TranscriptPart::default() };
    let reached = desk.ledger.record_read(part).await.unwrap();

    let commit = commits.recv().await.unwrap();
    assert_eq!((commit.unlisted, commit.changes.len(), commit.revision), (true, 0, reached));
    let sessions: Vec<_> = commit.sessions.iter().map(|one| one.session.as_str()).collect();
    let active: Vec<_> = commit.activities.iter().map(|one| one.session.as_str()).collect();
    let quarters: Vec<_> = commit.quarters.iter().map(|(quarter, _)| *quarter).collect();
    assert_eq!((sessions, active), (vec!["new"], vec!["new"]));
    assert_eq!(quarters, [Quarter::of(millis(now))]);
    let listed = desk.ledger.changes(Revision(0), 10).await.unwrap();
    assert_eq!(listed.iter().map(Change::revision).max(), Some(reached));
    assert_eq!(listed.len(), 2);
    assert_eq!(desk.session("old").await.usage.requests, 1);

    desk.record(vec![event("old", "req_3", 10, 11)]).await;
    let commit = commits.recv().await.unwrap();
    assert!(!commit.unlisted);
    let sum = |commit: &[(Quarter, Usage)]| commit[0].1.tokens.output;
    assert_eq!((commit.changes.len(), sum(&commit.quarters)), (1, 16));
}

/// Two thousand requests of three sessions, told by lines with and without what later clients tell, by side logs,
/// under ids of the provider and without; every seventh by an event too, every eleventh twice.
fn plenty() -> Vec<Fact> {
    let mut facts = Vec::new();
    for number in 0_i64..2_000 {
        let session = ["a", "b", "c"][usize::try_from(number % 3).unwrap()];
        let (name, at) = (format!("req_{number}"), 10_000 * (number + 1));
        let output = 1 + number.unsigned_abs();
        let told = edit(line(session, &name, at, output), |request| {
            request.message = Some(number);
            request.side_log = number % 5 == 4;
            request.subsystem = None;
            request.duration_ms = None;
            if number % 2 == 0 {
                request.effort = Some("high".into());
                request.fast = Some(false);
            }
            if number % 13 == 12 {
                request.id = None;
            }
        });
        if number % 7 == 6 {
            facts.push(event(session, &name, at - 1_000, output));
        }
        if number % 11 == 10 {
            facts.push(told.clone());
        }
        facts.push(told);
    }
    facts
}

/// Scenario: the same tellings as one part, as parts of a hundred in the other order, and once more into full books.
/// Guarantees: every sum is the same, and every request is counted once.
#[tokio::test]
async fn many_at_once_are_booked_as_few_at_a_time() {
    let read = async |desk: &Desk, facts: Vec<Fact>| {
        let part = TranscriptPart { facts, ..TranscriptPart::default() };
        desk.ledger.record_read(part).await.unwrap();
    };
    let (whole, pieces) = (Desk::open().await, Desk::open().await);
    read(&whole, plenty()).await;
    let mut facts = plenty();
    facts.reverse();
    for part in facts.chunks(100) {
        read(&pieces, part.to_vec()).await;
    }
    let sums = async |desk: &Desk| {
        let (sessions, _, rows) = desk.books().await;
        (sessions, rows)
    };
    let told = sums(&whole).await;
    assert!(sums(&pieces).await == told, "the order of telling changed a sum");
    let sessions = whole.ledger.sessions(None, 10).await.unwrap();
    assert_eq!(sessions.iter().map(|one| one.usage.requests).sum::<u64>(), 2_000);
    read(&whole, plenty()).await;
    let whole = whole.reopen().await;
    read(&whole, plenty()).await;
    assert!(sums(&whole).await == told, "telling again changed a sum");
}
