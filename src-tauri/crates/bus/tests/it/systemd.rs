use std::sync::{Arc, Mutex};

use plimsoll_bus::{
    Bus, BusError,
    systemd::{display_variables, stop_units},
};
use zbus::{fdo, interface, zvariant::OwnedObjectPath};

use crate::daemon::Daemon;

/// A manager that knows some variables, and one unit only.
#[derive(Default)]
struct Manager {
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

#[interface(name = "org.freedesktop.systemd1.Manager")]
impl Manager {
    #[zbus(property)]
    fn environment(&self) -> Vec<String> {
        [
            "LANG=C",
            "DISPLAY=:1",
            "XAUTHORITY=/run/user/1/x=y",
            "DISPLAY_NUMBER=1",
            "WAYLAND_DISPLAY",
        ]
        .map(String::from)
        .to_vec()
    }

    fn stop_unit(&self, name: String, mode: String) -> fdo::Result<OwnedObjectPath> {
        let known = name == "plimsoll.service";
        self.asked.lock().unwrap().push((name, mode));
        let job = OwnedObjectPath::try_from("/org/freedesktop/systemd1/job/1").unwrap();
        if known { Ok(job) } else { Err(fdo::Error::Failed("not loaded".to_owned())) }
    }
}

/// Scenario: a manager with these and other variables; no manager; no bus.
/// Guarantees: exactly what tells where windows can be shown, in full; nothing where nobody knows.
#[tokio::test]
async fn the_display_is_what_the_manager_knows() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(folder.path()).await;
    assert_eq!(display_variables(&daemon.bus()).await, []);
    let _manager = serve(&daemon, Manager::default()).await;
    let known = display_variables(&daemon.bus()).await;
    let wished = [("DISPLAY", ":1"), ("XAUTHORITY", "/run/user/1/x=y")];
    assert_eq!(known, wished.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(display_variables(&Bus::at("unix:path=/nowhere/bus")).await, []);
}

/// Scenario: units are stopped of which the first is not installed; no bus.
/// Guarantees: all are asked for in order, the refusal is told; without a bus that is told.
#[tokio::test]
async fn all_units_are_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(folder.path()).await;
    let manager = Manager::default();
    let asked = Arc::clone(&manager.asked);
    let _manager = serve(&daemon, manager).await;
    stop_units(&daemon.bus(), &["plimsoll.service"]).await.unwrap();
    let refused = stop_units(&daemon.bus(), &["plimsoll.socket", "plimsoll.service"]).await;
    let Err(BusError::Manager { subject, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(subject, "plimsoll.socket");
    let asked = asked.lock().unwrap().clone();
    let wished = ["plimsoll.service", "plimsoll.socket", "plimsoll.service"];
    assert_eq!(asked, wished.map(|name| (name.to_owned(), "replace".to_owned())));
    let nowhere = stop_units(&Bus::at("unix:path=/nowhere/bus"), &["plimsoll.service"]).await;
    assert!(matches!(nowhere, Err(BusError::Connect(_))));
}

async fn serve(daemon: &Daemon, manager: Manager) -> zbus::Connection {
    let builder = daemon.builder().serve_at("/org/freedesktop/systemd1", manager).unwrap();
    builder.name("org.freedesktop.systemd1").unwrap().build().await.unwrap()
}
