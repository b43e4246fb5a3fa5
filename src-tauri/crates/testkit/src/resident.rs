//! The resident as a process of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use crate::http::Loopback;
use crate::process::Owned;
use crate::runtime::Runtime;
use crate::start::{ResidentError, Start};

/// A running resident. Killed when dropped.
#[derive(Debug)]
pub struct TestResident {
    // Before the folder, so that the process has ended when its files go.
    child: Owned,
    start: Start,
    runtime: Runtime,
}

impl TestResident {
    pub(crate) fn new(child: Owned, start: Start, runtime: Runtime) -> Self {
        Self { child, start, runtime }
    }

    /// What it says of itself.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it was started.
    #[must_use]
    pub fn start(&self) -> &Start {
        &self.start
    }

    /// Its home folder.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.start.home()
    }

    /// Everything it wrote to the terminal so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.start.said()
    }

    /// The page and the API.
    ///
    /// # Errors
    /// When they are not served.
    pub fn api(&self) -> Result<Loopback, ResidentError> {
        self.runtime.dashboard.map(Loopback::new).ok_or(ResidentError::NotServed("dashboard"))
    }

    /// The OTLP receiver over HTTP.
    ///
    /// # Errors
    /// When it is not served.
    pub fn http(&self) -> Result<SocketAddr, ResidentError> {
        self.runtime.otlp_http.ok_or(ResidentError::NotServed("HTTP receiver"))
    }

    /// The OTLP receiver over gRPC.
    ///
    /// # Errors
    /// When it is not served.
    pub fn grpc(&self) -> Result<SocketAddr, ResidentError> {
        self.runtime.otlp_grpc.ok_or(ResidentError::NotServed("gRPC receiver"))
    }

    /// Kills it at once, as a crash would (SIGKILL).
    ///
    /// # Errors
    /// When it cannot be signalled or waited for.
    pub fn kill9(&mut self) -> Result<(), ResidentError> {
        self.child.kill().map(drop).map_err(ResidentError::Process)
    }

    /// Asks it to end (SIGTERM) and waits for that.
    ///
    /// # Errors
    /// When it does not end in time, or cannot be signalled.
    pub async fn terminate(&mut self, within: Duration) -> Result<ExitStatus, ResidentError> {
        self.child.terminate().map_err(ResidentError::Process)?;
        self.ended(within).await
    }

    /// Waits for it to end by itself.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn ended(&mut self, within: Duration) -> Result<ExitStatus, ResidentError> {
        let status = self.child.ended(within).await.map_err(ResidentError::Process)?;
        let late = || ResidentError::Late { what: "ended", within, said: self.said() };
        status.ok_or_else(late)
    }

    /// Starts it anew on the same folders and ports, after it ended or was killed.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_again(&mut self) -> Result<(), ResidentError> {
        let served = [
            ("PLIMSOLL_RECEIVER_HTTP", self.runtime.otlp_http),
            ("PLIMSOLL_RECEIVER_GRPC", self.runtime.otlp_grpc),
            ("PLIMSOLL_DASHBOARD_LISTEN", self.runtime.dashboard),
        ];
        for (name, address) in served {
            let Some(address) = address else { continue };
            self.start.set(name, &address.to_string());
        }
        self.child = self.start.spawn()?;
        self.runtime = self.start.wait_until_it_serves(&mut self.child).await?;
        Ok(())
    }
}
