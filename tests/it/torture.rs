//! The resident is killed at random moments under load, by clients that note what was acknowledged.

#![expect(clippy::print_stdout, reason = "how much was sent is shown")]

mod audit;
mod dice;
mod plan;
mod tally;
mod traffic;
mod victim;

use std::time::Duration;

use tokio::time::Instant;

use crate::desk::now;
use dice::Dice;
use tally::Tally;
use victim::Victim;

/// Rounds on one ledger; then comes a new one.
const ON_ONE_LEDGER: usize = 20;

/// Scenario: twelve clients (protobuf, JSON and gRPC; events, delta and cumulative metrics) send to a resident that
/// gets SIGKILL at a random moment of each round: at work, in the middle of a start, soon after it, or while another
/// program has the ledger locked. After the last start of a round, and again when everything without an answer and
/// some of the rest was sent once more, the books are compared with what the clients know.
/// Guarantees: every acknowledged request is booked once, with its tokens; no delta is lost or added twice;
/// cumulative totals are the largest acknowledged ones; what was never sent is not there; the file is sound.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load_nothing_acknowledged_is_lost_or_doubled() {
    rounds(6, 7, Duration::from_millis(48)).await;
}

/// Scenario: the same for as many rounds as `PLIMSOLL_TORTURE_ROUNDS` says, else 200, with the seed
/// `PLIMSOLL_TORTURE_SEED` or a new one.
/// Guarantees: the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; make torture"]
async fn many_kills_under_load() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let count = number("PLIMSOLL_TORTURE_ROUNDS").unwrap_or(200);
    let seed = number("PLIMSOLL_TORTURE_SEED").unwrap_or(now().nanos().unsigned_abs());
    rounds(usize::try_from(count).unwrap(), seed, Duration::from_millis(16)).await;
}

/// `pause` is how long a client waits between two exports, on average.
async fn rounds(count: usize, seed: u64, pause: Duration) {
    println!("{count} rounds, PLIMSOLL_TORTURE_SEED={seed}");
    let begun = Instant::now();
    let (mut dice, mut tally) = (Dice::new(seed), Tally::default());
    let numbers: Vec<_> = (0..count).collect();
    for numbers in numbers.chunks(ON_ONE_LEDGER) {
        let mut victim = Victim::new(pause, &mut dice).await;
        for &number in numbers {
            let faults = victim.round(number, &mut dice, &mut tally).await;
            let said = victim.said();
            assert!(faults.is_empty(), "seed {seed}, round {number}: {faults:#?}\n{said}");
        }
    }
    println!("nothing lost, nothing doubled in {:.0?}: {tally:#?}", begun.elapsed());
}
