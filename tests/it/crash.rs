//! The resident is killed at random points; what it had acknowledged is in the books, and sending everything
//! again makes them whole.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use plimsoll_replay::{Order, Pace, Replayer};

use crate::house::{books, capture, expected, replay, resident};

/// Scenario: while captures are being sent, the resident gets SIGKILL after a varying number of
/// acknowledgements; it is started again on the same file and ports, and everything is sent once more.
/// Guarantees: the books are whole each time, nothing is counted twice, and an acknowledged request was in the
/// books before it was sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_point_nothing_is_lost_or_doubled() {
    for (name, kills) in
        [("temporality", [1, 3, 5]), ("resume", [2, 6, 11]), ("interactive", [4, 13, 22])]
    {
        let traffic = capture(name);
        for kill_after in kills {
            let mut house = resident().await;
            let acknowledged = Arc::new(AtomicUsize::new(0));
            let reached = Arc::new(tokio::sync::Notify::new());
            let (count, wake) = (Arc::clone(&acknowledged), Arc::clone(&reached));
            let replayer = Replayer {
                http: Some(house.http().unwrap()),
                grpc: Some(house.grpc().unwrap()),
                pace: Pace::AtOnce,
                order: Order::Shuffled(u64::try_from(kill_after).unwrap()),
                progress: Some(Arc::new(move |step| {
                    if step.error.is_none()
                        && count.fetch_add(1, Ordering::SeqCst) + 1 == kill_after
                    {
                        wake.notify_one();
                    }
                })),
                ..Replayer::default()
            };
            let sent = traffic.clone();
            let sending = tokio::spawn(async move { replayer.run(&sent).await });
            reached.notified().await;
            house.kill9().unwrap();
            let report = sending.await.unwrap();
            assert!(report.accepted >= kill_after);

            house.start_again().await.unwrap();
            let after_crash = books(&house).await;
            replay(&house, &traffic, Order::Recorded).await;
            let whole = books(&house).await;
            let differences = expected(name).differences(&whole);
            assert!(
                differences.is_empty(),
                "{name} after {kill_after}:\n{}",
                differences.join("\n")
            );
            for session in after_crash.sessions() {
                let (before, now) = (after_crash.total(session), whole.total(session));
                assert_eq!(
                    before.minus(now),
                    plimsoll_domain::Tokens::ZERO,
                    "{name}: a sum shrank"
                );
            }
        }
    }
}

/// Scenario: every request of a capture is acknowledged, and the resident is killed at once.
/// Guarantees: the books are whole after a restart, without anything being sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_on_disk() {
    for name in ["subagents-parallel", "interactive", "simple-grpc"] {
        let mut house = resident().await;
        replay(&house, &capture(name), Order::Recorded).await;
        house.kill9().unwrap();
        house.start_again().await.unwrap();
        let differences = expected(name).differences(&books(&house).await);
        assert!(differences.is_empty(), "{name}:\n{}", differences.join("\n"));
    }
}
