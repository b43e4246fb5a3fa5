//! What becomes of an address that a page wants to go to. Pure.
//!
//! Invariant: a page has no other way to reach this program. It can close its popover, say how high it
//! is, and open the dashboard; everything that is not the engine's own page is refused.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use plimsoll_domain::SessionId;
use tauri::Url;

/// What stands for itself in an address; the page escapes the rest too (`encodeURIComponent`).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The longest id of a session that is taken from an address.
const LONGEST_ID: usize = 256;

/// What is to be done about an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The page goes there.
    Allow,
    /// The popover closes.
    Close,
    /// The popover is this high, in CSS pixels.
    Height(u32),
    /// The dashboard's page: the dashboard goes there, the popover opens the dashboard.
    Dashboard {
        /// The session that it shows.
        session: Option<SessionId>,
    },
    /// Nothing happens.
    Refuse,
}

/// Decides about an address that a page wants to go to, which came from the engine at `engine`, or from
/// `away`, the page for when there is none.
pub(crate) fn decide(url: &Url, engine: Option<&Url>, away: &Url) -> Decision {
    if url.scheme() == "plimsoll" {
        return word(url.as_str().strip_prefix("plimsoll:").unwrap_or_default());
    }
    if same_page(url, away) {
        return Decision::Allow;
    }
    let own = engine.is_some_and(|engine| engine.origin() == url.origin())
        && url.username().is_empty()
        && url.password().is_none();
    match (own, url.path()) {
        (true, "/popover") => Decision::Allow,
        (true, "/") => Decision::Dashboard { session: url.fragment().and_then(session) },
        _ => Decision::Refuse,
    }
}

/// The words that a page may say.
fn word(said: &str) -> Decision {
    let height = said.strip_prefix("height/").filter(|digits| is_number(digits));
    match (said, height) {
        ("close", _) => Decision::Close,
        (_, Some(digits)) => digits.parse().map_or(Decision::Refuse, Decision::Height),
        _ => Decision::Refuse,
    }
}

/// Rust's own numbers may begin with a sign.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether two addresses differ in what follows the path at most.
fn same_page(one: &Url, other: &Url) -> bool {
    (one.scheme(), one.host_str(), one.port(), one.path())
        == (other.scheme(), other.host_str(), other.port(), other.path())
}

/// The session that a fragment names.
fn session(fragment: &str) -> Option<SessionId> {
    let id = fragment.strip_prefix("/session/")?;
    let id = percent_decode_str(id).decode_utf8().ok()?;
    (1..=LONGEST_ID).contains(&id.len()).then(|| SessionId::new(id))
}

/// The popover's address at this engine.
pub(crate) fn popover(engine: &Url) -> Url {
    let mut url = page(engine, "/popover");
    url.set_query(Some("window"));
    url
}

/// The dashboard's address at this engine.
pub(crate) fn dashboard(engine: &Url, session: Option<&SessionId>) -> Url {
    let mut url = page(engine, "/");
    if let Some(session) = session {
        let id = utf8_percent_encode(session.as_str(), ESCAPED);
        url.set_fragment(Some(&format!("/session/{id}")));
    }
    url
}

fn page(engine: &Url, path: &str) -> Url {
    let mut url = engine.clone();
    url.set_path(path);
    url.set_query(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn decided(text: &str) -> Decision {
        let (engine, away) = (url("http://127.0.0.1:3030"), url("tauri://localhost/away.html"));
        decide(&url(text), Some(&engine), &away)
    }

    fn at_session(id: &str) -> Decision {
        Decision::Dashboard { session: Some(SessionId::new(id)) }
    }

    /// Scenario: the pages of the engine and of the program, and the words of the page.
    /// Guarantees: pages open, words are understood.
    #[test]
    fn own_pages_and_words_are_understood() {
        for (text, wanted) in [
            ("http://127.0.0.1:3030/popover?window", Decision::Allow),
            ("http://127.0.0.1:3030/popover?window#x", Decision::Allow),
            ("tauri://localhost/away.html", Decision::Allow),
            ("tauri://localhost/away.html#popover", Decision::Allow),
            ("http://127.0.0.1:3030/", Decision::Dashboard { session: None }),
            ("http://127.0.0.1:3030", Decision::Dashboard { session: None }),
            ("http://127.0.0.1:3030/#/", Decision::Dashboard { session: None }),
            ("http://127.0.0.1:3030/?theme=dark#/session/s1", at_session("s1")),
            ("http://127.0.0.1:3030/#/session/a%20b%2Fc%25", at_session("a b/c%")),
            ("plimsoll:close", Decision::Close),
            ("plimsoll:height/412", Decision::Height(412)),
            ("PLIMSOLL:height/0", Decision::Height(0)),
        ] {
            assert_eq!(decided(text), wanted, "{text}");
        }
    }

    /// Scenario: addresses that a hostile or mistaken page might try.
    /// Guarantees: none leaves the engine, none reaches the program.
    #[test]
    fn everything_else_is_refused() {
        for text in [
            "https://127.0.0.1:3030/",
            "http://127.0.0.1:3031/",
            "http://127.0.0.1/",
            "http://localhost:3030/",
            "http://[::1]:3030/",
            "http://127.0.0.1:3030@evil.example/",
            "http://evil.example/#http://127.0.0.1:3030/",
            "http://user@127.0.0.1:3030/",
            "http://user:word@127.0.0.1:3030/popover",
            "http://127.0.0.1.evil.example:3030/",
            "http://127.0.0.1:3030/api/v1/windows",
            "http://127.0.0.1:3030/popover/../api/v1/health",
            "http://127.0.0.1:3030//popover",
            "http://127.0.0.1:3030/popover%2F",
            "blob:http://127.0.0.1:3030/5c8a",
            "data:text/html,<script>1</script>",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "about:blank",
            "about:srcdoc",
            "view-source:http://127.0.0.1:3030/",
            "ipc://localhost/close",
            "tauri://localhost/",
            "tauri://localhost/index.html",
            "tauri://elsewhere/away.html",
            "http://tauri.localhost/away.html",
            "plimsoll:",
            "plimsoll:close/",
            "plimsoll:close?x",
            "plimsoll:close#x",
            "plimsoll://close",
            "plimsoll:CLOSE",
            "plimsoll:%63lose",
            "plimsoll:height/",
            "plimsoll:height/-1",
            "plimsoll:height/+1",
            "plimsoll:height/1.5",
            "plimsoll:height/0x10",
            "plimsoll:height/4294967296",
            "plimsoll:height/1/2",
            "plimsoll:quit",
            "plimsolls:close",
        ] {
            assert_eq!(decided(text), Decision::Refuse, "{text}");
        }
    }

    /// Scenario: names of sessions that are none, and no engine at all.
    /// Guarantees: the dashboard of all; no page but the one for that.
    #[test]
    fn what_names_no_session_names_none() {
        let long = format!("http://127.0.0.1:3030/#/session/{}", "x".repeat(LONGEST_ID + 1));
        for text in [
            "http://127.0.0.1:3030/#/session/",
            "http://127.0.0.1:3030/#/sessions/s1",
            "http://127.0.0.1:3030/#/session/%FF",
            long.as_str(),
        ] {
            assert_eq!(decided(text), Decision::Dashboard { session: None }, "{text}");
        }
        let away = url("tauri://localhost/away.html");
        for text in ["http://127.0.0.1:3030/", "http://127.0.0.1:3030/popover", "about:blank"] {
            assert_eq!(decide(&url(text), None, &away), Decision::Refuse, "{text}");
        }
    }

    /// Scenario: sessions with every kind of sign in their ids.
    /// Guarantees: the address that is made for a session names it, with nothing left of the engine's own path.
    #[test]
    fn addresses_name_their_session() {
        let engine = url("http://127.0.0.1:3030/old?x#y");
        assert_eq!(popover(&engine).as_str(), "http://127.0.0.1:3030/popover?window");
        assert_eq!(dashboard(&engine, None).as_str(), "http://127.0.0.1:3030/");
        let plain = SessionId::new("0f8d-4.a_b~c");
        assert_eq!(
            dashboard(&engine, Some(&plain)).as_str(),
            "http://127.0.0.1:3030/#/session/0f8d-4.a_b~c"
        );
        for id in ["a b", "100%", "a/b?c#d", "%2F", "\u{e9}\u{1f6a2}", "..", "\"<>`"] {
            let address = dashboard(&engine, Some(&SessionId::new(id)));
            assert_eq!(decided(address.as_str()), at_session(id), "{address}");
        }
    }
}
