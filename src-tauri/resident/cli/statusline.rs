//! `plimsoll statusline`: stands between the client and the user's own status line command, and hands on what the
//! client says. The user's line comes first: nothing that is wrong with Plimsoll shows in it.

mod line;
mod wrapped;

use std::{
    env,
    ffi::OsString,
    io::{self, Read, Write},
    process::ExitCode,
    time::Duration,
};

use plimsoll_domain::{Handed, Statement, StatusReport};
use plimsoll_programs::now;
use plimsoll_sources::read_handed;

use super::handover::HandOver;

/// How long the user's command is kept waiting at most, by a Plimsoll that hangs or is busy.
const PATIENCE: Duration = Duration::from_millis(3);
/// How long a line of our own is: nothing takes over its connection.
const OWN_PATIENCE: Duration = Duration::from_millis(20);

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// Your own status line command. One word is run by the shell, several as they are; without it Plimsoll
    /// prints a line of its own
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) fn run(flags: &Flags) -> ExitCode {
    let mut said = Vec::new();
    // Of an input that breaks off, the command gets what there is.
    let _whole = io::stdin().lock().read_to_end(&mut said);
    let handed = HandOver::begin(Handed::StatusLine, &said, PATIENCE);
    if let Some(command) = wrapped::command(&flags.command) {
        return wrapped::run(command, &said, handed);
    }
    let colour = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let line = report(&said).map_or_else(String::new, |report| line::line(&report, colour));
    // A client that no longer listens misses nothing.
    let _shown = writeln!(io::stdout(), "{line}");
    if let Some(handed) = handed {
        handed.wait(OWN_PATIENCE);
    }
    ExitCode::SUCCESS
}

/// What the client says of itself; `None` where it says nothing that is understood.
fn report(said: &[u8]) -> Option<StatusReport> {
    let told = read_handed(Handed::StatusLine, said, now()).ok()?;
    told.facts.into_iter().find_map(|fact| match fact.statement {
        Statement::Status(report) => Some(report),
        _ => None,
    })
}
