//! The server over real sockets.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use axum::{Extension, Router, body::Bytes, response::IntoResponse, routing::get};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use plimsoll_domain::ConnectionId;
use plimsoll_loopback::{
    BindError, Bound, Connection, HostFault, HostLayer, Inherited, Serve, ServeError, bind,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Notify, mpsc},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

struct Server {
    addresses: Vec<SocketAddr>,
    cancel: CancellationToken,
    task: JoinHandle<Result<(), ServeError>>,
}

impl Server {
    fn start(router: Router, options: Serve) -> Self {
        let bound: Bound = bind(ANY_PORT, &Inherited::default()).unwrap();
        let (addresses, cancel) = (bound.addresses(), CancellationToken::new());
        let task = tokio::spawn(bound.serve(router, options, cancel.clone()));
        Self { addresses, cancel, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addresses[0]).await.unwrap()
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.task.await.unwrap().unwrap();
    }
}

fn whoami() -> Router {
    let answer = |Extension(connection): Extension<Connection>| async move {
        format!("{} {} {}", connection.id.0, connection.peer, connection.local)
    };
    Router::new().route("/", get(answer))
}

/// Sends the head as it stands and reads the answer to the end of the connection.
async fn raw(stream: &mut TcpStream, head: &str) -> String {
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn get_root(sender: &mut http1::SendRequest<Empty<Bytes>>) -> (StatusCode, String) {
    let request = Request::get("/").header("host", "localhost").body(Empty::new()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn keep_alive(stream: TcpStream) -> http1::SendRequest<Empty<Bytes>> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Scenario: a client on each address family.
/// Guarantees: both are served on the same port by the same user's check, each request knows its
/// own connection and both ends of it.
#[tokio::test]
async fn both_families_are_served_on_one_port() {
    let server = Server::start(whoami(), Serve::default());
    let has_ipv6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    assert_eq!(server.addresses.len(), if has_ipv6 { 2 } else { 1 });
    for (index, address) in server.addresses.clone().into_iter().enumerate() {
        assert_eq!(address.port(), server.addresses[0].port());
        let mut stream = TcpStream::connect(address).await.unwrap();
        let client = stream.local_addr().unwrap();
        let answer = raw(&mut stream, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        let expected = format!("{} {client} {address}", index + 1);
        assert!(answer.ends_with(&expected), "{answer} should end with {expected}");
    }
    server.stop().await;
}

/// Scenario: another program listens on the port, on either family.
/// Guarantees: the error names the address; nothing else is bound instead.
#[test]
fn a_taken_port_is_named() {
    let other = TcpListener::bind(ANY_PORT).unwrap();
    let wanted = other.local_addr().unwrap();
    let error = bind(wanted, &Inherited::default()).unwrap_err();
    assert!(matches!(error, BindError::PortTaken { address } if address == wanted), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!("port {} on 127.0.0.1 is taken by another program", wanted.port())
    );

    let Ok(other) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else { return };
    let taken = other.local_addr().unwrap();
    let error =
        bind((Ipv4Addr::LOCALHOST, taken.port()).into(), &Inherited::default()).unwrap_err();
    assert!(matches!(error, BindError::PortTaken { address } if address == taken), "{error:?}");
}

/// Scenario: an address that other machines can reach.
/// Guarantees: it is refused.
#[test]
fn only_loopback_is_bound() {
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    assert!(matches!(bind(address, &Inherited::default()), Err(BindError::NotLoopback { .. })));
}

/// Scenario: requests with the right, a foreign, no, a port-less and two Host headers over HTTP/1.
/// Guarantees: only the right one passes; the others get the answer of the layer's function.
#[tokio::test]
async fn the_host_is_checked() {
    let refuse =
        |_: &HeaderMap, fault: HostFault| (fault.status(), fault.message()).into_response();
    let server = Server::start(whoami().layer(HostLayer::new(refuse)), Serve::default());
    let port = server.addresses[0].port();
    let cases = [
        (format!("Host: localhost:{port}\r\n"), 200),
        (format!("Host: 127.0.0.1:{port}\r\n"), 200),
        (format!("Host: [::1]:{port}\r\n"), 200),
        (format!("Host: evil.example:{port}\r\n"), 403),
        ("Host: localhost\r\n".to_owned(), 403),
        ("Host: localhost:1\r\n".to_owned(), 403),
        (String::new(), 400),
        (format!("Host: localhost:{port}\r\nHost: localhost:{port}\r\n"), 400),
    ];
    for (host, status) in cases {
        let head = format!("GET / HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
        let answer = raw(&mut server.connect().await, &head).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}: {answer}");
    }
    let head = format!(
        "GET http://evil.example/ HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
    );
    let answer = raw(&mut server.connect().await, &head).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "absolute form: {answer}");
    let answer = raw(&mut server.connect().await, "GET / HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 400 "), "HTTP/1.0: {answer}");
    server.stop().await;
}

/// Scenario: HTTP/2 without TLS, with the right and a foreign authority.
/// Guarantees: it is spoken on the same port, and the authority is checked like a Host header.
#[tokio::test]
async fn http2_is_spoken_and_its_authority_checked() {
    let refuse = |_: &HeaderMap, fault: HostFault| fault.status().into_response();
    let server = Server::start(whoami().layer(HostLayer::new(refuse)), Serve::default());
    let io = TokioIo::new(server.connect().await);
    let (mut sender, connection) =
        http2::handshake::<_, _, Empty<Bytes>>(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let port = server.addresses[0].port();
    for (host, status) in [("localhost", 200), ("evil.example", 403)] {
        let request = Request::get(format!("http://{host}:{port}/")).body(Empty::new()).unwrap();
        assert_eq!(sender.send_request(request).await.unwrap().status(), status, "{host}");
    }
    drop(sender);
    server.stop().await;
}

/// Scenario: a client stays silent for a day between two requests.
/// Guarantees: its connection is still there, and still the same one.
#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept() {
    let server = Server::start(whoami(), Serve::default());
    let mut sender = keep_alive(server.connect().await).await;
    let first = get_root(&mut sender).await;
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    assert_eq!(get_root(&mut sender).await, first);
    server.stop().await;
}

/// Scenario: a client stops in the middle of a request's head.
/// Guarantees: its connection is closed.
#[tokio::test(start_paused = true)]
async fn half_a_head_is_given_up() {
    let server = Server::start(whoami(), Serve::default());
    assert_eq!(raw(&mut server.connect().await, "GET / HT").await, "");
    server.stop().await;
}

/// Scenario: connections end, one by the client and one by the drain.
/// Guarantees: the end of each is told once, with its number.
#[tokio::test]
async fn the_end_of_a_connection_is_told() {
    let (told, mut ends) = mpsc::unbounded_channel();
    let on_close = Arc::new(move |id: ConnectionId| told.send(id.0).unwrap());
    let server = Server::start(whoami(), Serve { on_close: Some(on_close), ..Serve::default() });
    let mut first = keep_alive(server.connect().await).await;
    let mut second = keep_alive(server.connect().await).await;
    assert!(get_root(&mut first).await.1.starts_with("1 "));
    assert!(get_root(&mut second).await.1.starts_with("2 "));
    drop(first);
    assert_eq!(ends.recv().await, Some(1));
    server.stop().await;
    assert_eq!(ends.recv().await, Some(2));
    assert_eq!(ends.recv().await, None);
}

/// A route that says when it has begun and ends when it is told to.
fn slow() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (begun, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let signals = (Arc::clone(&begun), Arc::clone(&finish));
    let answer = move || async move {
        signals.0.notify_one();
        signals.1.notified().await;
        "finished"
    };
    (whoami().route("/slow", get(answer)), begun, finish)
}

/// Scenario: the drain begins while a request is under way and another connection is idle.
/// Guarantees: the request is answered, the idle connection closed, nobody else let in, and serving
/// ends.
#[tokio::test]
async fn a_drain_lets_requests_finish() {
    let (router, begun, finish) = slow();
    let server = Server::start(router, Serve::default());
    let mut idle = server.connect().await;
    idle.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert!(idle.read(&mut [0; 1024]).await.unwrap() > 0);
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\n\r\n").await.unwrap();
    begun.notified().await;

    server.cancel.cancel();
    assert_eq!(idle.read(&mut [0; 1024]).await.unwrap(), 0, "the idle one is closed");
    while TcpStream::connect(server.addresses[0]).await.is_ok() {
        // Until the listener is closed.
        tokio::task::yield_now().await;
    }
    assert!(!server.task.is_finished());
    finish.notify_one();
    let mut answer = String::new();
    busy.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("finished"), "{answer}");
    server.stop().await;
}

/// Scenario: two clients have just connected when the drain begins; one asks then, the other says nothing.
/// Guarantees: the one is answered, because it would not ask again; the other does not hold the drain up.
#[tokio::test(start_paused = true)]
async fn a_drain_lets_a_new_client_ask() {
    let options = Serve::default();
    let tally = Arc::clone(&options.tally);
    let server = Server::start(whoami(), options);
    let (mut asks, _silent) = (server.connect().await, server.connect().await);
    while tally.report("any")[0].value < 2 {
        tokio::task::yield_now().await;
    }
    let began = tokio::time::Instant::now();
    server.cancel.cancel();
    // Until both connections have seen it.
    tokio::time::sleep(Duration::from_millis(1)).await;
    let answer = raw(&mut asks, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.stop().await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

/// Scenario: a request that never ends.
/// Guarantees: the drain closes it when the time is over.
#[tokio::test]
async fn a_drain_has_an_end() {
    let (router, begun, _never) = slow();
    let server =
        Server::start(router, Serve { drain: Duration::from_millis(20), ..Serve::default() });
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\n\r\n").await.unwrap();
    begun.notified().await;
    server.stop().await;
    assert_eq!(busy.read(&mut [0; 1024]).await.unwrap(), 0);
}

/// Scenario: the same over HTTP/2, whose requests have tasks of their own.
/// Guarantees: those have ended too when serving has.
#[tokio::test]
async fn a_drain_ends_the_tasks_of_http2() {
    let begun = Arc::new(Notify::new());
    let held = Arc::clone(&begun);
    let never = move || {
        let held = Arc::clone(&held);
        async move {
            held.notify_one();
            std::future::pending::<()>().await;
            drop(held);
        }
    };
    let router = Router::new().route("/", get(never));
    let server =
        Server::start(router, Serve { drain: Duration::from_millis(20), ..Serve::default() });
    let uri = format!("http://{}/", server.addresses[0]);
    let io = TokioIo::new(server.connect().await);
    let (mut sender, connection) =
        http2::handshake::<_, _, Empty<Bytes>>(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let answer = sender.send_request(Request::get(uri).body(Empty::new()).unwrap());
    let answer = tokio::spawn(answer);
    begun.notified().await;
    server.stop().await;
    // Held by the router alone, and by no request.
    assert_eq!(Arc::strong_count(&begun), 1);
    assert!(answer.await.unwrap().is_err());
}

/// Scenario: the task that serves is aborted with a request under way.
/// Guarantees: the connection ends with it.
#[tokio::test]
async fn aborted_serving_leaves_no_connection() {
    let (router, begun, _never) = slow();
    let server = Server::start(router, Serve::default());
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\n\r\n").await.unwrap();
    begun.notified().await;
    server.task.abort();
    assert_eq!(busy.read(&mut [0; 1024]).await.unwrap(), 0);
}

/// Scenario: more clients than places.
/// Guarantees: the one too many waits, unharmed, until a place is free.
#[tokio::test(start_paused = true)]
async fn one_client_too_many_waits() {
    let (router, begun, finish) = slow();
    let server = Server::start(router, Serve { max_connections: 1, ..Serve::default() });
    let mut first = server.connect().await;
    first.write_all(b"GET /slow HTTP/1.1\r\nConnection: close\r\n\r\n").await.unwrap();
    begun.notified().await;
    let mut second = server.connect().await;
    let mut waiting =
        std::pin::pin!(raw(&mut second, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"));
    let early = tokio::time::timeout(Duration::from_secs(60), waiting.as_mut()).await;
    assert!(early.is_err(), "answered while all places were taken");
    finish.notify_one();
    assert!(waiting.await.starts_with("HTTP/1.1 200 "));
    server.stop().await;
}
