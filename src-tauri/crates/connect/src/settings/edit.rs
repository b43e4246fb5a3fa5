//! A change of settings, before it is written.

use std::{fmt, path::PathBuf};

use plimsoll_domain::Timestamp;
use serde::{Deserialize, Serialize};
use similar::{DiffOp, TextDiff};
use xxhash_rust::xxh3::xxh3_128;

use super::diff;

/// A change of settings. Nothing is written before [`write`](super::write()).
#[derive(Clone, PartialEq, Eq)]
pub struct Edit {
    /// The text as it is.
    pub before: String,
    /// The text as it is to be.
    pub after: String,
    /// What changes.
    pub changes: Vec<Change>,
    /// Keys of ours that stay because the user changed them meanwhile.
    pub kept: Vec<String>,
    /// What undoes it; `None` where nothing of ours is left that was not there before.
    pub record: Option<Record>,
    /// Whether the file goes, instead of being emptied: it was not there before.
    pub remove: bool,
}

/// Without the texts.
impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edit")
            .field("changes", &self.changes)
            .field("kept", &self.kept)
            .finish_non_exhaustive()
    }
}

impl Edit {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.before == self.after
    }

    /// The difference for people to read, in unified form. What looks like a secret is not in it.
    #[must_use]
    pub fn diff(&self) -> String {
        diff::unified(&self.before, &self.after)
    }
}

/// A value that changes. Of a hook the path names the event, and the values are the hook alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The keys that lead to it.
    pub path: Vec<String>,
    /// What stands there, as it is written; `None`: nothing.
    pub from: Option<String>,
    /// What is to stand there.
    pub to: Option<String>,
}

impl Change {
    /// Its keys as one name.
    #[must_use]
    pub fn key(&self) -> String {
        self.path.join(".")
    }

    pub(super) fn keys(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// The event whose hook it is.
    pub(super) fn event(&self) -> Option<&str> {
        match self.path.as_slice() {
            [hooks, event] if hooks == "hooks" => Some(event),
            _ => None,
        }
    }

    pub(super) fn reversed(self) -> Self {
        Self { path: self.path, from: self.to, to: self.from }
    }
}

/// Without what looks like a secret.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.path.last().map_or("", String::as_str);
        let shown = |value: &Option<String>| {
            value.as_ref().map_or_else(|| "nothing".to_owned(), |raw| diff::masked_value(key, raw))
        };
        write!(f, "{}: {} -> {}", self.key(), shown(&self.from), shown(&self.to))
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What undoes an edit. It may hold secrets: what stood in the settings before.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The text before the first edit.
    pub(super) before: Digest,
    /// The text after the last one.
    pub(super) after: Digest,
    /// What makes the text before of the text after, to the byte.
    pub(super) undo: Vec<Splice>,
    /// What was changed, from what stood there before the first edit to what was written last.
    pub(super) changes: Vec<Change>,
    /// Objects and lists that were not there before, outer ones first.
    pub(super) created: Vec<Vec<String>>,
    /// Whether there was no file before.
    pub(super) made: bool,
    /// The copy of the text before.
    pub backup: Option<PathBuf>,
    /// When the last edit was written, in milliseconds since 1970.
    #[serde(default)]
    pub(super) written_ms: Option<i64>,
}

/// Without what was in the settings.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("changes", &self.changes)
            .field("created", &self.created)
            .field("backup", &self.backup)
            .finish_non_exhaustive()
    }
}

impl Record {
    /// When the last edit was written, where that is known.
    #[must_use]
    pub fn written(&self) -> Option<Timestamp> {
        self.written_ms.map(Timestamp::from_millis)
    }

    /// Notes when the edit is written.
    pub(crate) fn written_at(&mut self, now: Timestamp) {
        self.written_ms = Some(now.nanos() / 1_000_000);
    }

    /// The text before the first edit, where this is the text after the last one.
    pub(super) fn undone(&self, text: &str) -> Option<String> {
        if Digest::of(text) != self.after {
            return None;
        }
        let mut undone = text.to_owned();
        for splice in self.undo.iter().rev() {
            let end = splice.at.checked_add(splice.length)?;
            undone.get(splice.at..end)?;
            undone.replace_range(splice.at..end, &splice.text);
        }
        (Digest::of(&undone) == self.before).then_some(undone)
    }
}

/// Known text is told from changed text by this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digest(String);

impl Digest {
    pub(crate) fn of(text: &str) -> Self {
        Self(format!("{:032x}", xxh3_128(text.as_bytes())))
    }

    /// As text.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// A part of a text, in bytes, and what takes its place.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Splice {
    at: usize,
    length: usize,
    text: String,
}

/// What makes one text of another, in the order of their places.
pub(super) fn splices(from: &str, to: &str) -> Vec<Splice> {
    let diff = TextDiff::from_lines(from, to);
    let bytes = |lines: &[&str]| lines.iter().map(|line| line.len()).sum::<usize>();
    let (mut at, mut splices) = (0, vec![]);
    for op in diff.ops() {
        // The places that the library gives for insertions are not always right; the lengths are.
        let length = bytes(&diff.old_slices()[op.old_range()]);
        if !matches!(op, DiffOp::Equal { .. }) {
            let text = diff.new_slices()[op.new_range()].concat();
            splices.push(Splice { at, length, text });
        }
        at += length;
    }
    splices
}
