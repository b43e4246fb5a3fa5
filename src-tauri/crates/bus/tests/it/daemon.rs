//! A private bus.

use std::{path::Path, process::Stdio, time::Duration};

use plimsoll_bus::Bus;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};
use zbus::{Connection, connection::Builder};

/// How long anything may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A bus that ends with its owner and knows no services but those of its folder.
pub(crate) struct Daemon {
    child: Child,
    address: String,
}

impl Daemon {
    /// Listens on `bus` in the folder; `*.service` there are what it can start.
    pub(crate) async fn start(folder: &Path) -> Self {
        let shown = folder.display();
        let configuration = folder.join("bus.conf");
        let text = format!(
            "<busconfig><type>session</type><listen>unix:path={shown}/bus</listen>\
             <servicedir>{shown}</servicedir><policy context='default'>\
             <allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/>\
             <allow own='*'/></policy></busconfig>"
        );
        std::fs::write(&configuration, text).unwrap();
        let mut child = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", configuration.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("dbus-daemon (package dbus) is installed");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = timeout(DEADLINE, lines.next_line()).await.unwrap().unwrap().unwrap();
        Self { child, address }
    }

    pub(crate) fn bus(&self) -> Bus {
        Bus::at(self.address.clone())
    }

    /// A connection as other programs have them.
    pub(crate) async fn connect(&self) -> Connection {
        timeout(DEADLINE, self.builder().build()).await.unwrap().unwrap()
    }

    pub(crate) fn builder(&self) -> Builder<'static> {
        Builder::address(self.address.as_str()).unwrap()
    }

    pub(crate) async fn end(mut self) {
        self.child.kill().await.unwrap();
    }
}
