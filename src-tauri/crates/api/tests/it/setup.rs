//! Setting up over the API: what is asked of whoever does it, and what comes back.

use std::{sync::Mutex, time::Duration};

use axum::body::Body;
use plimsoll_api::setup::{
    Answer, ConnectChoices, ConnectPlan, ConnectWish, Connected, Doctor, Finding, Proof, Setup,
    SetupError,
};
use plimsoll_domain::Timestamp;
use serde_json::{Value, json};

use crate::desk::{Desk, KEY, NOON, at, request};

/// Remembers what it was asked, and answers as told.
#[derive(Default)]
pub(crate) struct TestSetup {
    asked: Mutex<Vec<String>>,
    refusal: Mutex<Option<SetupError>>,
    seen: Mutex<bool>,
}

impl TestSetup {
    fn note<T>(&self, what: String, answer: T) -> Answer<'_, T>
    where
        T: Send + 'static,
    {
        self.asked.lock().unwrap().push(what);
        let refusal = self.refusal.lock().unwrap().take();
        Box::pin(async move { refusal.map_or(Ok(answer), Err) })
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn connected(settings: String) -> Connected {
    Connected { settings, backup: None, written_at: None, kept: Vec::new() }
}

impl Setup for TestSetup {
    fn plan(&self, choices: ConnectChoices) -> Answer<'_, ConnectPlan> {
        let plan = ConnectPlan {
            endpoint: "http://127.0.0.1:4318".into(),
            installations: Vec::new(),
            snippets: Vec::new(),
        };
        self.note(format!("plan {choices:?}"), plan)
    }

    fn connect(&self, wish: ConnectWish) -> Answer<'_, Connected> {
        self.note(format!("connect {wish:?}"), connected(wish.settings))
    }

    fn disconnect(&self, wish: ConnectWish) -> Answer<'_, Connected> {
        self.note(format!("disconnect {}", wish.fingerprint), connected(wish.settings))
    }

    fn doctor(&self) -> Answer<'_, Doctor> {
        let doctor = Doctor {
            examined_at: plimsoll_api::Time(at(0)),
            clients: Vec::new(),
            findings: vec![Finding {
                code: "disk-full",
                severity: "problem",
                what: "The disk is full.".into(),
                remedy: "Make room.".into(),
                fix: None,
            }],
        };
        self.note("doctor".into(), doctor)
    }

    fn proof(&self, since: Timestamp, patience: Duration) -> Answer<'_, Proof> {
        let since = since.nanos() / 1_000_000 - NOON;
        let proof = Proof { arrived: None, likely: None };
        self.note(format!("proof since {since} for {}", patience.as_secs()), proof)
    }

    fn welcomed(&self) -> Answer<'_, bool> {
        self.note("welcomed".into(), *self.seen.lock().unwrap())
    }

    fn set_welcomed(&self, seen: bool) -> Answer<'_, ()> {
        *self.seen.lock().unwrap() = seen;
        self.note(format!("welcomed {seen}"), ())
    }
}

/// Posts with these headers.
async fn post(desk: &Desk, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
    let mut request = request("POST", path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    crate::desk::json(desk.ask(request.body(Body::from(body.to_owned())).unwrap()).await).await
}

const OURS: (&str, &str) = ("origin", "http://localhost:3030");
const WISH: &str = r#"{"settings": "/s.json", "fingerprint": "ab", "choices": {"hooks": false}}"#;

/// Scenario: the plan, the doctor, the proof and the welcome are asked for, with and without parameters, and with
/// parameters that mean nothing.
/// Guarantees: what is asked arrives as asked, with the usual choices and times where nothing is said; what means
/// nothing is refused with a sentence.
#[tokio::test]
async fn what_is_asked_arrives() {
    let desk = Desk::open().await;
    assert_eq!(desk.good("/api/v1/connect").await["endpoint"], "http://127.0.0.1:4318");
    desk.good("/api/v1/connect?hooks=false&statusLine=false&replace=true").await;
    assert_eq!(desk.good("/api/v1/doctor").await["findings"][0]["code"], "disk-full");
    desk.good("/api/v1/proof").await;
    desk.good("/api/v1/proof?since=2026-11-23T11:59:59Z&timeout=3").await;
    assert_eq!(desk.good("/api/v1/welcome").await, json!({"seen": false}));
    assert_eq!(
        desk.setup.asked(),
        [
            "plan ConnectChoices { hooks: true, status_line: true, replace: false }",
            "plan ConnectChoices { hooks: false, status_line: false, replace: true }",
            "doctor",
            "proof since 0 for 20",
            "proof since -1000 for 3",
            "welcomed",
        ]
    );
    for path in ["connect?hooks=maybe", "proof?timeout=0", "proof?timeout=61", "proof?since=soon"] {
        let (status, body) = desk.get(&format!("/api/v1/{path}")).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!("bad-parameter")), "{path}");
    }
    assert_eq!(desk.setup.asked(), [""; 0]);
}

/// Scenario: a settings file is to be changed by our own page, by a foreign page, by a program without the key and by
/// one with it.
/// Guarantees: our page and the key's holder are heard, nobody else; pruning needs the key of our page too.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn settings_are_changed_for_our_page_and_for_the_key() {
    let desk = Desk::open().await;
    let key = ("x-plimsoll-key", KEY);
    let foreign = ("origin", "http://localhost:8080");
    for (headers, status) in [
        (vec![OURS], 200),
        (vec![key], 200),
        (vec![foreign], 403),
        (vec![foreign, key], 403),
        (vec![], 401),
    ] {
        let answer = post(&desk, "/api/v1/connect", &headers, WISH).await;
        assert_eq!(answer.0, status, "{headers:?} {}", answer.1);
    }
    assert_eq!(desk.setup.asked().len(), 2);
    assert_eq!(post(&desk, "/api/v1/prune", &[OURS], r#"{"olderThanDays": 2}"#).await.0, 401);
    let answer = post(&desk, "/api/v1/disconnect", &[OURS], WISH).await;
    assert_eq!((answer.0, &answer.1["settings"]), (200, &json!("/s.json")));
    assert_eq!(post(&desk, "/api/v1/welcome", &[OURS], r#"{"seen": true}"#).await.0, 200);
    assert_eq!(desk.good("/api/v1/welcome").await, json!({"seen": true}));
}

/// Scenario: a wish that is no wish, and each way in which a change can fail.
/// Guarantees: each has a status and a code of its own, and the sentence says what to do.
#[tokio::test]
async fn a_change_that_fails_says_why() {
    let desk = Desk::open().await;
    let key = [("x-plimsoll-key", KEY)];
    for body in ["", "{}", r#"{"settings": "/s", "fingerprint": "a", "more": 1}"#] {
        let (status, answer) = post(&desk, "/api/v1/connect", &key, body).await;
        assert_eq!((status, &answer["error"]["code"]), (400, &json!("bad-parameter")), "{body}");
    }
    let file = || "/s.json".to_owned();
    for (refusal, status, code) in [
        (SetupError::Changed(file()), 409, "settings-changed"),
        (SetupError::Unknown(file()), 404, "settings-unknown"),
        (SetupError::Refused("It is read-only.".into()), 409, "settings-refused"),
        (SetupError::Failed("It panicked.".into()), 500, "setup-failed"),
    ] {
        *desk.setup.refusal.lock().unwrap() = Some(refusal);
        let (found, answer) = post(&desk, "/api/v1/connect", &key, WISH).await;
        assert_eq!((found, &answer["error"]["code"]), (status, &json!(code)));
        assert!(answer["error"]["message"].as_str().unwrap().ends_with('.'), "{answer}");
    }
}
