//! Reads the client's transcripts: all that is new in them at the start, then what is appended.
//!
//! Invariants: what was read and how far is committed together, so that a crash repeats and never skips; live
//! commits go on between the parts of a long reading; nothing is read while nothing changes.

mod changes;
mod progress;
mod round;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc, time::Duration};

use plimsoll_ledger::{Ledger, LedgerError};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

pub(crate) use changes::Hints;
use changes::{Changed, Changes};
use progress::Progress;
use round::Round;

use crate::{
    backoff::Backoff,
    board::{Board, Now, Trouble},
};

/// How long after a change it is read: a client writes several lines at once, and its telemetry tells of them at
/// about the same time.
const SETTLE: Duration = Duration::from_secs(1);
/// How often everything is looked through where the system does not tell of changes.
const POLL: Duration = Duration::from_secs(5);
/// How often folders are looked for that were not there.
const LOOK: Duration = Duration::from_secs(300);

/// Why reading ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TranscriptsError {
    /// The ledger did not tell how far was read before.
    #[error("read how far transcripts were read: {0}")]
    Positions(#[from] LedgerError),
    /// The ledger's writer is gone, or a reading thread panicked.
    #[error("the reading of transcripts was not finished")]
    Unfinished,
}

/// The task that reads transcripts. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Transcripts {
    pub(crate) ledger: Ledger,
    /// The client's configuration folders.
    pub(crate) folders: Arc<[PathBuf]>,
    /// Files that hooks named.
    pub(crate) hints: Hints,
    pub(crate) now: Now,
    pub(crate) board: Arc<Board>,
}

impl Transcripts {
    /// Runs until stopped. Where a new ledger took the place of a damaged one, everything is read again.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), TranscriptsError> {
        let mut replaced = self.ledger.replaced();
        loop {
            replaced.mark_unchanged();
            let file = self.ledger.file();
            let known = self.ledger.positions().await?;
            let mut round = Round::new((self.ledger.clone(), file), Arc::clone(&self.now), known);
            tokio::select! {
                ended = self.read_on(&mut round, &stop) => return ended,
                Ok(()) = replaced.changed() => {}
            }
            // Those that only hooks named are in no folder that is looked through.
            for path in round.paths() {
                if !self.folders.iter().any(|folder| path.starts_with(folder)) {
                    self.hints.name(path);
                }
            }
        }
    }

    /// Reads what was not read yet, then follows what changes, until stopped.
    async fn read_on(
        &self,
        round: &mut Round,
        stop: &CancellationToken,
    ) -> Result<(), TranscriptsError> {
        // Watched before the first reading, so that nothing falls between the two.
        let mut changes = Changes::watch(&self.folders, self.hints.clone());
        self.read_all(round, true, stop).await?;
        while !stop.is_cancelled() {
            self.report(&changes);
            let next = Instant::now() + if changes.are_told() { LOOK } else { POLL };
            let changed = tokio::select! {
                changed = changes.next(SETTLE) => changed,
                () = sleep_until(next) => Changed::All,
                () = stop.cancelled() => break,
            };
            match changed {
                Changed::Files(files) => self.read(round, &files, stop).await?,
                Changed::All => {
                    changes.follow(&self.folders);
                    self.read_all(round, false, stop).await?;
                }
            }
        }
        Ok(())
    }

    /// Reads whatever is new in any file. The first reading of a run is shown, however little it is.
    async fn read_all(
        &self,
        round: &mut Round,
        first: bool,
        stop: &CancellationToken,
    ) -> Result<(), TranscriptsError> {
        let begun = Instant::now();
        let folders = Arc::clone(&self.folders);
        let list = move || plimsoll_sources::transcripts::find(&folders);
        let listing =
            tokio::task::spawn_blocking(list).await.map_err(|_| TranscriptsError::Unfinished)?;
        for failure in &listing.failures {
            tracing::debug!(error = %failure.error, "a folder of transcripts cannot be read");
        }
        let found = listing.transcripts.len();
        let files = round.unread(listing.transcripts);
        tracing::debug!(found, unread = files.len(), took = ?begun.elapsed(), "looked through");
        let board = Arc::clone(&self.board);
        let progress = Progress::of(&files, (self.now)());
        let progress = if first || progress.is_long() {
            progress.shown(move |state| board.post_backfill(state))
        } else {
            progress
        };
        self.read_files(round, files, (progress, stop)).await?;
        round.settle();
        Ok(())
    }

    /// Reads what was appended to these files.
    async fn read(
        &self,
        round: &mut Round,
        paths: &[PathBuf],
        stop: &CancellationToken,
    ) -> Result<(), TranscriptsError> {
        let files = round.unread(plimsoll_sources::transcripts::look(paths));
        self.read_files(round, files, (Progress::of(&[], (self.now)()), stop)).await
    }

    /// Reads files until each was read to its end. While the ledger cannot take it, it is tried again.
    async fn read_files(
        &self,
        round: &mut Round,
        mut files: Vec<round::Unread>,
        (mut progress, stop): (Progress, &CancellationToken),
    ) -> Result<(), TranscriptsError> {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
        while !files.is_empty() && !stop.is_cancelled() {
            files = round.read(files, &mut progress, stop).await?;
            if !files.is_empty() {
                stop.run_until_cancelled(tokio::time::sleep(backoff.pause())).await;
            }
        }
        progress.end((self.now)());
        Ok(())
    }

    fn report(&self, changes: &Changes) {
        match changes.trouble() {
            None => self.board.clear(Trouble::Transcripts),
            Some(reason) => {
                let message = format!(
                    "The system does not tell of changes in transcripts ({reason}): they are looked through \
                     every {} seconds instead.",
                    POLL.as_secs()
                );
                self.board.raise(Trouble::Transcripts, message);
            }
        }
    }
}
