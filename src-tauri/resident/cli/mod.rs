//! The commands: what they have in common. Each has a file of its own.

mod actions;
mod alerts;
mod audit;
mod backfill;
mod backup;
mod board;
mod checkpoint;
mod compactions;
mod connect;
mod demo;
mod desktop;
mod disconnect;
mod doctor;
mod export;
#[cfg(test)]
mod fixture;
mod handover;
mod history;
mod hook;
mod inspect;
mod ledger;
mod project;
mod prune;
mod quiet;
mod replay;
mod serve;
mod service;
mod session;
mod sessions;
mod snapshot;
mod span;
mod status;
mod statusline;
mod table;
mod text;
mod wait;
mod warning;
mod watch;

use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use plimsoll_client::{Client, ClientError};
use plimsoll_programs::{Exit, Surroundings, exit_code};
use serde::Deserialize;
use tokio::runtime::{Builder, Runtime};

const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   failed; of an audit: something differs without a reason; of the doctor: something is wrong
  2   wrong arguments, or a configuration that cannot be used
  3   Plimsoll is not running; of `wait`: the time is over
  4   of `wait`: the session has ended
  69  something needed is not available: Plimsoll runs already, there is no ledger yet, a newer one
      wrote it, or no receiver answers

Environment:
  PLIMSOLL_CONFIG                    another configuration file
  PLIMSOLL_RECEIVER_HTTP, ..._GRPC   other addresses for OTLP (also OTLP_RECEIVER_PORT)
  PLIMSOLL_RECEIVER_TOKEN            what exports have to show: Authorization: Bearer ...
  PLIMSOLL_DASHBOARD_LISTEN          another address for the dashboard
  PLIMSOLL_DESKTOP_BACKEND           which process holds the engine: auto, in-process, separate
  PLIMSOLL_LEDGER_PATH               another ledger
  PLIMSOLL_LEDGER_KEEP_REQUESTS_DAYS how many days requests are kept; 0: for ever
  PLIMSOLL_LEVELS_NOTICE, ..._CHECKPOINT, ..._URGENT
                                     other levels, e.g. 80%,3 turns left
  PLIMSOLL_ACTIONS_NOTIFY, ..._COMMAND, ..._COMMAND_TIMEOUT, ..._WEBHOOK_URL, ..._WEBHOOK_SECRET,
  ..._IN_SESSION, ..._INSTRUCTION    what every level does; PLIMSOLL_ACTIONS_WEBHOOK=false: no webhook;
                                     PLIMSOLL_ACTIONS_URGENT_NOTIFY and the like: what one does
  PLIMSOLL_NOTIFICATIONS_QUIET_HOURS when no notification is shown, e.g. 22:00-07:00
  PLIMSOLL_WARNINGS_LIMITS, ..._DAILY_COST, ..._SILENT, ..._ERRORS, ..._CACHE
                                     what else is warned of: true or false, and dollars
  PLIMSOLL_TRANSCRIPTS_ENABLED       whether transcripts are read: true or false
  PLIMSOLL_LOG                       what is logged: error, warn, info, debug or trace";

/// Draws the load line on every coding-agent session: how much fits until its context is compacted.
///
/// Without a command it receives telemetry and shows itself in the tray; a second start opens the dashboard.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive telemetry, keep the books, and serve the dashboard, without tray and notifications.
    Serve(serve::Flags),
    /// Start Plimsoll with your session and keep it running.
    Service(service::Flags),
    /// Show the live sessions and how near they are to their line.
    Status(status::Flags),
    /// Show the live sessions as a table.
    Sessions(sessions::Flags),
    /// Show the live sessions with their gauges, for as long as you look.
    #[command(after_help = watch::KEYS)]
    Watch(watch::Flags),
    /// Wait until a session's context has come so far.
    #[command(after_help = wait::EXIT_CODES)]
    Wait(wait::Flags),
    /// Acknowledge a checkpoint: say that a session's work was saved, and where.
    Checkpoint(checkpoint::Flags),
    /// Show which levels spoke, what was done about it, and what was acknowledged.
    Alerts(history::Flags),
    /// Show what was compacted, at what cost, and whether it was prepared.
    Compactions(history::Flags),
    /// Hold notifications back; without arguments show which are.
    Quiet(quiet::Flags),
    /// Try what a level does.
    Actions(actions::Flags),
    /// Connect Claude Code: show what would change in its settings, change it, and see the first request arrive.
    Connect(connect::Flags),
    /// Take out of Claude Code's settings what connecting put there.
    Disconnect(disconnect::Flags),
    /// Look at every running client: whether it is seen, why not, and what to do.
    Doctor(doctor::Flags),
    /// Read history from Claude Code's transcripts, and show how far that is.
    Backfill(backfill::Flags),
    /// Compare what events, metrics and transcripts tell, and say why they differ.
    Audit(audit::Flags),
    /// Copy the ledger to a file, also while Plimsoll runs.
    Backup(backup::Flags),
    /// Write what was used as CSV or JSON, also while Plimsoll runs.
    Export(export::Flags),
    /// Remove requests that are older than you want to keep; their sums stay.
    Prune(prune::Flags),
    /// Send captured telemetry to a receiver.
    Replay(replay::Flags),
    /// Show a lively replay of recorded sessions, with a ledger that is thrown away.
    Demo(demo::Flags),
    /// Show signals as they arrive: names, attributes, numbers, how each was understood; no content.
    Inspect(inspect::Flags),
    /// Hand a hook's input on to Plimsoll: for the hooks of Claude Code that take commands only.
    Hook(hook::Flags),
    /// Hand the status line's input on to Plimsoll and run your own status line command, or print a line.
    Statusline(statusline::Flags),
}

/// Runs the command that the arguments name. Wrong arguments end the program at once with code 2.
pub(crate) fn run() -> ExitCode {
    let look = Surroundings::look;
    let outcome = match Arguments::parse().command {
        None => look().and_then(desktop::run),
        Some(Command::Serve(flags)) => look().and_then(|around| serve::run(&flags, around)),
        Some(Command::Service(flags)) => look().and_then(|around| service::run(&flags, &around)),
        Some(Command::Status(flags)) => look().and_then(|around| status::run(&flags, &around)),
        Some(Command::Sessions(flags)) => look().and_then(|around| sessions::run(&flags, &around)),
        Some(Command::Watch(flags)) => look().and_then(|around| watch::run(&flags, &around)),
        Some(Command::Wait(flags)) => look().and_then(|around| wait::run(&flags, &around)),
        Some(Command::Checkpoint(flags)) => {
            look().and_then(|around| checkpoint::run(&flags, &around))
        }
        Some(Command::Alerts(flags)) => {
            look().and_then(|around| history::run::<alerts::Alerts>(&flags, &around))
        }
        Some(Command::Compactions(flags)) => {
            look().and_then(|around| history::run::<compactions::Compactions>(&flags, &around))
        }
        Some(Command::Quiet(flags)) => look().and_then(|around| quiet::run(&flags, &around)),
        Some(Command::Actions(flags)) => look().and_then(|around| actions::run(&flags, &around)),
        Some(Command::Connect(flags)) => look().and_then(|around| connect::run(&flags, &around)),
        Some(Command::Disconnect(flags)) => {
            look().and_then(|around| disconnect::run(&flags, &around))
        }
        Some(Command::Doctor(flags)) => look().and_then(|around| doctor::run(&flags, &around)),
        Some(Command::Backfill(flags)) => look().and_then(|around| backfill::run(&flags, around)),
        Some(Command::Audit(flags)) => look().and_then(|around| audit::run(&flags, &around)),
        Some(Command::Backup(flags)) => look().and_then(|around| backup::run(&flags, &around)),
        Some(Command::Export(flags)) => look().and_then(|around| export::run(&flags, &around)),
        Some(Command::Prune(flags)) => look().and_then(|around| prune::run(&flags, &around)),
        Some(Command::Replay(flags)) => look().and_then(|around| replay::run(&flags, &around)),
        Some(Command::Demo(flags)) => look().and_then(|around| demo::run(&flags, &around)),
        Some(Command::Inspect(flags)) => look().and_then(|around| inspect::run(&flags, &around)),
        // These two answer to the client, whatever is wrong around them.
        Some(Command::Hook(_)) => return hook::run(),
        Some(Command::Statusline(flags)) => return statusline::run(&flags),
    };
    exit_code("plimsoll", outcome)
}

/// An answer of the engine, or the end of the program with the code that fits.
fn asked<T>(answer: Result<T, ClientError>) -> anyhow::Result<T> {
    answer.map_err(|error| match error {
        ClientError::NotRunning | ClientError::NotServed => Exit::NotRunning.because(error),
        error => error.into(),
    })
}

/// As [`asked`], for what needs the ledger: where that is not open yet, the end of the program says why.
async fn asked_of_ledger<T>(client: &Client, answer: Result<T, ClientError>) -> anyhow::Result<T> {
    if let Err(ClientError::Refused { status, .. }) = &answer
        && status.as_u16() == 503
        && let Some(why) = closed(client).await
    {
        return Err(Exit::Unavailable.because(format!("Plimsoll is running. {why}")));
    }
    asked(answer)
}

/// Why the engine's ledger is not open; `None` where it is.
async fn closed(client: &Client) -> Option<String> {
    #[derive(Deserialize)]
    struct Health {
        problems: Vec<Problem>,
    }
    #[derive(Deserialize)]
    struct Problem {
        code: String,
        message: String,
    }
    let health: Health = serde_json::from_slice(&client.get("/api/v1/health").await.ok()?).ok()?;
    let closed = health.problems.into_iter().find(|problem| problem.code == "ledger-closed");
    closed.map(|problem| problem.message)
}

/// The runtime of a command that asks the resident.
fn command_runtime() -> anyhow::Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("cannot start the runtime")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use plimsoll_engine::Key;

    use super::*;

    /// Scenario: the definitions of all commands and flags.
    /// Guarantees: they do not contradict each other.
    #[test]
    fn arguments_are_sound() {
        Arguments::command().debug_assert();
    }

    /// Scenario: the help of the program and of the commands that read a ledger.
    /// Guarantees: every key's variable is named, and each of these commands says what it does and takes `--ledger`.
    #[test]
    fn the_help_is_complete() {
        for key in Key::ALL {
            let variable = key.variable();
            let short = format!("..._{}", variable.splitn(3, '_').nth(2).unwrap());
            let is_named = EXIT_CODES.contains(&variable) || EXIT_CODES.contains(&short);
            assert!(is_named, "{variable}");
        }
        let mut commands = Arguments::command();
        for (name, about) in [
            ("audit", "Compare what"),
            ("backup", "Copy the ledger"),
            ("export", "Write what was used"),
            ("prune", "Remove requests"),
        ] {
            let command = commands.find_subcommand_mut(name).unwrap();
            let help = command.render_help().to_string();
            assert!(help.starts_with(about) && help.contains("--ledger <FILE>"), "{help}");
        }
    }
}
