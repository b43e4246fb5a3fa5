use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::*;
use crate::{Bundled, Encoding, bundled};

const DAY: u64 = 86_400_000_000_000;

fn fixture(name: &str) -> Capture {
    let captures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures/captures");
    Capture::open(&Path::new(captures).join(name)).unwrap()
}

fn all_fixtures() -> Vec<Capture> {
    let captures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures/captures");
    let folders = std::fs::read_dir(captures).unwrap();
    folders.map(|folder| Capture::open(&folder.unwrap().path()).unwrap()).collect()
}

fn a_day_later(seed: u64) -> Shift {
    let from = Timestamp::from_millis(1_795_000_000_000);
    let to = Timestamp::from_nanos(from.nanos().unsigned_abs() + DAY).unwrap();
    Shift { from, to, stretch: 1, seed }
}

/// Everything in a capture, sorted by whether shifting may change it.
#[derive(Default, PartialEq, Debug)]
struct Contents {
    times: Vec<u64>,
    identities: BTreeSet<String>,
    rest: Vec<String>,
}

impl Edit for Contents {
    fn time(&mut self, nanos: &mut u64) {
        self.times.push(*nanos);
        *nanos = 0;
    }

    fn text(&mut self, key: &str, value: &mut String) {
        if edit::is_identity(key) {
            self.identities.insert(std::mem::take(value));
        } else if key == edit::WRITTEN_TIME {
            let time: Written = std::mem::take(value).parse().unwrap();
            self.times.push(u64::try_from(time.as_nanosecond()).unwrap());
        }
    }

    fn trace(&mut self, id: &mut Vec<u8>) {
        id.fill(0);
    }
}

fn contents(capture: &Capture) -> Contents {
    let mut found = Contents::default();
    for entry in &capture.entries {
        let mut payload = Payload::decode(entry).unwrap();
        payload.edit(&mut found);
        found.rest.push(match &payload {
            Payload::Logs(rest) => format!("{rest:?}"),
            Payload::Metrics(rest) => format!("{rest:?}"),
            Payload::Traces(rest) => format!("{rest:?}"),
            Payload::Json(rest) => rest.to_string(),
        });
    }
    found
}

/// Scenario: every capture, in every protocol and compression, moved by a day.
/// Guarantees: every time moves by exactly that day, no identity survives, two different ones stay
/// different, and nothing else changes: not a number, not an attribute, not their order.
#[test]
fn only_times_and_identities_change() {
    for capture in all_fixtures() {
        let before = contents(&capture);
        let after = contents(&a_day_later(7).capture(&capture).unwrap());
        assert_eq!(before.rest, after.rest, "{}", capture.name);
        let moved: Vec<_> = before.times.iter().map(|time| time + DAY).collect();
        assert_eq!(moved, after.times, "{}", capture.name);
        assert!(before.identities.is_disjoint(&after.identities), "{}", capture.name);
        assert_eq!(before.identities.len(), after.identities.len(), "{}", capture.name);
    }
}

/// Scenario: the same capture shifted twice with one seed and once with another.
/// Guarantees: one seed always gives the same bytes; another seed shares no identity with it.
#[test]
fn the_seed_decides_the_identities() {
    let capture = fixture("subagents-parallel");
    let first = a_day_later(1).capture(&capture).unwrap();
    assert_eq!(first, a_day_later(1).capture(&capture).unwrap());
    let second = a_day_later(2).capture(&capture).unwrap();
    assert!(contents(&first).identities.is_disjoint(&contents(&second).identities));
}

/// Scenario: ids of the forms that occur.
/// Guarantees: a UUID becomes a UUID, a prefix stays, and nothing becomes something.
#[test]
fn an_id_keeps_its_form() {
    let shift = a_day_later(3);
    let uuid = shift.id("304b1b0a-ca06-44c8-8218-cf1fad57b517");
    assert!(is_uuid(&uuid), "{uuid}");
    let request = shift.id("req_mock_0001_deae4c74");
    assert!(request.starts_with("req_") && request.len() == 28, "{request}");
    assert_eq!(shift.id("a2b75652f3df8875f").len(), 24);
    assert_eq!(shift.id(""), "");
}

/// Scenario: a time of zero, one before `from`, one that would fall before 1970 or after 2554.
/// Guarantees: unknown stays unknown, the others move or end at the range's end.
#[test]
fn times_move_within_their_range() {
    let second = 1_000_000_000;
    let shift = Shift {
        from: Timestamp::from_millis(10_000),
        to: Timestamp::from_millis(50_000),
        stretch: 3,
        seed: 0,
    };
    assert_eq!(shift.time(0), 0);
    assert_eq!(shift.time(12 * second), 56 * second);
    assert_eq!(shift.time(8 * second), 44 * second);
    assert_eq!(Shift { stretch: 100, ..shift }.time(8 * second), 1);
    assert_eq!(shift.time(u64::MAX), u64::MAX);
}

/// Scenario: a gzip entry is shifted.
/// Guarantees: it stays gzip on the wire, and its arrival is stretched with its times.
#[test]
fn an_entry_keeps_its_form() {
    let capture = fixture("gzip");
    let shift = Shift { stretch: 4, ..a_day_later(1) };
    for (before, after) in capture.entries.iter().zip(shift.capture(&capture).unwrap().entries) {
        assert_eq!(before.encoding, Encoding::Gzip);
        let gzipped = |entry: &Entry| entry.body.starts_with(&[0x1f, 0x8b]);
        assert_eq!(gzipped(before), gzipped(&after));
        assert_eq!(before.arrived * 4, after.arrived);
    }
}

/// Scenario: JSON with numbers that only just fit a double, and 64-bit times as text and number.
/// Guarantees: the numbers come out as they went in.
#[test]
fn json_numbers_survive() {
    let body = r#"{"a":0.1234567890123456789,"asDouble":17,"b":4503599627370497.5,
        "asInt":"9007199254740993","intValue":9007199254740993,"timeUnixNano":"1795000000000000000",
        "startTimeUnixNano":1795000000000000000,"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":""}"#;
    let mut value: Value = serde_json::from_str(body).unwrap();
    let before = value.clone();
    crate::json::walk(&mut value, &mut Shifting(&a_day_later(1)));
    for same in ["a", "asDouble", "b", "asInt", "intValue", "spanId"] {
        assert_eq!(before[same].to_string(), value[same].to_string());
    }
    assert_eq!(value["timeUnixNano"], "1795086400000000000");
    assert_eq!(value["startTimeUnixNano"], 1_795_086_400_000_000_000_u64);
    assert_eq!(value["traceId"].as_str().unwrap().len(), 32);
    assert_ne!(value["traceId"], before["traceId"]);
}

/// Scenario: a body that is not what its name says.
/// Guarantees: the error names the file.
#[test]
fn a_damaged_body_is_named() {
    let mut capture = fixture("simple-http-protobuf");
    capture.entries[0].body = vec![0xff; 20].into();
    let error = a_day_later(1).capture(&capture).unwrap_err();
    assert!(error.to_string().contains("0001_logs_http.pb"), "{error}");
}

/// Scenario: the bundled recordings, spread and shifted to another time.
/// Guarantees: each tells of sessions, has one record per logs request, comes in order of time, and
/// the books it makes are those of the recording: the same records and points.
#[test]
fn bundled_recordings_unfold() {
    let recordings = bundled().unwrap();
    assert_eq!(recordings.len(), 4);
    for Bundled { capture, project, .. } in recordings {
        assert!(project.starts_with('/') && capture.sessions().len() == 1, "{}", capture.name);
        let spread = capture.spread().unwrap();
        assert!(spread.entries.len() > capture.entries.len());
        assert!(spread.entries.is_sorted_by_key(|entry| entry.arrived));
        let (mut before, mut after) = (contents(&capture), contents(&spread));
        before.times.sort_unstable();
        after.times.sort_unstable();
        assert_eq!(before.times, after.times, "{}", capture.name);
        assert_eq!(before.identities, after.identities);
        let first = capture.first_time().unwrap().unwrap();
        assert_eq!(before.times.first(), Some(&first));
    }
}
