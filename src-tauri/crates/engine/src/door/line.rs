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
/// How many are entered at once.
const AT_ONCE: usize = 256;
/// How often the foremost are tried together before each is tried alone: about 30 seconds.
const PATIENCE: u32 = 18;

/// Invariant: a fact leaves only when the ledger has committed it, or takes all others but this one. A task that is
/// stopped half-way or started again loses none.
pub(super) struct Line {
    queue: mpsc::Receiver<Fact>,
    /// The foremost, at most [`AT_ONCE`].
    front: VecDeque<Fact>,
    /// How many of the foremost are to be tried alone, because one of them may be at fault.
    alone: usize,
    failures: u32,
    backoff: Backoff,
    board: Arc<Board>,
}

impl Line {
    pub(super) fn new(queue: mpsc::Receiver<Fact>, board: Arc<Board>) -> Self {
        let backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        Self { queue, front: VecDeque::new(), alone: 0, failures: 0, backoff, board }
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
                0
            }
            Err(error) => {
                self.report(&error);
                tokio::time::sleep(self.backoff.pause()).await;
                self.judge(&error, enter).await
            }
        }
    }

    fn leave(&mut self, count: usize) {
        self.front.drain(..count);
        self.alone = self.alone.saturating_sub(count);
        self.failures = 0;
        if !self.backoff.is_fresh() {
            self.backoff.reset();
            self.board.clear(Trouble::HooksWaiting);
        }
    }

    /// Waiting helps where the ledger takes nothing, and does not where it takes all but one.
    async fn judge<Enter, Entered>(&mut self, error: &RecordError, enter: &Enter) -> u64
    where
        Enter: Fn(Vec<Fact>) -> Entered,
        Entered: Future<Output = Result<(), RecordError>>,
    {
        self.failures += u32::from(matches!(error, RecordError::Commit(_)));
        if self.failures >= PATIENCE && self.alone == 0 {
            self.alone = self.front.len();
        } else if self.alone > 0 && self.is_at_fault(enter).await {
            tracing::error!(
                "a statement of a hook or the status line that the ledger refuses was given up"
            );
            self.leave(1);
            return 1;
        }
        0
    }

    /// Whether the ledger refuses the foremost and no other: it takes the next one, still refuses this one, and takes
    /// the next one again. A single answer may owe to a lock that has just gone or come. Where nothing else waits,
    /// nothing is held up.
    async fn is_at_fault<Enter, Entered>(&self, enter: &Enter) -> bool
    where
        Enter: Fn(Vec<Fact>) -> Entered,
        Entered: Future<Output = Result<(), RecordError>>,
    {
        let (Some(first), Some(other)) = (self.front.front(), self.front.get(1)) else {
            return false;
        };
        let one = |fact: &Fact| enter(vec![fact.clone()]);
        one(other).await.is_ok() && one(first).await.is_err() && one(other).await.is_ok()
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

#[cfg(test)]
mod tests {
    use std::{
        cell::{Cell, RefCell},
        future::{Ready, ready},
    };

    use plimsoll_domain::{Envelope, ProjectPlace, SessionId, Statement, Timestamp, Witness};
    use tokio::time::Instant;

    use super::*;

    /// A statement that can be told from others by its number.
    fn fact(number: usize) -> Fact {
        let envelope = Envelope {
            witness: Witness::Hook,
            at: Timestamp::EPOCH,
            arrived: Timestamp::EPOCH,
            connection: None,
            client_version: None,
            sequence: None,
        };
        let place = ProjectPlace { path: "/p".into(), branch: None };
        let statement = Statement::Project(place);
        Fact { envelope, session: Some(SessionId::new(number.to_string())), statement }
    }

    fn number(fact: &Fact) -> usize {
        fact.session.as_ref().unwrap().as_str().parse().unwrap()
    }

    /// A ledger that refuses calls while it is locked, and always those with a statement that it does not like.
    #[derive(Default)]
    struct Books {
        entered: RefCell<Vec<usize>>,
        is_locked: Cell<bool>,
        disliked: Option<usize>,
    }

    impl Books {
        fn enter(&self, facts: &[Fact]) -> Ready<Result<(), RecordError>> {
            let numbers: Vec<_> = facts.iter().map(number).collect();
            if self.is_locked.get() || self.disliked.is_some_and(|one| numbers.contains(&one)) {
                return ready(Err(RecordError::Commit("no".to_owned())));
            }
            self.entered.borrow_mut().extend(numbers);
            ready(Ok(()))
        }
    }

    fn line(waiting: impl Iterator<Item = usize>) -> (Line, Arc<Board>) {
        let (queue, rest) = mpsc::channel(4096);
        waiting.for_each(|number| queue.try_send(fact(number)).unwrap());
        let board = Arc::new(Board::new(Arc::new(|| Timestamp::EPOCH)));
        (Line::new(rest, Arc::clone(&board)), board)
    }

    /// Scenario: the ledger is locked for an hour while a thousand statements wait.
    /// Guarantees: all are entered once, in their order, within seconds of its end; a problem says meanwhile how many
    /// wait; none is given up.
    #[tokio::test(start_paused = true)]
    async fn a_lock_costs_nothing() {
        let (mut line, board) = line(0..1_000);
        let books = Books::default();
        books.is_locked.set(true);
        let begun = Instant::now();
        let (mut given_up, mut end) = (0, None);
        while line.fill_up() {
            given_up += line.advance(&|facts| books.enter(&facts)).await;
            if end.is_none() {
                let problems = board.status().borrow().problems.clone();
                assert_eq!(problems[0].code, "hooks-waiting");
                assert!(problems[0].message.contains("1000 statements"), "{problems:?}");
                if begun.elapsed() > Duration::from_secs(3_600) {
                    books.is_locked.set(false);
                    end = Some(Instant::now());
                }
            }
        }
        assert!(end.unwrap().elapsed() < Duration::from_secs(3));
        assert_eq!(*books.entered.borrow(), (0..1_000).collect::<Vec<_>>());
        assert_eq!((given_up, board.status().borrow().problems.len()), (0, 0));
    }

    /// Scenario: one statement among others is refused for good.
    /// Guarantees: after half a minute it is given up, and all others are entered.
    #[tokio::test(start_paused = true)]
    async fn what_the_ledger_never_takes_holds_nobody_up() {
        let (mut line, board) = line(0..600);
        let books = Books { disliked: Some(300), ..Books::default() };
        let begun = Instant::now();
        let mut given_up = 0;
        while line.fill_up() {
            given_up += line.advance(&|facts| books.enter(&facts)).await;
        }
        assert!((25..40).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
        let mut entered = books.entered.take();
        entered.dedup();
        entered.sort_unstable();
        entered.dedup();
        assert_eq!(entered, (0..600).filter(|number| *number != 300).collect::<Vec<_>>());
        assert_eq!((given_up, board.status().borrow().problems.len()), (1, 0));
    }
}
