//! `plimsoll` without a command: the resident with tray, notifications and windows.

use std::path::PathBuf;

use anyhow::Context;
use plimsoll_domain::Show;
use plimsoll_engine::{Config, Engine, Environment, Inherited};
use plimsoll_programs::{self as programs, Exit, Signals, Surroundings, log, resident_runtime};
use tracing::level_filters::LevelFilter;

use super::serve::greet;
use crate::{
    desktop::{Desktop, window_program},
    service::{System, owner},
};

pub(crate) fn run(around: Surroundings) -> anyhow::Result<()> {
    log::begin(&around.environment, LevelFilter::INFO)?;
    let config = Config::load(&around.places, &around.environment, &[])
        .map_err(|error| Exit::Usage.because(error))?;
    if let Some(owner) = owner(&around) {
        match owner.start(&mut System) {
            Ok(()) => {
                return resident_runtime()?.block_on(programs::hand_over(&around.places.runtime));
            }
            Err(error) => {
                tracing::warn!("the service does not start, so this runs instead: {error:#}");
            }
        }
    }
    if config.desktop.backend.is_in_process() {
        if has_display(&around.environment) {
            return become_standalone();
        }
        tracing::warn!("there is no display yet, so the engine runs in a process of its own");
    }
    let inherited = Inherited::from_environment();
    let (environment, folders) = (around.environment.clone(), around.places.runtime.clone());
    let welcome = programs::welcome(&around.places).filter(|_| has_display(&environment));
    let engine = programs::bind(config, around, inherited);
    let runtime = resident_runtime()?;
    let outcome = runtime.block_on(reside(engine, environment, (&folders, welcome)));
    runtime.shutdown_background();
    outcome
}

async fn reside(
    engine: Engine,
    environment: Environment,
    (folders, welcome): (&[PathBuf], Option<Show>),
) -> anyhow::Result<()> {
    // The service's own process tries again until the ledger is free.
    if engine.is_second() && !programs::is_managed(&environment) {
        return programs::hand_over(folders).await;
    }
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let offer = engine.windows().offer();
    let Some(mut running) = programs::start(engine, &mut signals).await? else { return Ok(()) };
    greet(&running)?;
    if let Some(welcome) = welcome {
        running.windows().leave(welcome);
    }
    let mut desktop = Desktop::attach(&mut running, environment, offer);
    tokio::select! {
        () = signals.next() => {}
        () = desktop.quit() => desktop.close().await,
    }
    programs::end(running, &mut signals).await
}

/// Without one the toolkit ends its process, and nobody would receive.
fn has_display(environment: &Environment) -> bool {
    let named = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| environment.get(name).is_some());
    named || !cfg!(target_os = "linux")
}

/// Becomes the program with windows, which then holds the engine too.
fn become_standalone() -> anyhow::Result<()> {
    let program = window_program()?;
    let mut command = std::process::Command::new(&program);
    command.arg("--standalone");
    let error = exec(&mut command);
    Err(Exit::Unavailable.because(format!("cannot start {}: {error}", program.display())))
}

#[cfg(unix)]
fn exec(command: &mut std::process::Command) -> std::io::Error {
    std::os::unix::process::CommandExt::exec(command)
}

/// Where a process cannot become another, it waits for it and ends as it did.
#[cfg(not(unix))]
fn exec(command: &mut std::process::Command) -> std::io::Error {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}
