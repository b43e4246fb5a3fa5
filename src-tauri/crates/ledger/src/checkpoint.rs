//! Checkpoints: acknowledged and told of.

use plimsoll_domain::{Checkpoint, SessionId, checkpoint::LONGEST_NOTE};

use crate::{Ledger, LedgerError, RecordError, query, writer::Job};

impl Ledger {
    /// Writes an acknowledged checkpoint and gives it its revision; a note longer than [`LONGEST_NOTE`] is cut. Returns
    /// it as written.
    ///
    /// # Errors
    /// [`RecordError`]: it was not written, and the call may be repeated.
    pub async fn acknowledge(&self, mut checkpoint: Checkpoint) -> Result<Checkpoint, RecordError> {
        let longest = |note: &str| note.char_indices().nth(LONGEST_NOTE).map(|(end, _)| end);
        if let Some(note) = &mut checkpoint.note
            && let Some(end) = longest(note)
        {
            *note = note[..end].into();
        }
        self.ask(|reply| Job::Acknowledge(Box::new(checkpoint), reply)).await
    }

    /// The checkpoints of a session, or without one the last checkpoint of each session; the newest first, at most `limit`
    /// (1 to 1000).
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn checkpoints(
        &self,
        session: Option<&SessionId>,
        limit: u32,
    ) -> Result<Vec<Checkpoint>, LedgerError> {
        let mut reader = self.reader().await?;
        query::checkpoints(&mut reader, session, limit).await.map_err(LedgerError::Read)
    }
}
