//! What both tray icons do alike: say when nobody would see them.

use plimsoll_bus::Presence;
use plimsoll_domain::health::{Hint, Hints};
use tokio::sync::watch;

/// What shows tray icons, where something does.
pub const TRAY_WATCHER: &str = "org.kde.StatusNotifierWatcher";

const NO_PANEL: &str = "No panel shows tray icons here, so Plimsoll's is not seen. On GNOME, install the \
     extension AppIndicator and KStatusNotifierItem Support; in Xfce, add the Status Tray Plugin to the panel.";
const NO_BUS: &str = "There is no session bus, so there is no tray icon and no notification. Start Plimsoll from \
     the desktop, or as a service with `plimsoll service install`.";

/// Says when nobody would see the icon, and how to get it. Ends when nobody tells the watcher's presence any more.
pub async fn hint_at_tray(mut presence: watch::Receiver<Presence>, hints: &dyn Hints) {
    loop {
        match *presence.borrow_and_update() {
            Presence::Present => hints.clear(Hint::NoTray),
            Presence::Absent | Presence::Startable => {
                hints.raise(Hint::NoTray, NO_PANEL.to_owned());
            }
            Presence::NoBus => hints.raise(Hint::NoTray, NO_BUS.to_owned()),
        }
        if presence.changed().await.is_err() {
            return;
        }
    }
}
