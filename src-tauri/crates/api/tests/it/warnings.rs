//! Warnings: listed, and told on the stream.

use plimsoll_domain::{SessionId, Warning, WarningKind};
use serde_json::{Value, json};

use crate::desk::{Desk, at, snapshot, view};

fn warning(kind: WarningKind, session: Option<&str>, amount: u64) -> Warning {
    Warning {
        kind,
        session: session.map(SessionId::new),
        period: at(3_600_000),
        amount,
        at: at(250),
        revision: None,
    }
}

/// Scenario: a warning of each kind is claimed while a client follows the stream; then they are asked for page by page.
/// Guarantees: each comes on the stream with its revision, as it is listed; of the amounts only that of its kind is there;
/// what its session is called is known, the time is local; the newest comes first.
#[tokio::test]
async fn warnings_are_told_and_listed() {
    use WarningKind::{CacheBreak, DailyCost, Errors, FiveHourLimit, Silent};
    let desk = Desk::open().await;
    desk.show(snapshot(2, &[view("one", None)]));
    let mut events = desk.follow("/api/v1/events").await;
    events.expect("snapshot").await;
    let mut told = Vec::new();
    for (kind, session, amount, name, value, message) in [
        (
            FiveHourLimit,
            None,
            935,
            "percentOfLimit",
            json!(93.5),
            "94 % of the five-hour limit is used; it resets at 14:00.",
        ),
        (DailyCost, None, 20_400_000_000, "costUsd", json!(20.4), "The day's use has cost $20.40."),
        (Silent, Some("one"), 0, "", json!(null), "engine works, but its telemetry fell silent at"),
        (Errors, None, 5, "errors", json!(5), "The API has refused 5 requests since 14:00"),
        (CacheBreak, Some("two"), 80_900, "tokens", json!(80_900), "two lost its prompt cache"),
    ] {
        desk.ledger.claim_warning(warning(kind, session, amount)).await.unwrap();
        let raised = events.expect("warning.raised").await;
        assert_eq!(raised["kind"], kind.name());
        assert!(raised["message"].as_str().unwrap().starts_with(message), "{raised}");
        for other in ["percentOfLimit", "costUsd", "errors", "tokens"] {
            let expected = if other == name { &value } else { &Value::Null };
            assert_eq!(&raised[other], expected, "{other} of {raised}");
        }
        assert_eq!(
            raised["project"],
            if session == Some("one") { json!("engine") } else { json!(null) }
        );
        told.push(raised);
    }
    assert_eq!(told[1]["costNanoUsd"], 20_400_000_000_u64);
    assert_eq!(told[0]["revision"], 1);
    assert_eq!(
        (&told[0]["period"], &told[0]["at"]),
        (&json!("2026-11-23T13:00:00.000Z"), &json!("2026-11-23T12:00:00.250Z"))
    );
    told.reverse();
    let first = desk.good("/api/v1/warnings?limit=3").await;
    assert_eq!(first["warnings"], json!(told[..3]));
    let rest = desk.good(&format!("/api/v1/warnings?before={}", first["next"])).await;
    assert_eq!(rest, json!({"warnings": told[3..], "next": null}));
}
