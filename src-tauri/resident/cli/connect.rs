//! `plimsoll connect`: Claude Code's settings send telemetry here, and the first request proves it.

mod desk;
mod proof;
mod question;

use std::io::{self, Write};

use plimsoll_engine::setup::{ConnectChoices, Installation};
use plimsoll_programs::{Exit, Surroundings};
use serde_json::Value;

pub(crate) use desk::{Desk, Target};
pub(crate) use question::Asker;

/// Where a snippet can be put.
const PLACES: [&str; 8] =
    ["shell", "fish", "powershell", "devcontainer", "ssh", "wsl", "ci", "settings"];

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    target: Target,
    /// Let hooks tell of sessions, without asking
    #[arg(long, overrides_with = "no_hooks")]
    hooks: bool,
    /// Leave the hooks as they are
    #[arg(long)]
    no_hooks: bool,
    /// Hand the status line on, without asking; your own keeps running
    #[arg(long, overrides_with = "no_status_line")]
    status_line: bool,
    /// Leave the status line as it is
    #[arg(long)]
    no_status_line: bool,
    /// Send telemetry here that goes elsewhere now; the other receiver gets nothing more
    #[arg(long, overrides_with = "keep")]
    replace: bool,
    /// Leave telemetry that goes elsewhere as it is, without asking
    #[arg(long)]
    keep: bool,
    /// Ask nothing: hooks and status line too, and telemetry that goes elsewhere is kept
    #[arg(long)]
    yes: bool,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
    /// Print the settings for another place instead
    #[arg(long, value_name = "PLACE", num_args = 0..=1, default_missing_value = "shell", value_parser = PLACES)]
    print: Option<String>,
    /// Print what was done, or would be, as JSON; asks nothing, as --yes
    #[arg(long)]
    json: bool,
    /// Wait so long for the first request
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    wait: Option<u64>,
    /// Do not wait for the first request
    #[arg(long, conflicts_with = "wait")]
    no_wait: bool,
}

pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let desk = Desk::open(around)?;
    if let Some(place) = &flags.print {
        return print(&desk, place, flags);
    }
    let asker = Asker::of_terminal(flags.yes || flags.json || flags.dry_run);
    let mut answers = Vec::new();
    let mut failures = Vec::new();
    let mut ready = false;
    for installation in desk.installations(&flags.target, flags.first_choices())? {
        match one(flags, &desk, (&installation, &asker)) {
            Ok(Some(done)) => {
                ready |= done.is_ready;
                answers.push(done.answer);
            }
            Ok(None) => {}
            // The others are changed all the same, and said to be.
            Err(error) => failures.push(error),
        }
    }
    if flags.json {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&answers)?)?;
    } else if ready && !flags.dry_run {
        proof::wait(&desk, flags.patience(asker))?;
    }
    first(failures)
}

/// What came of one file.
struct Done {
    answer: Value,
    /// Whether telemetry comes here by it.
    is_ready: bool,
}

/// Asks about one file and changes it; `None` where the user does not want that.
fn one(
    flags: &Flags,
    desk: &Desk,
    (found, asker): (&Installation, &Asker),
) -> anyhow::Result<Option<Done>> {
    let choices = flags.choices(found, asker)?;
    let planned = desk.installation(&found.settings, choices)?;
    let done = |answer: Value| {
        let comes_here = matches!(planned.state, "connected" | "partly" | "not-connected");
        Done { answer, is_ready: comes_here || (planned.state == "elsewhere" && choices.replace) }
    };
    flags.tell(|out| show(out, &planned))?;
    if flags.dry_run {
        return Ok(Some(done(serde_json::to_value(&planned)?)));
    }
    if !planned.diff.is_empty() && !asker.agrees("Change this file?", true)? {
        flags.tell(|out| writeln!(out, "Nothing was changed."))?;
        return Ok(None);
    }
    let connected = desk.connect(&planned, choices)?;
    flags.tell(|out| {
        if connected.written_at.is_some() {
            writeln!(
                out,
                "Changed {}. `plimsoll disconnect` takes that back.",
                connected.settings
            )?;
        }
        match &connected.backup {
            Some(backup) => writeln!(out, "What was there before is also in {backup}."),
            None => Ok(()),
        }
    })?;
    Ok(Some(done(serde_json::to_value(&connected)?)))
}

/// The first of these; nothing where there is none.
pub(crate) fn first(failures: Vec<anyhow::Error>) -> anyhow::Result<()> {
    failures.into_iter().next().map_or(Ok(()), Err)
}

impl Flags {
    /// What the flags say before anything is asked.
    fn first_choices(&self) -> ConnectChoices {
        ConnectChoices {
            hooks: !self.no_hooks,
            status_line: !self.no_status_line,
            replace: self.replace,
        }
    }

    /// What the flags say, and of the rest what is answered.
    fn choices(&self, at: &Installation, asker: &Asker) -> anyhow::Result<ConnectChoices> {
        let mut choices = self.first_choices();
        if let (Some(elsewhere), false) = (&at.destination, self.replace || self.keep) {
            let question = format!(
                "Telemetry goes to {elsewhere}. Send it to Plimsoll instead? The other receiver gets nothing more: \
                 Plimsoll does not pass it on yet. If not, Plimsoll lives from transcripts, hooks and status line."
            );
            choices.replace = asker.agrees(&question, false)?;
        }
        if choices.hooks && !self.hooks && !at.hooks {
            choices.hooks = asker.agrees(
                "Let hooks tell Plimsoll when sessions begin, end and are compacted? They do no harm when it is gone.",
                true,
            )?;
        }
        if choices.status_line && !self.status_line && at.status_line != "ours" {
            let own =
                if at.status_line == "theirs" { " Your own keeps running unchanged." } else { "" };
            let question = format!(
                "Hand the status line on to Plimsoll, which learns the window's size and your plan's limits from it?{own}"
            );
            choices.status_line = asker.agrees(&question, true)?;
        }
        Ok(choices)
    }

    /// How long the proof is waited for: by default only where somebody looks on.
    fn patience(&self, asker: Asker) -> Option<u64> {
        match self.wait {
            _ if self.no_wait => None,
            None if !asker.is_answered() => None,
            wait => Some(wait.unwrap_or(20)),
        }
    }

    /// Says something to people, not among JSON.
    fn tell(&self, say: impl FnOnce(&mut io::StdoutLock<'_>) -> io::Result<()>) -> io::Result<()> {
        if self.json { Ok(()) } else { say(&mut io::stdout().lock()) }
    }
}

/// The file, what stands against it, and the difference.
fn show(out: &mut impl Write, installation: &Installation) -> io::Result<()> {
    writeln!(out, "{}: {}", installation.settings, in_words(installation))?;
    if let Some(trouble) = &installation.trouble {
        writeln!(out, "{trouble}")?;
    }
    if installation.state == "unusable" {
        return Ok(());
    }
    if installation.diff.is_empty() {
        return writeln!(out, "There is nothing to change.");
    }
    writeln!(out, "\n{}", installation.diff.trim_end())?;
    writeln!(out)
}

fn in_words(installation: &Installation) -> String {
    match (installation.state, &installation.destination) {
        ("connected", _) => "telemetry comes here.".to_owned(),
        ("partly", _) => "telemetry comes here, but not as it should.".to_owned(),
        ("elsewhere", Some(host)) => format!("telemetry goes to {host}."),
        ("locked", _) => "your organisation decides where telemetry goes.".to_owned(),
        ("unusable", _) => "it cannot be edited.".to_owned(),
        _ => "telemetry is off.".to_owned(),
    }
}

fn print(desk: &Desk, place: &str, flags: &Flags) -> anyhow::Result<()> {
    let plan = desk.plan(flags.first_choices())?;
    let snippet = plan.snippets.iter().find(|snippet| snippet.name == place);
    let snippet =
        snippet.ok_or_else(|| Exit::Failed.because("there are no settings for this place"))?;
    let mut out = io::stdout().lock();
    if flags.json {
        writeln!(out, "{}", serde_json::to_string_pretty(snippet)?)?;
    } else {
        write!(out, "{}", snippet.text)?;
    }
    Ok(())
}
