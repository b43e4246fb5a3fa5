//! Which commands run now, and which wait for their turn.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use plimsoll_domain::{ActionKind, Alert, CommandLine, Revision};
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::child::run_command;
use crate::{
    Upshot,
    message::Message,
    outcome::{Outcomes, Scribe},
};

/// Commands that run at the same time, at most.
const RUNNING: usize = 4;

/// Commands that wait for their turn, at most; further ones are refused.
const WAITING: usize = 64;

/// How long running commands have to end once Plimsoll ends. Those that do not are then ended.
const GRACE: Duration = Duration::from_secs(1);

/// A command that an alert asks for.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) alert: Alert,
    pub(crate) project: Option<Arc<str>>,
    pub(crate) line: Arc<CommandLine>,
}

/// Runs commands. Cheap to clone; they outlive who ordered them.
pub(crate) struct Commands<O>(Arc<Shared<O>>);

struct Shared<O> {
    scribe: Scribe<O>,
    home: PathBuf,
    tasks: TaskTracker,
    stop: CancellationToken,
    turns: Mutex<Turns>,
}

#[derive(Default)]
struct Turns {
    running: usize,
    waiting: VecDeque<Order>,
    is_over: bool,
}

impl<O> Clone for Commands<O> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<O: Outcomes> Commands<O> {
    /// Commands whose tasks are `tasks`, and which work in `home` where there is no project.
    pub(crate) fn new(scribe: Scribe<O>, home: PathBuf, tasks: TaskTracker) -> Self {
        let (stop, turns) = (CancellationToken::new(), Mutex::default());
        Self(Arc::new(Shared { scribe, home, tasks, stop, turns }))
    }

    /// Runs a command as soon as it is its turn. Never waits.
    pub(crate) fn order(&self, order: Order) {
        let mut turns = self.0.turns();
        if turns.is_over {
            self.0.refuse(&order, "Plimsoll ended before its turn");
        } else if turns.running < RUNNING {
            turns.running += 1;
            let shared = Arc::clone(&self.0);
            self.0.tasks.spawn(async move { shared.work(order).await });
        } else if turns.waiting.len() < WAITING {
            turns.waiting.push_back(order);
        } else {
            self.0.refuse(&order, "too many commands wait for their turn");
        }
    }

    /// Starts no more, gives those that run a moment to end, and then ends them.
    pub(crate) async fn drain(&self) {
        let left = {
            let mut turns = self.0.turns();
            turns.is_over = true;
            std::mem::take(&mut turns.waiting)
        };
        for order in left {
            self.0.refuse(&order, "Plimsoll ended before its turn");
        }
        self.0.tasks.close();
        if timeout(GRACE, self.0.tasks.wait()).await.is_err() {
            self.0.stop.cancel();
            self.0.tasks.wait().await;
        }
    }
}

impl<O: Outcomes> Shared<O> {
    /// Nothing panics while it holds them, so they are never left half changed.
    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a command, then those whose turn it then is.
    async fn work(&self, first: Order) {
        let mut next = Some(first);
        while let Some(order) = next {
            self.carry_out(&order).await;
            let mut turns = self.turns();
            next = turns.waiting.pop_front();
            if next.is_none() {
                turns.running -= 1;
            }
        }
    }

    async fn carry_out(&self, order: &Order) {
        let revision = revision(order);
        if !self.scribe.begin(revision, ActionKind::Command).await {
            return;
        }
        let message = Message::of(&order.alert, order.project.as_deref(), false);
        let upshot = run_command(&order.line, &message, &self.home, &self.stop).await;
        self.scribe.write(revision, ActionKind::Command, upshot).await;
    }

    fn refuse(&self, order: &Order, why: &str) {
        tracing::warn!(alert = revision(order).0, why, "a command was not run");
        self.scribe.note(revision(order), ActionKind::Command, Upshot::failed(why));
    }
}

fn revision(order: &Order) -> Revision {
    order.alert.revision.unwrap_or_default()
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
