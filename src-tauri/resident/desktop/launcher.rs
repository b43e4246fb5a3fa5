//! Starts the process that shows windows, when one is wanted and there is none.

use std::{
    ffi::OsString,
    io,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use plimsoll_bus::{Bus, systemd};
use plimsoll_domain::health::{Hint, Hints, Status};
use plimsoll_engine::{Environment, Offer, Running};
use plimsoll_programs::{is_managed, plain_drawing};
use tokio::{
    process::{Child, Command},
    sync::{Mutex, watch},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use super::window_program;

/// How long the process may take to ask for what it shall show.
const PATIENCE: Duration = Duration::from_secs(15);

/// Starts the process that shows windows.
#[derive(Clone)]
pub(crate) struct Launcher {
    /// Outlasts a run that fails: the next one keeps the promise.
    offer: Arc<Mutex<Offer>>,
    environment: Environment,
    status: watch::Receiver<Arc<Status>>,
    hints: Arc<dyn Hints>,
}

impl Launcher {
    pub(crate) fn new(offer: Offer, environment: Environment, running: &Running) -> Self {
        let offer = Arc::new(Mutex::new(offer));
        Self { offer, environment, status: running.status(), hints: running.hints() }
    }

    /// Runs until stopped.
    pub(crate) async fn run(self, stop: CancellationToken) -> io::Result<()> {
        stop.run_until_cancelled(self.serve()).await.unwrap_or(Ok(()))
    }

    async fn serve(&self) -> io::Result<()> {
        let mut offer = self.offer.lock().await;
        loop {
            offer.wanted().await;
            match self.start().await {
                Ok(child) => self.accompany(Starting(Some(child)), &mut offer).await?,
                Err(error) => {
                    tracing::warn!(%error, "cannot start the program with windows");
                    offer.give_up();
                    self.open_in_browser(&error).await;
                }
            }
        }
    }

    /// Waits for the process's end. One that took nothing could not show windows.
    async fn accompany(&self, mut starting: Starting, offer: &mut Offer) -> io::Result<()> {
        let failure = tokio::select! {
            () = offer.taken() => None,
            status = starting.ended() => Some(format!("their program ended with {}", status?)),
            () = sleep(PATIENCE) => Some("their program does not begin".to_owned()),
        };
        if let Some(failure) = failure {
            tracing::warn!(failure, "no window is shown");
            offer.give_up();
            drop(starting);
            self.open_in_browser(&failure).await;
            return Ok(());
        }
        self.hints.clear(Hint::NoWindows);
        // From here on it stays also when the resident goes.
        match starting.0.take() {
            Some(mut child) => child.wait().await.map(drop),
            None => Ok(()),
        }
    }

    async fn start(&self) -> io::Result<Child> {
        let mut command = Command::new(window_program()?);
        command.stdin(Stdio::null()).env_remove("NOTIFY_SOCKET").envs(self.display().await?);
        command.envs(plain_drawing(&self.environment)).spawn()
    }

    /// What tells the process its display, beside what this process has. A service may have been started before the
    /// user's desktop, or in one that has ended since: there the user manager knows better.
    async fn display(&self) -> io::Result<Vec<(OsString, OsString)>> {
        let has = |name| self.environment.get(name).is_some();
        let known = has("DISPLAY") || has("WAYLAND_DISPLAY");
        if known && !is_managed(&self.environment) {
            return Ok(Vec::new());
        }
        let variables = systemd::display_variables(&Bus::of_user()).await;
        if variables.is_empty() && !known {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no display is known"));
        }
        Ok(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The page is the same in a browser. Where there is none either, the hint says where the page is.
    async fn open_in_browser(&self, why: &(dyn std::fmt::Display + Sync)) {
        let Some(page) = self.page() else { return };
        let opened = std::process::Command::new("xdg-open")
            .arg(&page)
            .envs(self.display().await.unwrap_or_default())
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
        let address = status.served("dashboard")?;
        Some(format!("http://{address}").replace("127.0.0.1", "localhost"))
    }
}

/// A process that has taken nothing yet: it goes with whoever waits for it.
struct Starting(Option<Child>);

impl Starting {
    async fn ended(&mut self) -> io::Result<ExitStatus> {
        match &mut self.0 {
            Some(child) => child.wait().await,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // Fails only for one that has ended.
            let _ = child.start_kill();
        }
    }
}
