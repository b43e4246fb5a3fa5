//! What was handed over and waits for the ledger, in the order in which it came.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use plimsoll_domain::Fact;
use plimsoll_ledger::RecordError;
use tokio::sync::mpsc;

use crate::{
    backoff::Backoff,
    board::{Board, Trouble},
};

/// The pause after the first failure; it doubles with every further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The longest one when little time is left.
const LONGEST_IN_HASTE: Duration = Duration::from_millis(200);
/// How many are entered at once.
const AT_ONCE: usize = 256;
/// How often the foremost are tried together before each is tried alone: about 30 seconds.
const PATIENCE: u32 = 18;

/// Invariant: a fact leaves only when the ledger has committed it, or takes others but not this one. A task that is
/// stopped half-way or started again loses none.
pub(super) struct Line {
    queue: mpsc::Receiver<Fact>,
    /// The foremost, at most [`AT_ONCE`].
    front: VecDeque<Fact>,
    /// How many of the foremost are to be tried alone, because one of them may be at fault.
    alone: usize,
    /// Which one of the front, from 1 on, is to show whether the ledger takes others than the foremost.
    control: usize,
    failures: u32,
    backoff: Backoff,
    board: Arc<Board>,
}

impl Line {
    pub(super) fn new(queue: mpsc::Receiver<Fact>, board: Arc<Board>) -> Self {
        let backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        Self { queue, front: VecDeque::new(), alone: 0, control: 1, failures: 0, backoff, board }
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.front.len() + self.queue.len()
    }

    /// Waits until there is something to enter.
    pub(super) async fn wait(&mut self) {
        if self.front.is_empty()
            && let Some(fact) = self.queue.recv().await
        {
            self.front.push_back(fact);
        }
        self.fill_up();
    }

    /// Takes what waits; says whether there is anything.
    pub(super) fn fill_up(&mut self) -> bool {
        while self.front.len() < AT_ONCE
            && let Ok(fact) = self.queue.try_recv()
        {
            self.front.push_back(fact);
        }
        !self.front.is_empty()
    }

    /// From now on little time is left: pauses begin anew, and stay short.
    pub(super) fn hurry(&mut self) {
        self.backoff = Backoff::new(FIRST_PAUSE, LONGEST_IN_HASTE);
    }

    /// Tries to enter the foremost, and pauses where the ledger does not take them. What `enter` accepted is committed.
    /// Says how many were given up: the ledger refuses them for good, and takes others.
    pub(super) async fn advance<Enter, Entered>(&mut self, enter: &Enter) -> u64
    where
        Enter: Fn(Vec<Fact>) -> Entered,
        Entered: Future<Output = Result<(), RecordError>>,
    {
        let count = if self.alone > 0 { 1 } else { self.front.len() };
        match enter(self.front.iter().take(count).cloned().collect()).await {
            Ok(()) => {
                self.leave(count);
                self.control = 1;
                0
            }
            Err(error) => {
                self.report(&error);
                let given_up = self.judge(&error, enter).await;
                if given_up.is_none() {
                    tokio::time::sleep(self.backoff.pause()).await;
                }
                given_up.unwrap_or(0)
            }
        }
    }

    fn leave(&mut self, count: usize) {
        self.front.drain(..count);
        self.alone = self.alone.saturating_sub(count);
        self.failures = 0;
        self.backoff.reset();
        self.board.clear(Trouble::HooksWaiting);
    }

    /// Waiting helps where the ledger takes nothing, and does not where it takes others. Says, where the foremost has
    /// left, whether it was given up.
    async fn judge<Enter, Entered>(&mut self, error: &RecordError, enter: &Enter) -> Option<u64>
    where
        Enter: Fn(Vec<Fact>) -> Entered,
        Entered: Future<Output = Result<(), RecordError>>,
    {
        self.failures += u32::from(matches!(error, RecordError::Commit(_)));
        if self.alone == 0 {
            if self.failures >= PATIENCE {
                self.alone = self.front.len();
            }
            return None;
        }
        let is_at_fault = self.is_at_fault(enter).await?;
        if is_at_fault {
            tracing::error!(
                "a statement of a hook or the status line that the ledger refuses was given up"
            );
        }
        self.leave(1);
        self.control = self.control.saturating_sub(1).max(1);
        Some(u64::from(is_at_fault))
    }

    /// Whether the ledger refuses the foremost and not every other: it takes a later one, still refuses this one, and
    /// takes the later one again. A single answer may owe to a lock that has just gone or come; where it has gone, the
    /// foremost is entered, behind the later one, which changes no book. `None`: it cannot be told now. Where the later
    /// one is refused as well, the one after it is asked next time, so that a row of refused ones is got over with
    /// three calls at a time. Where nothing else waits, nothing is held up.
    async fn is_at_fault<Enter, Entered>(&mut self, enter: &Enter) -> Option<bool>
    where
        Enter: Fn(Vec<Fact>) -> Entered,
        Entered: Future<Output = Result<(), RecordError>>,
    {
        if self.control >= self.front.len() {
            self.control = 1;
        }
        let (first, other) = (self.front.front()?, self.front.get(self.control)?);
        let one = |fact: &Fact| enter(vec![fact.clone()]);
        if one(other).await.is_err() {
            self.control += 1;
            return None;
        }
        if one(first).await.is_ok() {
            return Some(false);
        }
        one(other).await.is_ok().then_some(true)
    }

    fn report(&self, error: &RecordError) {
        let waiting = match self.len() {
            1 => "1 statement of hooks and the status line waits".to_owned(),
            waiting => format!("{waiting} statements of hooks and the status line wait"),
        };
        let message = format!(
            "The ledger cannot be written now ({error}): {waiting} and will be entered as soon as it can."
        );
        self.board.raise(Trouble::HooksWaiting, message);
    }
}
