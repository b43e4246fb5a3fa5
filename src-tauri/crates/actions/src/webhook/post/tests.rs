//! Against servers of the tests' own, that answer as they are told.

use plimsoll_domain::{Key, Webhook};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

use super::*;
use crate::{message::Message, message::tests::alert};

/// A server that takes one connection, reads one request and writes an answer, as it is.
struct Server {
    address: String,
    request: JoinHandle<String>,
}

impl Server {
    async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answer = answer.into();
        let request = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !is_whole(&request) {
                assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0, "the client left");
            }
            stream.write_all(&answer).await.unwrap();
            String::from_utf8(request).unwrap()
        });
        Self { address, request }
    }
}

/// Whether a request has come to the end of its body.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    body.len() >= length.parse().unwrap()
}

fn letter(url: &str, secret: Option<&str>) -> Letter {
    let alert = alert();
    let message = Message::of(&alert, Some("/home/ada/work/engine"), false);
    let webhook = Webhook { url: url.to_owned(), secret: secret.map(Key::new) };
    Letter::of(&message, &alert, &webhook, alert.at)
}

async fn posted(url: &str) -> Result<Answer, PostError> {
    Wire::default().post(letter(url, None)).await
}

/// Scenario: a message with a secret is posted to a path with a query.
/// Guarantees: the request as documented: method, path, host, every header, and the body that was signed.
#[tokio::test]
async fn a_request_is_as_documented() {
    let server = Server::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let url = format!("http://{}/hooks/a?b=c", server.address);
    let letter = letter(&url, Some("Jefe"));
    let body = String::from_utf8(letter.body.to_vec()).unwrap();
    let signed = signature(&Key::new("Jefe"), body.as_bytes()).unwrap();
    let answer = Wire::default().post(letter).await;
    assert_eq!(answer, Ok(Answer { status: 204, retry_after: None }));
    let request = server.request.await.unwrap();
    let (head, sent) = request.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.lines().collect();
    lines[1..].sort_unstable();
    let wished = [
        "POST /hooks/a?b=c HTTP/1.1".to_owned(),
        format!("content-length: {}", body.len()),
        "content-type: application/json".to_owned(),
        format!("host: {}", server.address),
        "idempotency-key: plimsoll-s-1-44".to_owned(),
        concat!("user-agent: plimsoll/", env!("CARGO_PKG_VERSION")).to_owned(),
        format!("x-plimsoll-signature: {signed}"),
        "x-plimsoll-timestamp: 1795435200".to_owned(),
    ];
    assert_eq!(lines, wished);
    assert_eq!(sent, body);
}

/// Scenario: a message without a secret, to an address without a path.
/// Guarantees: no signature; the root.
#[tokio::test]
async fn without_a_secret_nothing_is_signed() {
    let server = Server::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    posted(&format!("http://{}", server.address)).await.unwrap();
    let request = server.request.await.unwrap();
    assert!(request.starts_with("POST / HTTP/1.1\r\n"), "{request}");
    assert!(!request.contains("signature"), "{request}");
}

/// Scenario: a redirect, a refusal that says when to come again, an answer whose body never ends, one whose connection
/// closes with it.
/// Guarantees: the status as it is; no redirect is followed; nobody waits for a body.
#[tokio::test]
async fn answers_are_read_by_their_head() {
    for (answer, wished) in [
        ("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\n", (302, None)),
        ("HTTP/1.1 429 Slow\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n", (429, Some(7))),
        (
            "HTTP/1.1 503 Busy\r\nretry-after: Mon, 23 Nov 2026 12:01:00 GMT\r\n\r\n",
            (503, Some(60)),
        ),
        ("HTTP/1.1 503 Busy\r\nretry-after: Mon, 23 Nov 2020 12:01:00 GMT\r\n\r\n", (503, Some(0))),
        ("HTTP/1.1 503 Busy\r\nretry-after: soon\r\n\r\n", (503, None)),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nx", (200, None)),
        ("HTTP/1.0 500 No\r\nconnection: close\r\n\r\n", (500, None)),
    ] {
        let server = Server::answering(answer).await;
        let answered = posted(&format!("http://{}/", server.address)).await.unwrap();
        let retry_after = answered.retry_after.map(|after| after.as_millis().div_ceil(1_000));
        assert_eq!((answered.status, retry_after), wished, "{answer}");
    }
}

/// Scenario: nobody listens; the server hangs up, or speaks something else; its certificate is none; its name is not
/// known; the address is none.
/// Guarantees: each is told in few words that do not hold the address.
#[tokio::test]
async fn failures_are_told_in_few_words() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = nobody.local_addr().unwrap();
    drop(nobody);
    let said = |url: String| async move { posted(&url).await.unwrap_err().to_string() };
    assert_eq!(said(format!("http://{gone}/secret")).await, "connection refused");
    let silent = Server::answering("").await;
    let hung_up = said(format!("http://{}/secret", silent.address)).await;
    assert_eq!(hung_up, "connection closed before message completed");
    let other = Server::answering("SSH-2.0-OpenSSH_9.6\r\n").await;
    let babble = said(format!("http://{}/secret", other.address)).await;
    assert_eq!(babble, "invalid HTTP version parsed");
    let unknown = said("http://nobody.invalid/secret".to_owned()).await;
    assert!(!unknown.is_empty() && !unknown.contains("secret"), "{unknown}");
    for url in ["ftp://127.0.0.1/secret", "http:///secret", "127.0.0.1/secret", "http://a b/secret"]
    {
        let refused = posted(url).await.unwrap_err();
        assert!(matches!(refused, PostError::Url(_)), "{url}: {refused}");
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }
}

/// Scenario: a server that takes the request and never answers, in paused time.
/// Guarantees: it is given up after ten seconds.
#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let asked = posted(&url);
    let (answer, accepted) = tokio::join!(asked, listener.accept());
    assert_eq!(answer, Err(PostError::Silent));
    let elapsed = began.elapsed();
    assert!((PATIENCE..PATIENCE + Duration::from_millis(10)).contains(&elapsed), "{elapsed:?}");
    drop(accepted);
}
