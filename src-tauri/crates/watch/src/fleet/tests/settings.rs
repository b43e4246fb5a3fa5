//! What is set for a project, in Plimsoll and in the client: its line, over restarts and changes.

use std::{collections::HashSet, sync::Arc};

use plimsoll_domain::{
    Alert, Calendar, Compacting, Level, Line, LineKind, Override, Policy, Warnings,
};
use plimsoll_ledger::{Activity, Commit, History, SessionSummary};

use crate::{
    ClientSettings, Fleet,
    script::{Scripted, at, compaction, main_request, only, summary},
};

/// A fleet that begins at this second.
fn fleet(policy: &Arc<Policy>, second: u64) -> Fleet {
    Fleet::new(Arc::clone(policy), Warnings::default(), Calendar::utc(), at(second))
}

/// A session's books: it works in `/p`.
fn books(session: &str) -> SessionSummary {
    SessionSummary { project: Some("/p".into()), ..summary(session, 1) }
}

/// Activities of a session that works in `/p` arrive one by one.
fn tell(fleet: &mut Fleet, session: &str, activities: &[Activity]) -> Vec<Alert> {
    let mut alerts = Vec::new();
    for activity in activities {
        let (activities, sessions) = (vec![activity.clone().of(session)], vec![books(session)]);
        alerts.extend(
            fleet.apply(&Commit { activities, sessions, ..Commit::default() }, activity.arrived),
        );
    }
    alerts
}

fn client(project: Compacting) -> Arc<ClientSettings> {
    let projects = [("/p".into(), project.into())].into();
    Arc::new(ClientSettings { projects, ..ClientSettings::default() })
}

fn window(tokens: u64) -> Compacting {
    Compacting { window: Some((tokens, "window".into())), ..Compacting::default() }
}

fn line(fleet: &mut Fleet, now: u64) -> Line {
    only(fleet, now).gauge.clone().unwrap().line
}

/// Scenario: a project has a line of its own, in Plimsoll or by the client's settings; two levels are reached there, and
/// Plimsoll is restarted.
/// Guarantees: history is judged by what holds in the project: nothing speaks again, now or with the next request.
#[test]
fn a_restart_repeats_nothing_where_a_project_has_its_own_line() {
    let own = Override {
        project: Some(Arc::from(std::path::Path::new("/p"))),
        line: Some(120_000),
        ..Override::default()
    };
    let overridden = Arc::new(Policy { overrides: vec![own], ..Policy::default() });
    for (policy, settings) in
        [(overridden, Arc::default()), (Arc::default(), client(window(153_000)))]
    {
        let grown = [main_request(1, 73_000), main_request(2, 97_000)];
        let mut before = fleet(&policy, 0);
        before.configure(Arc::clone(&settings));
        let spoken = tell(&mut before, "one", &grown);
        assert_eq!(
            spoken.iter().map(|alert| alert.level).collect::<Vec<_>>(),
            [Level::Notice, Level::Checkpoint]
        );

        let mut after = fleet(&policy, 10);
        after.configure(settings);
        let history = History {
            activities: grown.to_vec(),
            sessions: vec![books("one")],
            ..History::default()
        };
        let mut again = after.begin(history, at(10));
        again.extend(tell(&mut after, "one", &[main_request(11, 98_000)]));
        let name = |alert: &Alert| (alert.thread.clone(), alert.cycle, alert.level);
        let claimed: HashSet<_> = spoken.iter().map(name).collect();
        assert!(again.iter().all(|alert| claimed.contains(&name(alert))), "{again:?}");
    }
}

/// Scenario: a session compacts at the usual place; then the client is set to compact lower, or not at all; Plimsoll is
/// restarted.
/// Guarantees: what is set now holds at once and after the restart, whatever was seen before.
#[test]
fn a_new_setting_is_believed_before_old_compactions() {
    let off = Compacting { off: Some("off".into()), ..Compacting::default() };
    for (set, tokens) in [(window(150_000), 117_000), (off, 177_000)] {
        let policy = Arc::default();
        let past = [
            main_request(1, 160_000),
            main_request(2, 166_000),
            compaction(3, 167_245, 2_720),
            main_request(4, 20_000),
        ];
        let mut seen = fleet(&policy, 0);
        tell(&mut seen, "one", &past);
        assert_eq!(line(&mut seen, 5).kind(), LineKind::Learned);
        seen.configure(client(set.clone()));
        let is_set = |line: Line| {
            assert_eq!((line.tokens, line.kind()), (tokens, LineKind::Configured));
        };
        is_set(line(&mut seen, 6));

        let mut after = fleet(&policy, 10);
        after.configure(client(set));
        let (activities, sessions) = (past.to_vec(), vec![books("one")]);
        after.begin(History { activities, sessions, ..History::default() }, at(10));
        is_set(line(&mut after, 11));
    }
}

/// Scenario: a session teaches a lower line; a second one of the project is resumed forty times without coming near it.
/// Guarantees: a third one still knows the line.
#[test]
fn resuming_pushes_nothing_out() {
    let mut fleet = fleet(&Arc::default(), 0);
    tell(
        &mut fleet,
        "one",
        &[main_request(1, 80_000), main_request(2, 88_000), compaction(3, 90_100, 2_000)],
    );
    for process in 0..40 {
        let second = 10 + 2 * u64::try_from(process).unwrap();
        let turns = [
            main_request(second, 30_000).by(process),
            main_request(second + 1, 31_000).by(process),
        ];
        tell(&mut fleet, "two", &turns);
    }
    tell(&mut fleet, "three", &[main_request(200, 20_000)]);
    let snapshot = fleet.snapshot(at(201), 1);
    let third = snapshot.sessions.iter().find(|view| view.session.as_str() == "three").unwrap();
    let line = &third.gauge.as_ref().unwrap().line;
    assert_eq!((line.kind(), line.observations()), (LineKind::Learned, 1));
    assert!((80_000..=90_100).contains(&line.tokens), "{line:?}");
}
