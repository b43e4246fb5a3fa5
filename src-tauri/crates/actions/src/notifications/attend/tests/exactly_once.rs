//! Whatever the pace of commits and desktop, and wherever a run begins anew.

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;

use super::scene::{Answer, Scene, Shown, alert};

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    /// One commit with an alert of each of these sessions.
    Commit(Vec<u8>),
    /// The desktop takes so many milliseconds to show a notice.
    Pace(u64),
    /// The attendant does what it can.
    Settle,
    /// The attendant is idle and begins anew.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => prop::collection::vec(0..4_u8, 0..4).prop_map(Step::Commit),
        1 => (0..3_u64).prop_map(Step::Pace),
        2 => Just(Step::Settle),
        1 => Just(Step::Restart),
    ]
}

async fn play(steps: Vec<Step>) {
    let mut scene = Scene::start();
    let mut granted = Vec::new();
    for step in steps {
        match step {
            Step::Commit(sessions) => {
                let names: Vec<String> = sessions.iter().map(u8::to_string).collect();
                let now = scene.now();
                scene.books.enter(names.iter().map(|name| alert(name, now)).collect());
                granted.extend(names);
            }
            Step::Pace(millis) => {
                scene.desktop.answer(Answer::ShowsAfter(Duration::from_millis(millis)));
            }
            Step::Settle => scene.settle().await,
            Step::Restart => {
                scene.shown(granted.len()).await;
                scene = scene.run();
            }
        }
    }
    let shown = scene.shown(granted.len()).await;
    assert_eq!(shown.iter().map(|(session, ..)| session.clone()).collect::<Vec<_>>(), granted);
    assert_replaced(&shown);
    scene.settle().await;
    scene.shown(granted.len()).await;
}

/// A notice replaces its session's last one, or nothing after a run began anew.
fn assert_replaced(shown: &[Shown]) {
    let mut last = BTreeMap::new();
    for (session, replaced, id) in shown {
        if let Some(replaced) = replaced {
            assert_eq!(last.get(session), Some(replaced));
        }
        last.insert(session, *id);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Scenario: alerts of four sessions in commits of any size, faster than they can be followed or not,
    /// while the desktop is quick or slow and the attendant begins anew now and then.
    /// Guarantees: each is shown exactly once, in order, in place of its session's last one.
    #[test]
    fn every_alert_is_shown_exactly_once(steps in prop::collection::vec(step(), 0..60)) {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(play(steps));
    }
}
