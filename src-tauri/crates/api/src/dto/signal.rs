//! One signal as it arrived and how it was understood, on the wire.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::Time;
use crate::Signal;

/// One record or data point: its time, names and values as far as they may be shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SignalSeen<'a> {
    at: Time,
    #[cfg_attr(test, ts(type = "\"event\" | \"metric\" | \"span\""))]
    kind: &'static str,
    scope: &'a str,
    name: &'a str,
    session_id: Option<&'a str>,
    #[cfg_attr(test, ts(type = "Record<string, string>"))]
    attributes: InOrder<'a>,
    understood: &'a str,
}

impl<'a> From<&'a Signal> for SignalSeen<'a> {
    fn from(signal: &'a Signal) -> Self {
        Self {
            at: Time(signal.at),
            kind: signal.kind,
            scope: &signal.scope,
            name: &signal.name,
            session_id: signal.session.as_deref(),
            attributes: InOrder(&signal.attributes),
            understood: &signal.understood,
        }
    }
}

/// Pairs as a JSON object, in their own order.
#[derive(Debug)]
struct InOrder<'a>(&'a [(String, String)]);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
