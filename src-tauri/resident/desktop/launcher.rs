//! Starts the process that shows windows, when one is wanted and there is none.

use std::{
    ffi::OsString,
    io,
    process::{ExitStatus, Stdio},
    sync::Arc,
};

use plimsoll_bus::{Bus, systemd};
use plimsoll_domain::health::{Hint, Hints, ListenerState, Status};
use plimsoll_engine::{Environment, Offer, Running, Windows};
use plimsoll_programs::plain_drawing;
use tokio::{
    process::{Child, Command},
    sync::watch,
};
use tokio_util::sync::CancellationToken;

use super::window_program;

/// Starts the process that shows windows.
#[derive(Clone)]
pub(crate) struct Launcher {
    windows: Windows,
    environment: Environment,
    status: watch::Receiver<Arc<Status>>,
    hints: Arc<dyn Hints>,
}

impl Launcher {
    pub(crate) fn new(windows: Windows, environment: Environment, running: &Running) -> Self {
        Self { windows, environment, status: running.status(), hints: running.hints() }
    }

    /// Runs until stopped.
    pub(crate) async fn run(self, stop: CancellationToken) -> io::Result<()> {
        stop.run_until_cancelled(self.serve()).await.unwrap_or(Ok(()))
    }

    async fn serve(&self) -> io::Result<()> {
        let mut offer = self.windows.offer();
        loop {
            offer.wanted().await;
            match self.start().await {
                Ok(mut child) => self.accompany(&mut child, &mut offer).await?,
                Err(error) => {
                    tracing::warn!(%error, "cannot start the program with windows");
                    offer.give_up();
                    self.open_in_browser(&error);
                }
            }
        }
    }

    /// Waits for the process's end. One that ends before it took anything could not show windows.
    async fn accompany(&self, child: &mut Child, offer: &mut Offer) -> io::Result<()> {
        let early = tokio::select! {
            () = offer.taken() => None,
            status = child.wait() => Some(status?),
        };
        match early {
            None => {
                self.hints.clear(Hint::NoWindows);
                child.wait().await?;
            }
            Some(status) => {
                offer.give_up();
                self.open_in_browser(&Failed(status));
            }
        }
        Ok(())
    }

    async fn start(&self) -> io::Result<Child> {
        let mut command = Command::new(window_program()?);
        command.stdin(Stdio::null()).env_remove("NOTIFY_SOCKET").envs(self.display().await?);
        command.envs(plain_drawing(&self.environment)).spawn()
    }

    /// What tells the process its display. A service may have been started before the user's desktop; the user
    /// manager learns of it then.
    async fn display(&self) -> io::Result<Vec<(OsString, OsString)>> {
        let has = |name| self.environment.get(name).is_some();
        if has("DISPLAY") || has("WAYLAND_DISPLAY") {
            return Ok(Vec::new());
        }
        let variables = systemd::display_variables(&Bus::of_user()).await;
        if variables.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no display is known"));
        }
        Ok(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The page is the same in a browser. Where there is none either, the hint says where the page is.
    fn open_in_browser(&self, why: &dyn std::fmt::Display) {
        let Some(page) = self.page() else { return };
        let opened = std::process::Command::new("xdg-open")
            .arg(&page)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let message =
            format!("Plimsoll's windows cannot be opened ({why}). Its page is on {page}.");
        self.hints.raise(Hint::NoWindows, message);
        if let Ok(mut browser) = opened {
            // Waits for it elsewhere, so that nothing is left of it.
            tokio::task::spawn_blocking(move || browser.wait());
        }
    }

    fn page(&self) -> Option<String> {
        let status = self.status.borrow();
        let dashboard = status.listeners.iter().find(|listener| listener.name == "dashboard")?;
        let address = dashboard.addresses.first()?;
        let served = dashboard.state == ListenerState::Listening;
        served.then(|| format!("http://{address}").replace("127.0.0.1", "localhost"))
    }
}

/// How a process ended that should have stayed.
struct Failed(ExitStatus);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "their program ended with {}", self.0)
    }
}
