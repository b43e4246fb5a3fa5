//! What the tray shows at one moment.

mod menu;
mod scene;
mod words;

use plimsoll_domain::{Calendar, Show, Timestamp, health::Status};
use plimsoll_watch::Snapshot;
use scene::Scene;

use crate::Icon;

/// What the tray shows. All texts are plain: what reads them as markup or mnemonics has to escape them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// The icon.
    pub icon: Icon,
    /// What the icon says, in words.
    pub title: String,
    /// The rest that is worth knowing at a glance, in lines.
    pub tooltip: String,
    /// The menu, from above.
    pub menu: Vec<Entry>,
}

/// A line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A text.
    Item {
        /// What it says.
        label: String,
        /// What choosing it does; `None` where it is there to be read only.
        action: Option<Action>,
    },
    /// A rule between groups.
    Separator,
}

/// What the user can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Show a window.
    Show(Show),
    /// End Plimsoll.
    Quit,
}

impl Face {
    /// The face of a snapshot and the resident's state at a moment.
    #[must_use]
    pub fn of(snapshot: &Snapshot, status: &Status, calendar: &Calendar, now: Timestamp) -> Self {
        let scene = Scene { snapshot, status, calendar, now };
        Self {
            icon: scene.icon(),
            title: words::title(&scene),
            tooltip: words::tooltip(&scene),
            menu: menu::entries(&scene),
        }
    }
}

#[cfg(test)]
mod tests;
