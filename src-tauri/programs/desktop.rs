//! What both shapes of the application do alike on the desktop.

use plimsoll_actions::{Notifications, Ports};
use plimsoll_bus::{Bus, systemd};
use plimsoll_domain::Show;
use plimsoll_engine::{Environment, Places, Running, setup};
use plimsoll_tray::Sources;

/// What is shown at the first start of all: the dashboard, which welcomes the user.
#[must_use]
pub fn welcome(places: &Places) -> Option<Show> {
    (!setup::is_welcomed(places)).then_some(Show::Dashboard { session: None })
}

/// Shows a notification for every level that a session reaches, for as long as the engine runs.
pub fn employ_notifications(running: &mut Running) {
    let notifications = Notifications::new(Ports {
        ledger: running.ledger().clone(),
        since: running.began(),
        snapshots: running.snapshots(),
        policy: running.policy(),
        silences: running.silences(),
        quiet_hours: running.quiet_hours(),
        calendar: running.calendar(),
        pressed: running.buttons(),
        hints: running.hints(),
        bus: Bus::of_user(),
        now: running.clock(),
    });
    running.employ("notifications", move |stop| notifications.clone().run(stop));
}

/// What the tray is drawn from.
#[must_use]
pub fn tray_sources(running: &Running) -> Sources {
    Sources {
        snapshots: running.snapshots(),
        status: running.status(),
        calendar: running.calendar(),
        now: running.clock(),
    }
}

/// Whether this process is the one of Plimsoll's own unit of systemd: desktops start programs as units, too.
///
/// Source: systemd.exec(5): `SYSTEMD_EXEC_PID` from version 248 on; before that the socket for notifications, which
/// only the unit's own process is given. `PLIMSOLL_UNIT` stands in the unit.
#[must_use]
pub fn is_managed(environment: &Environment) -> bool {
    let own = std::process::id().to_string();
    let chosen = match environment.get("SYSTEMD_EXEC_PID") {
        Some(pid) => pid == own.as_str(),
        None => environment.get("NOTIFY_SOCKET").is_some(),
    };
    chosen && environment.get("PLIMSOLL_UNIT").is_some()
}

/// Asks systemd, where this process is the one of a unit, to stop service and sockets: an end by itself would be
/// mended by a restart, and the next export would start it again.
pub async fn ended_by_manager(environment: &Environment) {
    if !is_managed(environment) {
        return;
    }
    let units = ["plimsoll.socket", "plimsoll-dashboard.socket", "plimsoll.service"];
    if let Err(error) = systemd::stop_units(&Bus::of_user(), &units).await {
        tracing::warn!(%error, "cannot ask systemd to stop the service; it will start again");
    }
}
