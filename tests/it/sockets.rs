//! Sockets that a service manager holds: a restart refuses no connection and loses nothing that was answered.

#![expect(clippy::print_stdout, reason = "how long it takes is shown, not asserted")]

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use plimsoll_testkit::{ApiCall, Events, Loopback, SocketHolder};
use prost::Message as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};

use crate::{
    desk::{Desk, Shape, in_both_shapes, now},
    house::{PATIENCE, records, until},
};

in_both_shapes! {
    a_kill_under_load_loses_nothing,
    a_restart_under_load_loses_nothing,
    the_first_connection_starts_the_service,
}

/// The sockets of the units, and where the configuration names their addresses.
const SOCKETS: [(&str, &str); 3] = [
    ("otlp-http", "PLIMSOLL_RECEIVER_HTTP"),
    ("otlp-grpc", "PLIMSOLL_RECEIVER_GRPC"),
    ("dashboard", "PLIMSOLL_DASHBOARD_LISTEN"),
];

/// Clients that send at the same time.
const CLIENTS: usize = 4;

/// Answers to wait for before and after something happens.
const SOME: usize = 100;

fn hold(desk: &Desk) -> SocketHolder {
    SocketHolder::hold(desk.start(), &SOCKETS).unwrap()
}

/// What became of one export over a connection of its own.
#[derive(Debug)]
enum Outcome {
    /// Answered with 200.
    Answered {
        /// When the client began.
        sent: Instant,
        /// When it had the answer.
        at: Instant,
    },
    /// The connection was closed without a byte.
    Unanswered,
    /// No connection could be made.
    Refused(std::io::Error),
    /// Anything else: part of an answer, another status, nothing in time.
    Wrong(String),
}

/// Several clients, each of which sends one export after the other.
struct Load {
    over: Arc<AtomicBool>,
    answers: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Vec<(String, Outcome)>>>,
}

impl Load {
    fn on(receiver: SocketAddr) -> Self {
        let (over, answers) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let client = |client| {
            let (over, answers) = (Arc::clone(&over), Arc::clone(&answers));
            tokio::spawn(async move {
                let mut outcomes = Vec::new();
                while !over.load(Ordering::SeqCst) {
                    let number = outcomes.len();
                    let request = format!("req_{client}_{number}");
                    let outcome = send(receiver, &format!("s-{client}"), &request, number).await;
                    if matches!(outcome, Outcome::Answered { .. }) {
                        answers.fetch_add(1, Ordering::SeqCst);
                    }
                    outcomes.push((request, outcome));
                }
                outcomes
            })
        };
        let clients = (0..CLIENTS).map(client).collect();
        Self { over, answers, clients }
    }

    /// Waits for some more answers.
    async fn some(&self) {
        let enough = self.answers.load(Ordering::SeqCst) + SOME;
        let what = format!("answered {enough} times");
        until(&what, async || (self.answers.load(Ordering::SeqCst) >= enough).then_some(())).await;
    }

    async fn end(self) -> Vec<(String, Outcome)> {
        self.over.store(true, Ordering::SeqCst);
        let mut outcomes = Vec::new();
        for client in self.clients {
            outcomes.extend(client.await.unwrap());
        }
        outcomes
    }
}

async fn send(receiver: SocketAddr, session: &str, request: &str, number: usize) -> Outcome {
    let sequence = i64::try_from(number).unwrap();
    let events = Events::of(session, now()).sequence(sequence).api_request(&ApiCall::new(request));
    let body = events.build().encode_to_vec();
    let sent = Instant::now();
    let mut stream = match TcpStream::connect(receiver).await {
        Ok(stream) => stream,
        Err(error) => return Outcome::Refused(error),
    };
    let head = format!(
        "POST /v1/logs HTTP/1.1\r\nHost: {receiver}\r\nContent-Type: application/x-protobuf\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut answer = Vec::new();
    let exchange = async {
        // A peer that is gone shows in what can be read.
        let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
        let _ = stream.read_to_end(&mut answer).await;
    };
    if timeout(PATIENCE, exchange).await.is_err() {
        return Outcome::Wrong(format!("nothing came within {PATIENCE:?}"));
    }
    match String::from_utf8(answer) {
        Ok(text) if text.is_empty() => Outcome::Unanswered,
        Ok(text) if is_whole(&text) => Outcome::Answered { sent, at: Instant::now() },
        other => Outcome::Wrong(format!("{other:?}")),
    }
}

/// Whether this is a whole answer with status 200.
fn is_whole(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    head.starts_with("http/1.1 200") && length.is_some_and(|it| it == body.len().to_string())
}

/// Every connection was made, no answer was cut off, and every export that was answered is in the books once.
async fn assert_kept(holder: &SocketHolder, outcomes: &[(String, Outcome)]) {
    let wrong: Vec<_> = outcomes
        .iter()
        .filter_map(|(request, outcome)| match outcome {
            Outcome::Refused(error) => Some(format!("{request}: refused: {error}")),
            Outcome::Wrong(what) => Some(format!("{request}: {what}")),
            Outcome::Answered { .. } | Outcome::Unanswered => None,
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let api = Loopback::new(holder.address("dashboard").unwrap());
    let mut booked: BTreeMap<String, usize> = BTreeMap::new();
    for record in records(&api).await {
        *booked.entry(record["requestId"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    for (request, outcome) in outcomes {
        let times = booked.get(request).copied().unwrap_or_default();
        match outcome {
            Outcome::Answered { .. } => assert_eq!(times, 1, "{request} was answered"),
            _ => assert!(times <= 1, "{request} is booked {times} times"),
        }
    }
}

fn unanswered(outcomes: &[(String, Outcome)]) -> usize {
    outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Unanswered)).count()
}

/// How long after `since` the first answer came to an export that was sent after it.
fn first_answer(outcomes: &[(String, Outcome)], since: Instant) -> Duration {
    let answers = outcomes.iter().filter_map(|(_, outcome)| match outcome {
        Outcome::Answered { sent, at } if *sent > since => Some(at.duration_since(since)),
        _ => None,
    });
    answers.min().unwrap()
}

/// Scenario: the service is started with its sockets.
/// Guarantees: it serves on exactly these, IPv4 and IPv6, says when it is ready, and says where it serves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_serves_on_its_sockets() {
    let desk = Desk::bare(Shape::Separate).await;
    let mut holder = hold(&desk);
    holder.run().await.unwrap();
    assert!(holder.news().contains(&"READY=1".to_owned()));
    for (name, url) in
        [("otlp-http", "otlpHttp"), ("otlp-grpc", "otlpGrpc"), ("dashboard", "dashboard")]
    {
        let address = holder.address(name).unwrap();
        let runtime = until("found", async || {
            let text = std::fs::read(holder.start().runtime_file()).ok()?;
            serde_json::from_slice::<serde_json::Value>(&text).ok()
        })
        .await;
        assert_eq!(runtime["pid"], holder.pid().unwrap());
        let port = runtime[url].as_str().unwrap().rsplit_once(':').unwrap().1;
        assert_eq!(port.trim_end_matches('/'), address.port().to_string());
    }
    let address = holder.address("dashboard").unwrap();
    let twin = SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, address.port()));
    for address in [address, twin] {
        let health = Loopback::new(address).json("/api/v1/health").await.unwrap();
        assert_eq!(health["status"], "ok", "{health}");
    }
    assert!(holder.stop().await.unwrap().success());
    TcpStream::connect(address).await.unwrap();
}

/// Scenario: nothing runs; a client sends its first export.
/// Guarantees: the connection starts the service, which answers it.
async fn the_first_connection_starts_the_service(shape: Shape) {
    let desk = Desk::bare(shape).await;
    let mut holder = hold(&desk);
    holder.run_on_demand();
    let receiver = holder.address("otlp-http").unwrap();
    let outcome = send(receiver, "s-1", "req_1", 0).await;
    assert!(matches!(outcome, Outcome::Answered { .. }), "{outcome:?}: {}", holder.start().said());
    assert_eq!(holder.starts(), 1);
    holder.ready(1).await.unwrap();
    assert_kept(&holder, &[("req_1".to_owned(), outcome)]).await;
}

/// Scenario: several clients send one export after the other, each over a connection of its own, while the
/// service is killed, twice.
/// Guarantees: it is started again; no connection is refused; what was answered is in the books once.
async fn a_kill_under_load_loses_nothing(shape: Shape) {
    let desk = Desk::bare(shape).await;
    let mut holder = hold(&desk);
    holder.run().await.unwrap();
    let load = Load::on(holder.address("otlp-http").unwrap());
    let mut kills = Vec::new();
    for kill in 1..=2 {
        load.some().await;
        holder.kill9().unwrap();
        kills.push(Instant::now());
        holder.ready(kill + 1).await.unwrap();
    }
    load.some().await;
    let outcomes = load.end().await;
    assert_kept(&holder, &outcomes).await;
    for killed in kills {
        let first = first_answer(&outcomes, killed);
        println!("{shape:?}: answered again {} ms after SIGKILL", first.as_millis());
    }
    println!("{} exports, {} unanswered", outcomes.len(), unanswered(&outcomes));
}

/// Scenario: the same with SIGTERM, as when the service is restarted or updated.
/// Guarantees: no connection is refused; every answer is whole, and what was answered is in the books once.
async fn a_restart_under_load_loses_nothing(shape: Shape) {
    let desk = Desk::bare(shape).await;
    let mut holder = hold(&desk);
    holder.run().await.unwrap();
    let load = Load::on(holder.address("otlp-http").unwrap());
    for restart in 1..=2 {
        load.some().await;
        holder.restart().unwrap();
        holder.ready(restart + 1).await.unwrap();
    }
    load.some().await;
    let outcomes = load.end().await;
    assert!(holder.ends().iter().all(std::process::ExitStatus::success), "{:?}", holder.ends());
    assert_kept(&holder, &outcomes).await;
    let unanswered = unanswered(&outcomes);
    println!("{shape:?}: {} exports, {unanswered} unanswered over two restarts", outcomes.len());
}
