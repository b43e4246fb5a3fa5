//! Enters what the spool holds into the ledger, in order, as soon as the ledger takes it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use plimsoll_ledger::RecordError;
use plimsoll_loopback::ConnectionIds;
use plimsoll_otlp::Arrival;
use tokio_util::sync::CancellationToken;

use super::{Connections, Front, Spool, SpoolError, file::SpoolFile};
use crate::{
    backoff::Backoff,
    board::{Board, Trouble},
};

/// The pause after the first failure; it doubles with every further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How much is entered with one call, in bytes and in requests.
const BATCH: (u64, usize) = (256 * 1024, 64);
/// How often the foremost request is tried alone before it is asked whether it is itself at fault: about
/// 30 seconds.
const PATIENCE: u32 = 18;

/// The task that empties the spool. A clone begins again at the front.
#[derive(Clone)]
pub(crate) struct Drain {
    spool: Spool,
    board: Arc<Board>,
    connections: Connections,
    /// Takes what the ledger refuses for good, so that it holds nothing else up.
    aside: PathBuf,
}

impl Drain {
    /// `ids` numbers connections; `aside` is a file for what the ledger refuses for good.
    pub(crate) fn new(spool: Spool, board: Arc<Board>, ids: ConnectionIds, aside: PathBuf) -> Self {
        let connections = Connections { run: spool.run, ids, renamed: Default::default() };
        Self { spool, board, connections, aside }
    }

    /// Hands requests to `enter` until stopped; what `enter` accepted is committed.
    pub(crate) async fn run<Enter, Entered>(
        mut self,
        enter: Enter,
        stop: CancellationToken,
    ) -> Result<(), SpoolError>
    where
        Enter: Fn(Arc<[Arrival]>) -> Entered,
        Entered: Future<Output = Result<(), RecordError>>,
    {
        let work = async {
            let mut waiting = self.spool.waiting();
            // Fails only when the spool, which this task holds, is gone.
            while waiting.wait_for(|waiting| *waiting > 0).await.is_ok() {
                self.empty(&enter).await?;
            }
            Ok(())
        };
        stop.run_until_cancelled(work).await.unwrap_or(Ok(()))
    }

    async fn empty<Enter, Entered>(&mut self, enter: &Enter) -> Result<(), SpoolError>
    where
        Enter: Fn(Arc<[Arrival]>) -> Entered,
        Entered: Future<Output = Result<(), RecordError>>,
    {
        tracing::warn!(waiting = *self.spool.waiting().borrow(), "requests wait in the spool");
        self.report(None);
        let mut offset = 0;
        while !self.spool.empty(offset).await? {
            offset = self.enter_front(offset, enter).await?;
        }
        self.connections.renamed.clear();
        self.board.clear(Trouble::SpoolInUse);
        tracing::info!("the spool is empty");
        Ok(())
    }

    /// Enters the foremost requests, however long it takes; says where the next ones begin.
    async fn enter_front<Enter, Entered>(
        &mut self,
        offset: u64,
        enter: &Enter,
    ) -> Result<u64, SpoolError>
    where
        Enter: Fn(Arc<[Arrival]>) -> Entered,
        Entered: Future<Output = Result<(), RecordError>>,
    {
        let mut front = self.front(offset, BATCH).await?;
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut failures = 0;
        while let Err(error) = enter(Arc::clone(&front.arrivals)).await {
            self.report(Some(&error));
            tokio::time::sleep(backoff.pause()).await;
            front = self.front(offset, (1, 1)).await?;
            failures += u32::from(matches!(error, RecordError::Commit(_)));
            if failures >= PATIENCE && self.is_at_fault(&front, enter).await? {
                self.set_aside(offset).await?;
                break;
            }
        }
        Ok(front.next)
    }

    /// Whether the ledger refuses this request and no other: it takes the next one, still refuses this one,
    /// and takes the next one again. A single answer may owe to a lock that has just gone or come.
    async fn is_at_fault<Enter, Entered>(
        &mut self,
        front: &Front,
        enter: &Enter,
    ) -> Result<bool, SpoolError>
    where
        Enter: Fn(Arc<[Arrival]>) -> Entered,
        Entered: Future<Output = Result<(), RecordError>>,
    {
        let other = self.front(front.next, (1, 1)).await?.arrivals;
        Ok(!other.is_empty()
            && enter(Arc::clone(&other)).await.is_ok()
            && enter(Arc::clone(&front.arrivals)).await.is_err()
            && enter(other).await.is_ok())
    }

    async fn front(
        &mut self,
        offset: u64,
        (bytes, frames): (u64, usize),
    ) -> Result<Front, SpoolError> {
        let front = self
            .spool
            .blocking(move |file| {
                file.front(offset, bytes, frames).map_err(|source| SpoolError::Read { source })
            })
            .await?;
        let arrivals = front.frames.iter().filter_map(|frame| self.connections.arrival(frame));
        Ok(Front { arrivals: arrivals.collect(), next: front.next })
    }

    /// Keeps the request at `offset` in a file of its own, for whoever looks into it.
    async fn set_aside(&self, offset: u64) -> Result<(), SpoolError> {
        let path = self.aside.clone();
        self.spool
            .blocking(move |file| {
                let front =
                    file.front(offset, 1, 1).map_err(|source| SpoolError::Read { source })?;
                let mut aside = SpoolFile::open(&path, super::LIMIT)
                    .map_err(|source| SpoolError::Open { path, source })?;
                front
                    .frames
                    .iter()
                    .filter_map(|frame| frame.encode())
                    .try_for_each(|bytes| aside.append(&bytes))
            })
            .await?;
        tracing::error!(file = %self.aside.display(), "a request that the ledger refuses was set aside");
        let message = format!(
            "A request could not be entered into the ledger and was set aside in {}.",
            self.aside.display()
        );
        self.board.raise(Trouble::SetAside, message);
        Ok(())
    }

    fn report(&self, error: Option<&RecordError>) {
        let waiting = match *self.spool.waiting().borrow() {
            1 => "1 request is".to_owned(),
            waiting => format!("{waiting} requests are"),
        };
        let why = error.map_or_else(String::new, |error| format!(" ({error})"));
        let message = format!(
            "The ledger cannot be written now{why}: {waiting} kept in the spool and will be entered as soon \
             as it can."
        );
        self.board.raise(Trouble::SpoolInUse, message);
    }
}
