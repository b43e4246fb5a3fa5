//! `plimsoll service`: starts with the session and stays.

use std::io::{self, Write};

use clap::Subcommand;
use plimsoll_client::{Client, RuntimeInfo};
use plimsoll_programs::{Exit, Surroundings, now};

use super::{command_runtime, text::age};
use crate::service::{Setup, Site, Status, System, install, remove};

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Start Plimsoll with your session and keep it running; again after an update or with other ports.
    Install,
    /// End it, and start it with your session no more.
    Remove,
    /// Show whether it is installed and runs; exit code 3 where it does not.
    Status {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let site = Site::of_user(around)?;
    let said = match flags.action {
        Action::Install => {
            let running = RuntimeInfo::find(&around.places.runtime);
            install(&site, &Setup::of_program(around)?, running.as_ref(), &mut System)?
        }
        Action::Remove => remove(&site, &mut System)?,
        Action::Status { json } => return status(&site, around, json),
    };
    let mut out = io::stdout().lock();
    said.iter().try_for_each(|sentence| writeln!(out, "{sentence}"))?;
    Ok(out.flush()?)
}

fn status(site: &Site, around: &Surroundings, json: bool) -> anyhow::Result<()> {
    let engine = Client::find(&around.places.runtime).is_ok_and(|client| {
        let runtime = command_runtime();
        runtime.is_ok_and(|runtime| runtime.block_on(client.get("/api/v1/health")).is_ok())
    });
    // A configuration that cannot be used is no reason to say nothing.
    let setup = Setup::of_program(around).ok();
    let status = Status::ask(site, setup.as_ref(), engine, &mut System)?;
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&status)?)?;
    } else {
        show(&mut out, &status)?;
    }
    out.flush()?;
    if status.installed && status.running { Ok(()) } else { Err(Exit::NotRunning.quietly()) }
}

fn show(out: &mut impl Write, status: &Status) -> io::Result<()> {
    writeln!(out, "{}", status.sentence)?;
    for note in &status.notes {
        writeln!(out, "{note}")?;
    }
    for file in &status.files {
        writeln!(out, "  file     {file}")?;
    }
    if let Some(process) = status.process {
        writeln!(out, "  process  {process}")?;
    }
    if let Some(since) = &status.since {
        writeln!(out, "  since    {since}, {}", age(since, now()))?;
    }
    if let Some(restarts) = status.restarts.filter(|restarts| *restarts > 0) {
        writeln!(out, "  restarts {restarts}")?;
    }
    if !status.sockets.is_empty() {
        writeln!(out, "  sockets  {}", status.sockets.join(", "))?;
    }
    Ok(())
}
