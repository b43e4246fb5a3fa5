//! In whatever order a story is told, its compactions are the same.

use plimsoll_domain::{CompactionTrigger::Auto, Fact, Witness};
use proptest::prelude::*;

use super::{compaction, compactions, main, recorded, subagent, summary, told};
use crate::desk::Desk;

/// The recorded session, and one with two threads of which several witnesses tell.
fn story() -> Vec<Fact> {
    let mut facts = recorded();
    facts.extend([
        main("t", 1_000, 100_000),
        subagent("t", "a", 1_500, 150_000),
        summary("t", 1_900, 7),
        told("t", 2_000, Auto, 151_000),
        compaction("t", 2_001, Witness::Transcript, (Auto, Some(151_000), Some(3_000))),
        main("t", 3_000, 60_000),
        main("t", 4_000, 61_000),
        summary("t", 4_900, 8),
        told("t", 5_000, Auto, 62_000),
        subagent("t", "a", 6_000, 8_000),
        main("t", 7_000, 11_000),
        compaction("t", 20_000, Witness::Hook, (Auto, None, None)),
    ]);
    facts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Scenario: the story in any order, in calls of any size, some of it twice, and the ledger opened again.
    /// Guarantees: its compactions are those of the story as it happened.
    #[test]
    fn the_order_of_telling_makes_no_difference(
        keys in proptest::collection::vec(any::<u32>(), 32),
        size in 1_usize..9,
        twice in 0_usize..22,
        reopen in any::<bool>(),
    ) {
        let mut shuffled: Vec<_> = story().into_iter().zip(&keys).collect();
        shuffled.sort_by_key(|(_, key)| *key);
        let mut facts: Vec<_> = shuffled.into_iter().map(|(fact, _)| fact).collect();
        facts.extend(facts.get(twice).cloned());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let whole = Desk::open().await;
            whole.record(story()).await;
            let expected = compactions(&whole).await;
            prop_assert_eq!(expected.len(), 4);
            let mut desk = Desk::open().await;
            for call in facts.chunks(size) {
                desk.record(call.to_vec()).await;
            }
            if reopen {
                desk = desk.reopen().await;
            }
            prop_assert_eq!(compactions(&desk).await, expected);
            Ok(())
        })?;
    }
}
