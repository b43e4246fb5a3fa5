//! A session bus.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use tokio::net::UnixStream;
use zbus::Connection;
use zbus::connection::Builder;
use zbus::object_server::Interface;

use super::{DeskError, bus, until};
use crate::process::Owned;

const PROGRAM: &str = "dbus-daemon";

/// A session bus of its own, on which nothing is started by itself. Ends with its owner.
#[derive(Debug)]
pub struct PrivateBus {
    // Before the folder, so that the process has ended when its files go.
    daemon: Option<Owned>,
    folder: TempDir,
}

impl PrivateBus {
    /// Starts one.
    ///
    /// # Errors
    /// When `dbus-daemon` does not run.
    pub async fn start() -> Result<Self, DeskError> {
        let folder = tempfile::Builder::new().prefix("plimsoll-bus-").tempdir();
        let folder =
            folder.map_err(|source| DeskError::Prepare { path: std::env::temp_dir(), source })?;
        let mut bus = Self { daemon: None, folder };
        bus.start_again().await?;
        Ok(bus)
    }

    /// What goes into `DBUS_SESSION_BUS_ADDRESS`. It names no instance, so that it is good for the next
    /// one too.
    #[must_use]
    pub fn address(&self) -> String {
        format!("unix:path={}", self.socket().display())
    }

    /// Ends it; whoever is connected loses the connection.
    pub fn stop(&mut self) {
        self.daemon = None;
        // Else a start could take the dead socket for a living one.
        let _ = fs::remove_file(self.socket());
    }

    /// Starts it at the same address, after it was stopped.
    ///
    /// # Errors
    /// When `dbus-daemon` does not run.
    pub async fn start_again(&mut self) -> Result<(), DeskError> {
        self.stop();
        let path = self.folder.path().join("session.conf");
        let written = fs::write(&path, configuration(&self.address()));
        written.map_err(|source| DeskError::Prepare { path: path.clone(), source })?;
        let daemon = Command::new(PROGRAM)
            .args(["--nofork", "--nopidfile", "--config-file"])
            .arg(&path)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| DeskError::Spawn { program: PROGRAM, source })?;
        let mut daemon = Owned::new(daemon);
        until("listening (dbus-daemon)", async || {
            let ended = daemon.status().ok().flatten();
            if let Some(status) = ended {
                let said = "is the bus configured rightly?".to_owned();
                return Err(DeskError::Ended { program: PROGRAM, status, said });
            }
            Ok(UnixStream::connect(self.socket()).await.ok())
        })
        .await?;
        self.daemon = Some(daemon);
        Ok(())
    }

    /// A connection of the test's own.
    ///
    /// # Errors
    /// When the bus does not run.
    pub async fn connect(&self) -> Result<Connection, DeskError> {
        connect(&self.address()).await
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("bus")
    }
}

async fn connect(address: &str) -> Result<Connection, DeskError> {
    let builder = Builder::address(address).map_err(bus("read the address of the bus"))?;
    builder.build().await.map_err(bus("connect to the bus"))
}

/// A connection that serves an object. It does so from the start: an object that is added later may miss the
/// first calls, which then are never answered.
pub(super) async fn serve<I: Interface>(
    address: &str,
    path: &str,
    object: I,
) -> Result<Connection, DeskError> {
    let builder = Builder::address(address).map_err(bus("read the address of the bus"))?;
    let builder = builder.serve_at(path, object).map_err(bus("serve an object"))?;
    builder.build().await.map_err(bus("connect to the bus"))
}

/// Without a line about services, so that nothing real is ever started by a call.
fn configuration(address: &str) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#
    )
}
