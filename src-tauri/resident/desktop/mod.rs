//! The resident on the desktop: tray icon, notifications, and the process that shows windows.

mod launcher;
mod tray;

use std::{io, path::PathBuf};

use plimsoll_engine::{Environment, Offer, Running, Windows};
use plimsoll_programs as programs;
use plimsoll_tray::Action;
use tokio::sync::mpsc;

use launcher::Launcher;
use tray::Tray;

/// How many of the user's choices may wait: more than a person makes meanwhile.
const CHOICES: usize = 16;

/// What the resident does on the desktop.
pub(crate) struct Desktop {
    chosen: mpsc::Receiver<Action>,
    windows: Windows,
    environment: Environment,
}

impl Desktop {
    /// Puts the running engine on the desktop. What is missing there stops nothing, and is waited for.
    pub(crate) fn attach(running: &mut Running, environment: Environment, offer: Offer) -> Self {
        let (choices, chosen) = mpsc::channel(CHOICES);
        programs::employ_notifications(running);
        let tray = Tray::new(programs::tray_sources(running), choices, running.hints());
        running.employ("tray", move |stop| tray.clone().run(stop));
        let windows = running.windows();
        let launcher = Launcher::new(offer, environment.clone(), running);
        running.employ("windows", move |stop| launcher.clone().run(stop));
        Self { chosen, windows, environment }
    }

    /// Does what the user chooses, until that is to quit.
    pub(crate) async fn quit(&mut self) {
        while let Some(action) = self.chosen.recv().await {
            match action {
                Action::Show(show) => {
                    if let Err(error) = self.windows.ask(show) {
                        tracing::warn!(%error, "nothing opens windows at the moment");
                    }
                }
                Action::Quit => return,
            }
        }
        // The tray has ended, and with it what the user could choose.
        std::future::pending::<()>().await;
    }

    /// The user quits: the windows go too, and nothing starts the resident again.
    pub(crate) async fn close(&self) {
        self.windows.close();
        programs::ended_by_manager(&self.environment).await;
    }
}

/// The program with windows: beside this one.
pub(crate) fn window_program() -> io::Result<PathBuf> {
    Ok(std::env::current_exe()?
        .with_file_name(format!("plimsoll-window{}", std::env::consts::EXE_SUFFIX)))
}
