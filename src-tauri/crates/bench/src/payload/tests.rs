use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use serde_json::Value;

use super::*;

fn fresh() -> Fresh {
    let time = 1_795_409_023_445_000_000;
    Fresh { start: time - 1_000_000_000, time, sequence: 8, request: 0xbeef }
}

fn written(template: &Template) -> Vec<u8> {
    let mut wire = b"head".to_vec();
    template.write(fresh(), Run(0xa1), &mut wire);
    wire.split_off(4)
}

/// Scenario: a metrics request in protobuf.
/// Guarantees: it decodes to 12 points, every one with the fresh span, and has the recorded size.
#[test]
fn metrics_are_fresh() {
    let session = Session::new(Run(0xa1), 3, Protocol::Protobuf);
    let body = written(&session.metrics);
    assert!((4_000..5_200).contains(&body.len()), "{} bytes", body.len());
    let export = ExportMetricsServiceRequest::decode(body.as_slice()).unwrap();
    let metrics = &export.resource_metrics[0].scope_metrics[0].metrics;
    let spans: Vec<_> = metrics
        .iter()
        .flat_map(|metric| match &metric.data {
            Some(opentelemetry_proto::tonic::metrics::v1::metric::Data::Sum(sum)) => {
                sum.data_points.clone()
            }
            _ => Vec::new(),
        })
        .map(|point| (point.start_time_unix_nano, point.time_unix_nano))
        .collect();
    assert_eq!(spans, vec![(fresh().start, fresh().time); 12]);
}

/// Scenario: logs requests in protobuf, of the main conversation and of a subagent.
/// Guarantees: four records with fresh times, numbers and request id, of the recorded size.
#[test]
fn logs_are_fresh() {
    let session = Session::new(Run(0xa1), 3, Protocol::Protobuf);
    for template in &session.logs {
        let body = written(template);
        assert!((2_300..3_200).contains(&body.len()), "{} bytes", body.len());
        let export = ExportLogsServiceRequest::decode(body.as_slice()).unwrap();
        let records = &export.resource_logs[0].scope_logs[0].log_records;
        assert_eq!(records.len(), 4);
        assert!(records.iter().all(|record| record.time_unix_nano == fresh().time));
        let text = format!("{records:?}");
        for part in ["req_000000a1000000000000beef", "2026-11-23T04:43:43.445Z", "300000011"] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("2227") && !text.contains(marks::REQUEST));
    }
    assert_eq!(Run(0xa1).number_of("req_000000a1000000000000beef"), Some(0xbeef));
    assert_eq!(Run(0xa2).number_of("req_000000a1000000000000beef"), None);
}

/// Scenario: the same requests as JSON.
/// Guarantees: times are 19 digits of text, event numbers are numbers, nothing of the marks is left.
#[test]
fn json_is_fresh() {
    let session = Session::new(Run(0xa1), 3, Protocol::Json);
    let metrics: Value = serde_json::from_slice(&written(&session.metrics)).unwrap();
    let point =
        &metrics["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["sum"]["dataPoints"];
    assert_eq!(point[0]["timeUnixNano"], "1795409023445000000");
    assert_eq!(point[0]["startTimeUnixNano"], "1795409022445000000");
    let logs = String::from_utf8(written(&session.logs[0])).unwrap();
    for part in ["req_000000a1000000000000beef", "2026-11-23T04:43:43.445Z", ":300000011"] {
        assert!(logs.contains(part), "{part}");
    }
}

/// Scenario: two rounds of one session.
/// Guarantees: spans follow each other without a gap, and events are numbered on.
#[test]
fn rounds_follow_each_other() {
    let mut session = Session::new(Run(0xa1), 0, Protocol::Protobuf);
    let (first, second) = (session.next_export(), session.next_export());
    assert!(first.start <= first.time && second.start == first.time);
    assert_eq!(session.next_events(1).sequence, 0);
    assert_eq!(session.next_events(2).sequence, 4);
}
