//! What a refusal says.

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use plimsoll_domain::text::plain;
use serde::Deserialize;

/// The largest refusal that is read, in bytes; those of the engine are much smaller.
const LARGEST: usize = 16 * 1024;

#[derive(Debug, Deserialize)]
struct Refusal {
    error: Detail,
}

#[derive(Debug, Deserialize)]
struct Detail {
    message: String,
}

/// The sentence in a refusal; `None` where there is none.
pub(crate) async fn read(body: Incoming) -> Option<String> {
    let body = Limited::new(body, LARGEST).collect().await.ok()?;
    sentence(&body.to_bytes())
}

fn sentence(body: &[u8]) -> Option<String> {
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    Some(plain(&refusal.error.message, usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a refusal of the engine that names what was asked for, and an answer of something else.
    /// Guarantees: the sentence, which steers no terminal; nothing of what is no refusal.
    #[test]
    fn the_sentence_is_read() {
        let body = br#"{"error":{"code":"x","message":"Nothing is known of session a\u001b[2J."}}"#;
        assert_eq!(sentence(body).unwrap(), "Nothing is known of session a?[2J.");
        assert_eq!(sentence(b"<html>"), None);
    }
}
