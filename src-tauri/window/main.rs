//! The program `plimsoll-window`: the Tauri shell for what needs a web view.

mod arguments;
mod dashboard;
mod desk;
mod display;
mod follow;
mod navigation;
mod page;
mod popover;
mod serve;
mod shell;
mod standalone;
mod toolkit;

use std::{process::ExitCode, time::Duration};

use anyhow::Context;
use clap::Parser;
use plimsoll_domain::Show;
use plimsoll_programs::{Signals, Surroundings, exit_code, log};
use tokio::{
    runtime::{Builder, Runtime},
    time::timeout,
};
use tracing::level_filters::LevelFilter;

use crate::{
    arguments::Arguments,
    follow::{Follower, News, Source},
    serve::{Stay, serve},
};

/// How long a start without a window's name waits for what the engine wants shown.
const GRACE: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    exit_code("plimsoll-window", run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let around = Surroundings::look()?;
    let usual = if arguments.standalone { LevelFilter::INFO } else { LevelFilter::WARN };
    log::begin(&around.environment, usual)?;
    display::demand(&around.environment)?;
    display::begin_plainly(&around.environment);
    if arguments.standalone { standalone::run(around) } else { show(arguments.wish(), around) }
}

/// Shows windows of the engine that runs.
fn show(wish: Option<Show>, around: Surroundings) -> anyhow::Result<()> {
    toolkit::begin()?;
    let runtime = runtime()?;
    let joined = runtime.block_on(Follower::join(around.places.runtime, wish.as_ref()))?;
    let Some((mut follower, engine)) = joined else { return Ok(()) };
    shell::run(&runtime, engine, |_, mut desk, events| async move {
        let mut signals = Signals::listen().context("cannot listen for signals")?;
        let wish = match wish {
            Some(wish) => wish,
            None => first_wish(&mut follower).await,
        };
        desk.show(wish);
        serve(desk, events, follower, Stay::WithWindows, signals.next()).await;
        Ok(())
    })
}

/// What the engine wants shown; the dashboard where it wants nothing.
async fn first_wish(follower: &mut Follower) -> Show {
    match timeout(GRACE, follower.next()).await {
        Ok(News::Show(wish)) => wish,
        // Where an engine has just come, it was not the one that started this program.
        Ok(News::At(_)) | Err(_) => Show::Dashboard { session: None },
    }
}

fn runtime() -> anyhow::Result<Runtime> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.context("cannot start the runtime")
}
