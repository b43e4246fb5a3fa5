//! What needs no books: who may ask, what is refused, the page.

use axum::body::Body;
use http::StatusCode;

use plimsoll_domain::{Point, Show};

use crate::desk::{Desk, KEY, json, request};

const OURS: &str = "http://localhost:3030";

/// Scenario: changing requests without a key, with a wrong one, from another page, and with all in order; to
/// addresses of the API, of the page, and to none.
/// Guarantees: 401 and 403 come before anything else is looked at; who passes learns what the address thinks.
#[tokio::test]
async fn changes_need_key_and_origin() {
    let desk = Desk::open().await;
    for (path, passed) in [("/api/v1/snapshot", 405), ("/", 405), ("/api/v1/nothing", 404)] {
        for (key, origin, expected) in [
            (None, None, 401),
            (Some("wrong"), None, 401),
            (None, Some(OURS), 401),
            (Some(KEY), Some("http://evil.example"), 403),
            (Some(KEY), Some("http://localhost:8080"), 403),
            (None, Some("null"), 403),
            (Some(KEY), None, passed),
            (Some(KEY), Some(OURS), passed),
        ] {
            let mut post = request("POST", path);
            if let Some(key) = key {
                post = post.header("x-plimsoll-key", key);
            }
            if let Some(origin) = origin {
                post = post.header("origin", origin);
            }
            let (status, body) = json(desk.ask(post.body(Body::empty()).unwrap()).await).await;
            assert_eq!(status, expected, "{path} {key:?} {origin:?}: {body}");
            assert!(body["error"]["code"].is_string(), "{body}");
        }
    }
}

/// Scenario: requests that name another host, another port, none, and ours in each form.
/// Guarantees: only ours are answered, so that no foreign name reaches us through a browser.
#[tokio::test]
async fn foreign_hosts_are_refused() {
    let desk = Desk::open().await;
    for (host, expected) in [
        (Some("localhost:3030"), 200),
        (Some("127.0.0.1:3030"), 200),
        (Some("[::1]:3030"), 200),
        (Some("evil.example:3030"), 403),
        (Some("localhost:8080"), 403),
        (None, 400),
    ] {
        let mut get = http::Request::get("/api/v1/health");
        if let Some(host) = host {
            get = get.header("host", host);
        }
        let (status, _) = json(desk.ask(get.body(Body::empty()).unwrap()).await).await;
        assert_eq!(status, expected, "{host:?}");
    }
}

/// Scenario: the stream of signals is asked for without the key, and any address with HEAD.
/// Guarantees: signals need the key though they only read; HEAD is answered as GET without a body.
#[tokio::test]
async fn signals_need_the_key() {
    let desk = Desk::open().await;
    let (status, body) = desk.get("/api/v1/inspect").await;
    assert_eq!((status, &body["error"]["code"]), (401, &"key-needed".into()));
    let head = request("HEAD", "/api/v1/health").body(Body::empty()).unwrap();
    assert_eq!(json(desk.ask(head).await).await, (200, serde_json::Value::Null));
}

/// Scenario: the index, a place within the page, a missing file, and what is not under /api/v1.
/// Guarantees: places show the page, missing files and addresses are 404 with a code, and every answer, good
/// or not, carries the security headers and lets no other page read it.
#[tokio::test]
async fn the_page_is_served() {
    let desk = Desk::open().await;
    for (path, status, kind) in [
        ("/", 200, "text/html; charset=utf-8"),
        ("/session/s-1", 200, "text/html; charset=utf-8"),
        ("/assets/missing.js", 404, "application/json"),
        ("/../Cargo.toml", 404, "application/json"),
        ("/api", 404, "application/json"),
        ("/api/", 404, "application/json"),
        ("/api/v1", 404, "application/json"),
        ("/api/v2/snapshot", 404, "application/json"),
        ("/api/v1/health", 200, "application/json"),
    ] {
        let answer = desk.ask(request("GET", path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
        let headers = answer.headers();
        assert_eq!(headers["content-type"], kind, "{path}");
        assert!(
            headers["content-security-policy"].to_str().unwrap().contains("default-src 'self'")
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert!(!headers.contains_key("access-control-allow-origin"));
    }
}

/// Scenario: the index is asked for again with the tag it came with.
/// Guarantees: it is not sent twice.
#[tokio::test]
async fn an_unchanged_page_is_not_sent_again() {
    let desk = Desk::open().await;
    let first = desk.ask(request("GET", "/").body(Body::empty()).unwrap()).await;
    let tag = first.headers()["etag"].clone();
    let again = request("GET", "/").header("if-none-match", &tag).body(Body::empty()).unwrap();
    let again = desk.ask(again).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(again.headers()["etag"], tag);
}

/// Scenario: parameters that cannot be used, on every route that takes some.
/// Guarantees: 400 with the code and a sentence that names the parameter.
#[tokio::test]
async fn bad_parameters_are_refused() {
    let desk = Desk::open().await;
    for (path, named) in [
        ("/api/v1/usage?by=year", "`by`"),
        ("/api/v1/usage?tz=Mars", "`tz`"),
        ("/api/v1/usage?from=2026-11-24&to=2026-11-23", "`from`"),
        ("/api/v1/usage?by=quarter&from=2026-01-01", "quarter"),
        ("/api/v1/usage?from=1971-01-01", "day"),
        ("/api/v1/usage-records?limit=0", "`limit`"),
        ("/api/v1/usage-records?cursor=x", "`cursor`"),
        ("/api/v1/sessions?before=then", "`before`"),
        ("/api/v1/events?lastEventId=-1", "`lastEventId`"),
    ] {
        let (status, body) = desk.get(path).await;
        assert_eq!((status, &body["error"]["code"]), (400, &"bad-parameter".into()), "{path}");
        assert!(body["error"]["message"].as_str().unwrap().contains(named), "{path}: {body}");
    }
}

/// Scenario: the health of a run that is well.
/// Guarantees: 200 with the version, the run time and the revision.
#[tokio::test]
async fn health_is_always_answered() {
    let desk = Desk::open().await;
    let health = desk.good("/api/v1/health").await;
    assert_eq!(health["status"], "ok");
    assert_eq!(health["appVersion"], "0.1.0");
    assert_eq!(health["revision"], 0);
    assert_eq!(health["lastArrivalAt"], serde_json::Value::Null);
}

/// Scenario: windows are asked for without the key, with a body that names none, while nothing can show one, and while
/// a process is attached; a second one attaches.
/// Guarantees: each refusal has its own code; the attached process gets exactly what was asked for; it is the only one.
#[tokio::test]
async fn windows_are_asked_for_and_shown() {
    let desk = Desk::open().await;
    let ask = async |key: &str, body: &'static str| {
        let post = request("POST", "/api/v1/windows").header("x-plimsoll-key", key);
        let post = post.header("content-type", "application/json").body(Body::from(body)).unwrap();
        let (status, body) = json(desk.ask(post).await).await;
        (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let popover = r#"{"window":"popover","at":{"x":-4,"y":7},"toggle":true}"#;
    assert_eq!(ask("wrong", popover).await, (401, "key-needed".to_owned()));
    assert_eq!(ask(KEY, r#"{"window":"settings"}"#).await, (400, "bad-parameter".to_owned()));
    assert_eq!(ask(KEY, popover).await, (409, "no-windows".to_owned()));

    let attach = || request("GET", "/api/v1/windows");
    let stranger = desk.ask(attach().body(Body::empty()).unwrap()).await;
    assert_eq!(json(stranger).await.0, 401);
    let mut process = desk.windows.attach().unwrap();
    assert_eq!(ask(KEY, popover).await, (202, String::new()));
    let at = Some(Point { x: -4, y: 7 });
    assert_eq!(process.next().await, Show::Popover { at, toggle: true });
    let second = attach().header("x-plimsoll-key", KEY).body(Body::empty()).unwrap();
    let (status, body) = json(desk.ask(second).await).await;
    assert_eq!((status, body["error"]["code"].as_str()), (409, Some("window-attached")));
}
