//! The commands: what they have in common. Each has a file of its own.

mod client;
mod demo;
mod frames;
mod inspect;
mod log;
mod replay;
mod serve;
mod signals;
mod snapshot;
mod status;
mod table;
mod text;

use std::{
    fmt,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::SystemTime,
};

use anyhow::Context;
use clap::{Parser, Subcommand};
use plimsoll_domain::Timestamp;
use plimsoll_engine::{Environment, Places};
use tokio::runtime::{Builder, Runtime};

const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   failed
  2   wrong arguments, or a configuration that cannot be used
  3   Plimsoll is not running
  69  something needed is not available: the ledger is in use, or no receiver answers

Environment:
  PLIMSOLL_CONFIG                    another configuration file
  PLIMSOLL_RECEIVER_HTTP, ..._GRPC   other addresses for OTLP (also OTLP_RECEIVER_PORT)
  PLIMSOLL_DASHBOARD_LISTEN          another address for the dashboard
  PLIMSOLL_LEDGER_PATH               another ledger
  PLIMSOLL_LEVELS_NOTICE, ...        other levels, e.g. 60%
  PLIMSOLL_LOG                       what is logged: error, warn, info, debug or trace";

/// Draws the load line on every coding-agent session: how much fits until its context is compacted.
///
/// Without a command it does the same as `serve`.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive telemetry, keep the books, and serve the dashboard.
    Serve(serve::Flags),
    /// Show the live sessions and how near they are to their line.
    Status(status::Flags),
    /// Send captured telemetry to a receiver.
    Replay(replay::Flags),
    /// Show a lively replay of recorded sessions, with a ledger that is thrown away.
    Demo(demo::Flags),
    /// Show signals as they arrive: names, attributes, numbers, how each was understood; no content.
    Inspect(inspect::Flags),
}

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    NotRunning = 3,
    Unavailable = 69,
}

/// An end with a sentence for people, and a number for programs.
#[derive(Debug)]
struct Ended {
    exit: Exit,
    sentence: String,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Ended {}

impl Exit {
    /// Ends the program this way.
    fn because(self, sentence: impl fmt::Display) -> anyhow::Error {
        Ended { exit: self, sentence: sentence.to_string() }.into()
    }
}

/// What a command finds around it.
struct Surroundings {
    environment: Environment,
    places: Places,
}

/// Runs the command that the arguments name. Wrong arguments end the program at once with code 2.
pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let environment: Environment = std::env::vars_os().collect();
    let outcome = surroundings(environment).and_then(|around| match arguments.command {
        None => serve::run(&serve::Flags::default(), around),
        Some(Command::Serve(flags)) => serve::run(&flags, around),
        Some(Command::Status(flags)) => status::run(&flags, &around),
        Some(Command::Replay(flags)) => replay::run(&flags, &around),
        Some(Command::Demo(flags)) => demo::run(&flags, &around),
        Some(Command::Inspect(flags)) => inspect::run(&flags, &around),
    });
    let exit = outcome.err().map_or(Exit::Done, |error| report(&error));
    ExitCode::from(exit as u8)
}

fn surroundings(environment: Environment) -> anyhow::Result<Surroundings> {
    let working: PathBuf = std::env::current_dir().unwrap_or_else(|_| "/".into());
    let places = Places::of_user(&environment, working)
        .ok_or_else(|| Exit::Failed.because("you have no home folder (HOME is not set)"))?;
    Ok(Surroundings { environment, places })
}

/// Says why the program ends. A reader that went away, such as `head`, is no failure.
fn report(error: &anyhow::Error) -> Exit {
    let broken_pipe = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    if error.chain().filter_map(|cause| cause.downcast_ref()).any(broken_pipe) {
        return Exit::Done;
    }
    // Nobody is left to tell when this fails.
    let _ = writeln!(io::stderr(), "plimsoll: {error:#}");
    error.downcast_ref().map_or(Exit::Failed, |ended: &Ended| ended.exit)
}

/// The time now.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::EPOCH.after(since)
}

/// The runtime of the resident.
fn resident_runtime() -> anyhow::Result<Runtime> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.context("cannot start the runtime")
}

/// The runtime of a command that asks the resident.
fn command_runtime() -> anyhow::Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("cannot start the runtime")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// Scenario: the definitions of all commands and flags.
    /// Guarantees: they do not contradict each other.
    #[test]
    fn arguments_are_sound() {
        Arguments::command().debug_assert();
    }

    /// Scenario: a reader that went away, an end with a code of its own, any other error.
    /// Guarantees: 0, its code, 1.
    #[test]
    fn errors_become_exit_codes() {
        let pipe = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(report(&pipe.context("printing")), Exit::Done);
        assert_eq!(report(&Exit::NotRunning.because("no").context("status")), Exit::NotRunning);
        assert_eq!(report(&anyhow::anyhow!("anything")), Exit::Failed);
    }
}
