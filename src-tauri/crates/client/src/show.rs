//! Wishes for windows on the wire.

use plimsoll_domain::{Point, SessionId, Show};
use serde::{Deserialize, Serialize};

/// `{"window":"popover","at":{"x":1,"y":2},"toggle":true}` or `{"window":"dashboard","session":null}`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "window", rename_all = "camelCase")]
enum Wish {
    Popover { at: Option<Place>, toggle: bool },
    Dashboard { session: Option<String> },
    Nothing,
}

#[derive(Debug, Serialize, Deserialize)]
struct Place {
    x: i32,
    y: i32,
}

/// The wish as JSON.
pub(crate) fn to_json(show: &Show) -> String {
    let wish = match show {
        Show::Popover { at, toggle } => {
            Wish::Popover { at: at.map(|Point { x, y }| Place { x, y }), toggle: *toggle }
        }
        Show::Nothing => Wish::Nothing,
        Show::Dashboard { session } => {
            Wish::Dashboard { session: session.as_ref().map(|id| id.as_str().to_owned()) }
        }
    };
    serde_json::to_string(&wish).expect("texts and numbers are always JSON")
}

/// The wish that JSON tells; `None` for one of a later version.
pub(crate) fn from_json(text: &str) -> Option<Show> {
    Some(match serde_json::from_str(text).ok()? {
        Wish::Popover { at, toggle } => {
            Show::Popover { at: at.map(|Place { x, y }| Point { x, y }), toggle }
        }
        Wish::Nothing => Show::Nothing,
        Wish::Dashboard { session } => Show::Dashboard { session: session.map(SessionId::new) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: every kind of wish, and one of a version to come.
    /// Guarantees: what is written is read as the same; what is not known is left out, not guessed.
    #[test]
    fn wishes_survive_the_wire() {
        for show in [
            Show::Popover { at: Some(Point { x: 1264, y: -16 }), toggle: true },
            Show::Popover { at: None, toggle: false },
            Show::Nothing,
            Show::Dashboard { session: None },
            Show::Dashboard { session: Some(SessionId::new("a \"quoted\" id")) },
        ] {
            assert_eq!(from_json(&to_json(&show)), Some(show));
        }
        let json = r#"{"window":"popover","at":null,"toggle":false}"#;
        assert_eq!(to_json(&Show::Popover { at: None, toggle: false }), json);
        assert_eq!(from_json(r#"{"window":"settings"}"#), None);
    }
}
