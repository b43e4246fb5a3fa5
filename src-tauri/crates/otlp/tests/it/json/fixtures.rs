//! Payloads that other readers lose or refuse, one by one.

use plimsoll_otlp::{
    json::{read_logs, read_metrics, read_traces},
    proto::{
        common::v1::{AnyValue, any_value::Value as Any},
        logs::v1::LogRecord,
        metrics::v1::{Metric, NumberDataPoint, metric::Data, number_data_point::Value},
    },
};

struct Read<T> {
    kept: Vec<T>,
    rejected: u64,
    reason: String,
}

fn metrics(metrics: &str) -> Read<Metric> {
    let body = format!(r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":{metrics}}}]}}]}}"#);
    let decoded = read_metrics(body.as_bytes()).unwrap();
    let resources = decoded.value.resource_metrics.into_iter();
    let scopes = resources.flat_map(|resource| resource.scope_metrics);
    Read {
        kept: scopes.flat_map(|scope| scope.metrics).collect(),
        rejected: decoded.rejected,
        reason: decoded.reason.unwrap_or_default(),
    }
}

/// The points of one sum.
fn points(points: &str) -> Read<NumberDataPoint> {
    let sum = format!(
        r#"[{{"name":"m","sum":{{"dataPoints":{points},"aggregationTemporality":1,"isMonotonic":true}}}}]"#
    );
    let Read { kept, rejected, reason } = metrics(&sum);
    let kept = match kept.into_iter().next().unwrap().data {
        Some(Data::Sum(sum)) => sum.data_points,
        other => panic!("{other:?}"),
    };
    Read { kept, rejected, reason }
}

fn logs(records: &str) -> Read<LogRecord> {
    let body = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":{records}}}]}}]}}"#);
    let decoded = read_logs(body.as_bytes()).unwrap();
    let resources = decoded.value.resource_logs.into_iter();
    let scopes = resources.flat_map(|resource| resource.scope_logs);
    Read {
        kept: scopes.flat_map(|scope| scope.log_records).collect(),
        rejected: decoded.rejected,
        reason: decoded.reason.unwrap_or_default(),
    }
}

/// An attribute value as it is read; `None` where its record is refused.
fn value(value: &str) -> Option<Option<Any>> {
    let read = logs(&format!(r#"[{{"attributes":[{{"key":"k","value":{value}}}]}}]"#));
    assert_eq!(read.kept.len() as u64 + read.rejected, 1, "{value}");
    let record = read.kept.into_iter().next()?;
    Some(record.attributes[0].value.clone().and_then(|value| value.value))
}

/// Scenario: the value of a counter in every spelling that clients use.
/// Guarantees: none is lost.
#[test]
fn values_in_any_spelling_are_kept() {
    let cases = [
        (r#""asInt":"123""#, Value::AsInt(123)),
        (r#""asInt":123"#, Value::AsInt(123)),
        (r#""asInt":123.0"#, Value::AsInt(123)),
        (r#""asInt":"-9223372036854775808""#, Value::AsInt(i64::MIN)),
        (r#""asDouble":1.5"#, Value::AsDouble(1.5)),
        (r#""asDouble":17"#, Value::AsDouble(17.0)),
        (r#""asDouble":"1.5""#, Value::AsDouble(1.5)),
        (r#""asDouble":0.01775055"#, Value::AsDouble(0.017_750_55)),
        (r#""asDouble":"Infinity""#, Value::AsDouble(f64::INFINITY)),
        (r#""asDouble":"-Infinity""#, Value::AsDouble(f64::NEG_INFINITY)),
    ];
    for (member, value) in cases {
        let read = points(&format!("[{{{member}}}]"));
        assert_eq!(read.rejected, 0, "{member}: {}", read.reason);
        assert_eq!(read.kept[0].value, Some(value), "{member}");
    }
    let nan = points(r#"[{"asDouble":"NaN"}]"#).kept;
    assert!(matches!(nan[0].value, Some(Value::AsDouble(number)) if number.is_nan()));
}

/// Scenario: a point among good ones whose value, time, flags or attribute cannot be read.
/// Guarantees: it is left out and counted, with the member's name; the others stay.
#[test]
fn a_bad_point_is_refused_alone() {
    let cases = [
        (r#""asInt":1.5"#, "asInt: not a 64-bit integer"),
        (r#""asInt":"12x""#, "asInt: not a 64-bit integer"),
        (r#""asInt":9223372036854775808"#, "asInt: not a 64-bit integer"),
        (r#""asInt":true"#, "asInt: not a 64-bit integer"),
        (r#""asDouble":"fast""#, "asDouble: not a number, or too large"),
        (r#""asDouble":1e999"#, "asDouble: not a number, or too large"),
        (r#""asDouble":[]"#, "asDouble: not a number, or too large"),
        (r#""timeUnixNano":-1"#, "timeUnixNano: not a 64-bit unsigned integer"),
        (r#""timeUnixNano":"18446744073709551616""#, "timeUnixNano: not a 64-bit unsigned integer"),
        (r#""flags":4294967296"#, "flags: not a 32-bit unsigned integer"),
        (r#""attributes":{}"#, "attributes: not a list"),
        (r#""attributes":[null]"#, "attributes: null in a list"),
        (r#""attributes":[5]"#, "attributes: not an object"),
        (
            r#""attributes":[{"key":"k","value":{"arrayValue":{"values":[{"intValue":"x"}]}}}]"#,
            "attributes.value.arrayValue.values.intValue: not a 64-bit integer",
        ),
        (r#""exemplars":[{"spanId":"0g"}]"#, "exemplars.spanId: not hexadecimal"),
    ];
    for (member, reason) in cases {
        let read = points(&format!(r#"[{{"asInt":1}},{{{member}}},{{"asInt":2}}]"#));
        assert_eq!(read.rejected, 1, "{member}");
        assert_eq!(read.reason, format!("data point: {reason}"), "{member}");
        let values: Vec<_> = read.kept.iter().filter_map(|point| point.value).collect();
        assert_eq!(values, [Value::AsInt(1), Value::AsInt(2)], "{member}");
    }
}

/// Scenario: points that are no objects, and a list of points that is no list.
/// Guarantees: each is counted, at least once.
#[test]
fn what_is_no_point_is_counted() {
    let read = points(r#"[{"asInt":1},null,7,"x",[]]"#);
    assert_eq!((read.kept.len(), read.rejected), (1, 4));
    assert_eq!(read.reason, "data point: null in a list");
    let read = points(r#""none""#);
    assert_eq!((read.kept.len(), read.rejected), (0, 1));
    assert_eq!(read.reason, "data point: not a list");
}

/// Scenario: a metric whose own members are bad, beside a good one: enumerations by name, a wrong
/// data kind, a name that is none.
/// Guarantees: the metric is refused with all its points counted, the other is kept.
#[test]
fn a_bad_metric_is_refused_with_its_points() {
    let cases = [
        (
            r#"{"sum":{"dataPoints":[{"asInt":1},{"asInt":2}],"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA"}}"#,
            2,
            "metric: sum.aggregationTemporality: not an enumeration's number",
        ),
        (
            r#"{"name":5,"gauge":{"dataPoints":[{"asInt":1},{"asInt":"x"},{"asInt":3}]}}"#,
            3,
            "data point: asInt: not a 64-bit integer",
        ),
        (r#"{"sum":[]}"#, 1, "metric: sum: not an object"),
        (r#"{"sum":{"isMonotonic":"true"}}"#, 1, "metric: sum.isMonotonic: not true or false"),
        (r#"{"metadata":[{"key":1}]}"#, 1, "metric: metadata.key: not a string"),
        ("3", 1, "metric: not an object"),
    ];
    for (metric, rejected, reason) in cases {
        let read = metrics(&format!(r#"[{metric},{{"name":"good","gauge":{{}}}}]"#));
        assert_eq!((read.rejected, read.reason.as_str()), (rejected, reason), "{metric}");
        assert_eq!(read.kept.len(), 1, "{metric}");
        assert_eq!(read.kept[0].name, "good");
    }
}

/// Scenario: `null` in the place of members, attributes and data.
/// Guarantees: as if they were absent; nothing is refused.
#[test]
fn null_is_absent() {
    let read = metrics(
        r#"[{"name":null,"metadata":null,"gauge":null,"sum":{"dataPoints":[
            {"attributes":null,"asInt":"5","asDouble":null,"exemplars":null,"timeUnixNano":null}],
            "aggregationTemporality":null,"isMonotonic":null}}]"#,
    );
    assert_eq!(read.rejected, 0, "{}", read.reason);
    let Some(Data::Sum(sum)) = &read.kept[0].data else { panic!("{:?}", read.kept) };
    assert_eq!(
        sum.data_points,
        [NumberDataPoint { value: Some(Value::AsInt(5)), ..NumberDataPoint::default() }]
    );
    let read = logs(r#"[{"body":null,"attributes":[{"key":"k","value":null}],"traceId":null}]"#);
    assert_eq!((read.kept.len(), read.rejected), (1, 0));
    let empty = br#"{"resourceLogs":null,"partial":[{"nested":{"deeper":[1,2.5,"x"]}}]}"#;
    assert!(read_logs(empty).unwrap().value.resource_logs.is_empty());
}

/// Scenario: attribute values in every spelling, empty ones and bad ones.
/// Guarantees: read as meant, and a bad one costs its record, counted.
#[test]
fn attribute_values_are_read() {
    let text = |text: &str| Some(Some(Any::StringValue(text.to_owned())));
    assert_eq!(value(r#"{"stringValue":"a\u00e9\ud83d"}"#), text("a\u{e9}\u{fffd}"));
    assert_eq!(value(r#"{"stringValue":""}"#), text(""));
    assert_eq!(value(r#"{"intValue":"7"}"#), Some(Some(Any::IntValue(7))));
    assert_eq!(value(r#"{"intValue":7}"#), Some(Some(Any::IntValue(7))));
    assert_eq!(value(r#"{"intValue":1.0}"#), Some(Some(Any::IntValue(1))));
    assert_eq!(value(r#"{"doubleValue":"1.5"}"#), Some(Some(Any::DoubleValue(1.5))));
    assert_eq!(value(r#"{"doubleValue":2}"#), Some(Some(Any::DoubleValue(2.0))));
    assert_eq!(value(r#"{"boolValue":false}"#), Some(Some(Any::BoolValue(false))));
    assert_eq!(value(r#"{"bytesValue":"+/8="}"#), Some(Some(Any::BytesValue(vec![251, 255]))));
    assert_eq!(value(r#"{"bytesValue":""}"#), Some(Some(Any::BytesValue(vec![]))));
    assert_eq!(value("{}"), Some(None));
    assert_eq!(value(r#"{"futureValue":[{}]}"#), Some(None));
    assert_eq!(value(r#"{"arrayValue":{}}"#), Some(Some(Any::ArrayValue(Default::default()))));
    assert_eq!(value(r#"{"arrayValue":{"values":[]}}"#), value(r#"{"arrayValue":{}}"#));
    let Some(Some(Any::ArrayValue(array))) = value(r#"{"arrayValue":{"values":[null,{}]}}"#) else {
        panic!("null is an empty value")
    };
    assert_eq!(array.values, [AnyValue::default(), AnyValue::default()]);
    for bad in [
        r#"{"intValue":"1.5"}"#,
        r#"{"boolValue":"true"}"#,
        r#"{"bytesValue":"!"}"#,
        r#"{"arrayValue":[]}"#,
        r#"{"kvlistValue":{"values":{}}}"#,
        r#"{"stringValue":5}"#,
        r#""bare""#,
    ] {
        assert_eq!(value(bad), None, "{bad}");
    }
}

/// Scenario: bad members of a resource and of a scope, above good records.
/// Guarantees: the records stay; what was left out is told as a warning.
#[test]
fn records_outlive_a_bad_resource_or_scope() {
    let body = br#"{"resourceLogs":[
        {"resource":{"attributes":[{"key":"a","value":{"intValue":"x"}}]},
         "scopeLogs":[{"scope":{"name":7,"version":"1"},"logRecords":[{"severityText":"kept"}]}]},
        {"resource":5,"schemaUrl":false,"scopeLogs":[{"scope":[],"logRecords":[{}]}]}]}"#;
    let decoded = read_logs(body).unwrap();
    let resources = &decoded.value.resource_logs;
    assert_eq!(decoded.rejected, 0);
    assert_eq!(
        decoded.reason.as_deref(),
        Some("resource: attributes.value.intValue: not a 64-bit integer")
    );
    assert_eq!(resources[0].scope_logs[0].scope.as_ref().unwrap().version, "1");
    assert_eq!(resources[0].scope_logs[0].log_records[0].severity_text, "kept");
    assert_eq!(resources[1].scope_logs[0].log_records.len(), 1);
    assert_eq!(resources[1].resource, None);
}

/// Scenario: lists of resources and scopes with something else in them.
/// Guarantees: counted as at least one lost record each.
#[test]
fn what_is_no_container_is_counted() {
    let body = br#"{"resourceLogs":[7,{"scopeLogs":[null,{"logRecords":[{}]}]},{"scopeLogs":1}]}"#;
    let decoded = read_logs(body).unwrap();
    assert_eq!(decoded.rejected, 3);
    assert_eq!(decoded.value.resource_logs[0].scope_logs[0].log_records.len(), 1);
}

/// Scenario: ids in both cases, unknown and snake_case members, an event's name, spans.
/// Guarantees: known ones are read, unknown ones ignored as the protocol says.
#[test]
fn names_and_ids_are_those_of_the_protocol() {
    let read = logs(
        r#"[{"traceId":"0123456789abcdef0123456789ABCDEF","spanId":"00ff00FF00ff00FF",
        "eventName":"e","severity_text":"ignored","extra":{"a":[1]},"severityNumber":9}]"#,
    );
    let record = &read.kept[0];
    assert_eq!(record.trace_id[..4], [0x01, 0x23, 0x45, 0x67]);
    assert_eq!(record.span_id, [0, 255, 0, 255, 0, 255, 0, 255]);
    assert_eq!((record.event_name.as_str(), record.severity_text.as_str()), ("e", ""));
    assert_eq!((record.severity_number, read.rejected), (9, 0));

    let spans = br#"{"resourceSpans":[{"scopeSpans":[{"spans":[
        {"kind":3,"status":{"code":2}},{"kind":"SPAN_KIND_CLIENT"},{"status":{"code":"x"}}]}]}]}"#;
    let decoded = read_traces(spans).unwrap();
    let spans = &decoded.value.resource_spans[0].scope_spans[0].spans;
    assert_eq!((spans.len(), spans[0].kind, decoded.rejected), (1, 3, 2));
    assert_eq!(decoded.reason.as_deref(), Some("span: kind: not an enumeration's number"));
}

/// Scenario: bodies that are no JSON, or no request.
/// Guarantees: malformed, with the place; a request without anything is a good one.
#[test]
fn what_is_no_request_is_malformed() {
    for body in [
        &b""[..],
        b"null",
        b"[]",
        b"7",
        b"{",
        b"{}{}",
        b"{\"resourceLogs\":[{]}",
        b"{\"resourceLogs\":{}}",
        b"{\"resourceLogs\":\"x\"}",
        b"{\"resourceLogs\":[],}",
        b"{'resourceLogs':[]}",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":01}",
        b"\x0a\x00",
    ] {
        assert!(read_logs(body).is_err(), "{}", String::from_utf8_lossy(body));
    }
    let error = read_logs(b"{\"a\":tru}").unwrap_err();
    assert_eq!(error.to_string(), "malformed JSON at byte 5: expected a value");
    for body in ["{}", " {\n} ", r#"{"resourceLogs":[]}"#, r#"{"resourceLogs":[{}]}"#] {
        assert_eq!(read_logs(body.as_bytes()).unwrap().rejected, 0, "{body}");
    }
}

/// Scenario: values nested deeper than allowed, known and unknown.
/// Guarantees: malformed, without running out of stack.
#[test]
fn deep_nesting_is_malformed() {
    let deep = 100_000;
    let unknown = format!(r#"{{"x":{}1{}}}"#, "[".repeat(deep), "]".repeat(deep));
    assert_eq!(read_logs(unknown.as_bytes()).unwrap_err().what, "nested too deeply");
    let value = r#"{"arrayValue":{"values":["#.repeat(deep);
    let body = r#"{"resourceLogs":[{"resource":{"attributes":[{"value":"#.to_owned() + &value;
    assert_eq!(read_logs(body.as_bytes()).unwrap_err().what, "nested too deeply");
}
