//! A price table that changed after requests were booked.

use plimsoll_domain::{Model, NanoUsd, Revision};
use plimsoll_ledger::{Change, Grouping};

use crate::desk::{Desk, edit, event, line, millis, prices_of};

/// Scenario: requests that only transcripts tell of, of a model with a price and of one without, and one whose cost the
/// client told; the ledger is opened with another table, then once more with the same one.
/// Guarantees: what the table prices costs what the new one says, everywhere and once; what the client said stays; the
/// records come again; the second time nothing is done.
#[tokio::test]
async fn another_table_prices_everything_anew() {
    let desk = Desk::open().await;
    let new = |fact| edit(fact, |request| request.model = Model::parse("claude-new-9").0);
    desk.record(vec![
        line("s", "req_known", 1_000, 490),
        new(line("s", "req_new", 2_000, 490)),
        event("s", "req_told", 3_000, 490),
    ])
    .await;
    assert_eq!(desk.session("s").await.usage.unpriced, 1);
    desk.ledger.price_anew().await.unwrap();
    let before = desk.session("s").await.usage;
    assert_eq!((before.cost, before.unpriced), (NanoUsd(2_000 + 5_000_000), 1));

    let prices = || prices_of(&[("claude-sonnet-4-6", 3), ("claude-new-9", 7)]);
    let desk = desk.reprice(prices()).await;
    let (reached, mut commits) = (desk.ledger.revision(), desk.ledger.commits());
    assert_eq!(desk.ledger.price_anew().await.unwrap(), 3);
    let after = NanoUsd(2_000 * (3 + 7) + 5_000_000);
    let told = commits.recv().await.unwrap();
    assert_eq!((told.sessions[0].usage.cost, told.changes.len()), (after, 2));
    let desk = desk.reprice(prices()).await;
    let usage = desk.session("s").await.usage;
    assert_eq!((usage.cost, usage.unpriced, usage.requests), (after, 0, 3));
    assert_eq!(usage.tokens, before.tokens);
    let quarters = desk.ledger.usage(Grouping::Quarter, millis(0), millis(10_000)).await.unwrap();
    assert_eq!(quarters[0].usage, usage);
    let changes = desk.ledger.changes(reached, 10).await.unwrap();
    let keys: Vec<_> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Usage(record) => Some((&*record.key, record.cost)),
            Change::Alert(_) | Change::Checkpoint(_) | Change::Warning(_) => None,
        })
        .collect();
    let (known, new) = (NanoUsd(6_000), NanoUsd(14_000));
    assert_eq!(keys, [("req_known", Some(known)), ("req_new", Some(new))]);
    assert_eq!(desk.ledger.price_anew().await.unwrap(), 0);
    assert!(desk.ledger.revision() > Revision(reached.0));
}
