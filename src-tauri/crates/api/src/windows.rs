//! Windows: who asks for them, and the one process that shows them.

use std::{collections::VecDeque, sync::Arc};

use axum::{Json, extract::State, extract::rejection::JsonRejection, response::Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, StatusCode};
use plimsoll_domain::Show;
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    Shared,
    dto::Wish,
    error::ApiError,
    query::refuse,
    stream::{HEARTBEAT, comment, event, respond},
};

/// How many wishes may wait for a process that shows them: more than a person presses meanwhile.
const WAITING: usize = 8;

/// The wishes for windows. A cheap handle; all clones share one queue.
#[derive(Debug, Clone, Default)]
pub struct Windows {
    queue: watch::Sender<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Show>,
    /// Whether a process takes wishes.
    attached: bool,
    /// Whether somebody starts such a process when there is none.
    offered: bool,
}

impl Queue {
    fn push(&mut self, show: Show) {
        if self.waiting.len() == WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(show);
    }
}

/// Nothing here can show windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no window can be shown: this Plimsoll runs without a desktop")]
pub struct NoWindows;

impl Windows {
    /// Leaves a wish for whoever comes to show windows; nobody has to be there yet.
    pub fn leave(&self, show: Show) {
        self.queue.send_modify(|queue| queue.push(show));
    }

    /// Asks for a window. Where nobody takes wishes yet, it waits for whoever comes.
    ///
    /// # Errors
    /// When nobody will come.
    pub fn ask(&self, show: Show) -> Result<(), NoWindows> {
        let mut answer = Ok(());
        self.queue.send_if_modified(|queue| {
            if !queue.attached && !queue.offered {
                answer = Err(NoWindows);
                return false;
            }
            queue.push(show);
            true
        });
        answer
    }

    /// Asks whoever shows windows to close them all; wishes that wait are forgotten.
    pub fn close(&self) {
        self.queue.send_modify(|queue| {
            queue.waiting.clear();
            queue.waiting.extend(queue.attached.then_some(Show::Nothing));
        });
    }

    /// Becomes the one that shows windows; `None` while another is.
    #[must_use]
    pub fn attach(&self) -> Option<Attached> {
        let free = self.queue.send_if_modified(|queue| {
            let free = !queue.attached;
            queue.attached = true;
            free
        });
        free.then(|| Attached { windows: self.clone(), changes: self.queue.subscribe() })
    }

    /// Promises to start a process that attaches whenever one is wanted.
    #[must_use]
    pub fn offer(&self) -> Offer {
        self.queue.send_modify(|queue| queue.offered = true);
        Offer { windows: self.clone(), changes: self.queue.subscribe() }
    }

    fn take(&self) -> Option<Show> {
        let mut next = None;
        self.queue.send_if_modified(|queue| {
            next = queue.waiting.pop_front();
            // Nobody waits for a queue to become shorter.
            false
        });
        next
    }
}

/// The right to show windows, until dropped. What is not taken by then waits for the next one.
#[derive(Debug)]
pub struct Attached {
    windows: Windows,
    changes: watch::Receiver<Queue>,
}

impl Attached {
    /// The next wish. Losing the future loses no wish.
    pub async fn next(&mut self) -> Show {
        loop {
            if let Some(show) = self.windows.take() {
                return show;
            }
            // The sender lives in this value: it never closes.
            let _ = self.changes.wait_for(|queue| !queue.waiting.is_empty()).await;
        }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.windows.queue.send_modify(|queue| queue.attached = false);
    }
}

/// The promise to start a process for windows, until dropped; then wishes are refused, and waiting ones forgotten.
#[derive(Debug)]
pub struct Offer {
    windows: Windows,
    changes: watch::Receiver<Queue>,
}

impl Offer {
    /// Waits until a wish waits and nobody takes it.
    pub async fn wanted(&mut self) {
        // The sender lives in this value: it never closes.
        let _ = self.changes.wait_for(|queue| !queue.attached && !queue.waiting.is_empty()).await;
    }

    /// Waits until somebody has attached.
    pub async fn taken(&mut self) {
        let _ = self.changes.wait_for(|queue| queue.attached).await;
    }

    /// Forgets the waiting wishes: no process can be had.
    pub fn give_up(&self) {
        self.windows.queue.send_modify(|queue| queue.waiting.clear());
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        self.windows.queue.send_modify(|queue| {
            queue.offered = false;
            // Whoever is attached still takes what waits, above all that the windows close.
            if !queue.attached {
                queue.waiting.clear();
            }
        });
    }
}

/// `GET /api/v1/windows`: attaches; answers with the stream of wishes. Needs the key.
pub(crate) async fn attach(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    shared.demand_key(&headers)?;
    let attached = shared.api.windows.attach().ok_or(ApiError::WindowAttached)?;
    let place = (attached, shared.api.closing.clone());
    Ok(respond(stream::unfold(place, async |(mut attached, closing)| {
        let bytes = next(&mut attached, &closing).await?;
        Some((Ok(bytes), (attached, closing)))
    })))
}

async fn next(attached: &mut Attached, closing: &CancellationToken) -> Option<Bytes> {
    tokio::select! {
        biased;
        // First, so that the wish to close all windows comes before the end of the stream.
        show = attached.next() => Some(event("show", &Wish::from(show))),
        () = closing.cancelled() => None,
        () = sleep(HEARTBEAT) => Some(comment("still here")),
    }
}

/// `POST /api/v1/windows`: asks for a window.
pub(crate) async fn ask(
    State(shared): State<Arc<Shared>>,
    wish: Result<Json<Wish>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    let Json(wish) =
        wish.map_err(|_| refuse("The body must name a window: popover or dashboard."))?;
    shared.api.windows.ask(wish.into()).map_err(|NoWindows| ApiError::NoWindows)?;
    Ok(StatusCode::ACCEPTED)
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::SessionId;

    use super::*;

    fn dashboard(session: usize) -> Show {
        Show::Dashboard { session: Some(SessionId::new(session.to_string())) }
    }

    /// Scenario: a wish while nothing can show windows, while a launcher offers to, while a process is
    /// attached, and after it left with a wish untaken; the user quits.
    /// Guarantees: refused, kept, taken in order, kept for the next process; the end comes before all else.
    #[tokio::test]
    async fn wishes_wait_for_whoever_shows_windows() {
        let windows = Windows::default();
        assert_eq!(windows.ask(dashboard(0)), Err(NoWindows));

        let mut offer = windows.offer();
        windows.ask(dashboard(1)).unwrap();
        offer.wanted().await;
        let mut process = windows.attach().unwrap();
        offer.taken().await;
        assert!(windows.attach().is_none());
        windows.ask(dashboard(2)).unwrap();
        assert_eq!(process.next().await, dashboard(1));
        drop(process);
        offer.wanted().await;
        let mut next = windows.attach().unwrap();
        assert_eq!(next.next().await, dashboard(2));

        windows.ask(dashboard(4)).unwrap();
        windows.close();
        assert_eq!(next.next().await, Show::Nothing);

        drop((next, offer));
        assert_eq!(windows.ask(dashboard(3)), Err(NoWindows));
    }

    /// Scenario: more wishes than can wait; then no process can be had.
    /// Guarantees: the newest stay; then none does, so that a later one does not bring back old ones.
    #[tokio::test]
    async fn the_queue_is_bounded() {
        let windows = Windows::default();
        let offer = windows.offer();
        for session in 0..WAITING + 2 {
            windows.ask(dashboard(session)).unwrap();
        }
        let mut process = windows.attach().unwrap();
        assert_eq!(process.next().await, dashboard(2));
        offer.give_up();
        windows.ask(dashboard(99)).unwrap();
        assert_eq!(process.next().await, dashboard(99));
    }
}
