//! Wishes for quiet: set, taken back and told of.

use plimsoll_domain::{Scope, Silence};

use crate::{Ledger, LedgerError, RecordError, table, writer::Note};

impl Ledger {
    /// All wishes for quiet. Those that are over may be among them.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn silences(&self) -> Result<Vec<Silence>, LedgerError> {
        let mut reader = self.reader().await?;
        table::silence::all(&mut reader).await.map_err(LedgerError::Read)
    }

    /// Notes a wish for quiet, in the place of the one about the same.
    ///
    /// # Errors
    /// [`RecordError`]: it was not noted, and the call may be repeated.
    pub async fn set_silence(&self, silence: Silence) -> Result<(), RecordError> {
        self.note(Note::Silence(silence)).await
    }

    /// Takes a wish for quiet back; nothing where there is none.
    ///
    /// # Errors
    /// [`RecordError`]: it was not taken back, and the call may be repeated.
    pub async fn lift_silence(&self, scope: Scope) -> Result<(), RecordError> {
        self.note(Note::Lift(scope)).await
    }
}
