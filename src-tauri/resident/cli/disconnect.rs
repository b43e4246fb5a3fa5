//! `plimsoll disconnect`: only what is Plimsoll's goes, and what stood there before returns.

use std::io::{self, Write};

use plimsoll_engine::setup::ConnectChoices;
use plimsoll_programs::Surroundings;

use super::connect::{Asker, Desk, Target, first};

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    target: Target,
    /// Ask nothing
    #[arg(long)]
    yes: bool,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
    /// Print what was done, or would be, as JSON; asks nothing, as --yes
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let desk = Desk::open(around)?;
    let asker = Asker::of_terminal(flags.yes || flags.json || flags.dry_run);
    let nothing = ConnectChoices { hooks: false, status_line: false, replace: false };
    let (mut answers, mut failures) = (Vec::new(), Vec::new());
    let mut out = io::stdout().lock();
    for found in desk.installations(&flags.target, nothing)? {
        if !flags.json {
            match found.undo.trim_end() {
                "" => writeln!(out, "{}: nothing of Plimsoll's is in it.", found.settings)?,
                undo => writeln!(out, "{}:\n\n{undo}\n", found.settings)?,
            }
        }
        if flags.dry_run {
            answers.push(serde_json::to_value(&found)?);
            continue;
        }
        if found.undo.is_empty() || !asker.agrees("Change this file?", true)? {
            continue;
        }
        let done = match desk.disconnect(&found) {
            Ok(done) => done,
            Err(error) => {
                failures.push(error);
                continue;
            }
        };
        if !flags.json {
            writeln!(
                out,
                "Changed {}. Running clients keep sending until they are restarted.",
                done.settings
            )?;
            for kept in &done.kept {
                writeln!(out, "{kept} stays: you changed it since.")?;
            }
        }
        answers.push(serde_json::to_value(&done)?);
    }
    if flags.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&answers)?)?;
    }
    first(failures)
}
