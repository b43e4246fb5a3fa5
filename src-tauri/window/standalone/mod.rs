//! `plimsoll-window --standalone`: the whole application in one process.
//!
//! The engine is the same as the resident's and lives on the same runtime as the windows; only tray and windows
//! are Tauri's.

mod menu;
mod tray;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use plimsoll_domain::{Show, health::Status};
use plimsoll_engine::{Attached, Config, Engine, Environment, Inherited, Running, Windows};
use plimsoll_programs::{self as programs, Exit, Signals, Surroundings, resident_runtime};
use plimsoll_tray::Action;
use tauri::{AppHandle, Url};
use tokio::{
    runtime::Runtime,
    sync::{mpsc, watch},
    time::sleep,
};

use crate::{
    desk::{Desk, Event},
    follow::{News, Source},
    serve::{Stay, serve},
    shell, toolkit,
};
use tray::Tray;

/// How many of the user's choices may wait: more than a person makes meanwhile.
const CHOICES: usize = 16;
/// How long to wait before asking again for the right to show windows.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs the application until the user quits, or the system asks it to end.
pub(crate) fn run(around: Surroundings) -> anyhow::Result<()> {
    let inherited = Inherited::from_environment();
    let config = Config::load(&around.places, &around.environment, &[])
        .map_err(|error| Exit::Usage.because(error))?;
    let (environment, folders) = (around.environment.clone(), around.places.runtime.clone());
    let welcome = programs::welcome(&around.places);
    // Before the toolkit: whoever connects meanwhile waits, and is not refused.
    let engine = programs::bind(config, around, inherited);
    toolkit::begin()?;
    let runtime = resident_runtime()?;
    let outcome = reside(engine, environment, (folders, welcome), &runtime);
    runtime.shutdown_background();
    outcome
}

fn reside(
    engine: Engine,
    environment: Environment,
    (folders, welcome): (Vec<PathBuf>, Option<Show>),
    runtime: &Runtime,
) -> anyhow::Result<()> {
    let managed = programs::is_managed(&environment);
    let started = runtime.block_on(async move {
        if engine.is_second() && !managed {
            programs::hand_over(&folders).await?;
            return Ok(None);
        }
        let mut signals = Signals::listen().context("cannot listen for signals")?;
        // Wishes wait until there are windows.
        let attached = engine.windows().attach();
        let running = programs::start(engine, &mut signals).await?;
        anyhow::Ok(running.map(|running| (running, signals, attached)))
    });
    let Some((running, signals, attached)) = started? else { return Ok(()) };
    let status = running.status();
    let address = address(&status.borrow());
    shell::run(runtime, address, |app, desk, events| {
        let life = Life { app, desk, events, running, signals, attached, environment, welcome };
        life.live()
    })
}

/// The application while it runs.
struct Life {
    app: AppHandle,
    desk: Desk,
    events: mpsc::UnboundedReceiver<Event>,
    running: Running,
    signals: Signals,
    /// The right to show windows.
    attached: Option<Attached>,
    environment: Environment,
    /// What is shown at the first start.
    welcome: Option<Show>,
}

impl Life {
    async fn live(self) -> anyhow::Result<()> {
        let Self { app, desk, events, mut running, mut signals, attached, environment, welcome } =
            self;
        let (choices, chosen) = mpsc::channel(CHOICES);
        programs::employ_notifications(&mut running);
        let tray = Tray::new(app, programs::tray_sources(&running), choices, running.hints());
        running.employ("tray", move |stop| tray.clone().run(stop));
        let windows = running.windows();
        if let Some(welcome) = welcome {
            windows.leave(welcome);
        }
        let source = InProcess::new(windows.clone(), attached, running.status());
        let mut quits = false;
        serve(desk, events, source, Stay::Always, async {
            tokio::select! {
                () = signals.next() => {}
                () = quit(chosen, &windows) => quits = true,
            }
        })
        .await;
        if quits {
            programs::ended_by_manager(&environment).await;
        }
        programs::end(running, &mut signals).await
    }
}

/// Does what the user chooses, until that is to quit.
async fn quit(mut chosen: mpsc::Receiver<Action>, windows: &Windows) {
    while let Some(action) = chosen.recv().await {
        match action {
            Action::Show(show) => {
                if let Err(error) = windows.ask(show) {
                    tracing::warn!(%error, "nothing shows windows at the moment");
                }
            }
            Action::Quit => return,
        }
    }
    // The tray has ended, and with it what the user could choose.
    std::future::pending::<()>().await;
}

/// The engine in the same process, as a source of news.
struct InProcess {
    windows: Windows,
    /// `None` while another process shows the windows.
    attached: Option<Attached>,
    status: watch::Receiver<Arc<Status>>,
    told: Option<Url>,
}

impl InProcess {
    fn new(
        windows: Windows,
        attached: Option<Attached>,
        status: watch::Receiver<Arc<Status>>,
    ) -> Self {
        let told = address(&status.borrow());
        Self { windows, attached, status, told }
    }

    /// Whether there is a new address, and which.
    fn moved(&mut self) -> Option<Url> {
        let now = address(&self.status.borrow_and_update())?;
        (self.told.as_ref() != Some(&now)).then(|| self.told.insert(now).clone())
    }
}

impl Source for InProcess {
    async fn next(&mut self) -> News {
        loop {
            if let Some(engine) = self.moved() {
                return News::At(engine);
            }
            let wish = async {
                match &mut self.attached {
                    Some(attached) => Some(attached.next().await),
                    None => {
                        sleep(PAUSE).await;
                        None
                    }
                }
            };
            tokio::select! {
                wish = wish => match wish {
                    Some(show) => return News::Show(show),
                    None => self.attached = self.windows.attach(),
                },
                // The engine outlives its windows.
                Ok(()) = self.status.changed() => {}
            }
        }
    }
}

/// Where the dashboard is served.
fn address(status: &Status) -> Option<Url> {
    let dashboard = status.listener("dashboard")?;
    Url::parse(&format!("http://{}", dashboard.addresses.first()?)).ok()
}
