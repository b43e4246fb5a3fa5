//! Connecting Claude Code by command and page, the proof that it works, and the token.

use std::{fs, path::PathBuf, pin::pin, time::SystemTime};

use plimsoll_domain::Timestamp;
use plimsoll_replay::{Capture, Order, Shift};
use plimsoll_testkit::{Ended, Loopback, Start, TestResident};
use serde_json::{Value, json};

use crate::house::{PATIENCE, capture, replay, start};

/// A user's settings: a hook, a status line, an indentation of their own.
const SETTINGS: &str = r#"{
    "model": "opus",
    "statusLine": { "type": "command", "command": "~/bin/line --short", "padding": 0 },
    "hooks": { "Stop": [{ "hooks": [{ "type": "command", "command": "say done" }] }] }
}
"#;

pub(crate) fn settings(start: &Start) -> PathBuf {
    start.home().join(".claude/settings.json")
}

pub(crate) fn write(start: &Start, text: &str) {
    fs::create_dir_all(start.home().join(".claude")).unwrap();
    fs::write(settings(start), text).unwrap();
}

/// All that a command said.
pub(crate) fn said(ended: &Ended) -> String {
    format!("{}{}", ended.out, ended.err)
}

/// Runs a command beside the resident.
pub(crate) async fn plimsoll(house: &TestResident, words: &[&str]) -> Ended {
    house.start().beside().command(words).run_to_end(PATIENCE).await.unwrap()
}

/// A command's output, which has to be JSON.
pub(crate) async fn told(house: &TestResident, words: &[&str]) -> Value {
    let ended = plimsoll(house, words).await;
    serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{words:?}: {}", said(&ended)))
}

/// A capture as if it happened now.
fn of_now(name: &str, seed: u64) -> Capture {
    let capture = capture(name);
    let from = Timestamp::from_nanos(capture.first_time().unwrap().unwrap()).unwrap();
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let to = Timestamp::EPOCH.after(since + std::time::Duration::from_secs(1));
    Shift { from, to, stretch: 1, seed }.capture(&capture).unwrap()
}

/// Scenario: settings with things of the user's own are connected, connected again, edited by the user, and
/// disconnected; then connected and disconnected without an edit in between.
/// Guarantees: a dry run changes nothing; telemetry comes to this receiver's own port; the second time nothing is to be
/// changed; the user's edit outlives disconnecting; without one the file is what it was, to the byte.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_connected_and_disconnected() {
    let begin = start();
    write(&begin, SETTINGS);
    let house = begin.run().await.unwrap();
    let file = settings(house.start());
    let dry = told(&house, &["connect", "--dry-run", "--json"]).await;
    assert_eq!(dry[0]["state"], "not-connected");
    assert!(
        dry[0]["diff"]
            .as_str()
            .unwrap()
            .contains("+        \"CLAUDE_CODE_ENABLE_TELEMETRY\": \"1\""),
        "{dry}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), SETTINGS);

    let done = plimsoll(&house, &["connect", "--yes", "--no-wait"]).await;
    assert!(done.status.success(), "{}", said(&done));
    let connected = fs::read_to_string(&file).unwrap();
    let endpoint = format!("\"OTEL_EXPORTER_OTLP_ENDPOINT\": \"http://{}\"", house.http().unwrap());
    for expected in [endpoint.as_str(), "say done", "statusline -- '~/bin/line --short'"] {
        assert!(connected.contains(expected), "{expected} is not in {connected}");
    }
    let again = plimsoll(&house, &["connect", "--yes", "--no-wait"]).await;
    assert!(
        again.out.contains("telemetry comes here.\nThere is nothing to change."),
        "{}",
        again.out
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), connected);
    let backups = fs::read_dir(file.parent().unwrap()).unwrap().count();
    assert_eq!(backups, 2, "one backup beside the file");

    fs::write(&file, connected.replace("opus", "sonnet")).unwrap();
    let done = plimsoll(&house, &["disconnect", "--yes"]).await;
    assert!(done.status.success(), "{}", said(&done));
    let left = fs::read_to_string(&file).unwrap();
    for expected in ["\"sonnet\"", "say done", "\"~/bin/line --short\""] {
        assert!(left.contains(expected), "{expected} is not in {left}");
    }
    assert!(!left.contains("plimsoll") && !left.contains("OTEL_"), "{left}");

    fs::write(&file, SETTINGS).unwrap();
    plimsoll(&house, &["connect", "--yes", "--no-wait"]).await;
    plimsoll(&house, &["disconnect", "--yes"]).await;
    assert_eq!(fs::read_to_string(&file).unwrap(), SETTINGS);
}

/// Scenario: telemetry goes elsewhere, and connecting is agreed to; then that it is to come here; then nobody can be
/// asked; then the settings have a comment, which the client does not load; then they are no settings.
/// Guarantees: it stays where it goes until the user says otherwise; without consent nothing is changed; a comment stays
/// and is said to be in the way; what cannot be read is never touched.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_replaced_without_consent() {
    let begin = start();
    let elsewhere =
        r#"{"env": {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://user:secret@otel.corp:4318/x"}}"#;
    write(&begin, elsewhere);
    let house = begin.run().await.unwrap();
    let file = settings(house.start());
    let ended = plimsoll(&house, &["connect", "--no-wait"]).await;
    assert_eq!(ended.status.code(), Some(2), "{}", said(&ended));
    assert_eq!(fs::read_to_string(&file).unwrap(), elsewhere);
    let kept = plimsoll(&house, &["connect", "--yes", "--no-wait"]).await;
    assert!(kept.out.contains("telemetry goes to otel.corp:4318."), "{}", kept.out);
    assert!(!kept.out.contains("secret"), "{}", kept.out);
    assert!(fs::read_to_string(&file).unwrap().contains("https://user:secret@otel.corp:4318/x"));
    plimsoll(&house, &["connect", "--yes", "--replace", "--no-wait"]).await;
    let moved = fs::read_to_string(&file).unwrap();
    assert!(!moved.contains("otel.corp"), "{moved}");
    plimsoll(&house, &["disconnect", "--yes"]).await;
    assert_eq!(fs::read_to_string(&file).unwrap(), elsewhere);
    let commented = "{ // Mine.\n}\n";
    fs::write(&file, commented).unwrap();
    let told = plimsoll(&house, &["connect", "--yes", "--no-wait"]).await;
    assert!(told.out.contains("line 1 is no plain JSON"), "{}", said(&told));
    assert!(fs::read_to_string(&file).unwrap().contains("{ // Mine.\n"));
    plimsoll(&house, &["disconnect", "--yes"]).await;
    assert_eq!(fs::read_to_string(&file).unwrap(), commented);
    for broken in ["{\"env\": ", "[]", "{\"env\": 1}"] {
        fs::write(&file, broken).unwrap();
        let ended = plimsoll(&house, &["connect", "--yes", "--no-wait"]).await;
        assert_eq!(ended.status.code(), Some(1), "{}", said(&ended));
        assert_eq!(fs::read_to_string(&file).unwrap(), broken);
    }
}

/// Scenario: the page shows what would change, and changes it; the file is edited meanwhile and it is tried again.
/// Guarantees: the page needs no key, a foreign one is refused; a difference that is not the shown one is not written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_connects_what_it_has_shown() {
    let begin = start();
    write(&begin, SETTINGS);
    let house = begin.run().await.unwrap();
    let file = settings(house.start());
    let api = house.api().unwrap();
    let plan = api.json("/api/v1/connect?statusLine=false").await.unwrap();
    let shown = plan["installations"][0].clone();
    assert_eq!(shown["statusLine"], "theirs");
    let wish = json!({
        "settings": shown["settings"], "fingerprint": shown["fingerprint"],
        "choices": {"hooks": true, "statusLine": false, "replace": false},
    });
    let body = wish.to_string();
    let own = format!("http://{}", api.address());
    let refused = post(&api, "/api/v1/connect", "http://evil.example", &body).await;
    assert_eq!(refused.0, 403);
    fs::write(&file, SETTINGS.replace("opus", "haiku")).unwrap();
    let stale = post(&api, "/api/v1/connect", &own, &body).await;
    assert_eq!((stale.0, &stale.1["error"]["code"]), (409, &json!("settings-changed")));
    fs::write(&file, SETTINGS).unwrap();
    let done = post(&api, "/api/v1/connect", &own, &body).await;
    assert_eq!(done.0, 200, "{}", done.1);
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.contains("/hooks/claude-code") && written.contains("\"~/bin/line --short\""));
    let plan = api.json("/api/v1/connect?statusLine=false").await.unwrap();
    assert_eq!(
        (&plan["installations"][0]["state"], &plan["installations"][0]["diff"]),
        (&json!("connected"), &json!(""))
    );
    assert_eq!(fs::read_to_string(done.1["backup"].as_str().unwrap()).unwrap(), SETTINGS);
}

async fn post(api: &Loopback, path: &str, origin: &str, body: &str) -> (u16, Value) {
    let headers = [("origin", origin), ("content-type", "application/json")];
    let answer = api.post(path, &headers, body.to_owned()).await.unwrap();
    (answer.status.as_u16(), answer.json().unwrap_or_default())
}

/// Scenario: after connecting, a client sends a session of now; before that, nothing comes within a second.
/// Guarantees: the first request is shown with its session; where none comes, what is most likely wrong is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_request_proves_it() {
    let begin = start();
    write(&begin, "{}");
    let house = begin.run().await.unwrap();
    let none = plimsoll(&house, &["connect", "--yes", "--wait", "1"]).await;
    assert!(none.out.contains("No request came within 1 s. "), "{}", said(&none));
    let mut waiting = pin!(plimsoll(&house, &["connect", "--yes", "--wait", "15"]));
    let mut sessions = Vec::new();
    // What was completed before it waits proves nothing: sessions go on until it has seen one.
    let proof = loop {
        let capture = of_now("simple-http-protobuf", 1 + u64::try_from(sessions.len()).unwrap());
        sessions.push(capture.sessions()[0].clone());
        tokio::select! {
            ended = &mut waiting => break ended,
            () = replay(&house, &capture, Order::Recorded) => {}
        }
    };
    let shown = |session: &String| {
        proof.out.contains(&format!("First request received from session {} (", &session[..8]))
    };
    assert!(sessions.iter().any(shown), "{}", said(&proof));
}

/// Scenario: the receiver wants a token; an export comes without it, with a wrong one and with it, over HTTP and gRPC;
/// then a client is connected.
/// Guarantees: only the last is accepted, the others are told why; the settings hold the token, what is shown does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exports_show_the_token_where_one_is_wanted() {
    const TOKEN: &str = "sixteen-characters-or-more";
    let house = start().variable("PLIMSOLL_RECEIVER_TOKEN", TOKEN).run().await.unwrap();
    let receiver = Loopback::new(house.http().unwrap());
    let export = async |token: Option<&str>| {
        let shown = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(shown.as_ref().map(|shown| ("authorization", shown.as_str())));
        receiver.post("/v1/logs", &headers, "{}").await.unwrap()
    };
    for (token, status) in
        [(None, 401), (Some("sixteen-characters-or-mare"), 401), (Some(TOKEN), 200)]
    {
        let answer = export(token).await;
        assert_eq!(answer.status.as_u16(), status, "{token:?} {}", answer.text());
    }
    let grpc = crate::house::send(&house, &capture("simple-grpc"), Order::Recorded).await;
    assert_eq!(grpc.accepted, 0);
    let done = plimsoll(&house, &["connect", "--yes", "--no-wait"]).await;
    assert!(done.status.success() && !done.out.contains(TOKEN), "{}", said(&done));
    let written = fs::read_to_string(settings(house.start())).unwrap();
    assert!(written.contains(&format!("Authorization=Bearer%20{TOKEN}")), "{written}");
}
