//! The menu.

use plimsoll_domain::Show;
use plimsoll_watch::SessionView;

use super::{
    Action, Entry,
    scene::Scene,
    words::{absence, fault, name, position, today},
};

/// Sessions listed at most.
const SESSIONS: usize = 8;

/// The menu, from above: what is wrong, the sessions, today, the windows, the end.
pub(super) fn entries(scene: &Scene<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    if let Some(fault) = fault(scene) {
        entries.extend([choice(fault, DASHBOARD), Entry::Separator]);
    }
    entries.extend(sessions(scene));
    entries.push(Entry::Separator);
    if let Some(today) = today(scene) {
        entries.extend([reading(today), Entry::Separator]);
    }
    entries.extend([
        choice("Open popover", Action::Show(Show::Popover { at: None, toggle: false })),
        choice("Open dashboard", DASHBOARD),
        Entry::Separator,
        choice("Quit", Action::Quit),
    ]);
    entries
}

const DASHBOARD: Action = Action::Show(Show::Dashboard { session: None });

fn sessions(scene: &Scene<'_>) -> Vec<Entry> {
    let mut entries: Vec<Entry> =
        scene.current().take(SESSIONS).map(|view| session(scene, view)).collect();
    if entries.is_empty() {
        return vec![reading(absence(scene))];
    }
    let more = scene.current().skip(SESSIONS).count();
    if more > 0 {
        entries.push(choice(format!("and {more} more"), DASHBOARD));
    }
    entries
}

/// `api-server  151k of 167k, checkpoint`.
fn session(scene: &Scene<'_>, view: &SessionView) -> Entry {
    let position = view.gauge.as_ref().map_or_else(|| "no gauge yet".to_owned(), position);
    let label = format!("{}  {position}", name(scene, &view.session));
    choice(label, Action::Show(Show::Dashboard { session: Some(view.session.clone()) }))
}

fn choice(label: impl Into<String>, action: Action) -> Entry {
    Entry::Item { label: label.into(), action: Some(action) }
}

fn reading(label: impl Into<String>) -> Entry {
    Entry::Item { label: label.into(), action: None }
}
