//! OTLP over gRPC.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{body::Frame, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use plimsoll_domain::ConnectionId;
use plimsoll_otlp::{
    Export, Limits, Receipt, Refusal,
    proto::collector::{
        logs::v1::{ExportLogsServiceRequest, logs_service_client::LogsServiceClient},
        metrics::v1::metrics_service_client::MetricsServiceClient,
        trace::v1::trace_service_client::TraceServiceClient,
    },
};
use prost::Message;
use tokio::net::TcpStream;
use tonic::{Code, codec::CompressionEncoding, transport::Channel};

use crate::{
    samples::{gzip, logs, logs_with, metrics, traces},
    server::{LIMITS, NOW, Server},
};

const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

async fn channel(server: &Server) -> Channel {
    let address = format!("http://{}", server.grpc);
    Channel::from_shared(address).unwrap().connect().await.unwrap()
}

/// The refused answer to one logs request.
async fn refused(server: &Server, request: ExportLogsServiceRequest) -> tonic::Status {
    let mut client = LogsServiceClient::new(channel(server).await);
    client.export(request).await.unwrap_err()
}

/// Messages as they stand on the wire: flag, length, bytes.
fn framed(flag: u8, message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap();
    [&[flag][..], &length.to_be_bytes(), message].concat().into()
}

/// A request made by hand.
struct ByHand {
    path: &'static str,
    host: String,
    headers: Vec<(&'static str, &'static str)>,
}

impl ByHand {
    fn to(server: &Server) -> Self {
        let headers = vec![("content-type", "application/grpc"), ("te", "trailers")];
        Self { path: LOGS, host: server.grpc.to_string(), headers }
    }

    /// The answer's status, headers and trailers together.
    async fn send(
        self,
        server: &Server,
        body: BoxBody<Bytes, std::convert::Infallible>,
    ) -> (u16, HeaderMap) {
        let io = TokioIo::new(TcpStream::connect(server.grpc).await.unwrap());
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        let uri = format!("http://{}{}", self.host, self.path);
        let mut request = Request::post(uri);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let response = sender.send_request(request.body(body).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let mut headers = head.headers;
        if let Some(trailers) = body.collect().await.unwrap().trailers() {
            headers.extend(trailers.clone());
        }
        (head.status.as_u16(), headers)
    }

    async fn code(self, server: &Server, body: Bytes) -> Code {
        let (status, headers) = self.send(server, Full::new(body).boxed()).await;
        assert_eq!(status, 200);
        Code::from_bytes(headers["grpc-status"].as_bytes())
    }
}

/// Scenario: the three services on one connection, plain and compressed.
/// Guarantees: each message reaches the intake with its connection and time, and is answered with
/// an empty one.
#[tokio::test]
async fn every_service_is_served_in_every_encoding() {
    let mut server = Server::start();
    let channel = channel(&server).await;
    for encoding in [None, Some(CompressionEncoding::Gzip), Some(CompressionEncoding::Zstd)] {
        let mut metrics_client = MetricsServiceClient::new(channel.clone());
        let mut logs_client = LogsServiceClient::new(channel.clone());
        let mut trace_client = TraceServiceClient::new(channel.clone());
        if let Some(encoding) = encoding {
            metrics_client = metrics_client.send_compressed(encoding);
            logs_client = logs_client.send_compressed(encoding);
            trace_client = trace_client.send_compressed(encoding);
        }
        let response = metrics_client.export(metrics()).await.unwrap().into_inner();
        assert_eq!(response.partial_success, None);
        let response = logs_client.export(logs()).await.unwrap().into_inner();
        assert_eq!(response.partial_success, None);
        let response = trace_client.export(traces()).await.unwrap().into_inner();
        assert_eq!(response.partial_success, None);
        for export in [Export::Metrics(metrics()), Export::Logs(logs()), Export::Traces(traces())] {
            let arrival = server.arrivals.recv().await.unwrap();
            assert_eq!(arrival.export, export);
            assert_eq!((arrival.connection, arrival.at), (ConnectionId(1), NOW));
        }
    }
    assert_eq!(server.count("otlp.requests.accepted", "grpc/logs"), 3);
    assert_eq!(server.count("otlp.records.accepted", "grpc/metrics"), 6);
    assert_eq!(server.receiver.last_arrival(), Some(NOW));
}

/// Scenario: the intake rejects records of each signal.
/// Guarantees: the answer is a partial success with count and reason.
#[tokio::test]
async fn what_the_intake_rejects_is_a_partial_success() {
    let server = Server::start();
    server.answer_with(Ok(Receipt { rejected: 1, reason: Some("no value".to_owned()) }));
    let channel = channel(&server).await;
    let response = MetricsServiceClient::new(channel.clone()).export(metrics()).await.unwrap();
    let partial = response.into_inner().partial_success.unwrap();
    assert_eq!((partial.rejected_data_points, partial.error_message.as_str()), (1, "no value"));
    let response = LogsServiceClient::new(channel.clone()).export(logs()).await.unwrap();
    let partial = response.into_inner().partial_success.unwrap();
    assert_eq!((partial.rejected_log_records, partial.error_message.as_str()), (1, "no value"));
    let response = TraceServiceClient::new(channel).export(traces()).await.unwrap();
    let partial = response.into_inner().partial_success.unwrap();
    assert_eq!((partial.rejected_spans, partial.error_message.as_str()), (1, "no value"));
    assert_eq!(server.count("otlp.records.refused", "grpc/metrics/unusable"), 1);
}

/// Scenario: the intake is full, or cannot store.
/// Guarantees: UNAVAILABLE, which clients may send again, counted once.
#[tokio::test]
async fn what_cannot_be_kept_is_unavailable() {
    let server = Server::start();
    for (refusal, label) in
        [(Refusal::Full, "grpc/logs/full"), (Refusal::Unavailable, "grpc/logs/unavailable")]
    {
        server.answer_with(Err(refusal));
        let status = refused(&server, logs()).await;
        assert_eq!((status.code(), status.message()), (Code::Unavailable, &*refusal.to_string()));
        assert_eq!(server.count("otlp.requests.refused", label), 1);
    }
}

/// Scenario: messages that are no protobuf, not compressed as they say, cut off, or missing.
/// Guarantees: INVALID_ARGUMENT, which clients do not send again, counted as malformed.
#[tokio::test]
async fn malformed_messages_are_invalid() {
    let mut server = Server::start();
    let zipped = gzip(&logs().encode_to_vec());
    let cases = [
        ("identity", framed(0, b"\x0a\xff\xff")),
        ("gzip", framed(1, b"no gzip")),
        ("zstd", framed(1, &zipped)),
        ("gzip", framed(1, &zipped[..20])),
        ("identity", framed(1, &zipped)),
        ("identity", framed(7, b"")),
        ("identity", framed(0, &logs().encode_to_vec()).slice(..9)),
        ("identity", Bytes::new()),
    ];
    let count = cases.len() as u64;
    for (index, (encoding, body)) in cases.into_iter().enumerate() {
        let mut request = ByHand::to(&server);
        request.headers.push(("grpc-encoding", encoding));
        let code = request.code(&server, body).await;
        assert_eq!(code, Code::InvalidArgument, "case {index}");
    }
    assert_eq!(server.count("otlp.requests.refused", "grpc/logs/malformed"), count);
    assert!(server.arrivals.try_recv().is_err());
}

/// Scenario: messages beyond the limit: announced, sent and inflated, up to bombs.
/// Guarantees: RESOURCE_EXHAUSTED without details, which clients do not send again; the limit
/// itself is allowed.
#[tokio::test]
async fn messages_beyond_the_limit_exhaust_it() {
    let server = Server::start();
    let exactly = |size: usize| {
        let overhead = logs_with(&" ".repeat(LIMITS.inflated)).encoded_len() - LIMITS.inflated;
        logs_with(&" ".repeat(size - overhead))
    };
    assert_eq!(exactly(LIMITS.inflated).encoded_len(), LIMITS.inflated);
    let mut client = LogsServiceClient::new(channel(&server).await);
    client.export(exactly(LIMITS.inflated)).await.unwrap();
    let bomb = exactly(LIMITS.inflated * 200);
    for request in [exactly(LIMITS.inflated + 1), bomb] {
        for encoding in [None, Some(CompressionEncoding::Gzip), Some(CompressionEncoding::Zstd)] {
            let mut client = LogsServiceClient::new(channel(&server).await);
            if let Some(encoding) = encoding {
                client = client.send_compressed(encoding);
            }
            let status = client.export(request.clone()).await.unwrap_err();
            assert_eq!(status.code(), Code::ResourceExhausted, "{encoding:?}: {status}");
            assert_eq!(status.details(), b"");
        }
    }
    let giant = Bytes::from_static(b"\0\xff\xff\xff\xff");
    assert_eq!(ByHand::to(&server).code(&server, giant).await, Code::ResourceExhausted);
    assert_eq!(server.count("otlp.requests.refused", "grpc/logs/too-large"), 7);
}

/// Scenario: an encoding, a service, a content type and a host that are not ours.
/// Guarantees: the code that gRPC has for each, counted by reason.
#[tokio::test]
async fn other_requests_get_their_documented_answers() {
    let mut server = Server::start();
    let message = framed(0, &logs().encode_to_vec());
    let refused = |label: &str| server.count("otlp.requests.refused", label);

    let mut request = ByHand::to(&server);
    request.headers.push(("grpc-encoding", "snappy"));
    assert_eq!(request.code(&server, message.clone()).await, Code::Unimplemented);
    assert_eq!(refused("grpc/logs/encoding"), 1);

    for path in ["/opentelemetry.proto.collector.logs.v1.LogsService/Import", "/x.Y/Export"] {
        let request = ByHand { path, ..ByHand::to(&server) };
        assert_eq!(request.code(&server, message.clone()).await, Code::Unimplemented);
    }
    assert_eq!(refused("grpc/path"), 2);

    for content_type in ["text/plain", "application/json", "application/grpc-web"] {
        let headers = vec![("content-type", content_type)];
        let request = ByHand { headers, ..ByHand::to(&server) };
        let (status, _) = request.send(&server, Full::new(message.clone()).boxed()).await;
        assert_eq!(status, 415, "{content_type}");
    }
    assert_eq!(refused("grpc/logs/content-type"), 3);

    let request = ByHand { host: "evil.example:4317".to_owned(), ..ByHand::to(&server) };
    assert_eq!(request.code(&server, message.clone()).await, Code::PermissionDenied);
    assert_eq!(refused("grpc/host"), 1);
    assert!(server.arrivals.try_recv().is_err());
}

/// Scenario: a client that sends a part of its message and then nothing.
/// Guarantees: DEADLINE_EXCEEDED when the time is over, counted.
#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_slow_is_given_up() {
    let server = Server::with(Limits::default());
    let half = framed(0, &logs().encode_to_vec()).slice(..9);
    let pieces = stream::iter([Ok(Frame::data(half))]).chain(stream::pending());
    let body = BoxBody::new(StreamBody::new(pieces));
    let (status, headers) = ByHand::to(&server).send(&server, body).await;
    assert_eq!(status, 200);
    assert_eq!(Code::from_bytes(headers["grpc-status"].as_bytes()), Code::DeadlineExceeded);
    assert_eq!(server.count("otlp.requests.refused", "grpc/logs/too-slow"), 1);
}

/// Scenario: the client cancels its call while the intake works on it.
/// Guarantees: the intake finishes all the same.
#[tokio::test]
async fn an_export_outlives_its_client() {
    let mut server = Server::start();
    server.close_gate();
    let mut client = LogsServiceClient::new(channel(&server).await);
    let sending = tokio::spawn(async move { client.export(logs()).await });
    server.arrivals.recv().await.unwrap();
    sending.abort();
    assert_eq!(server.closings.recv().await, Some(ConnectionId(1)));
    server.open_gate();
    server.receiver.settle().await;
    assert_eq!(server.finished(), 1);
    assert_eq!(server.count("otlp.requests.accepted", "grpc/logs"), 1);
}
