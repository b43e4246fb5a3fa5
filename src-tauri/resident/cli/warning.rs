//! The last warning, where it is of the past hour.

use std::time::Duration;

use plimsoll_domain::{Timestamp, calendar::parse_rfc3339, text::plain};
use serde::Deserialize;

use super::text::age;

/// Where the last one is asked for.
pub(crate) const LAST: &str = "/api/v1/warnings?limit=1";

/// What was warned of longer ago is no news.
const NEWS: Duration = Duration::from_secs(60 * 60);

#[derive(Debug, Deserialize)]
struct Answer {
    warnings: Vec<Warning>,
}

#[derive(Debug, Deserialize)]
struct Warning {
    message: String,
    at: String,
}

/// `12 min ago: The API has refused 5 requests since 14:00, as too many.`; `None` where there is no news, or an answer
/// that says something else.
pub(crate) fn line(answer: &[u8], now: Timestamp) -> Option<String> {
    let Answer { warnings } = serde_json::from_slice(answer).ok()?;
    let Warning { message, at } = warnings.first()?;
    let is_news = now.since(parse_rfc3339(at)?) <= NEWS;
    is_news.then(|| format!("{}: {}", age(at, now), plain(message, usize::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a warning of an hour ago, one older, none, and the error of an earlier engine.
    /// Guarantees: one line for the first, nothing for the others; nothing in it steers the terminal.
    #[test]
    fn a_warning_of_the_past_hour_is_said() {
        let now = parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
        let of = |at: &str| {
            let answer = serde_json::json!({"warnings": [{"message": "a\u{1b} b.", "at": at}]});
            line(answer.to_string().as_bytes(), now)
        };
        assert_eq!(of("2026-11-23T11:48:00Z").as_deref(), Some("12 min ago: a? b."));
        assert_eq!(of("2026-11-23T11:00:00Z").as_deref(), Some("1 h ago: a? b."));
        assert_eq!(of("2026-11-23T10:59:59Z"), None);
        assert_eq!(line(br#"{"warnings": []}"#, now), None);
        assert_eq!(line(br#"{"error": {"code": "not-found"}}"#, now), None);
    }
}
