//! What the mark of a compaction tells.

use plimsoll_domain::{Compaction, CompactionTrigger};

use super::line::Boundary;

/// The compaction, which succeeded: others leave no mark. `None` where it is not told who asked for it.
pub(super) fn compaction(line: &Boundary<'_>) -> Option<Compaction> {
    let told = line.compact_metadata.object()?;
    let trigger = match told.trigger.text()? {
        "auto" => CompactionTrigger::Auto,
        "manual" => CompactionTrigger::Manual,
        _ => return None,
    };
    let (before, after) = (told.pre_tokens.count(), told.post_tokens.count());
    Some(Compaction { trigger, success: true, before, after })
}
