//! Server-sent events as bytes, and commits as frames that all clients share.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use bytes::Bytes;
use plimsoll_domain::{Alert, Calendar, Revision};
use plimsoll_ledger::{Change, Commit};
use plimsoll_watch::Snapshot;
use serde::Serialize;

use crate::dto;

/// After so long without an event a comment is sent, so that both sides notice a dead connection.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);

/// A comment, which clients ignore. `text` has no line break.
pub(crate) fn comment(text: &str) -> Bytes {
    Bytes::from(format!(": {text}\n\n"))
}

/// One event without an id.
pub(crate) fn event(name: &str, data: &impl Serialize) -> Bytes {
    let mut out = Vec::new();
    write(&mut out, name, None, data);
    out.into()
}

/// Appends one event. JSON holds no raw line break, so the data is one line.
fn write(out: &mut Vec<u8>, name: &str, id: Option<Revision>, data: &impl Serialize) {
    out.extend_from_slice(format!("event: {name}\n").as_bytes());
    if let Some(Revision(id)) = id {
        out.extend_from_slice(format!("id: {id}\n").as_bytes());
    }
    out.extend_from_slice(b"data: ");
    serde_json::to_writer(&mut *out, data)
        .expect("wire types have text keys, and memory takes all");
    out.extend_from_slice(b"\n\n");
}

/// Numbered changes as events, in order of revision.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    bytes: Bytes,
    /// The revision of each event and where it begins.
    begins: Vec<(Revision, usize)>,
}

impl Frames {
    /// The events of some changes; the snapshot tells the projects of sessions, the calendar local times.
    pub(crate) fn of(changes: &[Change], snapshot: &Snapshot, calendar: &Calendar) -> Self {
        let mut out = Vec::new();
        let mut begins = Vec::with_capacity(changes.len());
        for change in changes {
            let revision = change.revision();
            begins.push((revision, out.len()));
            match change {
                Change::Usage(record) => {
                    let record = dto::UsageRecord::from(record);
                    write(&mut out, "usage.recorded", Some(revision), &record);
                }
                Change::Alert(alert) => {
                    let reached = dto::LevelReached::new(alert, project(alert, snapshot));
                    write(&mut out, "session.level", Some(revision), &reached);
                }
                Change::Checkpoint(checkpoint) => {
                    let told = dto::Checkpoint::from(checkpoint);
                    write(&mut out, "checkpoint.acknowledged", Some(revision), &told);
                }
                Change::Warning(warning) => {
                    let raised = dto::Warning::new(warning, snapshot, calendar);
                    write(&mut out, "warning.raised", Some(revision), &raised);
                }
            }
        }
        Self { bytes: out.into(), begins }
    }

    /// The events after a revision and the last one's revision; `None` when there is none.
    pub(crate) fn after(&self, position: Revision) -> Option<(Bytes, Revision)> {
        let first = self.begins.partition_point(|(revision, _)| *revision <= position);
        let (_, begin) = self.begins.get(first)?;
        let (last, _) = self.begins.last()?;
        Some((self.bytes.slice(*begin..), *last))
    }
}

fn project<'a>(alert: &Alert, snapshot: &'a Snapshot) -> Option<&'a str> {
    let mut sessions = snapshot.sessions.iter();
    sessions.find(|view| view.session == alert.thread.session)?.project.as_deref()
}

/// The last commit as frames. The first client to see a commit serialises it, the others share the bytes.
#[derive(Debug, Default)]
pub(crate) struct Encoded(Mutex<Option<(Weak<Commit>, Arc<Frames>)>>);

impl Encoded {
    /// A commit as frames. `snapshot` is only looked at by the first to ask.
    pub(crate) fn of(
        &self,
        commit: &Arc<Commit>,
        snapshot: &Snapshot,
        calendar: &Calendar,
    ) -> Arc<Frames> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((seen, frames)) = &*last
            && seen.as_ptr() == Arc::as_ptr(commit)
        {
            return Arc::clone(frames);
        }
        let frames = Arc::new(Frames::of(&commit.changes, snapshot, calendar));
        // The weak reference keeps the address from being used again while it is compared.
        *last = Some((Arc::downgrade(commit), Arc::clone(&frames)));
        frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn commit(revisions: &[i64]) -> Arc<Commit> {
        let changes = revisions.iter().map(|n| Change::Usage(fixture::record(*n))).collect();
        Arc::new(Commit { changes, ..Commit::default() })
    }

    fn ids(bytes: &Bytes) -> Vec<i64> {
        let text = std::str::from_utf8(bytes).unwrap();
        text.lines().filter_map(|line| line.strip_prefix("id: ")?.parse().ok()).collect()
    }

    /// Scenario: a commit of three changes is asked for from before, within and after it.
    /// Guarantees: exactly those after the position, in order, and the position then reached.
    #[test]
    fn frames_begin_after_a_position() {
        let frames =
            Frames::of(&commit(&[5, 7, 8]).changes, &Snapshot::default(), &Calendar::utc());
        for (position, expected) in [(0, &[5, 7, 8][..]), (5, &[7, 8]), (6, &[7, 8]), (7, &[8])] {
            let (bytes, reached) = frames.after(Revision(position)).unwrap();
            assert_eq!((ids(&bytes).as_slice(), reached), (expected, Revision(8)));
        }
        assert!(frames.after(Revision(8)).is_none());
        assert!(Frames::default().after(Revision(0)).is_none());
    }

    /// Scenario: two clients see the same commit, then another one that may lie at the same address.
    /// Guarantees: the bytes are shared within a commit and never across commits.
    #[test]
    fn a_commit_is_serialised_once() {
        let encoded = Encoded::default();
        let of = |commit: &Arc<Commit>| encoded.of(commit, &Snapshot::default(), &Calendar::utc());
        let first = commit(&[1]);
        let frames = of(&first);
        assert!(Arc::ptr_eq(&frames, &of(&first)));
        drop(first);
        let second = of(&commit(&[2]));
        assert_eq!(ids(&second.after(Revision(0)).unwrap().0), [2]);
    }

    /// Scenario: a record whose texts hold line breaks and quotes, and an alert of a known project.
    /// Guarantees: each event is its three lines and a blank one, whatever the texts hold.
    #[test]
    fn an_event_is_three_lines() {
        let mut record = fixture::record(42);
        record.subsystem = Some("a\nb\r\"c\"\u{2028}".into());
        let view = Arc::new(fixture::view("s-1"));
        let snapshot = Snapshot { sessions: vec![view], ..Snapshot::default() };
        let changes = [Change::Usage(record), Change::Alert(fixture::alert(43))];
        let (bytes, _) =
            Frames::of(&changes, &snapshot, &Calendar::utc()).after(Revision(0)).unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let lines: Vec<&str> = text.split('\n').collect();
        assert_eq!(lines[..2], ["event: usage.recorded", "id: 42"]);
        assert!(lines[2].starts_with("data: {"));
        assert_eq!(lines[3..6], ["", "event: session.level", "id: 43"]);
        assert!(lines[6].contains(r#""project":"engine""#), "{}", lines[6]);
        assert_eq!(lines[7..], ["", ""]);
    }
}
