//! Wishes for windows on the wire.

use plimsoll_domain::{Point, SessionId, Show};
use serde::{Deserialize, Serialize};

/// A window, and what it shall show.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "window", rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Wish {
    /// The popover.
    Popover {
        /// Where the tray icon was pressed.
        at: Option<Place>,
        /// Whether an open popover closes instead.
        #[serde(default)]
        toggle: bool,
    },
    /// The dashboard.
    Dashboard {
        /// The session whose page it shows.
        session: Option<String>,
    },
    /// No window any more.
    Nothing {},
}

/// A place on the screen in physical pixels.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    x: i32,
    y: i32,
}

impl From<Show> for Wish {
    fn from(show: Show) -> Self {
        match show {
            Show::Popover { at, toggle } => {
                Self::Popover { at: at.map(|Point { x, y }| Place { x, y }), toggle }
            }
            Show::Nothing => Self::Nothing {},
            Show::Dashboard { session } => {
                Self::Dashboard { session: session.map(|id| id.as_str().to_owned()) }
            }
        }
    }
}

impl From<Wish> for Show {
    fn from(wish: Wish) -> Self {
        match wish {
            Wish::Popover { at, toggle } => {
                Self::Popover { at: at.map(|Place { x, y }| Point { x, y }), toggle }
            }
            Wish::Nothing {} => Self::Nothing,
            Wish::Dashboard { session } => Self::Dashboard { session: session.map(SessionId::new) },
        }
    }
}
