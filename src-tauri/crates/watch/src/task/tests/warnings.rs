//! Warnings, as the task claims them.

use std::{sync::atomic::Ordering, time::Duration};

use plimsoll_domain::{RateLimit, StatusReport, WarningKind};
use plimsoll_ledger::ActivityKind;
use tokio::time::sleep;

use super::{Scene, Script};
use crate::script::{Scripted, at, handed, main_request, tool};

impl Script {
    /// The kinds for which a claim was asked, in order.
    fn warned(&self) -> Vec<WarningKind> {
        self.0.warnings.lock().unwrap().iter().map(|warning| warning.kind).collect()
    }
}

/// Scenario: telemetry of a working session stops, and nothing arrives any more.
/// Guarantees: the warning is claimed when it is due, without an event, and once.
#[tokio::test(start_paused = true)]
async fn time_alone_claims_a_warning() {
    let mut scene = Scene::running(Script::new(false)).await;
    sleep(Duration::from_secs(90)).await;
    scene.books.tell(1, vec![main_request(90, 50_000)]);
    scene.next().await;
    sleep(Duration::from_secs(10)).await;
    scene.books.tell(2, vec![main_request(100, 51_000).read()]);
    scene.next().await;
    sleep(Duration::from_secs(59)).await;
    assert_eq!(scene.books.warned(), []);
    let silent = scene.next().await;
    assert_eq!(silent.as_of, at(160));
    sleep(Duration::from_secs(1_000)).await;
    assert_eq!(scene.books.warned(), [WarningKind::Silent]);
}

/// Scenario: a limit comes near, and its claim fails twice while other things happen.
/// Guarantees: the claim is tried again with the next change until it is answered, and then no more.
#[tokio::test(start_paused = true)]
async fn a_failed_claim_of_a_warning_is_tried_again() {
    let mut scene = Scene::running(Script::new(false)).await;
    scene.books.0.refusals.store(2, Ordering::Relaxed);
    let limit = RateLimit { used_permille: 930, resets: at(9_000) };
    let report = StatusReport { five_hour: Some(limit), ..StatusReport::default() };
    let told = handed(1, ActivityKind::Status(report));
    for (second, activity) in [(1, told), (2, tool(2)), (3, tool(3)), (4, tool(4))] {
        sleep(Duration::from_secs(1)).await;
        scene.books.tell(second, vec![activity]);
        scene.next().await;
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(scene.books.warned(), [WarningKind::FiveHourLimit; 3]);
}
