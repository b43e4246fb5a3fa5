//! Tasks that are stopped together, within a deadline.

use std::time::Duration;

use tokio::{
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

/// One step of a drain, as it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was stopped.
    pub name: &'static str,
    /// How long it took.
    pub took: Duration,
    /// Tasks that were ended by force at the deadline.
    pub forced: usize,
}

/// Tasks with one token. Dropping it ends them at once.
pub(crate) struct Stage {
    name: &'static str,
    /// How long they may take to end.
    deadline: Duration,
    token: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Stage {
    pub(crate) fn new(name: &'static str, deadline: Duration) -> Self {
        Self { name, deadline, token: CancellationToken::new(), tasks: Vec::new() }
    }

    /// The token on which its tasks end.
    pub(crate) fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    pub(crate) fn add(&mut self, task: JoinHandle<()>) {
        self.tasks.push(task);
    }

    /// Asks the tasks to end and waits; ends by force what has not ended by the deadline.
    pub(crate) async fn stop(mut self) -> Step {
        let begun = Instant::now();
        let (name, deadline) = (self.name, self.deadline);
        tracing::info!(step = name, ?deadline, "stopping");
        self.token.cancel();
        let mut forced = 0;
        for mut task in std::mem::take(&mut self.tasks) {
            if timeout_at(begun + deadline, &mut task).await.is_err() {
                task.abort();
                forced += 1;
            }
        }
        let took = begun.elapsed();
        if forced > 0 {
            tracing::warn!(step = name, ?took, forced, "ended by force at the deadline");
        } else {
            tracing::info!(step = name, ?took, "stopped");
        }
        Step { name, took, forced }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.token.cancel();
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: one task ends when asked, another never does.
    /// Guarantees: the stop takes no longer than the deadline, and the stubborn task is gone.
    #[tokio::test(start_paused = true)]
    async fn a_stop_keeps_its_deadline() {
        let mut stage = Stage::new("test", Duration::from_secs(3));
        let token = stage.token();
        let (gone, forced) = tokio::sync::oneshot::channel::<()>();
        stage.add(tokio::spawn(async move { token.cancelled().await }));
        stage.add(tokio::spawn(async move {
            std::future::pending::<()>().await;
            drop(gone);
        }));
        let step = stage.stop().await;
        assert_eq!(step, Step { name: "test", took: Duration::from_secs(3), forced: 1 });
        forced.await.unwrap_err();
    }
}
