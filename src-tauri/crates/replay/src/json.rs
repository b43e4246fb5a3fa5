//! The places that can be changed in OTLP's JSON.

use serde_json::{Map, Value};

use crate::edit::Edit;

const TIMES: [&str; 4] =
    ["timeUnixNano", "observedTimeUnixNano", "startTimeUnixNano", "endTimeUnixNano"];
const TRACES: [&str; 3] = ["traceId", "spanId", "parentSpanId"];

/// Shows every time, text attribute and trace id in `value` to `edit`, at any depth.
pub(crate) fn walk(value: &mut Value, edit: &mut dyn Edit) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, edit)),
        Value::Object(fields) => {
            attribute(fields, edit);
            for (name, field) in fields.iter_mut() {
                if TIMES.contains(&name.as_str()) {
                    time(field, edit);
                } else if TRACES.contains(&name.as_str()) {
                    trace(field, edit);
                } else {
                    walk(field, edit);
                }
            }
        }
        _ => {}
    }
}

/// `{"key": ..., "value": {"stringValue": ...}}`
fn attribute(fields: &mut Map<String, Value>, edit: &mut dyn Edit) {
    let Some(key) = fields.get("key").and_then(Value::as_str).map(str::to_owned) else { return };
    let text = fields.get_mut("value").and_then(|value| value.get_mut("stringValue"));
    if let Some(Value::String(text)) = text {
        edit.text(&key, text);
    }
}

/// 64-bit numbers are written as strings; some writers use numbers all the same.
fn time(field: &mut Value, edit: &mut dyn Edit) {
    match field {
        Value::String(text) => {
            if let Ok(mut nanos) = text.parse() {
                edit.time(&mut nanos);
                *text = nanos.to_string();
            }
        }
        Value::Number(number) => {
            if let Some(mut nanos) = number.as_u64() {
                edit.time(&mut nanos);
                *number = nanos.into();
            }
        }
        _ => {}
    }
}

fn trace(field: &mut Value, edit: &mut dyn Edit) {
    if let Value::String(text) = field
        && let Some(mut id) = bytes(text)
    {
        edit.trace(&mut id);
        *text = id.iter().map(|byte| format!("{byte:02x}")).collect();
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if hex.len() % 2 == 1 {
        return None;
    }
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
