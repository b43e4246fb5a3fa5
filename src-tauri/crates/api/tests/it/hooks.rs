//! What hooks and the status line hand over.

use std::sync::atomic::Ordering;

use axum::body::Body;
use plimsoll_domain::{Handed, Taken};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::desk::{Desk, KEY, json, request};

const HOOK: &str = "/hooks/claude-code";
const STATUS_LINE: &str = "/hooks/status-line";
const LIMIT: usize = 16 * 1024 * 1024;

async fn post(desk: &Desk, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> (u16, Value) {
    let post = headers
        .iter()
        .fold(request("POST", path), |post, (name, value)| post.header(*name, *value));
    json(desk.ask(post.body(Body::from(body)).unwrap()).await).await
}

/// Scenario: bodies of both kinds, with and without a content type, of which the door says each thing that it can.
/// Guarantees: each goes through the door once and as it is; the client always gets an empty 200.
#[tokio::test]
async fn whatever_is_handed_over_is_answered_alike() {
    let desk = Desk::open().await;
    for taken in [Taken::Accepted, Taken::Malformed, Taken::Full] {
        *desk.door.answer.lock().unwrap() = Some(taken);
        for (path, kind) in [(HOOK, Handed::Hook), (STATUS_LINE, Handed::StatusLine)] {
            for headers in
                [&[][..], &[("content-type", "application/json")], &[("content-type", "x/y")]]
            {
                let body = b"{\xff".to_vec();
                let post = headers
                    .iter()
                    .fold(request("POST", path), |post, (name, value)| post.header(*name, *value));
                let answer = desk.ask(post.body(Body::from(body.clone())).unwrap()).await;
                assert_eq!(answer.status(), 200, "{path} {taken:?}");
                assert_eq!(axum::body::to_bytes(answer.into_body(), 1).await.unwrap(), "");
                let handed = desk.door.handed.lock().unwrap().pop();
                assert_eq!(handed, Some((kind, body)));
                assert_eq!(desk.door.handed.lock().unwrap().len(), 0);
            }
        }
    }
}

/// Scenario: the door has something for the agent.
/// Guarantees: it is the answer, as JSON and as it is.
#[tokio::test]
async fn what_the_agent_is_to_know_is_the_answer() {
    let desk = Desk::open().await;
    *desk.door.told.lock().unwrap() = Some("{\"note\": 1}".to_owned());
    let answer = desk.ask(request("POST", HOOK).body(Body::from("{}")).unwrap()).await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(axum::body::to_bytes(answer.into_body(), 99).await.unwrap(), "{\"note\": 1}");
}

/// Scenario: bodies of just the largest size and above it, announced and not; reading; another path.
/// Guarantees: 413 and 405 with their codes; what is too large is counted by the door, which never sees it.
#[tokio::test]
async fn what_cannot_be_taken_is_refused() {
    let desk = Desk::open().await;
    assert_eq!(post(&desk, HOOK, &[], vec![b' '; LIMIT]).await.0, 200);
    assert_eq!(desk.door.handed.lock().unwrap().pop().unwrap().1.len(), LIMIT);
    let announced = Body::from(vec![b' '; LIMIT + 1]);
    let chunks = (0..=LIMIT / 1024).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024]));
    let streamed = Body::from_stream(futures_util::stream::iter(chunks));
    for body in [announced, streamed] {
        let answer = desk.ask(request("POST", STATUS_LINE).body(body).unwrap()).await;
        let (status, body) = json(answer).await;
        assert_eq!((status, &body["error"]["code"]), (413, &"body-too-large".into()));
    }
    assert_eq!(desk.door.refused.load(Ordering::Relaxed), 2);
    let key = [("x-plimsoll-key", KEY)];
    for (status, body) in
        [desk.get(HOOK).await, post(&desk, "/hooks/other", &key, Vec::new()).await]
    {
        assert_eq!((status, &body["error"]["code"]), (405, &"method-not-allowed".into()));
    }
    assert_eq!(desk.door.handed.lock().unwrap().len(), 0);
}

/// Scenario: hand-overs of pages, without a key, and with one; a change of something else without one.
/// Guarantees: foreign pages hand nothing over; the key is needed only where nobody looks who owns the connection,
/// and everywhere else as before.
#[tokio::test]
async fn only_the_user_hands_over() {
    let desk = Desk::open().await;
    let keyless = if cfg!(target_os = "linux") { 200 } else { 401 };
    for path in [HOOK, STATUS_LINE] {
        for (headers, expected) in [
            (vec![], keyless),
            (vec![("x-plimsoll-key", KEY)], 200),
            (vec![("origin", "http://evil.example"), ("x-plimsoll-key", KEY)], 403),
            (vec![("origin", "null")], 403),
        ] {
            assert_eq!(post(&desk, path, &headers, Vec::new()).await.0, expected, "{headers:?}");
        }
    }
    for path in ["/hooks/claude-code/", "/hooks", "/hooks/claude-code/x"] {
        assert_eq!(post(&desk, path, &[], Vec::new()).await.0, 401, "{path}");
    }
}

/// Scenario: over a real socket, a client that leaves at the first byte of the answer, many times; one that goes away
/// half-way through its body.
/// Guarantees: what was whole went through the door each time; the half did not.
#[tokio::test]
async fn a_client_may_leave_at_the_answer() {
    let desk = Desk::open().await;
    let address = desk.serve().await.address();
    let head = |length: usize| {
        format!("POST {HOOK} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n")
    };
    for _ in 0..50 {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all((head(2) + "{}").as_bytes()).await.unwrap();
        client.read_exact(&mut [0]).await.unwrap();
    }
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all((head(100) + "{}").as_bytes()).await.unwrap();
    half.shutdown().await.unwrap();
    let mut answer = String::new();
    half.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(desk.door.handed.lock().unwrap().len(), 50);
}
