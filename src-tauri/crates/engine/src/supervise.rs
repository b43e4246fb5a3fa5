//! Keeps long-lived tasks alive: each has a name and a span, restarts with back-off, and shows on the board.

use std::{any::Any, fmt::Display, sync::Arc, time::Duration};

use tokio::task::{JoinError, JoinHandle};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::Instrument;

use crate::{
    backoff::Backoff,
    board::{Board, Trouble},
};

/// The pause before the first restart; it doubles with every further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause before a restart.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long a restarted task must run to count as well again.
const STEADY: Duration = Duration::from_secs(60);

/// Spawns tasks and restarts them until their stage is stopped.
#[derive(Clone)]
pub(crate) struct Supervisor {
    board: Arc<Board>,
}

impl Supervisor {
    pub(crate) fn new(board: Arc<Board>) -> Self {
        Self { board }
    }

    /// Runs what `make` makes until `stop` is cancelled, and makes it anew whenever it ends before that, by
    /// whatever way. `make` gets the token on which its task shall end.
    pub(crate) fn spawn<Make, Task, Error>(
        &self,
        name: &'static str,
        stop: CancellationToken,
        mut make: Make,
    ) -> JoinHandle<()>
    where
        Make: FnMut(CancellationToken) -> Task + Send + 'static,
        Task: Future<Output = Result<(), Error>> + Send + 'static,
        Error: Display + Send + 'static,
    {
        let board = Arc::clone(&self.board);
        let span = tracing::info_span!("task", name);
        // At once, so that who asks for the tasks after this call finds it.
        board.task_started(name);
        let keep = async move {
            let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
            loop {
                board.task_started(name);
                let task = tokio::spawn(make(stop.clone()).in_current_span());
                let outcome = outlive(AbortOnDropHandle::new(task), &mut backoff, || {
                    board.clear(Trouble::TaskFailing(name));
                })
                .await;
                let reason = reason(outcome);
                if stop.is_cancelled() {
                    break if let Some(reason) = reason {
                        tracing::warn!(reason, "ended with an error while stopping");
                    };
                }
                let reason = reason.unwrap_or_else(|| "it ended by itself".to_owned());
                let pause = backoff.pause();
                tracing::error!(reason, ?pause, "ended early; it will be restarted");
                board.task_failed(name, reason);
                if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                    break;
                }
            }
            board.task_ended(name);
        };
        tokio::spawn(keep.instrument(span))
    }
}

/// Waits for a task's end. One that was restarted and then runs steadily counts as well: its pauses begin anew.
async fn outlive<T>(
    mut task: AbortOnDropHandle<T>,
    backoff: &mut Backoff,
    well: impl FnOnce(),
) -> Result<T, JoinError> {
    if !backoff.is_fresh() {
        if let Ok(outcome) = tokio::time::timeout(STEADY, &mut task).await {
            return outcome;
        }
        backoff.reset();
        well();
    }
    task.await
}

/// Why a task ended; `None` where it gave no reason.
fn reason<E: Display>(outcome: Result<Result<(), E>, JoinError>) -> Option<String> {
    match outcome {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(join) => Some(join.try_into_panic().map_or_else(
            |_| "it was aborted".to_owned(),
            |payload| format!("it panicked{}", literal(payload.as_ref())),
        )),
    }
}

/// The panic's message where it is a literal of the program's: a formatted one may hold what a client sent.
fn literal(payload: &(dyn Any + Send)) -> String {
    payload.downcast_ref::<&'static str>().map_or_else(String::new, |text| format!(" ({text})"))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    };

    use plimsoll_domain::Timestamp;
    use tokio::time::Instant;

    use super::*;

    fn supervisor() -> (Supervisor, Arc<Board>) {
        let board = Arc::new(Board::new(Arc::new(|| Timestamp::EPOCH)));
        (Supervisor::new(Arc::clone(&board)), board)
    }

    /// Scenario: a task panics, panics again with what a client sent in the message, and then runs.
    /// Guarantees: it is restarted after 100 and 200 ms, reported without the client's words, and the problem
    /// goes when it has run for a minute.
    #[tokio::test(start_paused = true)]
    async fn a_panicking_task_is_restarted_with_back_off() {
        let (supervisor, board) = supervisor();
        let stop = CancellationToken::new();
        let begun = Instant::now();
        let starts = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&starts);
        let task = supervisor.spawn("fragile", stop.clone(), move |stop| {
            let mut starts = seen.lock().unwrap();
            starts.push(begun.elapsed().as_millis());
            let run = starts.len();
            async move {
                let sent = "a client's words".to_owned();
                match run {
                    1 => panic!("first"),
                    2 => panic!("{sent}"),
                    _ => stop.cancelled().await,
                }
                Ok::<_, String>(())
            }
        });

        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(*starts.lock().unwrap(), [0, 100, 300]);
        let health = board.tasks();
        assert_eq!((health[0].name, health[0].running, health[0].restarts), ("fragile", true, 2));
        assert_eq!(health[0].last_error.as_deref(), Some("it panicked"));
        assert_eq!(board.status().borrow().problems[0].code, "task-restarting");

        tokio::time::sleep(STEADY).await;
        assert_eq!(board.status().borrow().problems, []);
        stop.cancel();
        task.await.unwrap();
        assert!(!board.tasks()[0].running);
    }

    /// Scenario: a task fails for ever, is stopped during a pause; another returns without being asked to.
    /// Guarantees: pauses grow to 30 s and no further; the stop ends the pause; an unasked end is an early end.
    #[tokio::test(start_paused = true)]
    async fn pauses_are_bounded_and_end_on_stop() {
        let (supervisor, board) = supervisor();
        let stop = CancellationToken::new();
        let runs = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&runs);
        let failing = supervisor.spawn("failing", stop.clone(), move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Err("no luck") }
        });
        let silent = supervisor.spawn("silent", stop.clone(), |_| async { Ok::<_, String>(()) });
        tokio::time::sleep(Duration::from_secs(52)).await;
        let before = runs.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(300)).await;
        assert_eq!(runs.load(Ordering::Relaxed) - before, 10);
        let errors: Vec<_> = board.tasks().into_iter().map(|task| task.last_error).collect();
        assert_eq!(errors, [Some("no luck".to_owned()), Some("it ended by itself".to_owned())]);

        let stopped = Instant::now();
        stop.cancel();
        failing.await.unwrap();
        silent.await.unwrap();
        assert_eq!(stopped.elapsed(), Duration::ZERO);
    }
}
