//! What the writer does about alerts, checkpoints, warnings and wishes for quiet: a transaction each.

use plimsoll_domain::{
    ActionResult, Alert, Checkpoint, Outcome, Revision, Scope, SessionId, Silence, Timestamp,
    Warning,
};
use sqlx::{Connection as _, SqliteConnection};

use super::{Book, Writer, commit::BEGIN};
use crate::{
    Change, Claim, Commit, DeliveryState,
    books::Cache,
    table::{self, Script},
};

/// What takes no revision, and nobody is told of.
#[derive(Debug)]
pub(crate) enum Note {
    Outcome(Outcome),
    Delivery(Revision, DeliveryState),
    Silence(Silence),
    Lift(Scope),
}

impl Writer {
    pub(super) async fn claim(
        &mut self,
        book: &mut Book,
        mut alert: Alert,
        webhook: bool,
    ) -> sqlx::Result<Claim> {
        let revision = self.revision().next();
        let Book { connection, cache, .. } = book;
        let mut transaction = connection.begin_with(BEGIN).await?;
        let place = (&alert.thread.session, alert.at);
        let session = number(&mut transaction, cache, place).await?;
        let granted = table::alert::claim(&mut transaction, session, revision, &alert).await?;
        if granted && webhook {
            table::delivery::insert(&mut transaction, revision, session, alert.at).await?;
        }
        transaction.commit().await?;
        if !granted {
            return Ok(Claim::Taken);
        }
        alert.revision = Some(revision);
        let changes = vec![Change::Alert(alert.clone())];
        self.publish(Commit { revision, changes, ..Commit::default() });
        Ok(Claim::Granted(alert))
    }

    pub(super) async fn acknowledge(
        &mut self,
        book: &mut Book,
        mut checkpoint: Checkpoint,
    ) -> sqlx::Result<Checkpoint> {
        let revision = self.revision().next();
        let Book { connection, cache, .. } = book;
        let mut transaction = connection.begin_with(BEGIN).await?;
        let place = (&checkpoint.session, checkpoint.at);
        let session = number(&mut transaction, cache, place).await?;
        table::checkpoint::insert(&mut transaction, session, revision, &checkpoint).await?;
        transaction.commit().await?;
        checkpoint.revision = Some(revision);
        let changes = vec![Change::Checkpoint(checkpoint.clone())];
        self.publish(Commit { revision, changes, ..Commit::default() });
        Ok(checkpoint)
    }

    pub(super) async fn claim_warning(
        &mut self,
        book: &mut Book,
        mut warning: Warning,
    ) -> sqlx::Result<Option<Warning>> {
        let revision = self.revision().next();
        let Book { connection, cache, .. } = book;
        let mut transaction = connection.begin_with(BEGIN).await?;
        let session = match &warning.session {
            Some(session) => Some(number(&mut transaction, cache, (session, warning.at)).await?),
            None => None,
        };
        let granted = table::warning::claim(&mut transaction, session, revision, &warning).await?;
        transaction.commit().await?;
        if !granted {
            return Ok(None);
        }
        warning.revision = Some(revision);
        let changes = vec![Change::Warning(warning.clone())];
        self.publish(Commit { revision, changes, ..Commit::default() });
        Ok(Some(warning))
    }
}

/// The number of a session, which is stored where it was not known.
async fn number(
    connection: &mut SqliteConnection,
    cache: &mut Cache,
    (session, at): (&SessionId, Timestamp),
) -> sqlx::Result<i64> {
    let number = cache.number(connection, Some(session), at).await?;
    if !cache.is_stored(number) {
        let row = cache.session(number).unstored();
        let mut script = Script::default();
        table::session::upsert(&mut script, row.as_slice());
        script.run(connection).await?;
    }
    Ok(number)
}

/// Notes that an action begins; false where anything is known of it already.
pub(super) async fn begin(
    connection: &mut SqliteConnection,
    outcome: Outcome,
) -> sqlx::Result<bool> {
    let outcome = Outcome { result: ActionResult::Begun, ..outcome };
    table::outcome::begin(connection, &outcome).await
}

/// Notes something.
pub(super) async fn note(connection: &mut SqliteConnection, note: Note) -> sqlx::Result<()> {
    match note {
        Note::Outcome(outcome) => table::outcome::upsert(connection, &outcome).await,
        Note::Delivery(alert, state) => table::delivery::note(connection, alert, state).await,
        Note::Silence(silence) => table::silence::upsert(connection, &silence).await,
        Note::Lift(scope) => table::silence::delete(connection, &scope).await,
    }
}
