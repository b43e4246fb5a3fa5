//! `plimsoll checkpoint`: acknowledges that the work of a session was saved.

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use plimsoll_client::Client;
use plimsoll_domain::{
    checkpoint::LONGEST_NOTE,
    text::{plain, tokens},
};
use plimsoll_programs::{Exit, Surroundings};
use serde::{Deserialize, Serialize};

use super::{
    asked, asked_of_ledger, command_runtime,
    session::{Choice, address, live, whole_id},
    snapshot::short,
};

/// How long writing it down may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// In which the client tells the commands that its agent runs which session they belong to.
const OWN_SESSION: &str = "CLAUDE_CODE_SESSION_ID";
/// The most that is read of a note, in bytes: what is longer is refused anyway.
const MOST: u64 = LONGEST_NOTE as u64 * 4 + 1;

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    choice: Choice,
    /// What the agent is to be reminded of after the compaction; - reads it from standard input
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// The file or folder that the work was saved in
    #[arg(long, value_name = "FILE")]
    path: Option<PathBuf>,
    /// The tokens that are acknowledged, in place of those that the context now has
    #[arg(long, value_name = "N")]
    tokens: Option<u64>,
}

/// What is acknowledged, as the API reads it.
#[derive(Debug, Serialize)]
struct Wish {
    note: Option<String>,
    path: Option<String>,
    tokens: Option<u64>,
}

/// What was written down.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Acknowledged {
    session_id: String,
    note: Option<String>,
    path: Option<String>,
    tokens: Option<u64>,
}

pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let path = flags.path.as_deref().map(|path| saved(path, &around.places.working)).transpose()?;
    let note = flags.note.as_deref().map(|note| read(note, io::stdin().lock())).transpose()?;
    let wish = Wish { note, path, tokens: flags.tokens };
    let acknowledged = command_runtime()?.block_on(acknowledge(&flags.choice, &wish, around))?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", sentence(&acknowledged))?;
    Ok(out.flush()?)
}

async fn acknowledge(
    choice: &Choice,
    wish: &Wish,
    around: &Surroundings,
) -> anyhow::Result<Acknowledged> {
    let client = asked(Client::find(&around.places.runtime))?;
    let id = session(choice, &client, around).await?;
    let answer =
        client.change(&address(&id, "/checkpoints"), serde_json::to_string(wish)?, PATIENCE).await;
    let answer = asked_of_ledger(&client, answer).await?;
    serde_json::from_slice(&answer).context("Plimsoll gave an answer of another version")
}

/// The session that is named, else the one that the client runs this in, else the project's.
async fn session(
    choice: &Choice,
    client: &Client,
    around: &Surroundings,
) -> anyhow::Result<String> {
    let own = around.environment.get(OWN_SESSION).and_then(|id| id.to_str());
    if let Some(own) = own
        && choice.named().is_none()
        && !choice.has_project()
    {
        return Ok(own.to_owned());
    }
    let sessions = live(client).await?;
    if let Some(named) = choice.named() {
        return Ok(whole_id(named, &sessions));
    }
    let project = choice.project(around)?;
    let last = project.last(&sessions).map(|session| session.session_id.clone());
    last.ok_or_else(|| {
        let folder = project.folder().display();
        Exit::Failed.because(format!(
            "no live session works in {folder}: name one, `plimsoll sessions` shows them"
        ))
    })
}

/// The path in full; what is not there was not saved.
fn saved(path: &Path, working: &Path) -> anyhow::Result<String> {
    let path = working.join(path);
    let shown = path.display();
    if !path.exists() {
        return Err(
            Exit::Failed.because(format!("{shown} is not there, so nothing was saved in it"))
        );
    }
    Ok(path.to_str().with_context(|| format!("the name of {shown} is not UTF-8"))?.to_owned())
}

fn read(note: &str, input: impl Read) -> anyhow::Result<String> {
    if note != "-" {
        return Ok(note.to_owned());
    }
    let mut text = String::new();
    input.take(MOST).read_to_string(&mut text).context("cannot read the note")?;
    Ok(text.trim_end().to_owned())
}

fn sentence(acknowledged: &Acknowledged) -> String {
    let Acknowledged { session_id, note, path, tokens: at } = acknowledged;
    let mut said =
        format!("Checkpoint of session {} acknowledged", plain(short(session_id), usize::MAX));
    if let Some(at) = at {
        said.push_str(&format!(" at {} tokens", tokens(*at)));
    }
    if let Some(path) = path {
        said.push_str(&format!(", saved in {}", plain(path, usize::MAX)));
    }
    if let Some(note) = note {
        said.push_str(&format!(", with a note of {} characters", note.chars().count()));
    }
    said.push('.');
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: everything that can be acknowledged, and nothing but the fact.
    /// Guarantees: one sentence says what was written down, and no more.
    #[test]
    fn what_was_acknowledged_is_said() {
        let mut all = Acknowledged {
            session_id: "0123456789".to_owned(),
            note: Some("Go on with the tests.".to_owned()),
            path: Some("/home/ada/engine/STATE.md".to_owned()),
            tokens: Some(151_203),
        };
        assert_eq!(
            sentence(&all),
            "Checkpoint of session 01234567 acknowledged at 151k tokens, saved in /home/ada/engine/STATE.md, with a \
             note of 21 characters."
        );
        (all.note, all.path, all.tokens) = (None, None, None);
        assert_eq!(sentence(&all), "Checkpoint of session 01234567 acknowledged.");
    }

    /// Scenario: a note as an argument, one from standard input that ends in line breaks, one that is no text.
    /// Guarantees: the note as it was meant; what cannot be read is an error.
    #[test]
    fn a_note_may_come_from_standard_input() {
        assert_eq!(read("text", io::empty()).unwrap(), "text");
        assert_eq!(read("-", &b"two\nlines\n\n"[..]).unwrap(), "two\nlines");
        assert!(read("-", &b"\xff"[..]).is_err());
    }

    /// Scenario: a file beside the working folder, and one that does not exist.
    /// Guarantees: the whole path is acknowledged; what is not there is not.
    #[test]
    fn only_what_is_there_was_saved() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("STATE.md"), "x").unwrap();
        let whole = folder.path().join("STATE.md");
        assert_eq!(saved(Path::new("STATE.md"), folder.path()).unwrap(), whole.to_str().unwrap());
        assert!(saved(Path::new("OTHER.md"), folder.path()).is_err());
    }
}
