//! What is live, as the engine's stream tells of it.

use plimsoll_client::Frame;
use serde::Deserialize;

use super::snapshot::{Limits, Listener, Problem, Session, Snapshot, Today};

/// What is live; nothing before the stream has begun.
#[derive(Debug, Default)]
pub(crate) struct Board {
    snapshot: Option<Snapshot>,
}

/// What differs from what was told before; what does not is missing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    sessions: Vec<Session>,
    removed: Vec<String>,
    order: Vec<String>,
    today: Option<Today>,
    limits: Option<Limits>,
    /// Always told.
    last_arrival_at: Option<String>,
    listeners: Option<Vec<Listener>>,
    problems: Option<Vec<Problem>>,
}

impl Board {
    /// Everything; `None` before the stream has begun.
    pub(crate) fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }

    /// The live sessions, the nearest to its line first.
    pub(crate) fn sessions(&self) -> &[Session] {
        self.snapshot.as_ref().map_or(&[], |snapshot| &snapshot.sessions)
    }

    /// Takes in an event of the stream. Whether it told something.
    ///
    /// # Errors
    /// When the engine is of another version.
    pub(crate) fn take(&mut self, event: &Frame) -> Result<bool, serde_json::Error> {
        match event.event.as_str() {
            "snapshot" => self.snapshot = Some(serde_json::from_str(&event.data)?),
            "change" => {
                let change = serde_json::from_str(&event.data)?;
                if let Some(snapshot) = &mut self.snapshot {
                    apply(snapshot, change);
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn apply(snapshot: &mut Snapshot, change: Change) {
    let sessions = &mut snapshot.sessions;
    let is_told =
        |one: &Session| change.sessions.iter().any(|new| new.session_id == one.session_id);
    sessions.retain(|one| !is_told(one) && !change.removed.contains(&one.session_id));
    sessions.extend(change.sessions);
    let place = |one: &Session| change.order.iter().position(|id| *id == one.session_id);
    sessions.sort_by_key(|one| place(one).unwrap_or(usize::MAX));
    replace(&mut snapshot.today, change.today);
    replace(&mut snapshot.limits, change.limits);
    replace(&mut snapshot.listeners, change.listeners);
    replace(&mut snapshot.problems, change.problems);
    snapshot.last_arrival_at = change.last_arrival_at;
}

fn replace<T>(old: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *old = new;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{
        super::fixture::{context, json as session, snapshot},
        *,
    };

    fn frame(event: &str, data: &Value) -> Frame {
        Frame { event: event.to_owned(), data: data.to_string() }
    }

    /// Scenario: three sessions; one changes, one goes, a new one comes to the front, a problem appears; a record of use
    /// is told too.
    /// Guarantees: what is live is as told, in the order told; what was not told stays; a record changes nothing.
    #[test]
    fn changes_are_taken_in() {
        let calm = context(1_000, "calm");
        let mut board = Board::default();
        assert!(board.sessions().is_empty() && board.snapshot().is_none());
        let begin = snapshot(&json!([
            session("stays", &calm),
            session("goes", &calm),
            session("changes", &calm)
        ]));
        assert!(board.take(&frame("snapshot", &begin)).unwrap());
        let change = json!({
            "revision": 5, "version": 3, "asOf": "2026-11-23T12:00:00.000Z",
            "sessions": [session("new", &calm), session("changes", &context(160_000, "urgent"))],
            "removed": ["goes"], "order": ["new", "changes", "stays"],
            "today": null, "limits": null, "lastArrivalAt": "2026-11-23T12:00:00.000Z",
            "listeners": null, "problems": [{"message": "Port 4318 is taken."}], "backfill": null
        });
        assert!(board.take(&frame("change", &change)).unwrap());
        assert!(!board.take(&frame("usage.recorded", &json!({}))).unwrap());
        let ids: Vec<&str> = board.sessions().iter().map(|one| one.session_id.as_str()).collect();
        assert_eq!(ids, ["new", "changes", "stays"]);
        let snapshot = board.snapshot().unwrap();
        assert_eq!(snapshot.sessions[1].context.as_ref().unwrap().level, "urgent");
        assert_eq!(snapshot.problems.len(), 1);
        assert_eq!(snapshot.today.usage.tokens.total, 1_212_000);
        assert_eq!(snapshot.last_arrival_at.as_deref(), Some("2026-11-23T12:00:00.000Z"));
        assert!(board.take(&frame("change", &json!({"sessions": 7}))).is_err());
    }
}
