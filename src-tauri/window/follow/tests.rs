use std::{fs, path::Path};

use plimsoll_domain::SessionId;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_util::task::AbortOnDropHandle;

use super::*;

const TAKEN: &str = "HTTP/1.1 409 Conflict\r\ncontent-length: 0\r\n\r\n";
const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n\
     event: show\ndata: {\"window\":\"dashboard\",\"session\":\"s1\"}\n\n";

/// An engine that gives these answers, one per connection, and stays silent then.
struct Engine {
    folder: TempDir,
    url: Url,
    requests: AbortOnDropHandle<Vec<String>>,
}

impl Engine {
    async fn answering(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        announce(folder.path(), &url);
        let requests = tokio::spawn(async move {
            let (mut requests, mut open) = (Vec::new(), Vec::new());
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 4096];
                let read = stream.read(&mut request).await.unwrap();
                let request = String::from_utf8_lossy(&request[..read]);
                requests.push(request.lines().next().unwrap_or_default().to_owned());
                stream.write_all(answer.as_bytes()).await.unwrap();
                open.push(stream);
            }
            requests
        });
        Self { folder, url, requests: AbortOnDropHandle::new(requests) }
    }

    fn folders(&self) -> Vec<PathBuf> {
        vec![self.folder.path().to_owned()]
    }
}

fn announce(folder: &Path, url: &Url) {
    let runtime = serde_json::json!({
        "pid": 1, "startedAt": "2026-11-23T12:00:00Z", "version": "0.1.0", "key": "k",
        "dashboard": url.as_str(), "otlpHttp": null, "otlpGrpc": null, "ledger": "/ledger.db"
    });
    fs::write(folder.join(plimsoll_client::RUNTIME_FILE), runtime.to_string()).unwrap();
}

fn dashboard(session: Option<&str>) -> Show {
    Show::Dashboard { session: session.map(SessionId::new) }
}

/// Scenario: an engine whose windows nobody shows yet, with a wish that waits.
/// Guarantees: this process shows them, knows where the engine is, and hears the wish.
#[tokio::test]
async fn the_first_process_shows_the_windows() {
    let engine = Engine::answering(&[STREAM]).await;
    let joined = Follower::join(engine.folders(), Some(&dashboard(None))).await.unwrap();
    let (mut follower, at) = joined.unwrap();
    assert_eq!(at, Some(engine.url.clone()));
    let News::Show(show) = follower.next().await else { panic!("not a wish") };
    assert_eq!(show, dashboard(Some("s1")));
    assert_eq!(engine.requests.await.unwrap(), ["GET /api/v1/windows HTTP/1.1"]);
}

/// Scenario: an engine whose windows another process shows; with a wish, without one, and with one that the other
/// process leaves without taking.
/// Guarantees: the wish is handed over and this process has nothing to do; who finds the place free takes it.
#[tokio::test]
async fn a_second_process_hands_its_wish_over() {
    let asked = ["GET /api/v1/windows HTTP/1.1", "POST /api/v1/windows HTTP/1.1"];
    let engine = Engine::answering(&[TAKEN, ACCEPTED]).await;
    let joined = Follower::join(engine.folders(), Some(&dashboard(None))).await.unwrap();
    assert!(joined.is_none());
    assert_eq!(engine.requests.await.unwrap(), asked);

    let engine = Engine::answering(&[TAKEN]).await;
    assert!(Follower::join(engine.folders(), None).await.unwrap().is_none());

    let engine = Engine::answering(&[TAKEN, TAKEN, STREAM]).await;
    let joined = Follower::join(engine.folders(), Some(&dashboard(None))).await.unwrap();
    assert_eq!(joined.unwrap().1, Some(engine.url.clone()));
    assert_eq!(engine.requests.await.unwrap(), [asked[0], asked[1], asked[0]]);
}

/// Scenario: nothing names an engine; something names one that is gone; then one comes.
/// Guarantees: windows are shown without one, and the one that comes is found.
#[tokio::test]
async fn an_engine_that_comes_later_is_found() {
    let gone = Engine::answering(&[]).await;
    let (folders, folder) = (gone.folders(), gone.folder.path().to_owned());
    gone.requests.await.unwrap();
    let empty = vec![folder.join("empty")];
    assert_eq!(Follower::join(empty, None).await.unwrap().unwrap().1, None);
    let (mut follower, at) = Follower::join(folders, None).await.unwrap().unwrap();
    assert_eq!(at, None);

    let engine = Engine::answering(&[STREAM]).await;
    announce(&folder, &engine.url);
    let News::At(url) = follower.next().await else { panic!("not an address") };
    assert_eq!(url, engine.url);
}
