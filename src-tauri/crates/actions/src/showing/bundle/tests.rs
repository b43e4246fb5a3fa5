use plimsoll_domain::{Level, SessionId};
use tokio::time::sleep;

use super::*;

/// A desktop that remembers what it was told; the next number is the count of all calls.
#[derive(Default)]
struct Desk {
    calls: Vec<(String, Option<u32>)>,
    withdrawn: Vec<u32>,
    refuses: bool,
}

impl Showing for Desk {
    async fn show(&mut self, notice: &Notice, replaced: Option<u32>) -> Result<u32, Refused> {
        if self.refuses {
            return Err(Refused("scripted".to_owned()));
        }
        self.calls.push((notice.summary.clone(), replaced));
        Ok(replaced.unwrap_or_else(|| u32::try_from(self.calls.len()).unwrap() * 10))
    }

    async fn withdraw(&mut self, id: u32) -> Result<(), Refused> {
        self.withdrawn.push(id);
        Ok(())
    }

    async fn pressed(&mut self) -> Press {
        std::future::pending().await
    }

    fn forget(&mut self) {}
}

fn notice(session: &str) -> Notice {
    Notice {
        summary: session.to_owned(),
        body: String::new(),
        brief: String::new(),
        level: Level::Notice,
        sessions: vec![SessionId::new(session)],
        joins: true,
    }
}

fn said(bundling: &Bundling<Desk>) -> Vec<(&str, Option<u32>)> {
    bundling.showing.calls.iter().map(|(summary, id)| (summary.as_str(), *id)).collect()
}

/// Scenario: three sessions within two seconds, one of them twice; a fourth after that.
/// Guarantees: the first by itself, those that follow together in its place, each counted once; the fourth by itself.
#[tokio::test(start_paused = true)]
async fn notices_close_together_are_one() {
    let mut bundling = Bundling::new(Desk::default());
    let one = bundling.show(&notice("one"), None).await.unwrap();
    sleep(TOGETHER / 2).await;
    let two = bundling.show(&notice("two"), None).await.unwrap();
    assert_eq!(bundling.show(&notice("one"), Some(one)).await.unwrap(), one);
    let three = bundling.show(&notice("three"), None).await.unwrap();
    sleep(TOGETHER / 2).await;
    let four = bundling.show(&notice("four"), None).await.unwrap();
    assert_eq!(
        said(&bundling),
        [
            ("one", None),
            ("2 sessions near their line", Some(10)),
            ("2 sessions near their line", Some(10)),
            ("3 sessions near their line", Some(10)),
            ("four", None),
        ]
    );
    assert_eq!([one, two, three, four], [1, 2, 3, 4]);
}

/// Scenario: levels of one session in quick succession; then of one whose earlier notice stands by itself, beside
/// another session's new one.
/// Guarantees: one session alone is never "sessions"; what is shown together is not left standing by itself.
#[tokio::test(start_paused = true)]
async fn a_session_replaces_its_own() {
    let mut bundling = Bundling::new(Desk::default());
    let one = bundling.show(&notice("one"), None).await.unwrap();
    assert_eq!(bundling.show(&notice("one"), Some(one)).await.unwrap(), one);
    sleep(TOGETHER).await;
    bundling.show(&notice("two"), None).await.unwrap();
    bundling.show(&notice("one"), Some(one)).await.unwrap();
    let together = "2 sessions near their line";
    assert_eq!(
        said(&bundling),
        [("one", None), ("one", Some(10)), ("two", None), (together, Some(30))]
    );
    assert_eq!(bundling.showing.withdrawn, [10]);
}

/// Scenario: of two sessions that are shown together one reaches a level later, then the cycles of both end.
/// Guarantees: the later notice stands by itself and takes nothing of the other away; what is shown together goes when
/// the last of it is over.
#[tokio::test(start_paused = true)]
async fn what_is_shown_together_goes_with_the_last() {
    let mut bundling = Bundling::new(Desk::default());
    let one = bundling.show(&notice("one"), None).await.unwrap();
    let two = bundling.show(&notice("two"), None).await.unwrap();
    let three = bundling.show(&notice("three"), None).await.unwrap();
    sleep(TOGETHER).await;
    assert_eq!(bundling.show(&notice("one"), Some(one)).await.unwrap(), one);
    assert_eq!(said(&bundling).last(), Some(&("one", None)));
    bundling.withdraw(two).await.unwrap();
    assert_eq!(bundling.showing.withdrawn, [0; 0]);
    bundling.withdraw(three).await.unwrap();
    bundling.withdraw(one).await.unwrap();
    bundling.withdraw(one).await.unwrap();
    assert_eq!(bundling.showing.withdrawn, [10, 40]);
}

/// Scenario: the desktop refuses a second notice, then takes a third; the service is replaced.
/// Guarantees: what was refused is not among those shown together; a new service is asked to replace nothing.
#[tokio::test(start_paused = true)]
async fn refused_and_forgotten_notices_are_not_shown_together() {
    let mut bundling = Bundling::new(Desk::default());
    bundling.show(&notice("one"), None).await.unwrap();
    bundling.showing.refuses = true;
    bundling.show(&notice("two"), None).await.unwrap_err();
    bundling.showing.refuses = false;
    bundling.show(&notice("three"), None).await.unwrap();
    bundling.forget();
    bundling.show(&notice("four"), None).await.unwrap();
    assert_eq!(
        said(&bundling),
        [("one", None), ("2 sessions near their line", Some(10)), ("four", None)]
    );
}

/// Scenario: between two notices that come together one comes that joins none; then one more of each.
/// Guarantees: the former are one; the latter stand alone, and nothing joins them.
#[tokio::test(start_paused = true)]
async fn what_does_not_join_stands_alone() {
    let mut bundling = Bundling::new(Desk::default());
    let alone = |name| Notice { joins: false, ..notice(name) };
    bundling.show(&alone("first"), None).await.unwrap();
    bundling.show(&notice("one"), None).await.unwrap();
    let warned = bundling.show(&alone("warned"), None).await.unwrap();
    bundling.show(&notice("two"), None).await.unwrap();
    bundling.show(&alone("warned"), Some(warned)).await.unwrap();
    let together = "2 sessions near their line";
    let wished = [
        ("first", None),
        ("one", None),
        ("warned", None),
        (together, Some(20)),
        ("warned", Some(30)),
    ];
    assert_eq!(said(&bundling), wished);
}
