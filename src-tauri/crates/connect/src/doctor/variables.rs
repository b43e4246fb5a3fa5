//! The few variables that decide what a client sends, and where.

use std::collections::BTreeMap;

pub(super) const ENABLE: &str = "CLAUDE_CODE_ENABLE_TELEMETRY";
pub(super) const METRICS_EXPORTER: &str = "OTEL_METRICS_EXPORTER";
pub(super) const LOGS_EXPORTER: &str = "OTEL_LOGS_EXPORTER";
pub(super) const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
pub(super) const METRICS_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";
pub(super) const LOGS_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT";
pub(super) const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
pub(super) const METRICS_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL";
pub(super) const LOGS_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL";
pub(super) const INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";
pub(super) const TEMPORALITY: &str = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
pub(super) const SESSION_IDS: &str = "OTEL_METRICS_INCLUDE_SESSION_ID";
pub(super) const RESOURCE_ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
pub(super) const HEADERS: [&str; 3] = [
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
    "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
];
pub(super) const PROXIES: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
pub(super) const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Kept as they are.
const PLAIN: [&str; 9] = [
    ENABLE,
    METRICS_EXPORTER,
    LOGS_EXPORTER,
    PROTOCOL,
    METRICS_PROTOCOL,
    LOGS_PROTOCOL,
    INTERVAL,
    TEMPORALITY,
    SESSION_IDS,
];
/// Kept without user, password and query.
const ADDRESSES: [&str; 3] = [ENDPOINT, METRICS_ENDPOINT, LOGS_ENDPOINT];
/// What stands for a value of which only matters that there is one.
const SET: &str = "set";

/// Those variables, from a process or a settings file. No other is kept, and no secret of these.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variables(BTreeMap<&'static str, String>);

impl Variables {
    /// Keeps of these what matters.
    #[must_use]
    pub fn keep<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut kept = Self::default();
        for (name, value) in pairs {
            kept.add(name, value);
        }
        kept
    }

    /// The value that was kept under this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The names that were kept, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// Whether exports carry headers, which may hold a token.
    pub(super) fn have_headers(&self) -> bool {
        HEADERS.iter().any(|name| self.get(name).is_some_and(|value| !value.is_empty()))
    }

    fn add(&mut self, name: &str, value: &str) {
        let listed = |names: &[&'static str]| names.iter().copied().find(|known| *known == name);
        let value = value.trim();
        let kept = if let Some(name) = listed(&PLAIN).or_else(|| listed(&NO_PROXY)) {
            Some((name, value.to_owned()))
        } else if let Some(name) = listed(&ADDRESSES) {
            Some((name, without_secrets(value)))
        } else if let Some(name) = listed(&HEADERS).or_else(|| listed(&PROXIES)) {
            Some((name, if value.is_empty() { String::new() } else { SET.to_owned() }))
        } else {
            // How many there are matters, not what they say.
            (name == RESOURCE_ATTRIBUTES)
                .then(|| (RESOURCE_ATTRIBUTES, value.matches('=').count().to_string()))
        };
        self.0.extend(kept);
    }
}

/// The address without user, password, query and fragment.
fn without_secrets(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = address
        .split_once("://")
        .map_or(("", address), |(scheme, rest)| (&address[..scheme.len() + 3], rest));
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::Variables;

    /// Scenario: an environment with secrets in variables of ours and of others.
    /// Guarantees: others are not kept; of ours the secrets are not.
    #[test]
    fn no_secret_is_kept() {
        let kept = Variables::keep([
            ("ANTHROPIC_API_KEY", "MARKER"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://me:MARKER@host:1/v1?key=MARKER#MARKER"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=MARKER"),
            ("HTTP_PROXY", "http://me:MARKER@proxy:3128"),
            ("OTEL_RESOURCE_ATTRIBUTES", "a=MARKER,b=MARKER"),
            ("OTEL_METRICS_EXPORTER", " otlp "),
        ]);
        assert!(!format!("{kept:?}").contains("MARKER"), "{kept:?}");
        assert_eq!(kept.get("OTEL_EXPORTER_OTLP_ENDPOINT"), Some("https://host:1/v1"));
        assert_eq!(kept.get("OTEL_RESOURCE_ATTRIBUTES"), Some("2"));
        assert_eq!(kept.get("OTEL_METRICS_EXPORTER"), Some("otlp"));
        assert!(kept.have_headers());
        assert_eq!(kept.names().count(), 5);
    }
}
