//! Order and repetition change nothing.

use plimsoll_ledger::Activity;
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    Snapshot,
    script::{
        OPUS, SONNET, Scripted, at, command, compaction, feed, fleet, main_request_to,
        manual_compaction, metered, stray_request, subagent_request, tool,
    },
};

const END: u64 = 400;

/// What the activities leave when they come in batches of these sizes, the last size for ever.
fn left_by(activities: &[Activity], sizes: &[usize]) -> Snapshot {
    let mut fleet = fleet();
    let mut rest = activities;
    let mut sizes = sizes.iter().copied().chain(std::iter::repeat(usize::MAX));
    while !rest.is_empty() {
        let size = sizes.next().unwrap_or(usize::MAX).min(rest.len());
        let (batch, others) = rest.split_at(size);
        feed(&mut fleet, END, batch.to_vec());
        rest = others;
    }
    fleet.snapshot(at(END), 1)
}

fn any_activity() -> impl Strategy<Value = Activity> {
    let occupancy = select(vec![2_000, 9_000, 50_000, 52_000, 101_000, 160_000, 205_000]);
    let (times, late) = (0..200_u64, 0..100_u64);
    (times, 0..13_u8, occupancy, late, 1..3_i64, any::<bool>()).prop_map(
        |(second, kind, tokens, late, process, other_model)| {
            let model = if other_model { OPUS } else { SONNET };
            let event = match kind {
                0..=3 => main_request_to(second, model, tokens),
                4 => subagent_request(second, "a", tokens),
                5 => subagent_request(second, "b", tokens),
                6 => stray_request(second, tokens),
                7 => compaction(second, tokens, 2_500),
                8 => compaction(second, None, None),
                9 => manual_compaction(second, tokens, 1_500),
                10 => command(second, "clear"),
                11 if other_model => metered(second, "claude-sonnet-4-6[1m]"),
                11 => metered(second, model),
                _ => tool(second),
            };
            event.by(process).arriving(second + late)
        },
    )
}

fn shuffled() -> impl Strategy<Value = (Vec<Activity>, Vec<Activity>)> {
    vec(any_activity(), 1..40)
        .prop_flat_map(|activities| (Just(activities.clone()), Just(activities).prop_shuffle()))
}

proptest! {
    /// Scenario: the same activities in any order, in batches of any size.
    /// Guarantees: the same sessions, to the last field.
    #[test]
    fn order_of_arrival_does_not_matter(
        (ordered, shuffled) in shuffled(),
        sizes in vec(1..6_usize, 0..40),
    ) {
        let expected = left_by(&ordered, &[]);
        prop_assert_eq!(left_by(&shuffled, &sizes).sessions, expected.sessions);
    }

    /// Scenario: activities come again, all or some of them.
    /// Guarantees: nothing changes.
    #[test]
    fn repetition_does_not_matter((ordered, shuffled) in shuffled(), again in 1..40_usize) {
        let expected = left_by(&ordered, &[]);
        let mut repeated = ordered.clone();
        repeated.extend_from_slice(&shuffled[..again.min(shuffled.len())]);
        prop_assert_eq!(left_by(&repeated, &[1, 2, 3]).sessions, expected.sessions);
    }

    /// Scenario: far more activities than are kept one by one, each a little out of its place.
    /// Guarantees: the same sessions as in order.
    #[test]
    fn a_little_disorder_does_not_matter_in_a_long_session(
        activities in vec(any_activity(), 100..300),
        size in 1..30_usize,
    ) {
        let mut ordered = activities;
        ordered.sort_by_key(|activity| activity.at);
        let expected = left_by(&ordered, &[]);
        for batch in ordered.chunks_mut(size) {
            batch.reverse();
        }
        let one_by_one = vec![1; ordered.len()];
        prop_assert_eq!(left_by(&ordered, &one_by_one).sessions, expected.sessions);
    }
}
