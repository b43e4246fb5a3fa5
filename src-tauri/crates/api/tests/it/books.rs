//! What the books answer: sessions, reports, records.

use serde_json::{Value, json};

use crate::desk::{Desk, NOON, priced, snapshot, told, view};

const HOUR: i64 = 3_600_000;

fn ids<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|one| one[name].as_str().unwrap()).collect()
}

/// Scenario: a session that is live, one that is only in the books, one that nobody knows, and one of which
/// only metrics tell.
/// Guarantees: each is answered in its own form, and a context that is not known is never made up.
#[tokio::test]
async fn one_session_is_answered_as_it_is_known() {
    let desk = Desk::open().await;
    desk.record(vec![told("past", "r1", -48 * HOUR)]).await;
    desk.show(snapshot(2, &[view("live", Some(151_203)), view("metered", None)]));

    let live = desk.good("/api/v1/sessions/live").await;
    assert_eq!(live["context"]["occupancyTokens"], 151_203);
    let context = desk.good("/api/v1/sessions/live/context").await;
    assert_eq!(context["sessionId"], "live");
    assert_eq!(context["headroomTokens"], 167_000 - 151_203);
    assert_eq!(context.get("forecast"), Some(&Value::Null));

    let past = desk.good("/api/v1/sessions/past").await;
    assert_eq!(past["live"], false);
    assert_eq!(past["usage"]["tokens"]["total"], 15_448);

    for (path, status, code) in [
        ("/api/v1/sessions/nobody", 404, "session-unknown"),
        ("/api/v1/sessions/nobody/context", 404, "session-unknown"),
        ("/api/v1/sessions/past/context", 409, "context-unknown"),
        ("/api/v1/sessions/metered/context", 409, "context-unknown"),
    ] {
        let (answered, body) = desk.get(path).await;
        assert_eq!((answered, &body["error"]["code"]), (status, &code.into()), "{path}");
    }
}

/// Scenario: five sessions, two of them last active at the same moment, are listed two by two.
/// Guarantees: each is listed once, the last active first, and live ones are marked.
#[tokio::test]
async fn sessions_are_paged_without_loss() {
    let desk = Desk::open().await;
    for (session, time) in [("a", 1), ("b", 2), ("c", 2), ("d", 4), ("e", 5)] {
        desk.record(vec![told(session, session, time)]).await;
    }
    desk.show(snapshot(2, &[view("d", None)]));
    let mut listed = Vec::new();
    let mut path = "/api/v1/sessions?limit=2".to_owned();
    loop {
        let page = desk.good(&path).await;
        for one in page["sessions"].as_array().unwrap() {
            assert_eq!(one["live"], one["sessionId"] == "d");
            listed.push(one["sessionId"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/sessions?limit=2&before={next}");
    }
    listed[2..4].sort();
    assert_eq!(listed, ["e", "d", "b", "c", "a"]);
}

/// Scenario: use on both sides of a local midnight and within one hour, reported by each grouping.
/// Guarantees: days are those of the asked time zone, gaps of the past are zero, nothing is told of the
/// future, and every report of the same span has the same total.
#[tokio::test]
async fn reports_agree_with_each_other() {
    let desk = Desk::open().await;
    // 12:00 UTC is 13:00 in Berlin; 14 hours before, it is 23:00 of the day before.
    let facts = vec![
        told("s-1", "r1", -14 * HOUR),
        told("s-1", "r2", -HOUR),
        priced("s-2", "r3", -HOUR + 1, None),
    ];
    desk.record(facts).await;
    let span = "from=2026-11-22&to=2026-11-24";
    let days = desk.good(&format!("/api/v1/usage?by=day&{span}")).await;
    assert_eq!(days["timeZone"], "Europe/Berlin");
    assert_eq!(days["from"], "2026-11-21T23:00:00.000Z");
    assert_eq!(ids(&days["rows"], "group"), ["2026-11-22", "2026-11-23"]);
    assert_eq!(days["rows"][0]["usage"]["requests"], 1);
    assert_eq!(days["rows"][1]["usage"]["requests"], 2);
    assert_eq!(days["rows"][1]["usage"]["unpricedRequests"], 1);
    assert_eq!(days["rows"][1]["usage"]["costNanoUsd"], 5);

    let hours = desk.good("/api/v1/usage?by=hour").await;
    assert_eq!(
        hours["rows"].as_array().unwrap().len(),
        14,
        "midnight to now, the present hour too"
    );
    assert_eq!(hours["rows"][12]["usage"]["requests"], 2);
    assert_eq!(hours["rows"][3]["usage"]["requests"], 0);
    assert_eq!(hours["rows"][3]["start"], "2026-11-23T02:00:00.000Z");
    let utc = desk.good(&format!("/api/v1/usage?by=day&{span}&tz=UTC")).await;
    assert_eq!(utc["rows"][0]["usage"]["requests"], 1);

    for by in ["quarter", "hour", "model", "project", "session"] {
        let report = desk.good(&format!("/api/v1/usage?by={by}&{span}")).await;
        assert_eq!(report["total"], days["total"], "{by}");
    }
    let sessions = desk.good(&format!("/api/v1/usage?by=session&{span}")).await;
    assert_eq!(ids(&sessions["rows"], "group"), ["s-1", "s-2"]);
    assert_eq!(sessions["rows"][1]["usage"]["costUsd"], Value::Null, "no price is not zero");
    let projects = desk.good(&format!("/api/v1/usage?by=project&{span}")).await;
    assert_eq!(projects["rows"][0]["group"], Value::Null);
}

/// Scenario: five records are read two by two; then one of them improves and a sixth is made.
/// Guarantees: each once in order of revision; `next` only while more exist; polling from the cursor brings
/// exactly the improved and the new one.
#[tokio::test]
async fn records_are_paged_by_revision() {
    let desk = Desk::open().await;
    for n in 1..=5 {
        desk.record(vec![priced("s-1", &format!("r{n}"), n, None)]).await;
    }
    let first = desk.good("/api/v1/usage-records?limit=2").await;
    assert_eq!(ids(&first["records"], "requestId"), ["r1", "r2"]);
    let second =
        desk.good(&format!("/api/v1/usage-records?limit=2&cursor={}", first["next"])).await;
    assert_eq!(ids(&second["records"], "requestId"), ["r3", "r4"]);
    let last = desk.good(&format!("/api/v1/usage-records?limit=1&cursor={}", second["next"])).await;
    assert_eq!(ids(&last["records"], "requestId"), ["r5"]);
    assert_eq!(last["next"], Value::Null, "a full page that is the last");

    let cursor = &last["cursor"];
    let poll = format!("/api/v1/usage-records?cursor={cursor}");
    assert_eq!(desk.good(&poll).await, json!({"records": [], "next": null, "cursor": cursor}));
    desk.record(vec![told("s-1", "r2", 2), told("s-2", "r6", 6)]).await;
    let news = desk.good(&poll).await;
    assert_eq!(ids(&news["records"], "requestId"), ["r2", "r6"]);
    assert_eq!(news["records"][0]["costNanoUsd"], 5);

    let of_one = desk.good("/api/v1/usage-records?session=s-2").await;
    assert_eq!(ids(&of_one["records"], "requestId"), ["r6"]);
    let to = plimsoll_domain::calendar::rfc3339(plimsoll_domain::Timestamp::from_millis(NOON + 3));
    let early = desk.good(&format!("/api/v1/usage-records?from=2026-11-23&to={to}")).await;
    assert_eq!(ids(&early["records"], "requestId"), ["r1", "r2"]);
}
