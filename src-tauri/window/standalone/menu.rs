//! The menu of the tray icon, and what its entries do.

use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_tray::{Action, Entry};
use tauri::{
    AppHandle, Wry,
    menu::{Menu, MenuId, MenuItem, PredefinedMenuItem},
};

/// What the entries of the menu that is shown do.
#[derive(Debug, Clone, Default)]
pub(super) struct Actions(Arc<Mutex<Shown>>);

#[derive(Debug, Default)]
struct Shown {
    /// Each menu has ids of its own: a late choice from an earlier one is no choice from this.
    menus: u64,
    actions: Vec<(MenuId, Action)>,
}

impl Actions {
    /// What choosing the entry with this id does.
    pub(super) fn of(&self, id: &MenuId) -> Option<Action> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.actions.iter().find(|(known, _)| known == id).map(|(_, action)| action.clone())
    }

    /// Gives each entry an id; the ones of the menu before do nothing any more.
    fn renew(&self, entries: &[Entry]) -> Vec<MenuId> {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.menus += 1;
        let menu = shown.menus;
        let ids = (0..entries.len()).map(|at| MenuId::new(format!("{menu}.{at}")));
        let ids: Vec<_> = ids.collect();
        let actions = entries.iter().zip(&ids).filter_map(|(entry, id)| match entry {
            Entry::Item { action: Some(action), .. } => Some((id.clone(), action.clone())),
            Entry::Item { action: None, .. } | Entry::Separator => None,
        });
        shown.actions = actions.collect();
        ids
    }

    /// Makes a menu. To be called on the main thread.
    pub(super) fn menu(&self, app: &AppHandle, entries: &[Entry]) -> tauri::Result<Menu<Wry>> {
        let menu = Menu::new(app)?;
        for (entry, id) in entries.iter().zip(self.renew(entries)) {
            match entry {
                Entry::Item { label, action } => {
                    let (text, enabled) = (plain(label), action.is_some());
                    menu.append(&MenuItem::with_id(app, id, text, enabled, None::<&str>)?)?;
                }
                Entry::Separator => menu.append(&PredefinedMenuItem::separator(app)?)?,
            }
        }
        Ok(menu)
    }
}

/// A label that is plain text: an ampersand would mark the letter after it.
fn plain(label: &str) -> String {
    label.replace('&', "&&")
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::Show;

    use super::*;

    fn item(label: &str, action: Option<Action>) -> Entry {
        Entry::Item { label: label.to_owned(), action }
    }

    /// Scenario: a menu of a readable line, a rule and two choices; then a shorter one.
    /// Guarantees: only choices do something, each its own; an id of the first menu does nothing under the second.
    #[test]
    fn choices_belong_to_their_menu() {
        let actions = Actions::default();
        let show = Action::Show(Show::Dashboard { session: None });
        let entries = [
            item("84 %", None),
            Entry::Separator,
            item("Open", Some(show.clone())),
            item("Quit", Some(Action::Quit)),
        ];
        let ids = actions.renew(&entries);
        let found: Vec<_> = ids.iter().map(|id| actions.of(id)).collect();
        assert_eq!(found, [None, None, Some(show), Some(Action::Quit)]);

        let later = actions.renew(&entries[3..]);
        assert!(ids.iter().all(|id| actions.of(id).is_none()));
        assert_eq!(actions.of(&later[0]), Some(Action::Quit));
    }

    /// Scenario: a label with signs that menus read as marks.
    /// Guarantees: they are shown as they are.
    #[test]
    fn labels_are_plain() {
        assert_eq!(plain("R&D_tools & more"), "R&&D_tools && more");
    }
}
