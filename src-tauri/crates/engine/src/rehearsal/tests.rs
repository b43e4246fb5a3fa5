//! Rehearsals of what an agent would be told, which reach nobody.

use std::path::Path;

use plimsoll_domain::{
    Actions, Line, LineEvidence, Override, Threshold, Timestamp, Window, WindowEvidence,
};
use plimsoll_watch::Gauge;

use super::*;
use crate::fixture::working_in;

/// A session of the project that has its own terms.
fn session(gauge: Option<Gauge>) -> SessionView {
    SessionView {
        gauge,
        model: Some(Model::parse("claude-opus-4-6").0),
        has_metrics: true,
        ..working_in("/home/ada/big")
    }
}

/// A context whose levels lie where the growth of its turns puts them.
fn gauge() -> Gauge {
    let model = Model::parse("claude-opus-4-6").0;
    let window = Window::resolve(&model, WindowEvidence::default());
    let line = LineEvidence { user: Some(120_000), ..LineEvidence::default() };
    Gauge {
        occupancy: 20_000,
        estimated: false,
        added: 0,
        window,
        line: Line::resolve(&model, window, line),
        level: None,
        marks: [30_000, 45_000, 100_000],
        forecast: None,
        cycle: Timestamp::EPOCH,
        requests: 3,
        as_of: Timestamp::EPOCH,
    }
}

/// Nothing is shown, run or sent; agents are told. One project has a line and a level of its own.
fn policy() -> Policy {
    let mut actions = Actions::default();
    for level in Level::ALL {
        *actions.at_mut(level) = Action { notify: false, in_session: true, ..Action::default() };
    }
    let own = Override {
        project: Some(Path::new("/home/ada/big").into()),
        line: Some(120_000),
        levels: [None, Some(Arc::new([Threshold::Way(500)])), None],
        ..Override::default()
    };
    Policy { actions, overrides: vec![own], ..Policy::default() }
}

/// Scenario: a level is rehearsed for no session, for one whose context nobody told of, and for one whose context is known,
/// in a project with terms of its own.
/// Guarantees: the numbers are those at which the level would speak there: the usual ones, the project's, the session's.
#[tokio::test]
async fn the_numbers_are_those_of_the_session() {
    let rehearsal = Rehearsal {
        snapshots: watch::channel(Arc::default()).1,
        policy: watch::channel(Arc::new(policy())).1,
        home: PathBuf::new(),
        now: Arc::new(|| Timestamp::EPOCH),
    };
    let (untold, known) = (session(None), session(Some(gauge())));
    for (session, numbers) in [
        (None, "133,600 tokens of the 167,000"),
        (Some(&untold), "60,000 tokens of the 120,000"),
        (Some(&known), "45,000 tokens of the 120,000"),
    ] {
        let tried = rehearsal.rehearse(Level::Checkpoint, session).await;
        let told = tried.iter().find_map(|tried| tried.detail.as_deref()).unwrap();
        assert!(told.contains(numbers), "{told}");
    }
}
