//! The session that a command is about.

use std::path::PathBuf;

use anyhow::Context as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use plimsoll_client::Client;
use plimsoll_programs::{Exit, Surroundings};

use super::{
    project::Project,
    snapshot::{Session, Snapshot},
};

/// What stands in an address as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// So many characters of an id tell which session is meant.
const ENOUGH: usize = 4;

// Which session. Without a name it is one of the project's. No doc comment: it would become the help of each command.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Choice {
    /// The session's id, or the beginning of a live one's
    #[arg(value_name = "SESSION")]
    session: Option<String>,
    /// The session of the project in this folder [default: the current one]
    #[arg(long, value_name = "DIR", conflicts_with = "session")]
    project: Option<PathBuf>,
}

impl Choice {
    /// The session that was named.
    pub(crate) fn named(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// Whether a folder was named.
    pub(crate) fn has_project(&self) -> bool {
        self.project.is_some()
    }

    /// The project.
    pub(crate) fn project(&self, around: &Surroundings) -> anyhow::Result<Project> {
        folder(self.project.as_ref(), around)
    }
}

/// The project in a folder, which must exist; of the current one where none is named.
pub(crate) fn folder(named: Option<&PathBuf>, around: &Surroundings) -> anyhow::Result<Project> {
    let working = &around.places.working;
    let folder = named.map_or_else(|| working.clone(), |named| working.join(named));
    if !folder.is_dir() {
        return Err(Exit::Usage.because(format!("{} is no folder", folder.display())));
    }
    Ok(Project::around(&folder))
}

/// The live sessions, the nearest to its line first.
pub(crate) async fn live(client: &Client) -> anyhow::Result<Vec<Session>> {
    let body = client.get("/api/v1/snapshot").await?;
    let snapshot: Snapshot =
        serde_json::from_slice(&body).context("Plimsoll gave an answer of another version")?;
    Ok(snapshot.sessions)
}

/// The whole id of a session of which at least the beginning was given. What fits none of the live sessions, or several,
/// is taken as it is.
pub(crate) fn whole_id(given: &str, sessions: &[Session]) -> String {
    let mut fitting = sessions.iter().filter(|session| {
        session.session_id == given
            || (given.len() >= ENOUGH && session.session_id.starts_with(given))
    });
    let first = fitting.next();
    let only = first.filter(|_| fitting.next().is_none());
    only.map_or(given, |session| &session.session_id).to_owned()
}

/// The address of a session, or of something of it.
pub(crate) fn address(id: &str, what: &str) -> String {
    format!("/api/v1/sessions/{}{what}", in_address(id))
}

/// A text in an address.
pub(crate) fn in_address(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::session, *};

    /// Scenario: beginnings of ids that one, several and no live sessions have, one too short, and a whole id that
    /// others begin with.
    /// Guarantees: only what is meant without doubt is completed.
    #[test]
    fn the_beginning_of_an_id_is_enough() {
        let sessions = [session("0123aaaa"), session("0123bbbb"), session("feedface")];
        assert_eq!(whole_id("feed", &sessions), "feedface");
        assert_eq!(whole_id("0123b", &sessions), "0123bbbb");
        for as_given in ["0123", "fee", "beef", "0123aaaa"] {
            assert_eq!(whole_id(as_given, &sessions), as_given);
        }
    }

    /// Scenario: an id as clients make them, and one that would lead elsewhere.
    /// Guarantees: the one is readable, the other stays an id.
    #[test]
    fn ids_stay_ids_in_addresses() {
        assert_eq!(address("a-1_b.c", "/wait"), "/api/v1/sessions/a-1_b.c/wait");
        assert_eq!(address("../x?y=1", ""), "/api/v1/sessions/..%2Fx%3Fy%3D1");
    }
}
