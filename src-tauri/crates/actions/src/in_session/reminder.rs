//! What an agent is reminded of after a compaction: the checkpoint that was acknowledged.

use plimsoll_domain::{Checkpoint, calendar::rfc3339, text::grouped};

/// What a checkpoint says to whoever goes on without the context; `None` where it says neither what nor where.
pub(super) fn reminder(checkpoint: &Checkpoint) -> Option<String> {
    let said = |text: &Option<std::sync::Arc<str>>| {
        text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let (note, path) = (said(&checkpoint.note), said(&checkpoint.path));
    if note.is_none() && path.is_none() {
        return None;
    }
    let at = rfc3339(checkpoint.at);
    let size = checkpoint.tokens.map(|tokens| format!(" ({} tokens)", grouped(tokens)));
    let size = size.unwrap_or_default();
    let mut text =
        format!("Plimsoll: the last checkpoint of this session was acknowledged at {at}{size}.");
    if let Some(path) = path {
        text.push_str(&format!(" The work was saved to {path}."));
    }
    if let Some(note) = note {
        text.push_str(&format!(" Its note: {note}"));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::{SessionId, Timestamp};

    use super::*;

    /// Scenario: checkpoints with a note, a path, both, neither, and blank ones.
    /// Guarantees: a statement with what there is; nothing where there is nothing.
    #[test]
    fn a_reminder_says_what_was_saved_and_where() {
        let said = |note: Option<&str>, path: Option<&str>, tokens: Option<u64>| {
            reminder(&Checkpoint {
                session: SessionId::new("s-1"),
                at: Timestamp::from_millis(1_795_435_200_250),
                note: note.map(Into::into),
                path: path.map(Into::into),
                tokens,
                revision: None,
            })
        };
        let head = "Plimsoll: the last checkpoint of this session was acknowledged at 2026-11-23T12:00:00.250Z";
        assert_eq!(
            said(Some("tests are green, next: the docs\n"), Some("NOTES.md"), Some(151_203)),
            Some(format!(
                "{head} (151,203 tokens). The work was saved to NOTES.md. Its note: tests are green, next: the docs"
            ))
        );
        assert_eq!(said(Some("a"), None, None), Some(format!("{head}. Its note: a")));
        assert_eq!(
            said(None, Some("/a/b"), None),
            Some(format!("{head}. The work was saved to /a/b."))
        );
        assert_eq!(said(None, None, Some(1)), None);
        assert_eq!(said(Some(" "), Some(""), None), None);
    }
}
