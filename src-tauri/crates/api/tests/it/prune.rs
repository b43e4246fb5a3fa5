//! Pruning on request.

use axum::body::Body;
use http::Response;
use serde_json::{Value, json};

use crate::desk::{Desk, KEY, request, told};

const DAY: i64 = 86_400_000;

async fn prune(desk: &Desk, key: &str, body: &str) -> (u16, Value) {
    let request = request("POST", "/api/v1/prune")
        .header("x-plimsoll-key", key)
        .header("content-type", "application/json");
    let answer: Response<Body> = desk.ask(request.body(Body::from(body.to_owned())).unwrap()).await;
    crate::desk::json(answer).await
}

/// Scenario: one request is three days old, another two hours; all but two days are to be pruned, without the key,
/// in forms that cannot be meant, and properly.
/// Guarantees: only the last is done: the old one is gone and counted, its use stays.
#[tokio::test]
async fn old_requests_are_pruned_on_request() {
    let desk = Desk::open().await;
    desk.record(vec![told("s", "req_old", -3 * DAY), told("s", "req_new", -DAY / 12)]).await;
    let before = desk.good("/api/v1/usage?from=2026-11-01&to=2026-12-01").await["total"].clone();
    assert_eq!(prune(&desk, "wrong", r#"{"olderThanDays": 2}"#).await.0, 401);
    for body in
        ["", "{}", r#"{"olderThanDays": 0}"#, r#"{"olderThanDays": 36501}"#, r#"{"days": 2}"#]
    {
        let (status, refusal) = prune(&desk, KEY, body).await;
        assert_eq!((status, &refusal["error"]["code"]), (400, &json!("bad-parameter")), "{body}");
    }
    let (status, removed) = prune(&desk, KEY, r#"{"olderThanDays": 2}"#).await;
    assert_eq!((status, &removed["requests"]), (200, &json!(1)), "{removed}");
    let left = desk.good("/api/v1/usage-records").await;
    let names: Vec<_> = left["records"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(names, ["req_new"]);
    let after = desk.good("/api/v1/usage?from=2026-11-01&to=2026-12-01").await["total"].clone();
    assert_eq!(after, before);
    assert_eq!(after["requests"], 2);
}

/// Scenario: what is asked for cannot be done, because nothing writes to the ledger any more.
/// Guarantees: 503, and the sentence speaks of pruning.
#[tokio::test]
async fn a_failed_pruning_is_told_as_such() {
    let desk = Desk::open().await;
    desk.end_writer();
    let refused = prune(&desk, KEY, r#"{"olderThanDays": 2}"#).await;
    let message = "The ledger could not be pruned. Try again; the log has the reason.";
    let error = json!({"error": {"code": "ledger-unavailable", "message": message}});
    assert_eq!(refused, (503, error));
}
