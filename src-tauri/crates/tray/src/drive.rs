//! The loop that keeps what is shown true.

use std::{
    fmt,
    future::{Future, pending},
    sync::Arc,
    time::Duration,
};

use plimsoll_domain::{Calendar, Timestamp, health::Status};
use plimsoll_watch::Snapshot;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::Face;

/// A clock handed in.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Two looks are at least this far apart: eyes follow no more, and each may redraw a panel.
const GAP: Duration = Duration::from_millis(200);

/// What the face is made from.
#[derive(Clone)]
pub struct Sources {
    /// The live sessions.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// The resident's own state.
    pub status: watch::Receiver<Arc<Status>>,
    /// The user's local time.
    pub calendar: Calendar,
    /// The time now.
    pub now: Clock,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("calendar", &self.calendar).finish_non_exhaustive()
    }
}

/// What shows a face: a tray icon of one kind or another.
pub trait Port: Send {
    /// Shows a face instead of the one before. It is not called again before it is done.
    fn show(&mut self, face: Arc<Face>) -> impl Future<Output = ()> + Send;
}

/// Shows the face now and whenever it changes, until told to stop.
pub async fn drive<P: Port>(sources: Sources, port: P, stop: CancellationToken) {
    stop.run_until_cancelled(follow(sources, port)).await;
}

async fn follow<P: Port>(mut sources: Sources, mut port: P) {
    let mut shown: Option<Arc<Face>> = None;
    loop {
        let look = sources.look();
        if shown.as_ref() != Some(&look.face) {
            port.show(Arc::clone(&look.face)).await;
            shown = Some(look.face);
        }
        sources.change(look.due).await;
        sleep_until(look.at + GAP).await;
    }
}

/// What is to be seen at a moment.
struct Look {
    at: Instant,
    face: Arc<Face>,
    /// When it changes by time alone.
    due: Option<Instant>,
}

impl Sources {
    /// What is to be seen now: for a port that must show something from its first moment on.
    #[must_use]
    pub fn face(&self) -> Arc<Face> {
        self.clone().look().face
    }

    fn look(&mut self) -> Look {
        let (at, now) = (Instant::now(), (self.now)());
        let snapshot = self.snapshots.borrow_and_update();
        let status = self.status.borrow_and_update();
        Look {
            at,
            face: Arc::new(Face::of(&snapshot, &status, &self.calendar, now)),
            due: next_earlier(&snapshot, now).map(|moment| at + moment.since(now)),
        }
    }

    /// Waits until something that is shown may have changed.
    async fn change(&mut self, due: Option<Instant>) {
        let due = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = changed(&mut self.snapshots) => {}
            () = changed(&mut self.status) => {}
            () = due => {}
        }
    }
}

/// When a session next becomes one of earlier: the only change that comes without a new snapshot.
fn next_earlier(snapshot: &Snapshot, now: Timestamp) -> Option<Timestamp> {
    let moments = snapshot.sessions.iter().filter_map(|view| view.earlier_from());
    moments.filter(|moment| *moment > now).min()
}

/// Waits for the next value. Where nobody sends any more, nothing changes any more.
async fn changed<T>(values: &mut watch::Receiver<T>) {
    if values.changed().await.is_err() {
        pending::<()>().await;
    }
}

#[cfg(test)]
mod tests;
