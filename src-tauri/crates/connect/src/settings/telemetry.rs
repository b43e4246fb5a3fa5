//! The part of `env` that switches telemetry on and says where it goes.

use super::{address::same_place, document::Document, plimsoll::Receiver};

/// Where the client's telemetry goes, by these settings alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Telemetry {
    /// No destination is named.
    Off,
    /// To the receiver.
    Ours {
        /// Whether there is nothing to add.
        complete: bool,
    },
    /// At least in part elsewhere.
    Elsewhere {
        /// `OTEL_EXPORTER_OTLP_ENDPOINT`, where it is set.
        endpoint: Option<String>,
        /// The metrics' own address, where it is set.
        metrics: Option<String>,
        /// The events' own address, where it is set.
        logs: Option<String>,
    },
}

pub(super) const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
pub(super) const METRICS_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";
pub(super) const LOGS_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT";
pub(super) const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
/// Headers of single signals. They are sent beside the general ones.
pub(super) const SIGNAL_HEADERS: [&str; 2] =
    ["OTEL_EXPORTER_OTLP_METRICS_HEADERS", "OTEL_EXPORTER_OTLP_LOGS_HEADERS"];
pub(super) const EXPORTERS: [&str; 2] = ["OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"];
const EXPORTER: &str = "otlp";

/// What a key is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Want {
    /// Something true.
    True,
    /// A list with `otlp` in it.
    Exporter,
    /// This protocol.
    Protocol(&'static str),
    /// Just this.
    Text(&'static str),
    /// This address, however it is written.
    Address(String),
    /// A time in milliseconds, by default this one.
    Milliseconds(&'static str),
    /// A list with this entry.
    Header { name: &'static str, value: String },
}

/// The keys, in the order in which they are written.
pub(super) fn wanted(receiver: &Receiver) -> Vec<(&'static str, Want)> {
    let base = receiver.endpoint.trim_end_matches('/');
    let protocol = || Want::Protocol("http/protobuf");
    let mut wanted = vec![
        ("CLAUDE_CODE_ENABLE_TELEMETRY", Want::True),
        (EXPORTERS[0], Want::Exporter),
        (EXPORTERS[1], Want::Exporter),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol()),
        // A shell's value for one signal would beat the general one.
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", protocol()),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", protocol()),
        (ENDPOINT, Want::Address(base.to_owned())),
        (METRICS_ENDPOINT, Want::Address(format!("{base}/v1/metrics"))),
        (LOGS_ENDPOINT, Want::Address(format!("{base}/v1/logs"))),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", Want::Text("cumulative")),
        ("OTEL_METRIC_EXPORT_INTERVAL", Want::Milliseconds("10000")),
        ("OTEL_LOGS_EXPORT_INTERVAL", Want::Milliseconds("500")),
    ];
    wanted.extend(receiver.token.as_ref().map(|token| (HEADERS, authorization(token))));
    wanted
}

fn authorization(token: &str) -> Want {
    Want::Header { name: "Authorization", value: format!("Bearer%20{}", escaped(token)) }
}

/// As the client decodes it: what is not plain is escaped by its bytes.
fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

impl Want {
    /// Whether it decides where telemetry goes, or whether it goes.
    pub(super) fn decides(&self) -> bool {
        matches!(self, Self::True | Self::Exporter | Self::Protocol(_) | Self::Address(_))
    }

    /// What is to be written over what stands there; `None` where that will do.
    pub(super) fn next(&self, now: Option<&str>) -> Option<String> {
        let now = now.map(str::trim);
        match self {
            Self::True => (!now.is_some_and(is_true)).then(|| "1".to_owned()),
            Self::Exporter => with_exporter(now.unwrap_or_default()),
            Self::Text(text) | Self::Protocol(text) => {
                (now != Some(*text)).then(|| (*text).to_owned())
            }
            Self::Address(address) => {
                let same = now.is_some_and(|now| same_place(now, address));
                (!same).then(|| address.clone())
            }
            Self::Milliseconds(default) => {
                let valid = now.and_then(|now| now.parse::<u32>().ok()).is_some_and(|ms| ms > 0);
                (!valid).then(|| (*default).to_owned())
            }
            Self::Header { name, value } => with_header(now.unwrap_or_default(), name, value),
        }
    }

    /// What is left of what stands there when ours is taken out: `Some("")` where nothing is, `None` where it is not
    /// ours.
    pub(super) fn without(&self, now: &str) -> Option<String> {
        let rest = |ours: &dyn Fn(&str) -> bool| {
            let left = items(now).filter(|item| !ours(item)).collect::<Vec<_>>().join(",");
            (left.len() < now.trim().len()).then_some(left)
        };
        match self {
            Self::Exporter => rest(&|item| item == EXPORTER),
            Self::Header { name, .. } => rest(&|item| is_header(item, name)),
            Self::Milliseconds(default) => (now == *default).then(String::new),
            _ => self.next(Some(now)).is_none().then(String::new),
        }
    }
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn is_header(item: &str, name: &str) -> bool {
    item.split_once('=').is_some_and(|(key, _)| key.trim().eq_ignore_ascii_case(name))
}

/// As the client reads it.
pub(super) fn is_true(text: &str) -> bool {
    ["1", "true", "yes", "on"].iter().any(|truth| text.eq_ignore_ascii_case(truth))
}

fn with_exporter(list: &str) -> Option<String> {
    if items(list).any(|item| item == EXPORTER) {
        return None;
    }
    let others = items(list).filter(|item| *item != "none");
    Some(others.chain([EXPORTER]).collect::<Vec<_>>().join(","))
}

fn with_header(list: &str, name: &str, value: &str) -> Option<String> {
    let ours = format!("{name}={value}");
    if items(list).any(|item| item == ours) {
        return None;
    }
    let others = items(list).filter(|item| !is_header(item, name));
    Some(others.chain([ours.as_str()]).collect::<Vec<_>>().join(","))
}

/// A key of `env`, where it says anything.
pub(super) fn env(document: &Document, key: &str) -> Option<String> {
    document.scalar(&["env", key]).filter(|value| !value.trim().is_empty())
}

/// Where telemetry goes.
pub(super) fn read(document: &Document, receiver: &Receiver) -> Telemetry {
    let [endpoint, metrics, logs] =
        [ENDPOINT, METRICS_ENDPOINT, LOGS_ENDPOINT].map(|key| env(document, key));
    let named = [(&endpoint, ""), (&metrics, "/v1/metrics"), (&logs, "/v1/logs")];
    let mut named = named.iter().filter_map(|(value, path)| Some((value.as_ref()?, *path)));
    let Some(first) = named.next() else { return Telemetry::Off };
    if !std::iter::once(first).chain(named).all(|(value, path)| leads_here(value, path, receiver)) {
        return Telemetry::Elsewhere { endpoint, metrics, logs };
    }
    let mut wanted = wanted(receiver).into_iter();
    let complete = wanted.all(|(key, want)| want.next(env(document, key).as_deref()).is_none());
    Telemetry::Ours { complete }
}

fn leads_here(value: &str, path: &str, receiver: &Receiver) -> bool {
    let full = format!("{}{path}", receiver.endpoint.trim_end_matches('/'));
    same_place(value, &full) || receiver.also.iter().any(|other| same_place(value, other))
}

/// Exporters beside `otlp` that are asked for, each once.
pub(super) fn other_exporters(document: &Document) -> Vec<String> {
    let mut others = Vec::new();
    for list in EXPORTERS.iter().filter_map(|key| env(document, key)) {
        for item in items(&list).filter(|item| ![EXPORTER, "none"].contains(item)) {
            if !others.iter().any(|other| other == item) {
                others.push(item.to_owned());
            }
        }
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: lists of exporters and headers, with and without ours, with spaces and empty items.
    /// Guarantees: what stands there is kept, ours is added once, `none` goes; taken out, the others remain.
    #[test]
    fn lists_keep_what_is_not_ours() {
        let exporter = |now| Want::Exporter.next(Some(now));
        assert_eq!(exporter("console").as_deref(), Some("console,otlp"));
        assert_eq!(exporter("none").as_deref(), Some("otlp"));
        assert_eq!(exporter("prometheus, otlp"), None);
        assert_eq!(Want::Exporter.without("otlp,console").as_deref(), Some("console"));
        assert_eq!(Want::Exporter.without("otlp").as_deref(), Some(""));
        assert_eq!(Want::Exporter.without("console"), None);
        let header = authorization("a b");
        assert_eq!(
            header.next(Some("x=1, authorization=Basic%20z")).as_deref(),
            Some("x=1,Authorization=Bearer%20a%20b")
        );
        assert_eq!(header.next(Some("Authorization=Bearer%20a%20b,x=1")), None);
        assert_eq!(header.without("Authorization=Bearer%20a%20b,x=1").as_deref(), Some("x=1"));
    }

    /// Scenario: intervals of the user's own, and ones that mean nothing.
    /// Guarantees: only the latter are replaced.
    #[test]
    fn own_intervals_stay() {
        let interval = Want::Milliseconds("500");
        assert_eq!(interval.next(Some("1000")), None);
        assert_eq!(interval.without("1000"), None);
        for now in [None, Some("0"), Some("fast")] {
            assert_eq!(interval.next(now).as_deref(), Some("500"), "{now:?}");
        }
    }
}
