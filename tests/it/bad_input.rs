//! Input that no client should send: each gets its documented answer, is counted, and spoils nothing beside it.

use std::time::Duration;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use plimsoll_domain::{Timestamp, Tokens};
use plimsoll_replay::Order;
use plimsoll_testkit::{Answer, ApiCall, Events, Loopback, Metrics, TestResident, logs_json};
use prost::Message as _;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::house::{books, capture, expected, records, replay, resident};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");

async fn post(
    house: &TestResident,
    signal: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let receiver = Loopback::new(house.http().unwrap());
    receiver.post(&format!("/v1/{signal}"), headers, body).await.unwrap()
}

async fn refused(house: &TestResident) -> Vec<(String, u64)> {
    let health = house.api().unwrap().json("/api/v1/health").await.unwrap();
    let counters = health["counters"].as_array().unwrap().iter();
    counters
        .filter(|counter| counter["name"].as_str().unwrap().contains("refused"))
        .map(|counter| {
            (counter["label"].as_str().unwrap().to_owned(), counter["value"].as_u64().unwrap())
        })
        .collect()
}

fn now() -> Timestamp {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_nanos(u64::try_from(now.as_nanos()).unwrap()).unwrap()
}

/// After any of it, the resident still books a capture exactly.
async fn assert_unharmed(house: &TestResident) {
    replay(house, &capture("simple-http-json"), Order::Recorded).await;
    let books = books(house).await;
    for (session, expected) in expected("simple-http-json").sessions {
        assert_eq!(books.total(&session), expected.totals);
    }
}

/// Scenario: bytes that are no protobuf, text that is no JSON, wrong and missing content types, unknown
/// encodings, other methods and paths.
/// Guarantees: 400, 415, 405 and 404, each with a status body in the asked type; the refusals are counted by
/// reason; the same connection goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_requests_are_refused_for_good() {
    let house = resident().await;
    for (headers, body, status) in [
        (vec![PROTOBUF], "\u{1}\u{2}\u{3}not protobuf", 400),
        (vec![JSON], "{\"resourceLogs\":[", 400),
        (vec![JSON], "[1,2,3]", 400),
        (vec![("content-type", "text/plain")], "hello", 415),
        (vec![], "hello", 415),
        (vec![JSON, ("content-encoding", "br")], "{}", 415),
        (vec![PROTOBUF, ("content-encoding", "gzip")], "not gzip", 400),
    ] {
        let answer = post(&house, "logs", &headers, body).await;
        assert_eq!(answer.status.as_u16(), status, "{headers:?} {body}: {}", answer.text());
        assert!(answer.headers.get("retry-after").is_none());
    }
    let json = post(&house, "logs", &[JSON], "{").await;
    assert!(json.json().unwrap()["message"].as_str().unwrap().len() > 4);
    let receiver = Loopback::new(house.http().unwrap());
    assert_eq!(receiver.get("/v1/logs").await.unwrap().status.as_u16(), 405);
    assert_eq!(receiver.post("/v1/other", &[PROTOBUF], "").await.unwrap().status.as_u16(), 404);
    let refused = refused(&house).await;
    for reason in ["malformed", "content-type", "encoding"] {
        assert!(
            refused.iter().any(|(label, count)| label.contains(reason) && *count > 0),
            "{refused:?}"
        );
    }
    assert_unharmed(&house).await;
}

/// Scenario: a small gzip body that inflates to a gigabyte, and a plain one above the limit.
/// Guarantees: 413 for both, and the resident's memory does not grow by the size of either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bomb_costs_bounded_memory() {
    let house = resident().await;
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0_u8; 1 << 20];
    for _ in 0..1024 {
        std::io::Write::write_all(&mut bomb, &zeros).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let before = peak(&house);
    for _ in 0..4 {
        let answer =
            post(&house, "metrics", &[PROTOBUF, ("content-encoding", "gzip")], bomb.clone()).await;
        assert_eq!(answer.status.as_u16(), 413);
    }
    let grown = peak(&house) - before;
    assert!(grown < 128 << 10, "grew by {grown} KiB");
    assert_unharmed(&house).await;
}

/// Peak resident memory in KiB.
fn peak(house: &TestResident) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", house.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Scenario: a client announces a body and goes away half-way.
/// Guarantees: nothing of it is booked, and nobody else notices.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_stops_half_way_is_dropped() {
    let house = resident().await;
    let address = house.http().unwrap();
    let mut half = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/logs HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-protobuf\r\n\
         Content-Length: 5000\r\n\r\n"
    );
    half.write_all(head.as_bytes()).await.unwrap();
    half.write_all(&[10_u8; 1000]).await.unwrap();
    half.shutdown().await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(15), half.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert!(records(&house.api().unwrap()).await.is_empty());
    assert_unharmed(&house).await;
}

/// Scenario: one export holds good points beside negative, fractional, infinite, huge and not-a-number ones,
/// and one of a type that nobody knows.
/// Guarantees: 200 with a partial success that counts the refused points and says why; the good ones are booked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_points_are_refused_beside_good_ones() {
    let house = resident().await;
    let (start, end) = (now().before(Duration::from_secs(2)), now());
    let call = ApiCall::new("req_1").tokens(Tokens {
        input: 1,
        output: 20,
        cache_read: 300,
        cache_creation: 4,
    });
    let mut export = Metrics::delta("s", start, end).tokens(&call).build();
    let points = &mut data_points(&mut export);
    let good = points[0].clone();
    let bad = [-1.0, 0.5, f64::NAN, f64::INFINITY, 1e30];
    for (index, value) in bad.into_iter().enumerate() {
        let mut point = good.clone();
        point.start_time_unix_nano += 1 + u64::try_from(index).unwrap();
        point.value = Some(Number::AsDouble(value));
        points.push(point);
    }
    let answer = post(&house, "metrics", &[PROTOBUF], export.encode_to_vec()).await;
    assert_eq!(answer.status.as_u16(), 200);
    let response =
        opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse::decode(
            answer.body.clone(),
        )
        .unwrap();
    let partial = response.partial_success.unwrap();
    assert_eq!(partial.rejected_data_points, 5);
    assert!(!partial.error_message.is_empty());
    assert_eq!(books(&house).await.total("s"), call_tokens());
    assert_unharmed(&house).await;
}

fn call_tokens() -> Tokens {
    Tokens { input: 1, output: 20, cache_read: 300, cache_creation: 4 }
}

fn data_points(
    export: &mut opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest,
) -> &mut Vec<opentelemetry_proto::tonic::metrics::v1::NumberDataPoint> {
    use opentelemetry_proto::tonic::metrics::v1::metric::Data;
    let metrics = &mut export.resource_metrics[0].scope_metrics[0].metrics;
    let tokens =
        metrics.iter_mut().find(|metric| metric.name == "claude_code.token.usage").unwrap();
    let Some(Data::Sum(sum)) = &mut tokens.data else { panic!("not a sum") };
    &mut sum.data_points
}

/// Scenario: events with the times 0 and far in the future, sent twice; one without a session id; one with a
/// negative count.
/// Guarantees: each request is booked once at a time that is not in the future, the one without a session under
/// none; the negative one is refused alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_times_and_missing_ids_do_no_harm() {
    let house = resident().await;
    let future = now().after(Duration::from_secs(86_400 * 365));
    let export = |session: Option<&str>, at, request: &str| {
        let events =
            session.map_or_else(|| Events::nameless(at), |session| Events::of(session, at));
        events.api_request(&ApiCall::new(request).tokens(call_tokens())).build()
    };
    let mut negative = logs_json(&export(Some("s"), now(), "req_negative"));
    let attributes =
        negative["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["attributes"].as_array_mut();
    let output =
        attributes.unwrap().iter_mut().find(|entry| entry["key"] == "output_tokens").unwrap();
    output["value"] = serde_json::json!({"intValue": -7});
    for _ in 0..2 {
        for export in [
            export(Some("s"), Timestamp::EPOCH, "req_epoch"),
            export(Some("s"), future, "req_future"),
            export(None, now(), "req_nameless"),
        ] {
            let answer = post(&house, "logs", &[PROTOBUF], export.encode_to_vec()).await;
            assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
        }
        let answer = post(&house, "logs", &[JSON], negative.to_string()).await;
        assert_eq!(
            answer.json().unwrap()["partialSuccess"]["rejectedLogRecords"],
            "1",
            "{}",
            answer.text()
        );
    }
    let records = records(&house.api().unwrap()).await;
    assert_eq!(records.len(), 3);
    let latest = plimsoll_domain::calendar::rfc3339(now().after(Duration::from_secs(1)));
    for record in &records {
        assert!(record["timestamp"].as_str().unwrap() < latest.as_str(), "{record}");
        assert_eq!(record["sessionId"].is_null(), record["requestId"] == "req_nameless");
    }
    let usage = house.api().unwrap().json("/api/v1/usage?by=session").await.unwrap();
    assert_eq!(usage["total"]["requests"], Value::from(3));
    assert_unharmed(&house).await;
}

/// Scenario: requests with a foreign Host, to the receiver and to the dashboard.
/// Guarantees: 403 from both, and no header that would let another origin read an answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_hosts_are_turned_away() {
    let house = resident().await;
    for address in [house.http().unwrap(), house.api().unwrap().address()] {
        let request = http::Request::post("/v1/logs")
            .header("host", "evil.example")
            .header("content-type", "application/json")
            .body(http_body_util::Full::new(Bytes::from_static(b"{}")))
            .unwrap();
        let answer = Loopback::new(address).send(request).await.unwrap();
        assert_eq!(answer.status.as_u16(), 403);
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
    }
}
