//! Waiting, acknowledging, being quiet, and the ledgers of alerts and compactions.

use axum::body::Body;
use plimsoll_api::orders::{Answer, Orders, Tried};
use std::sync::Arc;

use plimsoll_domain::{ActionKind, ActionResult, Checkpoint, Level, Outcome, Scope, Silence};
use plimsoll_ledger::{Claim, Ledger};
use plimsoll_watch::{SessionView, Snapshot};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::desk::{Desk, KEY, NOON, json as read, priced, reached, request, snapshot, view};

/// Carries orders out as the engine does, but for rehearsals: it tells what it was asked.
pub(crate) struct TestOrders(pub(crate) Ledger);

impl Orders for TestOrders {
    fn acknowledge(&self, checkpoint: Checkpoint) -> Answer<'_, Checkpoint> {
        Box::pin(async move { Ok(self.0.acknowledge(checkpoint).await?) })
    }

    fn silences(&self) -> Answer<'_, Vec<Silence>> {
        Box::pin(async move { Ok(self.0.silences().await?) })
    }

    fn silence(&self, silence: Silence) -> Answer<'_, ()> {
        Box::pin(async move { Ok(self.0.set_silence(silence).await?) })
    }

    fn lift(&self, scope: Scope) -> Answer<'_, ()> {
        Box::pin(async move { Ok(self.0.lift_silence(scope).await?) })
    }

    fn rehearse(&self, level: Level, session: Option<Arc<SessionView>>) -> Answer<'_, Vec<Tried>> {
        let session = session.map(|view| view.session.to_string());
        let detail = Some(format!("{} {session:?}", level.name()));
        let tried = |action, worked| Tried { action, worked, detail: detail.clone() };
        let all = [(ActionKind::Command, Some(false)), (ActionKind::Webhook, None)]
            .map(|(a, w)| tried(a, w));
        Box::pin(async move { Ok(all.to_vec()) })
    }
}

async fn get(desk: &Desk, path: &str) -> (u16, Value) {
    read(desk.ask(request("GET", path).body(Body::empty()).unwrap()).await).await
}

async fn post(desk: &Desk, path: &str, body: &Value) -> (u16, Value) {
    let post = request("POST", path).header("x-plimsoll-key", KEY);
    let post = post.header("content-type", "application/json");
    read(desk.ask(post.body(Body::from(body.to_string())).unwrap()).await).await
}

/// Scenario: somebody waits for a level, for less than is so, for a session that is not there, for nothing, and until
/// a session that grows meanwhile reaches what was waited for.
/// Guarantees: what is so is answered at once, the time-out in its time, the growth when it happens; the rest is refused.
#[tokio::test]
async fn a_context_is_waited_for() {
    let desk = Desk::open().await;
    desk.snapshots.send_replace(snapshot(2, &[view("one", Some(140_000))]).into());
    let wait = async |query: &str| get(&desk, &format!("/api/v1/sessions/one/wait?{query}")).await;
    let (status, answer) = wait("level=checkpoint").await;
    assert_eq!((status, &answer["outcome"]), (200, &json!("reached")));
    assert_eq!(answer["context"]["occupancyTokens"], 140_000);
    assert_eq!(wait("used_pct=90&timeout=0").await.1["outcome"], "timeout");
    assert_eq!(wait("timeout=0").await.0, 400);
    assert_eq!(get(&desk, "/api/v1/sessions/none/wait?level=urgent").await.0, 404);
    let grows = async {
        desk.snapshots.send_replace(snapshot(3, &[view("one", Some(160_000))]).into());
    };
    let ((_, answer), ()) = tokio::join!(wait("tokens_left=8000&timeout=60s"), grows);
    assert_eq!(answer["outcome"], "reached");
    assert_eq!(answer["context"]["headroomTokens"], 7_000);
}

/// Scenario: a request is committed, and its session asked about before a snapshot knows of it; then that comes. Another
/// is committed, and no snapshot comes.
/// Guarantees: whoever asks after a commit is told of it; a second later of what there is.
#[tokio::test]
async fn who_sends_and_then_asks_finds_what_was_sent() {
    let desk = Desk::open().await;
    let knows_so_far = |version, occupancy| {
        let revision = desk.ledger.revision();
        desk.show(Snapshot { revision, ..snapshot(version, &[view("one", Some(occupancy))]) });
    };
    let ask = async || {
        let context = "/api/v1/sessions/one/context";
        let wait = "/api/v1/sessions/one/wait?tokens_left=0&timeout=0";
        let (context, wait) = tokio::join!(get(&desk, context), get(&desk, wait));
        [&context.1["occupancyTokens"], &wait.1["context"]["occupancyTokens"]].map(Value::as_u64)
    };
    knows_so_far(2, 140_000);
    desk.record(vec![priced("one", "r1", 1, None)]).await;
    let (told, ()) = tokio::join!(ask(), async { knows_so_far(3, 150_000) });
    assert_eq!(told, [Some(150_000); 2]);
    desk.record(vec![priced("one", "r2", 2, None)]).await;
    tokio::time::pause();
    let began = Instant::now();
    assert_eq!(ask().await, [Some(150_000); 2]);
    assert_eq!(began.elapsed().as_secs(), 1);
}

/// Scenario: a checkpoint is acknowledged with everything, with nothing, without the key, for an unknown session, and
/// with too long a note.
/// Guarantees: it is written with the present occupancy unless told another, listed, and told on the stream; the rest
/// is refused.
#[tokio::test]
async fn a_checkpoint_is_acknowledged() {
    let desk = Desk::open().await;
    desk.record(vec![priced("one", "r1", 1, None)]).await;
    desk.snapshots.send_replace(snapshot(2, &[view("one", Some(140_000))]).into());
    let path = "/api/v1/sessions/one/checkpoints";
    let (status, told) =
        post(&desk, path, &json!({"note": "step 3 of 5", "path": "/p/NOTES.md"})).await;
    assert_eq!(
        (status, &told["tokens"], &told["note"]),
        (201, &json!(140_000), &json!("step 3 of 5"))
    );
    assert_eq!(post(&desk, path, &json!({"tokens": 9})).await.1["tokens"], 9);
    let listed = get(&desk, path).await.1;
    let tokens: Vec<_> =
        listed["checkpoints"].as_array().unwrap().iter().map(|one| &one["tokens"]).collect();
    assert_eq!(tokens, [&json!(9), &json!(140_000)]);
    let mut stream = desk.follow("/api/v1/events?lastEventId=0").await;
    let event = loop {
        let event = stream.next().await.unwrap();
        if event.event == "checkpoint.acknowledged" {
            break event.json().unwrap();
        }
    };
    assert_eq!((&event["path"], &event["revision"]), (&json!("/p/NOTES.md"), &told["revision"]));

    let plain = request("POST", path).body(Body::from("{}")).unwrap();
    assert_eq!(read(desk.ask(plain).await).await.0, 401);
    assert_eq!(post(&desk, "/api/v1/sessions/none/checkpoints", &json!({})).await.0, 404);
    assert_eq!(post(&desk, path, &json!({"note": "x".repeat(4_001)})).await.0, 400);
    assert_eq!(post(&desk, path, &json!({"notes": "x"})).await.0, 400);
}

/// Scenario: a level spoke and its command ran; a checkpoint follows; alerts are asked for page by page.
/// Guarantees: what it was, what was done and that it was acknowledged.
#[tokio::test]
async fn alerts_are_listed_with_what_was_done() {
    let desk = Desk::open().await;
    for cycle in [0, 10] {
        let claim = desk.ledger.claim(reached("one", cycle), false).await.unwrap();
        let Claim::Granted(alert) = claim else { panic!("{claim:?}") };
        let outcome = Outcome {
            alert: alert.revision.unwrap(),
            action: ActionKind::Command,
            at: alert.at,
            result: ActionResult::Done,
            detail: Some("exit 0".into()),
        };
        desk.ledger.note_outcome(outcome).await.unwrap();
    }
    post(&desk, "/api/v1/sessions/one/checkpoints", &json!({})).await;
    let (_, page) = get(&desk, "/api/v1/alerts?session=one&limit=1").await;
    let alert = &page["alerts"][0];
    assert_eq!((&alert["level"], &alert["occupancyTokens"]), (&json!("notice"), &json!(110_000)));
    let done =
        json!({"action": "command", "result": "done", "detail": "exit 0", "at": alert["at"]});
    assert_eq!(alert["outcomes"], json!([done]));
    let (_, rest) = get(&desk, &format!("/api/v1/alerts?before={}", page["next"])).await;
    assert_eq!((rest["alerts"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    assert_eq!(get(&desk, "/api/v1/compactions").await.1, json!({"compactions": [], "next": null}));
}

/// Scenario: a session is snoozed, a project muted, all of it lifted; a wish for both; no key; our own page.
/// Guarantees: the wishes that hold are listed with their end; the page needs no key, anybody else does.
#[tokio::test]
async fn quiet_is_wished_and_lifted() {
    let desk = Desk::open().await;
    let path = "/api/v1/quiet";
    post(&desk, path, &json!({"sessionId": "one", "minutes": 30})).await;
    let (_, held) = post(&desk, path, &json!({"projectPath": "/home/ada/engine"})).await;
    let silences = held["silences"].as_array().unwrap();
    assert_eq!(silences.len(), 2);
    let until = plimsoll_domain::calendar::rfc3339(plimsoll_domain::Timestamp::from_millis(
        NOON + 1_800_000,
    ));
    assert!(silences.iter().any(|one| one["sessionId"] == "one" && one["until"] == until));
    assert!(
        silences
            .iter()
            .any(|one| one["projectPath"] == "/home/ada/engine" && one["until"].is_null())
    );
    let (_, held) = post(&desk, path, &json!({"sessionId": "one", "minutes": 0})).await;
    assert_eq!(held["silences"].as_array().unwrap().len(), 1);
    let both = json!({"sessionId": "one", "projectPath": "/p"});
    assert_eq!(post(&desk, path, &both).await.0, 400);
    let plain = || request("POST", path).header("content-type", "application/json");
    let body = || Body::from(json!({"minutes": 5}).to_string());
    assert_eq!(read(desk.ask(plain().body(body()).unwrap()).await).await.0, 401);
    let page = plain().header("origin", "http://127.0.0.1:3030");
    let keyless = if cfg!(target_os = "linux") { 200 } else { 401 };
    assert_eq!(read(desk.ask(page.body(body()).unwrap()).await).await.0, keyless);
}

/// Scenario: a level is rehearsed for a live session and for none; for a session that nobody told of and for one of which
/// nothing arrived lately; a level that does not exist.
/// Guarantees: what each action came to, in words; no session is invented in the place of the one that was named.
#[tokio::test]
async fn a_level_is_rehearsed() {
    let desk = Desk::open().await;
    desk.record(vec![priced("past", "r1", 1, None)]).await;
    let revision = desk.ledger.revision();
    desk.show(Snapshot { revision, ..snapshot(2, &[view("one", Some(140_000))]) });
    let path = "/api/v1/alerts/rehearsal";
    let (_, tried) = post(&desk, path, &json!({"level": "urgent", "sessionId": "one"})).await;
    let actions = tried["actions"].as_array().unwrap();
    let results: Vec<_> = actions.iter().map(|one| &one["result"]).collect();
    assert_eq!(results, ["failed", "off"]);
    assert_eq!(actions[0]["detail"], "urgent Some(\"one\")");
    let (_, invented) = post(&desk, path, &json!({"level": "urgent"})).await;
    assert_eq!(invented["actions"][0]["detail"], "urgent None");
    for (session, expected) in
        [("none", (404, "session-unknown")), ("past", (409, "context-unknown"))]
    {
        let wish = json!({"level": "urgent", "sessionId": session});
        let (status, refusal) = post(&desk, path, &wish).await;
        assert_eq!((status, refusal["error"]["code"].as_str().unwrap()), expected);
    }
    assert_eq!(post(&desk, path, &json!({"level": "calm"})).await.0, 400);
}
