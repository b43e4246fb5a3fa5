//! `plimsoll quiet`: holds notifications back, and says which are held back.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use plimsoll_client::Client;
use plimsoll_domain::{Calendar, text::plain};
use plimsoll_programs::{Surroundings, now};
use serde::{Deserialize, Serialize};

use super::{
    asked, asked_of_ledger, command_runtime,
    history::Moment,
    project::Project,
    session::{folder, live, whole_id},
    snapshot::{Session, short},
    span::span_argument,
    table::Table,
};

/// How long writing it down may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest that can be wished for: a week, in minutes.
const LONGEST: u64 = 7 * 24 * 60;

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    scope: Scope,
    /// For so long, a week at most [default: until it is lifted]
    #[arg(long = "for", value_name = "SPAN", value_parser = minutes, requires = "Scope")]
    minutes: Option<u64>,
    /// No more
    #[arg(long, requires = "Scope", conflicts_with = "minutes")]
    lift: bool,
}

// Whose notifications. No doc comment: it would become the help of the command.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct Scope {
    /// Those of a session: its id, or the beginning of a live one's
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Those of the project in this folder
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// All
    #[arg(long)]
    all: bool,
}

/// A wish as the API reads it.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    session_id: Option<String>,
    project_path: Option<String>,
    /// Missing: until it is lifted; zero: no more.
    minutes: Option<u64>,
}

/// The wishes that hold.
#[derive(Debug, Deserialize)]
struct Quiet {
    silences: Vec<Silence>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Silence {
    session_id: Option<String>,
    project_path: Option<String>,
    until: Option<String>,
}

pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let quiet = command_runtime()?.block_on(ask(flags, around))?;
    let mut out = io::stdout().lock();
    show(&mut out, &quiet, Moment { calendar: &Calendar::system(), now: now() })?;
    Ok(out.flush()?)
}

async fn ask(flags: &Flags, around: &Surroundings) -> anyhow::Result<Quiet> {
    let client = asked(Client::find(&around.places.runtime))?;
    let path = "/api/v1/quiet";
    let answer = match wish(flags, &client, around).await? {
        None => client.get(path).await,
        Some(wish) => client.change(path, serde_json::to_string(&wish)?, PATIENCE).await,
    };
    let answer = asked_of_ledger(&client, answer).await?;
    serde_json::from_slice(&answer).context("Plimsoll gave an answer of another version")
}

/// What is wished for; `None` where it is only asked.
async fn wish(
    flags: &Flags,
    client: &Client,
    around: &Surroundings,
) -> anyhow::Result<Option<Wish>> {
    let Scope { session, project, all } = &flags.scope;
    let minutes = if flags.lift { Some(0) } else { flags.minutes };
    let mut wish = Wish { session_id: None, project_path: None, minutes };
    if let Some(given) = session {
        wish.session_id = Some(whole_id(given, &live(client).await?));
    } else if let Some(named) = project {
        let project = folder(Some(named), around)?;
        wish.project_path = Some(known_as(&project, &live(client).await?)?);
    } else if !all {
        return Ok(None);
    }
    Ok(Some(wish))
}

/// The folder as the client calls it where it works there, because that is what sessions are told apart by.
fn known_as(project: &Project, sessions: &[Session]) -> anyhow::Result<String> {
    let here = |session: &&Session| project.is(session);
    let path = sessions.iter().find(here).and_then(|session| session.project_path.clone());
    let folder: &Path = project.folder();
    match path {
        Some(path) => Ok(path),
        None => Ok(folder.to_str().context("the folder's name is not UTF-8")?.to_owned()),
    }
}

/// Whole minutes, rounded up.
fn minutes(text: &str) -> Result<u64, String> {
    let minutes = span_argument(text)?.as_secs().div_ceil(60);
    if (1..=LONGEST).contains(&minutes) {
        Ok(minutes)
    } else {
        Err("it must be from one minute to a week; --lift takes it back".to_owned())
    }
}

fn show(out: &mut impl Write, quiet: &Quiet, moment: Moment<'_>) -> io::Result<()> {
    if quiet.silences.is_empty() {
        return writeln!(out, "No notification is held back.");
    }
    let mut table = Table::default();
    for Silence { session_id, project_path, until } in &quiet.silences {
        let of = match (session_id, project_path) {
            (Some(id), _) => format!("session {}", plain(short(id), usize::MAX)),
            (None, Some(path)) => format!("project {}", plain(path, usize::MAX)),
            (None, None) => "all sessions".to_owned(),
        };
        let until = until.as_deref().map_or_else(
            || "quiet until it is lifted".to_owned(),
            |until| format!("quiet until {}", moment.clock(until)),
        );
        table.push(vec![of, until]);
    }
    table.write(out, "")
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::calendar::parse_rfc3339;
    use serde_json::json;

    use super::{super::fixture, *};

    /// Scenario: a wish of each kind; none.
    /// Guarantees: a line each says whose notifications and until when.
    #[test]
    fn the_wishes_that_hold_are_listed() {
        let shown = |quiet| {
            let mut out = Vec::new();
            let now = parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
            let moment = Moment { now, calendar: &Calendar::utc() };
            show(&mut out, &serde_json::from_value(quiet).unwrap(), moment).unwrap();
            String::from_utf8(out).unwrap()
        };
        let silences = json!({"silences": [
            {"sessionId": null, "projectPath": null, "until": "2026-11-23T12:30:00.000Z"},
            {"sessionId": null, "projectPath": "/home/ada/engine", "until": null},
            {"sessionId": "0123456789", "projectPath": null, "until": "2026-11-24T08:00:00.000Z"}]});
        assert_eq!(
            shown(silences),
            "all sessions              quiet until 12:30\n\
             project /home/ada/engine  quiet until it is lifted\n\
             session 01234567          quiet until 24 Nov, 08:00\n"
        );
        assert_eq!(shown(json!({"silences": []})), "No notification is held back.\n");
    }

    /// Scenario: spans of less than a minute, of minutes and seconds, of a week, of more, of nothing.
    /// Guarantees: whole minutes, never fewer than were wished for; what the API would refuse is refused.
    #[test]
    fn minutes_are_rounded_up() {
        for (text, count) in [("30m", 30), ("1s", 1), ("90s", 2), ("7d", 10_080)] {
            assert_eq!(minutes(text), Ok(count), "{text}");
        }
        for wrong in ["0s", "8d", "30"] {
            assert!(minutes(wrong).is_err(), "{wrong}");
        }
    }

    /// Scenario: a folder that a client works in under the name of a link to it, and one where none works.
    /// Guarantees: the client's own name for it; else its real one.
    #[cfg(unix)]
    #[test]
    fn a_project_is_called_as_its_client_calls_it() {
        let place = tempfile::tempdir().unwrap();
        let (real, link) = (place.path().join("real"), place.path().join("link"));
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let mut session = fixture::session("s1");
        session.project_path = Some(link.to_str().unwrap().to_owned());
        let project = Project::around(&real);
        assert_eq!(known_as(&project, &[session]).unwrap(), link.to_str().unwrap());
        let plain = real.canonicalize().unwrap();
        assert_eq!(known_as(&project, &[]).unwrap(), plain.to_str().unwrap());
    }
}
