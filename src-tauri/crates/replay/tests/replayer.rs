//! The replayer against a small receiver that writes down what reaches it.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::connect_info::ConnectInfo;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use plimsoll_replay::{Capture, Entry, Order, Pace, Replayer, SendError, Signal, Transport};
use prost::Message;
use tokio::net::TcpListener;
use tonic::codec::CompressionEncoding;
use tonic::{Request, Response, Status};

fn fixture(name: &str) -> Capture {
    let captures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures/captures");
    Capture::open(&Path::new(captures).join(name)).unwrap()
}

#[derive(Clone)]
struct Seen {
    peer: SocketAddr,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

/// What reached the receiver, and what it answers: the statuses in turn, then 200.
#[derive(Clone, Default)]
struct Receiver {
    seen: Arc<Mutex<Vec<Seen>>>,
    statuses: Arc<Mutex<Vec<u16>>>,
    answer: Arc<Mutex<Bytes>>,
    closes: bool,
}

impl Receiver {
    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    async fn http(&self) -> SocketAddr {
        let router = Router::new().route("/v1/{signal}", post(take)).with_state(self.clone());
        serve(router).await
    }

    async fn grpc(&self) -> SocketAddr {
        let logs =
            LogsServiceServer::new(self.clone()).accept_compressed(CompressionEncoding::Gzip);
        let metrics =
            MetricsServiceServer::new(self.clone()).accept_compressed(CompressionEncoding::Gzip);
        let routes = tonic::service::Routes::new(logs).add_service(metrics);
        serve(routes.into_axum_router()).await
    }

    fn note(&self, peer: Option<SocketAddr>, path: &str, headers: HeaderMap, body: Bytes) {
        let peer = peer.unwrap();
        self.seen.lock().unwrap().push(Seen { peer, path: path.to_owned(), headers, body });
    }
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

async fn take(
    State(receiver): State<Receiver>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    UrlPath(signal): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, Bytes) {
    receiver.note(Some(peer), &signal, headers, body);
    let mut statuses = receiver.statuses.lock().unwrap();
    let status = if statuses.is_empty() { 200 } else { statuses.remove(0) };
    let mut answer = HeaderMap::new();
    if receiver.closes {
        answer.insert("connection", "close".parse().unwrap());
    }
    let body = receiver.answer.lock().unwrap().clone();
    (StatusCode::from_u16(status).unwrap(), answer, body)
}

#[tonic::async_trait]
impl LogsService for Receiver {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        let (headers, _, message) = request.into_parts();
        self.note(peer, "logs", headers.into_headers(), message.encode_to_vec().into());
        let told = ExportLogsPartialSuccess { rejected_log_records: 2, error_message: "".into() };
        Ok(Response::new(ExportLogsServiceResponse { partial_success: Some(told) }))
    }
}

#[tonic::async_trait]
impl MetricsService for Receiver {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        let (headers, _, message) = request.into_parts();
        self.note(peer, "metrics", headers.into_headers(), message.encode_to_vec().into());
        Err(Status::unavailable("busy"))
    }
}

fn at_once(http: SocketAddr) -> Replayer {
    Replayer { http: Some(http), pace: Pace::AtOnce, ..Replayer::default() }
}

/// Scenario: a capture of seven client processes, at once.
/// Guarantees: every body arrives byte for byte, with its headers; each captured connection is one
/// TCP connection, and on each the order is the captured one.
#[tokio::test]
async fn connections_and_their_order_are_kept() {
    let receiver = Receiver::default();
    let capture = fixture("resume");
    let report = at_once(receiver.http().await).run(&capture).await;
    assert_eq!((report.sent, report.accepted, report.failed.len()), (14, 14, 0));

    let mut by_peer: BTreeMap<SocketAddr, Vec<Bytes>> = BTreeMap::new();
    for seen in receiver.seen() {
        assert_eq!(seen.headers["content-type"], "application/x-protobuf");
        by_peer.entry(seen.peer).or_default().push(seen.body);
    }
    let mut by_connection: BTreeMap<u32, Vec<Bytes>> = BTreeMap::new();
    for entry in &capture.entries {
        by_connection.entry(entry.connection).or_default().push(entry.body.clone());
    }
    let mut arrived: Vec<_> = by_peer.into_values().collect();
    let mut captured: Vec<_> = by_connection.into_values().collect();
    arrived.sort();
    captured.sort();
    assert_eq!(arrived, captured);
}

/// Scenario: a capture with gzip over HTTP in protobuf and JSON, and over gRPC.
/// Guarantees: each goes to its receiver compressed as captured; what a partial success refuses and
/// what gRPC answers is in the report.
#[tokio::test]
async fn protocols_and_compression_are_kept() {
    let receiver = Receiver::default();
    let capture = fixture("gzip");
    let replayer = Replayer { grpc: Some(receiver.grpc().await), ..at_once(receiver.http().await) };
    let report = replayer.run(&capture).await;
    assert_eq!((report.sent, report.accepted, report.rejected), (6, 5, 2));
    assert_eq!(report.failed.len(), 1);
    assert!(
        matches!(&report.failed[0].error, SendError::Grpc(status) if status.message() == "busy")
    );

    let (mut over_http, mut over_grpc) = (0, 0);
    for seen in receiver.seen() {
        let entry = capture.entries.iter().find(|entry| as_noted(entry) == seen.body).unwrap();
        assert_eq!(seen.path, entry.signal.name());
        let header = match entry.transport {
            Transport::Http => "content-encoding",
            Transport::Grpc => "grpc-encoding",
        };
        assert_eq!(seen.headers[header], "gzip");
        *(if entry.transport == Transport::Http { &mut over_http } else { &mut over_grpc }) += 1;
    }
    assert_eq!((over_http, over_grpc), (4, 2));
}

/// The body as the receiver writes it down: over gRPC decoded and encoded again.
fn as_noted(entry: &Entry) -> Bytes {
    let body = entry.body.clone();
    match (entry.transport, entry.signal) {
        (Transport::Grpc, Signal::Logs) => {
            ExportLogsServiceRequest::decode(body).unwrap().encode_to_vec().into()
        }
        (Transport::Grpc, _) => {
            ExportMetricsServiceRequest::decode(body).unwrap().encode_to_vec().into()
        }
        (Transport::Http, _) => body,
    }
}

/// Scenario: no receiver for gRPC is given.
/// Guarantees: those requests are reported, the others are sent.
#[tokio::test]
async fn a_missing_receiver_is_reported() {
    let receiver = Receiver::default();
    let report = at_once(receiver.http().await).run(&fixture("gzip")).await;
    assert_eq!((report.accepted, report.failed.len()), (4, 2));
    let reason = &report.failed[0].error;
    assert!(matches!(reason, SendError::NoReceiver(Transport::Grpc)), "{reason}");
}

/// Scenario: the receiver is busy twice, with and without repetitions asked for.
/// Guarantees: without, the request is lost and the next one is sent; with, the same bytes come
/// again until they are accepted. 400 is never repeated.
#[tokio::test]
async fn a_busy_receiver_is_asked_again_only_on_request() {
    let capture = fixture("simple-http-protobuf");
    let receiver = Receiver::default();
    let once = at_once(receiver.http().await);
    *receiver.statuses.lock().unwrap() = vec![503, 400];
    let report = once.run(&capture).await;
    assert_eq!((report.accepted, receiver.seen().len()), (0, 2));
    assert!(matches!(report.failed[0].error, SendError::Refused { status: 503, .. }));

    *receiver.statuses.lock().unwrap() = vec![503, 429, 200, 400];
    let patient = Replayer { retries: vec![Duration::from_millis(1); 4], ..once };
    let report = patient.run(&capture).await;
    assert_eq!((report.accepted, report.failed.len()), (1, 1));
    let bodies: Vec<_> = receiver.seen()[2..].iter().map(|seen| seen.body.clone()).collect();
    let [logs, metrics] = [&capture.entries[0].body, &capture.entries[1].body];
    assert_eq!(bodies, [logs, logs, logs, metrics]);
}

/// Scenario: a receiver that closes the connection after each answer.
/// Guarantees: the next request opens a new one, and nothing is lost.
#[tokio::test]
async fn a_closed_connection_is_opened_anew() {
    let receiver = Receiver { closes: true, ..Receiver::default() };
    let report = at_once(receiver.http().await).run(&fixture("simple-http-json")).await;
    assert_eq!(report.accepted, 2);
    let seen = receiver.seen();
    assert_ne!(seen[0].peer, seen[1].peer);
    assert_eq!(seen[0].headers["content-type"], "application/json");
}

/// Scenario: nothing listens at the address.
/// Guarantees: every request is reported with its reason, and the run ends.
#[tokio::test]
async fn an_absent_receiver_fails_every_request() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let report = at_once(address).run(&fixture("traces")).await;
    assert_eq!((report.accepted, report.failed.len()), (0, 6));
    assert!(matches!(report.failed[0].error, SendError::Connect { .. }));
}

/// Scenario: the same capture shuffled with two seeds, one of them twice.
/// Guarantees: every body arrives once; a seed is an order, and another seed another one.
#[tokio::test]
async fn a_seed_is_an_order() {
    let capture = fixture("api-errors");
    let mut orders = Vec::new();
    for seed in [1, 1, 2] {
        let receiver = Receiver::default();
        let order = Order::Shuffled(seed);
        let replayer = Replayer { order, ..at_once(receiver.http().await) };
        assert_eq!(replayer.run(&capture).await.accepted, capture.entries.len());
        orders.push(receiver.seen().into_iter().map(|seen| seen.body).collect::<Vec<_>>());
    }
    assert_eq!(orders[0], orders[1]);
    assert_ne!(orders[0], orders[2]);
    orders.iter_mut().for_each(|order| order.sort());
    assert_eq!(orders[0], orders[2]);
}

/// Scenario: a capture of 31 s replayed with the clock under the test's control, as recorded and ten
/// times faster.
/// Guarantees: it takes as long as the recording, or a tenth of it; progress is told for each.
#[tokio::test(start_paused = true)]
async fn the_pace_is_that_of_the_recording() {
    let capture = fixture("interactive");
    for (pace, expected) in [(Pace::AsRecorded, 31.1486), (Pace::Times(10.0), 3.114_86)] {
        let told = Arc::new(Mutex::new(Vec::new()));
        let note = Arc::clone(&told);
        let replayer = Replayer {
            pace,
            progress: Some(Arc::new(move |step| note.lock().unwrap().push((step.done, step.of)))),
            ..Replayer::default()
        };
        let start = tokio::time::Instant::now();
        let report = replayer.run(&capture).await;
        assert_eq!(report.failed.len(), 30);
        assert!((start.elapsed().as_secs_f64() - expected).abs() < 0.01, "{:?}", start.elapsed());
        let steps: Vec<_> = (1..=30).map(|done| (done, 30)).collect();
        assert_eq!(*told.lock().unwrap(), steps);
    }
}

/// Scenario: answers with a partial success in JSON and in protobuf.
/// Guarantees: the refused records are counted.
#[tokio::test]
async fn partial_success_is_counted() {
    let receiver = Receiver::default();
    let replayer = at_once(receiver.http().await);
    let json = br#"{"partialSuccess":{"rejectedLogRecords":"3"}}"#;
    *receiver.answer.lock().unwrap() = Bytes::from_static(json);
    let mut capture = fixture("simple-http-json");
    capture.entries.truncate(1);
    assert_eq!(replayer.run(&capture).await.rejected, 3);

    let told = ExportLogsPartialSuccess { rejected_log_records: 4, error_message: "x".into() };
    let answer = ExportLogsServiceResponse { partial_success: Some(told) };
    *receiver.answer.lock().unwrap() = answer.encode_to_vec().into();
    let mut capture = fixture("simple-http-protobuf");
    capture.entries.truncate(1);
    assert_eq!(replayer.run(&capture).await.rejected, 4);
}
