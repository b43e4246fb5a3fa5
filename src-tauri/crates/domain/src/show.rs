//! What a window process is asked to show.

use crate::SessionId;

/// A place on the screen in physical pixels; the origin is the screen's upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// To the right.
    pub x: i32,
    /// Down.
    pub y: i32,
}

/// A window, and what it shall show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Show {
    /// The popover.
    Popover {
        /// Where the tray icon was pressed; `None` where that is not known.
        at: Option<Point>,
        /// Whether an open popover closes instead, as a second press on the icon means it.
        toggle: bool,
    },
    /// The dashboard.
    Dashboard {
        /// The session whose page it shows; `None` for all.
        session: Option<SessionId>,
    },
    /// No window any more: the user quits.
    Nothing,
}
