//! Attributes, resource and scope as the client sends them.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;

/// The client version that the recorded captures come from.
pub(crate) const CLIENT_VERSION: &str = "2.1.330";

/// The client calls the same user by the same hash in every record.
const USER: &str = "c0d34c6ccd5e98e4da3ce14eb27caa183ee08592618d8203e943d641c3420707";

/// A text attribute.
#[must_use]
pub fn text(key: &str, value: &str) -> KeyValue {
    pair(key, Value::StringValue(value.to_owned()))
}

/// An integer attribute.
#[must_use]
pub fn int(key: &str, value: i64) -> KeyValue {
    pair(key, Value::IntValue(value))
}

/// A floating-point attribute.
#[must_use]
pub fn double(key: &str, value: f64) -> KeyValue {
    pair(key, Value::DoubleValue(value))
}

/// A boolean attribute.
#[must_use]
pub fn flag(key: &str, value: bool) -> KeyValue {
    pair(key, Value::BoolValue(value))
}

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// What every point and every record of the client begins with. Without a session where the client
/// was told not to say.
pub(crate) fn common(session: Option<&str>) -> Vec<KeyValue> {
    let mut pairs = vec![text("user.id", USER)];
    pairs.extend(session.map(|id| text("session.id", id)));
    pairs.extend([
        text("anthropic.provider", "firstParty"),
        flag("anthropic.custom_base_url", true),
        text("terminal.type", "xterm-256color"),
    ]);
    pairs
}

pub(crate) fn resource() -> Resource {
    Resource {
        attributes: vec![
            text("host.arch", "amd64"),
            text("os.type", "linux"),
            text("os.version", "6.18.44"),
            text("service.name", "claude-code"),
            text("service.version", CLIENT_VERSION),
        ],
        ..Resource::default()
    }
}

pub(crate) fn scope(name: &str) -> InstrumentationScope {
    InstrumentationScope {
        name: name.to_owned(),
        version: CLIENT_VERSION.to_owned(),
        ..InstrumentationScope::default()
    }
}

/// Nanoseconds for the wire.
pub(crate) fn nanos(time: plimsoll_domain::Timestamp) -> u64 {
    time.nanos().unsigned_abs()
}
