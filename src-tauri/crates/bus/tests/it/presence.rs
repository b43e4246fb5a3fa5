use std::{os::unix::net::UnixListener, path::Path};

use plimsoll_bus::{Bus, Presence};
use tokio::{sync::watch, time::timeout};
use zbus::fdo::{DBusProxy, RequestNameFlags};

use crate::daemon::{DEADLINE, Daemon};

const NAME: &str = "org.example.Lighthouse";
const OTHER: &str = "org.example.Buoy";

/// Follows names in the background until dropped.
struct Followed {
    presence: watch::Receiver<Presence>,
    other: watch::Receiver<Presence>,
    task: tokio::task::JoinHandle<()>,
}

impl Followed {
    fn on(bus: Bus) -> Self {
        let (sender, presence) = watch::channel(Presence::default());
        let (other_sender, other) = watch::channel(Presence::default());
        let task = tokio::spawn(async move {
            bus.follow(&[(NAME, &sender), (OTHER, &other_sender)]).await;
        });
        Self { presence, other, task }
    }

    /// What is told next.
    async fn next(&mut self) -> Presence {
        timeout(DEADLINE, self.presence.changed()).await.unwrap().unwrap();
        *self.presence.borrow_and_update()
    }

    async fn becomes(&mut self, wished: Presence) {
        timeout(DEADLINE, self.presence.wait_for(|now| *now == wished)).await.unwrap().unwrap();
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn can_start(folder: &Path, name: &str) {
    let text = format!("[D-BUS Service]\nName={name}\nExec=/bin/false\n");
    std::fs::write(folder.join(format!("{name}.service")), text).unwrap();
}

/// Scenario: a service that nobody can start comes, is replaced by another program's, and goes.
/// Guarantees: each is told, the replacement too, although the presence stays the same.
#[tokio::test]
async fn a_service_comes_is_replaced_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(folder.path()).await;
    let mut followed = Followed::on(daemon.bus());
    assert_eq!(followed.next().await, Presence::Absent);

    let (first, second) = (daemon.connect().await, daemon.connect().await);
    let replaceable = RequestNameFlags::AllowReplacement | RequestNameFlags::DoNotQueue;
    first.request_name_with_flags(NAME, replaceable).await.unwrap();
    assert_eq!(followed.next().await, Presence::Present);
    let replacing = RequestNameFlags::ReplaceExisting.into();
    second.request_name_with_flags(NAME, replacing).await.unwrap();
    assert_eq!(followed.next().await, Presence::Present);
    second.release_name(NAME).await.unwrap();
    assert_eq!(followed.next().await, Presence::Absent);
}

/// Scenario: the bus can start a service; the service is there from the beginning, or comes and goes.
/// Guarantees: while it is not running it is startable.
#[tokio::test]
async fn a_service_that_can_be_started_is_startable() {
    let folder = tempfile::tempdir().unwrap();
    can_start(folder.path(), NAME);
    let daemon = Daemon::start(folder.path()).await;
    let mut followed = Followed::on(daemon.bus());
    assert_eq!(followed.next().await, Presence::Startable);

    let service = daemon.connect().await;
    service.request_name(NAME).await.unwrap();
    assert_eq!(followed.next().await, Presence::Present);
    let mut late = Followed::on(daemon.bus());
    assert_eq!(late.next().await, Presence::Present);
    service.close().await.unwrap();
    assert_eq!(followed.next().await, Presence::Startable);
    assert_eq!(late.next().await, Presence::Startable);
}

/// Scenario: two names are followed, one is taken.
/// Guarantees: each is told of its own, over one connection.
#[tokio::test]
async fn names_share_a_connection() {
    let folder = tempfile::tempdir().unwrap();
    can_start(folder.path(), OTHER);
    let daemon = Daemon::start(folder.path()).await;
    let service = daemon.connect().await;
    service.request_name(NAME).await.unwrap();
    let mut followed = Followed::on(daemon.bus());
    assert_eq!(followed.next().await, Presence::Present);
    timeout(DEADLINE, followed.other.wait_for(|now| *now == Presence::Startable))
        .await
        .unwrap()
        .unwrap();
    let names = DBusProxy::new(&service).await.unwrap().list_names().await.unwrap();
    let connections = names.iter().filter(|name| name.as_str().starts_with(':'));
    assert_eq!(connections.count(), 2, "the service and the follower");
}

/// Scenario: the bus comes late, ends, and comes again.
/// Guarantees: its absence is told, and names are followed on every bus that comes.
#[tokio::test]
async fn a_bus_may_come_late_and_be_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut followed = Followed::on(Bus::at(format!("unix:path={}/bus", folder.path().display())));
    assert_eq!(followed.next().await, Presence::NoBus);
    let daemon = Daemon::start(folder.path()).await;
    assert_eq!(followed.next().await, Presence::Absent);
    daemon.end().await;
    assert_eq!(followed.next().await, Presence::NoBus);
    let daemon = Daemon::start(folder.path()).await;
    followed.becomes(Presence::Absent).await;
    daemon.connect().await.request_name(NAME).await.unwrap();
    followed.becomes(Presence::Present).await;
}

/// Scenario: something accepts connections at the bus's address and never says a word; time is paused, so
/// that only limits let it pass.
/// Guarantees: that is no bus.
#[tokio::test(start_paused = true)]
async fn a_silent_bus_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus");
    let _listener = UnixListener::bind(&path).unwrap();
    let mut followed = Followed::on(Bus::at(format!("unix:path={}", path.display())));
    assert_eq!(followed.next().await, Presence::NoBus);
}

/// Scenario: an address that is none.
/// Guarantees: there is no bus, and nothing panics.
#[tokio::test(start_paused = true)]
async fn nonsense_is_no_bus() {
    let mut followed = Followed::on(Bus::at("nonsense"));
    assert_eq!(followed.next().await, Presence::NoBus);
}
