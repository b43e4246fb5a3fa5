//! The ledger of compactions.

mod order;

use plimsoll_domain::{
    AgentId, Alert, Compaction, CompactionRecord,
    CompactionTrigger::{self, Auto, Manual},
    Fact, Level, Model, NanoUsd, ProjectPlace, QuerySource, SessionId, Statement, Tokens, Witness,
};
use plimsoll_ledger::CompactionFilter;

use crate::desk::{self, Desk, checkpoint, compaction, edit, event, fact, line, millis};

/// A main request that leaves a context of so many tokens.
fn main(session: &str, at: i64, occupancy: u64) -> Fact {
    let name = format!("req_{session}_{at}");
    edit(event(session, &name, at, 0), |request| {
        request.tokens = Tokens { input: occupancy, ..Tokens::ZERO };
    })
}

/// The same of a subagent.
fn subagent(session: &str, agent: &str, at: i64, occupancy: u64) -> Fact {
    edit(main(session, at, occupancy), |request| {
        request.source = QuerySource::Subagent;
        request.agent = Some(AgentId::new(agent));
    })
}

/// The request that writes a summary.
fn summary(session: &str, at: i64, cost: i64) -> Fact {
    edit(main(session, at, 150_000), |request| {
        request.source = QuerySource::Auxiliary;
        request.subsystem = Some("compact".into());
        request.cost = Some(NanoUsd(cost));
        request.duration_ms = Some(900);
    })
}

/// A compaction as an event of the telemetry tells it.
fn told(session: &str, at: i64, trigger: CompactionTrigger, before: u64) -> Fact {
    compaction(session, at, Witness::Event, (trigger, Some(before), Some(2_720)))
}

async fn compactions(desk: &Desk) -> Vec<CompactionRecord> {
    let filter = CompactionFilter { limit: 100, ..CompactionFilter::default() };
    desk.ledger.compactions(filter).await.unwrap()
}

/// The session of `tests/fixtures/captures/tools-autocompact` around its compaction, in a folder that a
/// transcript names, with the numbers that its API answered.
fn recorded() -> Vec<Fact> {
    let place = ProjectPlace { path: "/work/a".into(), branch: None };
    let mut place = fact("s", 700, Statement::Project(place));
    place.envelope.witness = Witness::Transcript;
    let request = |name: &str, at, counts: [u64; 4]| {
        let [input, output, cache_read, cache_creation] = counts;
        edit(event("s", name, at, 0), |request| {
            request.tokens = Tokens { input, output, cache_read, cache_creation };
        })
    };
    let summary = edit(request("req_mock_0016", 938, [2_111, 1_501, 150_000, 777]), |request| {
        request.source = QuerySource::Auxiliary;
        request.subsystem = Some("compact".into());
        request.cost = Some(NanoUsd(76_761_750));
    });
    let estimates = (Auto, Some(167_245), Some(2_720));
    vec![
        place,
        request("req_mock_0013", 778, [15, 219, 164_000, 985]),
        request("req_mock_0014", 827, [16, 220, 165_000, 984]),
        request("req_mock_0015", 880, [17, 221, 166_000, 983]),
        summary,
        compaction("s", 941, Witness::Transcript, estimates),
        compaction("s", 942, Witness::Event, estimates),
        compaction("s", 960, Witness::Hook, (Auto, None, None)),
        request("req_mock_0017", 978, [7, 301, 13_000, 9_000]),
        request("req_mock_0018", 1_012, [8, 302, 22_000, 900]),
    ]
}

/// Scenario: the recorded session that compacted by itself, told by event, transcript and hook; two levels spoke in
/// its cycle, and a checkpoint was acknowledged twice before the compaction and once after it.
/// Guarantees: it is one record that holds all of it.
#[tokio::test]
async fn a_recorded_compaction_is_one_record() {
    let desk = Desk::open().await;
    desk.record(recorded()).await;
    for (level, at) in [(Level::Checkpoint, 828), (Level::Notice, 779), (Level::Urgent, 1_012)] {
        let alert = Alert { at: millis(at), ..desk::alert("s", at - 1, level) };
        desk.ledger.claim(alert, false).await.unwrap();
    }
    for at in [860, 850, 979] {
        desk.ledger.acknowledge(checkpoint("s", at)).await.unwrap();
    }
    let record = CompactionRecord {
        session: SessionId::new("s"),
        project: Some("/work/a".into()),
        agent: None,
        client_version: Some("2.1.330".into()),
        model: Some(Model::parse("claude-sonnet-4-6").0),
        at: millis(941),
        trigger: Auto,
        before: Some(167_221),
        passed: 166_220,
        estimate_before: Some(167_245),
        estimate_after: Some(2_720),
        after: Some(22_308),
        request: Some("req_mock_0016".into()),
        cost: Some(NanoUsd(76_761_750)),
        duration_ms: Some(22),
        alerted: Some(Level::Checkpoint),
        checkpoint: Some(millis(860)),
    };
    assert_eq!(compactions(&desk).await, [record]);
}

/// Scenario: only a transcript tells of a session; only hooks tell of another one.
/// Guarantees: each compaction is there with what is known of it, and nothing is made up.
#[tokio::test]
async fn what_nobody_told_is_not_known() {
    let desk = Desk::open().await;
    let estimates = (Auto, Some(1_700), Some(200));
    desk.record(vec![
        line("s", "req_1", 1_000, 90),
        line("s", "req_2", 2_000, 190),
        compaction("s", 3_000, Witness::Transcript, estimates),
        compaction("h", 2_000, Witness::Hook, (Manual, None, None)),
    ])
    .await;
    let [transcript, hook] = &compactions(&desk).await[..] else { panic!() };
    assert_eq!(transcript.session.as_str(), "s");
    assert_eq!(
        (transcript.before, transcript.passed, transcript.after),
        (Some(1_700), 1_600, None)
    );
    assert_eq!((&transcript.request, transcript.cost), (&None, None));
    assert_eq!((hook.session.as_str(), hook.trigger, hook.at), ("h", Manual, millis(2_000)));
    let known = (&hook.model, hook.before, hook.passed, hook.estimate_before, hook.alerted);
    assert_eq!(known, (&None, None, 0, None, None));
}

/// Scenario: a main thread and two subagents grow; the client compacts one subagent, then the main thread, then the
/// user has the main thread compacted again; levels spoke for each thread; the work was saved in between; titles and
/// questions are asked.
/// Guarantees: each compaction has its own thread's numbers, its own level, and the checkpoint of its own cycle.
#[tokio::test]
async fn each_thread_has_its_own_compactions() {
    let desk = Desk::open().await;
    let question = edit(main("s", 13_500, 999), |request| request.source = QuerySource::Auxiliary);
    desk.record(vec![
        main("s", 10_000, 50_000),
        subagent("s", "a", 11_000, 150_000),
        subagent("s", "b", 11_500, 20_000),
        subagent("s", "a", 12_000, 166_000),
        told("s", 13_000, Auto, 166_500),
        main("s", 13_200, 160_000),
        question,
        main("s", 14_000, 167_000),
        subagent("s", "a", 14_500, 9_000),
        told("s", 15_000, Auto, 167_100),
        main("s", 16_000, 22_000),
        told("s", 17_000, Manual, 9_000),
        main("s", 18_000, 12_000),
    ])
    .await;
    let mut agents = desk::alert("s", 11_000, Level::Urgent);
    agents.thread.agent = Some(AgentId::new("a"));
    let mains = Alert { at: millis(13_200), ..desk::alert("s", 10_000, Level::Notice) };
    for alert in [agents, mains] {
        desk.ledger.claim(alert, false).await.unwrap();
    }
    desk.ledger.acknowledge(checkpoint("s", 12_500)).await.unwrap();
    let rows: Vec<_> = compactions(&desk)
        .await
        .into_iter()
        .map(|one| {
            let agent = one.agent.map(|agent| agent.to_string());
            (agent, one.before, one.passed, one.after, one.alerted, one.checkpoint)
        })
        .collect();
    let saved = Some(millis(12_500));
    let urgent = Some(Level::Urgent);
    let expected = [
        (None, Some(22_000), 0, Some(12_000), None, None),
        (None, Some(167_000), 160_000, Some(22_000), Some(Level::Notice), saved),
        (Some("a".to_owned()), Some(166_000), 150_000, Some(9_000), urgent, saved),
    ];
    assert_eq!(rows, expected);
}

/// Scenario: summaries of which one ended a little after its compaction by another witness's clock, one more than two
/// seconds after it, one long before it.
/// Guarantees: a compaction has the summary that can be its own, else none.
#[tokio::test]
async fn a_summary_is_near_its_compaction() {
    let minutes = 60_000;
    for (at, expected) in [
        (1_000_000, Some(NanoUsd(7))),
        (1_002_000, Some(NanoUsd(7))),
        (1_002_001, None),
        (1_000_000 - 10 * minutes, Some(NanoUsd(7))),
        (999_999 - 10 * minutes, None),
    ] {
        let desk = Desk::open().await;
        let facts = vec![
            main("s", 1_000, 100_000),
            summary("s", at, 7),
            told("s", 1_000_000, Auto, 100_000),
            main("s", 1_100_000, 10_000),
        ];
        desk.record(facts).await;
        assert_eq!(compactions(&desk).await[0].cost, expected, "{at}");
    }
}

/// Scenario: an event of a client whose clock is ahead, which counts as of its arrival; a compaction that failed.
/// Guarantees: the former is told at its arrival, the latter not at all.
#[tokio::test]
async fn only_what_succeeded_is_told_and_never_in_the_future() {
    let desk = Desk::open().await;
    let mut ahead = told("s", 5_000, Auto, 100);
    ahead.envelope.arrived = ahead.envelope.at;
    let failed = Compaction { trigger: Auto, success: false, before: Some(100), after: None };
    let failed = fact("s", 8_000, Statement::Compaction(failed));
    desk.record(vec![main("s", 1_000, 100), ahead, failed, main("s", 6_000, 20)]).await;
    let [one] = &compactions(&desk).await[..] else { panic!() };
    assert_eq!((one.at, one.before, one.after), (millis(5_000), Some(100), Some(20)));
}

/// Scenario: four sessions, each compacted several times, one of them by the user, each told by two witnesses; pages of
/// every size.
/// Guarantees: pages follow each other from the newest to the oldest without a hole and without a double, of all
/// sessions and of one; by the client only where that is asked for.
#[tokio::test]
async fn compactions_come_in_pages() {
    let desk = Desk::open().await;
    let mut facts = Vec::new();
    for (number, session) in (0_i64..).zip(["a", "b", "c", "d"]) {
        for round in 0_i64..5 {
            let at = 100_000 * round + 1_000 * number;
            let trigger = if session == "c" { Manual } else { Auto };
            facts.push(main(session, at + 1, 100));
            facts.push(told(session, at + 10, trigger, 100));
            let estimates = (trigger, Some(100), None);
            facts.push(compaction(session, at + 9_000, Witness::Hook, estimates));
        }
    }
    desk.record(facts).await;
    let all = async |limit, auto_only, session: Option<&str>| -> Vec<(String, i64)> {
        let session = session.map(SessionId::new);
        let (mut all, mut before) = (Vec::new(), None);
        loop {
            let filter = CompactionFilter { session: session.clone(), before, auto_only, limit };
            let page = desk.ledger.compactions(filter).await.unwrap();
            assert!(page.len() <= limit as usize);
            all.extend(page.iter().map(|one| (one.session.to_string(), one.at.millis())));
            match page.last() {
                Some(last) => before = Some(last.at),
                None => return all,
            }
        }
    };
    let whole = all(100, false, None).await;
    assert_eq!(whole.len(), 20);
    assert!(whole.is_sorted_by(|one, next| one.1 > next.1));
    let of = |keep: &dyn Fn(&str) -> bool| -> Vec<_> {
        whole.iter().filter(|(session, _)| keep(session)).cloned().collect()
    };
    for limit in [1, 2, 3, 7] {
        assert_eq!(all(limit, false, None).await, whole, "{limit}");
        assert_eq!(all(limit, true, None).await, of(&|session| session != "c"), "{limit}");
        assert_eq!(all(limit, false, Some("b")).await, of(&|session| session == "b"), "{limit}");
        assert!(all(limit, true, Some("c")).await.is_empty());
    }
}

/// Scenario: many sessions are compacted within the ten seconds after the end of a page.
/// Guarantees: the page holds the one before them, although all the newest tellings are of others.
#[tokio::test]
async fn a_page_is_not_hidden_by_what_follows_it() {
    let desk = Desk::open().await;
    let mut facts = vec![told("first", 100_000, Auto, 100)];
    for number in 0_i64..20 {
        facts.push(told(&format!("later-{number}"), 105_000 + number, Auto, 100));
    }
    desk.record(facts).await;
    let before = Some(millis(101_000));
    let filter = CompactionFilter { before, limit: 1, ..CompactionFilter::default() };
    let page = desk.ledger.compactions(filter).await.unwrap();
    assert_eq!(page.iter().map(|one| one.session.as_str()).collect::<Vec<_>>(), ["first"]);
}
