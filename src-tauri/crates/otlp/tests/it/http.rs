//! OTLP over HTTP.

use std::{convert::Infallible, future::ready, pin::pin};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::Frame;
use plimsoll_domain::ConnectionId;
use plimsoll_otlp::{
    Export, Limits, Receipt, Refusal,
    proto::collector::{
        logs::v1::ExportLogsServiceResponse, metrics::v1::ExportMetricsServiceResponse,
        trace::v1::ExportTraceServiceResponse,
    },
};
use prost::Message;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    samples::{LOGS_JSON, METRICS_JSON, TRACES_JSON, gzip, logs, logs_with, metrics, traces, zstd},
    server::{LIMITS, NOW, Reply, Server},
};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// `google.rpc.Status` as a client knows it.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

impl RpcStatus {
    /// From the body, in the format of the answer's content type.
    fn of(reply: &Reply) -> Self {
        if reply.header("content-type") == PROTOBUF {
            return Self::decode(reply.body.clone()).unwrap();
        }
        assert_eq!(reply.header("content-type"), JSON);
        let status: Value = serde_json::from_slice(&reply.body).unwrap();
        let code = i32::try_from(status["code"].as_i64().unwrap()).unwrap();
        Self { code, message: status["message"].as_str().unwrap().to_owned() }
    }
}

/// Each signal's path, its sample in both formats, and the sample decoded.
fn samples() -> [(&'static str, Vec<u8>, &'static str, Export); 3] {
    [
        ("/v1/metrics", metrics().encode_to_vec(), METRICS_JSON, Export::Metrics(metrics())),
        ("/v1/logs", logs().encode_to_vec(), LOGS_JSON, Export::Logs(logs())),
        ("/v1/traces", traces().encode_to_vec(), TRACES_JSON, Export::Traces(traces())),
    ]
}

/// A body in pieces, without a Content-Length.
fn chunked(body: &[u8], piece: usize) -> BoxBody<Bytes, Infallible> {
    let pieces: Vec<_> = body.chunks(piece).map(Bytes::copy_from_slice).collect();
    let frames = pieces.into_iter().map(|piece| Ok(Frame::data(piece)));
    StreamBody::new(futures_util::stream::iter(frames)).boxed()
}

/// Scenario: the three signals in both formats over one connection.
/// Guarantees: each reaches the intake as the same message with its connection and time of arrival,
/// and is answered with the empty message in its own format.
#[tokio::test]
async fn every_signal_is_received_in_both_formats() {
    let mut server = Server::start();
    let mut client = server.client().await;
    assert_eq!(server.receiver.last_arrival(), None);
    for (path, protobuf, json, export) in samples() {
        for (format, body, empty) in
            [(PROTOBUF, Bytes::from(protobuf), ""), (JSON, Bytes::from(json), "{}")]
        {
            let reply = client.post(path, &[("content-type", format)], body).await;
            assert_eq!(reply.status, 200, "{path} {format}: {}", reply.text());
            assert_eq!(reply.text(), empty);
            assert_eq!(reply.header("content-type"), format);
            let arrival = server.arrivals.recv().await.unwrap();
            assert_eq!(arrival.export, export, "{path} {format}");
            assert_eq!((arrival.connection, arrival.at), (ConnectionId(1), NOW));
        }
    }
    assert_eq!(server.receiver.last_arrival(), Some(NOW));
    assert_eq!(server.count("otlp.requests.accepted", "http/metrics"), 2);
    assert_eq!(server.count("otlp.records.accepted", "http/metrics"), 4);
    assert_eq!(server.count("otlp.records.accepted", "http/traces"), 2);
}

/// Scenario: every encoding, in one piece with a length and in small pieces without, in both
/// formats.
/// Guarantees: all arrive as the same message.
#[tokio::test]
async fn every_encoding_and_framing_is_read() {
    let mut server = Server::start();
    let mut client = server.client().await;
    let bodies = [(PROTOBUF, metrics().encode_to_vec()), (JSON, METRICS_JSON.into())];
    for (format, plain) in bodies {
        let encodings = [
            ("identity", plain.clone()),
            ("gzip", gzip(&plain)),
            ("X-GZIP", gzip(&plain)),
            ("zstd", zstd(&plain)),
        ];
        for (encoding, body) in encodings {
            let headers = [("content-type", format), ("content-encoding", encoding)];
            for framed in [Full::new(Bytes::from(body.clone())).boxed(), chunked(&body, 7)] {
                let reply = client.send("POST", "/v1/metrics", &headers, framed).await;
                assert_eq!(reply.status, 200, "{format} {encoding}: {}", reply.text());
                let arrival = server.arrivals.recv().await.unwrap();
                assert_eq!(arrival.export, Export::Metrics(metrics()));
            }
        }
    }
}

/// Scenario: content types with parameters and in any case; requests without a record, without a
/// body.
/// Guarantees: they are taken, and answered with the plain content type.
#[tokio::test]
async fn content_types_may_have_parameters_and_requests_be_empty() {
    let server = Server::start();
    let mut client = server.client().await;
    let cases = [
        ("application/json; charset=utf-8", JSON, LOGS_JSON),
        ("Application/JSON", JSON, "{}"),
        ("application/x-protobuf;v=1", PROTOBUF, ""),
    ];
    for (sent, answered, body) in cases {
        let reply = client.post("/v1/logs", &[("content-type", sent)], body).await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, answered));
    }
    assert_eq!(server.count("otlp.requests.accepted", "http/logs"), 3);
    assert_eq!(server.count("otlp.records.accepted", "http/logs"), 1);
}

/// Scenario: the intake cannot use some records, of each signal, in both formats.
/// Guarantees: a partial success says how many and why; the rest counts as accepted.
#[tokio::test]
async fn what_the_intake_rejects_is_a_partial_success() {
    let server = Server::start();
    let mut client = server.client().await;
    server.answer_with(Ok(Receipt { rejected: 1, reason: Some("no value".to_owned()) }));
    let fields = ["rejectedDataPoints", "rejectedLogRecords", "rejectedSpans"];
    for ((path, protobuf, json, _), field) in samples().into_iter().zip(fields) {
        let reply = client.post(path, &[("content-type", JSON)], json).await;
        let partial: Value = serde_json::from_slice(&reply.body).unwrap();
        let expected = json!({"partialSuccess": {field: "1", "errorMessage": "no value"}});
        assert_eq!((reply.status.as_u16(), partial), (200, expected));

        let reply = client.post(path, &[("content-type", PROTOBUF)], protobuf).await;
        assert_eq!(reply.status, 200);
        let (rejected, message) = match path {
            "/v1/metrics" => {
                let response = ExportMetricsServiceResponse::decode(reply.body).unwrap();
                let partial = response.partial_success.unwrap();
                (partial.rejected_data_points, partial.error_message)
            }
            "/v1/logs" => {
                let response = ExportLogsServiceResponse::decode(reply.body).unwrap();
                let partial = response.partial_success.unwrap();
                (partial.rejected_log_records, partial.error_message)
            }
            _ => {
                let response = ExportTraceServiceResponse::decode(reply.body).unwrap();
                let partial = response.partial_success.unwrap();
                (partial.rejected_spans, partial.error_message)
            }
        };
        assert_eq!((rejected, message.as_str()), (1, "no value"), "{path}");
    }
    assert_eq!(server.count("otlp.records.accepted", "http/metrics"), 2);
    assert_eq!(server.count("otlp.records.refused", "http/metrics/unusable"), 2);
}

/// Scenario: a JSON record that cannot be read, beside one that can and one that the intake
/// rejects.
/// Guarantees: the good one arrives, both refusals are in the partial success and under their
/// counters.
#[tokio::test]
async fn what_the_reader_refuses_joins_the_partial_success() {
    let mut server = Server::start();
    let mut client = server.client().await;
    server.answer_with(Ok(Receipt { rejected: 1, reason: Some("too old".to_owned()) }));
    let body = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[
        {"body":{"stringValue":"a body"}},{"timeUnixNano":"soon"}]}]}]}"#;
    let reply = client.post("/v1/logs", &[("content-type", JSON)], body).await;
    let partial: Value = serde_json::from_slice(&reply.body).unwrap();
    let expected = json!({"partialSuccess": {
        "rejectedLogRecords": "2",
        "errorMessage": "log record: timeUnixNano: not a 64-bit unsigned integer; too old",
    }});
    assert_eq!(partial, expected);
    assert_eq!(server.arrivals.recv().await.unwrap().export, Export::Logs(logs()));
    assert_eq!(server.count("otlp.records.refused", "http/logs/unreadable"), 1);
    assert_eq!(server.count("otlp.records.refused", "http/logs/unusable"), 1);
}

/// Scenario: bodies that are neither protobuf nor JSON nor what their encoding says.
/// Guarantees: 400 with a status in the format that was sent, counted as malformed; the connection
/// goes on, and the intake sees nothing.
#[tokio::test]
async fn malformed_bodies_are_refused_for_good() {
    let mut server = Server::start();
    let mut client = server.client().await;
    let deep_json = "[".repeat(50_000);
    let mut deep_protobuf = Vec::new();
    for _ in 0..200 {
        let mut outer = vec![0x0a];
        prost::encoding::encode_varint(deep_protobuf.len() as u64, &mut outer);
        deep_protobuf = [outer, deep_protobuf].concat();
    }
    let cases: [(&str, &str, Vec<u8>); 9] = [
        (PROTOBUF, "identity", b"\x0a\xff\xff".to_vec()),
        (PROTOBUF, "identity", METRICS_JSON.into()),
        (PROTOBUF, "identity", deep_protobuf),
        (PROTOBUF, "gzip", metrics().encode_to_vec()),
        (PROTOBUF, "zstd", gzip(&metrics().encode_to_vec())),
        (PROTOBUF, "gzip", gzip(&metrics().encode_to_vec())[..20].to_vec()),
        (JSON, "identity", b"{\"resourceMetrics\":[".to_vec()),
        (JSON, "identity", deep_json.into_bytes()),
        (JSON, "identity", b"[]".to_vec()),
    ];
    let count = cases.len() as u64;
    for (format, encoding, body) in cases {
        let headers = [("content-type", format), ("content-encoding", encoding)];
        let reply = client.post("/v1/metrics", &headers, body).await;
        assert_eq!(reply.status, 400, "{format} {encoding}");
        assert_eq!(reply.header("content-type"), format);
        let status = RpcStatus::of(&reply);
        assert_eq!(status.code, 3);
        assert!(!status.message.is_empty());
    }
    assert_eq!(server.count("otlp.requests.refused", "http/metrics/malformed"), count);
    assert!(server.arrivals.try_recv().is_err());
    let good = client.post("/v1/metrics", &[("content-type", JSON)], METRICS_JSON).await;
    assert_eq!(good.status, 200);
    assert_eq!(server.arrivals.recv().await.unwrap().connection, ConnectionId(1));
}

/// Scenario: other paths, methods, content types and encodings than those of the protocol.
/// Guarantees: 404, 405 with Allow, 415, each with a status body, counted by reason, on one
/// connection.
#[tokio::test]
async fn other_requests_get_their_documented_answers() {
    let server = Server::start();
    let mut client = server.client().await;
    let json = [("content-type", JSON)];
    for path in ["/", "/v1/log", "/v1/logs/", "/v1development/profiles"] {
        let reply = client.post(path, &json, LOGS_JSON).await;
        assert_eq!((reply.status.as_u16(), RpcStatus::of(&reply).code), (404, 5), "{path}");
    }
    for method in ["GET", "PUT", "OPTIONS", "DELETE"] {
        let body = Full::new(Bytes::from(LOGS_JSON)).boxed();
        let reply = client.send(method, "/v1/logs", &json, body).await;
        assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "POST"), "{method}");
        assert_eq!(RpcStatus::of(&reply).code, 12);
    }
    for headers in [&[][..], &[("content-type", "text/plain")], &[("content-type", "")]] {
        let reply = client.post("/v1/logs", headers, LOGS_JSON).await;
        assert_eq!((reply.status.as_u16(), RpcStatus::of(&reply).code), (415, 3), "{headers:?}");
    }
    for encoding in ["deflate", "gzip, gzip", "br"] {
        let headers = [("content-type", PROTOBUF), ("content-encoding", encoding)];
        let reply = client.post("/v1/logs", &headers, logs().encode_to_vec()).await;
        assert_eq!((reply.status.as_u16(), RpcStatus::of(&reply).code), (415, 3), "{encoding}");
        assert_eq!(reply.header("accept-encoding"), "gzip, zstd");
    }
    let refused = |label: &str| server.count("otlp.requests.refused", label);
    assert_eq!((refused("http/path"), refused("http/logs/method")), (4, 4));
    assert_eq!((refused("http/logs/content-type"), refused("http/logs/encoding")), (3, 3));
    assert_eq!(client.post("/v1/logs", &json, LOGS_JSON).await.status, 200);
}

/// Scenario: a foreign Host, and none.
/// Guarantees: 403 and 400 with a status body in the format that was sent, counted.
#[tokio::test]
async fn a_wrong_host_is_refused() {
    let mut server = Server::start();
    let mut client = server.client().await;
    for format in [PROTOBUF, JSON] {
        let headers = [("content-type", format), ("host", "evil.example")];
        let reply = client.post("/v1/logs", &headers, "{}").await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (403, format));
        assert_eq!(RpcStatus::of(&reply).code, 7);
    }
    let answer = server.raw("POST /v1/logs HTTP/1.1\r\nConnection: close\r\n\r\n", false).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(server.count("otlp.requests.refused", "http/host"), 3);
    assert!(server.arrivals.try_recv().is_err());
}

/// Scenario: bodies one byte beyond the limit: announced, in pieces, and inflated.
/// Guarantees: 413 each, at the limit exactly 200; the client gets to read the answer and keeps its
/// connection.
#[tokio::test]
async fn bodies_beyond_the_limits_are_too_large() {
    let server = Server::start();
    let mut client = server.client().await;
    // Spaces cost nothing to read and may be as many as one likes.
    let blank = |size: usize| format!("{{{}}}", " ".repeat(size - 2)).into_bytes();
    let (sent, inflated) = (LIMITS.compressed, LIMITS.inflated);
    let cases = [
        ("identity", blank(sent), 200),
        ("identity", blank(sent + 1), 413),
        ("gzip", gzip(&blank(inflated)), 200),
        ("gzip", gzip(&blank(inflated + 1)), 413),
        ("zstd", zstd(&blank(inflated)), 200),
        ("zstd", zstd(&blank(inflated + 1)), 413),
    ];
    for (encoding, body, expected) in cases {
        let headers = [("content-type", JSON), ("content-encoding", encoding)];
        for framed in [Full::new(Bytes::from(body.clone())).boxed(), chunked(&body, 9_999)] {
            let reply = client.send("POST", "/v1/logs", &headers, framed).await;
            assert_eq!(reply.status, expected, "{encoding}, {} bytes", body.len());
            if expected == 413 {
                assert_eq!(RpcStatus::of(&reply).code, 8);
            }
        }
    }
    assert_eq!(server.count("otlp.requests.refused", "http/logs/too-large"), 6);
}

/// Scenario: small bodies that inflate to two thousand times the limit, over the default limits
/// too.
/// Guarantees: 413, as soon as the limit is reached.
#[tokio::test]
async fn bombs_are_stopped() {
    let zeros = vec![b' '; 64 * 1024 * 1024];
    let (gzip, zstd) = (gzip(&zeros), zstd(&zeros));
    for limits in [LIMITS, Limits::default()] {
        let server = Server::with(limits);
        let mut client = server.client().await;
        for (encoding, bomb) in [("gzip", &gzip), ("zstd", &zstd)] {
            for format in [PROTOBUF, JSON] {
                let headers = [("content-type", format), ("content-encoding", encoding)];
                let reply = client.post("/v1/metrics", &headers, bomb.clone()).await;
                assert_eq!(reply.status, 413, "{encoding} {format}");
                assert_eq!(RpcStatus::of(&reply).message, "the body is too large");
            }
        }
    }
}

/// Scenario: a body far beyond the limit, announced only.
/// Guarantees: it is answered at once, without waiting for it, and the connection is closed.
#[tokio::test]
async fn an_announced_giant_is_not_waited_for() {
    let server = Server::start();
    let mut stream = TcpStream::connect(server.http).await.unwrap();
    let head = format!(
        "POST /v1/logs HTTP/1.1\r\nHost: {}\r\nContent-Type: {JSON}\r\nContent-Length: 99999999999\r\n\r\n",
        server.http
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

/// Scenario: bodies that end half-way, with a length and in chunks, plain and compressed.
/// Guarantees: 400, counted as cut off; the intake sees nothing.
#[tokio::test]
async fn a_body_that_stops_half_way_is_refused() {
    let mut server = Server::start();
    let head =
        format!("POST /v1/logs HTTP/1.1\r\nHost: {}\r\nContent-Type: {JSON}\r\n", server.http);
    for rest in [
        "Content-Length: 100\r\n\r\n{\"resourceLogs\":[",
        "Content-Length: 100\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n10\r\n{\"resourceLogs\"",
        "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        "Content-Encoding: gzip\r\nContent-Length: 100\r\n\r\nabc",
    ] {
        let answer = server.raw(&format!("{head}{rest}"), true).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{rest}: {answer}");
        assert!(answer.contains("the body is not complete"), "{rest}: {answer}");
    }
    assert_eq!(server.count("otlp.requests.refused", "http/logs/cut-off"), 5);
    assert!(server.arrivals.try_recv().is_err());
}

/// Scenario: a client that sends a part of its body and then nothing.
/// Guarantees: 408 when the deadline is over, counted, and others are served meanwhile.
#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_slow_is_given_up() {
    let server = Server::start();
    let mut slow = TcpStream::connect(server.http).await.unwrap();
    let head = format!(
        "POST /v1/logs HTTP/1.1\r\nHost: {}\r\nContent-Type: {JSON}\r\nContent-Length: 100\r\n\r\n{{",
        server.http
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut client = server.client().await;
    assert_eq!(client.post("/v1/logs", &[("content-type", JSON)], "{}").await.status, 200);
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(server.count("otlp.requests.refused", "http/logs/too-slow"), 1);
}

/// Scenario: the intake is full, or cannot store.
/// Guarantees: 503 with Retry-After and a status body; the same bytes are taken when it can again.
#[tokio::test]
async fn what_cannot_be_kept_may_be_sent_again() {
    let server = Server::start();
    let mut client = server.client().await;
    for (refusal, label) in
        [(Refusal::Full, "http/logs/full"), (Refusal::Unavailable, "http/logs/unavailable")]
    {
        server.answer_with(Err(refusal));
        for format in [PROTOBUF, JSON] {
            let body = if format == JSON { LOGS_JSON.into() } else { logs().encode_to_vec() };
            let reply = client.post("/v1/logs", &[("content-type", format)], body).await;
            assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (503, "1"));
            assert_eq!(reply.header("content-type"), format);
            let expected = RpcStatus { code: 14, message: refusal.to_string() };
            assert_eq!(RpcStatus::of(&reply), expected);
        }
        assert_eq!(server.count("otlp.requests.refused", label), 2);
    }
    server.answer_with(Ok(Receipt::default()));
    let reply = client.post("/v1/logs", &[("content-type", JSON)], LOGS_JSON).await;
    assert_eq!(reply.status, 200);
    assert_eq!(server.count("otlp.requests.accepted", "http/logs"), 1);
}

/// Scenario: the intake takes long over one client's export.
/// Guarantees: bad requests of others are answered meanwhile, good ones reach the intake.
#[tokio::test]
async fn a_slow_intake_holds_up_nobody_else() {
    let mut server = Server::start();
    server.close_gate();
    let (mut first, mut second) = (server.client().await, server.client().await);
    let headers = [("content-type", JSON)];
    let waiting = tokio::spawn(async move { first.post("/v1/logs", &headers, LOGS_JSON).await });
    server.arrivals.recv().await.unwrap();
    assert_eq!(second.post("/v1/logs", &headers, "x").await.status, 400);
    let also_waiting =
        tokio::spawn(async move { second.post("/v1/metrics", &headers, METRICS_JSON).await });
    assert_eq!(server.arrivals.recv().await.unwrap().export, Export::Metrics(metrics()));
    assert!(!waiting.is_finished());
    server.open_gate();
    assert_eq!(waiting.await.unwrap().status, 200);
    assert_eq!(also_waiting.await.unwrap().status, 200);
}

/// Scenario: the client leaves while the intake works on its export.
/// Guarantees: the intake finishes all the same, and the receiver can be waited for.
#[tokio::test]
async fn an_export_outlives_its_client() {
    let mut server = Server::start();
    server.close_gate();
    let mut client = server.client().await;
    let sending =
        tokio::spawn(
            async move { client.post("/v1/logs", &[("content-type", JSON)], LOGS_JSON).await },
        );
    server.arrivals.recv().await.unwrap();
    sending.abort();
    assert!(sending.await.unwrap_err().is_cancelled());
    assert_eq!(server.closings.recv().await, Some(ConnectionId(1)));
    let receiver = server.receiver.clone();
    let mut settled = pin!(receiver.settle());
    tokio::select! {
        biased;
        () = settled.as_mut() => panic!("settled while an export is under way"),
        () = ready(()) => {}
    }
    assert_eq!(server.finished(), 0);
    server.open_gate();
    settled.await;
    assert_eq!(server.finished(), 1);
    assert_eq!(server.count("otlp.requests.accepted", "http/logs"), 1);
}

/// Scenario: a body larger than one read of the socket, in both formats.
/// Guarantees: it arrives whole.
#[tokio::test]
async fn large_bodies_arrive_whole() {
    let mut server = Server::with(Limits::default());
    let mut client = server.client().await;
    let text = "0123456789".repeat(100_000);
    let expected = Export::Logs(logs_with(&text));
    let json = LOGS_JSON.replace("a body", &text);
    let bodies = [(PROTOBUF, logs_with(&text).encode_to_vec()), (JSON, json.into_bytes())];
    for (format, body) in bodies {
        let reply = client.post("/v1/logs", &[("content-type", format)], body).await;
        assert_eq!(reply.status, 200);
        assert!(server.arrivals.recv().await.unwrap().export == expected, "{format}");
    }
}
