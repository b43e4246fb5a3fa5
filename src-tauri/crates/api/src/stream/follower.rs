//! One client's place in what happens.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use plimsoll_domain::{Revision, health::Status};
use plimsoll_ledger::{Commit, LedgerError};
use plimsoll_watch::Snapshot;
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, sleep_until},
};

use super::{
    change::{Seen, compacted, difference},
    frame::{Frames, HEARTBEAT, comment, event},
};
use crate::{Shared, dto};

/// At most one change is sent in this time; what happens meanwhile is told together.
const BETWEEN_CHANGES: Duration = Duration::from_millis(20);

/// How many changes of the ledger are read at once by a client that is behind.
const PAGE: u32 = 256;

/// Told to clients first of all: how many milliseconds to wait before they reconnect.
const RETRY: &[u8] = b"retry: 1000\n";

/// One client's place: what it was sent last, and up to which revision it knows the books.
pub(super) struct Follower {
    shared: Arc<Shared>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    status: watch::Receiver<Arc<Status>>,
    commits: broadcast::Receiver<Arc<Commit>>,
    /// `None` until the snapshot is sent.
    seen: Option<Seen>,
    /// The last revision sent, or the present at the start.
    position: Revision,
    /// Whether the ledger may hold changes after `position` that `commits` will not bring.
    behind: bool,
    /// Whether snapshot or status have changed since they were sent.
    stirred: bool,
    /// When the next change may be sent.
    change_due: Instant,
    /// When a heartbeat is sent, unless something else is before.
    heartbeat_due: Instant,
}

/// What a client waited for.
enum Wake {
    /// A newer snapshot or status, the end of the pause between changes, or nothing but the heartbeat.
    Look,
    /// A commit.
    Commit(Arc<Commit>),
    /// More commits than this client can follow.
    Lagged,
    /// Nothing happened for so long that a heartbeat is due.
    Silence,
    /// Nothing more will come.
    End,
}

impl Follower {
    /// Begins after a revision, or at the present. A revision of the future is of other books (the file was
    /// replaced): then it begins at the present too.
    pub(super) fn new(shared: Arc<Shared>, after: Option<Revision>) -> Self {
        // Subscribed before the books are looked at: what is committed in between comes twice, and the
        // second time is recognised by its revision.
        let commits = shared.api.ledger.commits();
        let present = shared.api.ledger.revision();
        let position = after.map_or(present, |after| after.min(present));
        let now = Instant::now();
        Self {
            snapshots: shared.api.snapshots.clone(),
            status: shared.api.status.clone(),
            commits,
            seen: None,
            position,
            behind: position < present,
            stirred: false,
            change_due: now,
            heartbeat_due: now + HEARTBEAT,
            shared,
        }
    }

    /// The next bytes for this client; `None` at the end of the stream.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        let bytes = self.find().await?;
        self.heartbeat_due = Instant::now() + HEARTBEAT;
        Some(bytes)
    }

    async fn find(&mut self) -> Option<Bytes> {
        loop {
            if self.shared.api.closing.is_cancelled() {
                return None;
            }
            if let Some(bytes) = self.live() {
                return Some(bytes);
            }
            if self.behind {
                match self.catch_up().await {
                    Ok(Some(bytes)) => return Some(bytes),
                    Ok(None) => continue,
                    Err(error) => {
                        // The client reconnects and says where it was: nothing is skipped.
                        tracing::warn!(%error, "read the ledger for a stream");
                        return None;
                    }
                }
            }
            match self.wait().await {
                Wake::Look => {}
                Wake::Lagged => self.behind = true,
                Wake::Commit(commit) if commit.unlisted => self.behind = true,
                Wake::Commit(commit) => {
                    if let Some(bytes) = self.tell(&commit) {
                        return Some(bytes);
                    }
                }
                Wake::Silence => return Some(comment("still here")),
                Wake::End => return None,
            }
        }
    }

    fn live(&mut self) -> Option<Bytes> {
        match self.seen.take() {
            None => Some(self.begin()),
            Some(before) => self.change(before),
        }
    }

    /// The snapshot, as the first event.
    fn begin(&mut self) -> Bytes {
        let now = self.look();
        let snapshot = dto::Snapshot::new(&now.snapshot, &now.status, self.shared.resident());
        let bytes = [RETRY, &event("snapshot", &snapshot)].concat();
        self.seen = Some(now);
        self.change_due = Instant::now() + BETWEEN_CHANGES;
        bytes.into()
    }

    /// What changed since the client was told, where there is something and it may be told now.
    fn change(&mut self, before: Seen) -> Option<Bytes> {
        let stirred = self.stirred
            || self.snapshots.has_changed().unwrap_or(false)
            || self.status.has_changed().unwrap_or(false);
        let now = Instant::now();
        if !stirred || now < self.change_due {
            self.seen = Some(before);
            return None;
        }
        self.stirred = false;
        let mut newest = self.look();
        let change = difference(&before, &newest, self.shared.resident());
        let version = change.as_ref().map_or(before.version, |change| change.version);
        let bytes = change.map(|change| {
            let compacted = compacted(&before, &newest);
            let events = compacted.iter().map(|one| event("session.compacted", one));
            let all: Vec<Bytes> = [event("change", &change)].into_iter().chain(events).collect();
            Bytes::from(all.concat())
        });
        newest.version = version;
        self.seen = Some(newest);
        if bytes.is_some() {
            self.change_due = now + BETWEEN_CHANGES;
        }
        bytes
    }

    fn look(&mut self) -> Seen {
        let snapshot = Arc::clone(&self.snapshots.borrow_and_update());
        Seen::new(snapshot, Arc::clone(&self.status.borrow_and_update()))
    }

    /// The next page of the books after this client's position; `None` when it has caught up with what
    /// `commits` will bring.
    async fn catch_up(&mut self) -> Result<Option<Bytes>, LedgerError> {
        let changes = self.shared.api.ledger.changes(self.position, PAGE).await?;
        self.behind = u32::try_from(changes.len()).unwrap_or(PAGE) >= PAGE;
        let snapshot = Arc::clone(&self.snapshots.borrow());
        Ok(self.advance(&Frames::of(&changes, &snapshot, &self.shared.api.calendar)))
    }

    /// What a commit tells that this client does not know.
    fn tell(&mut self, commit: &Arc<Commit>) -> Option<Bytes> {
        let snapshot = Arc::clone(&self.snapshots.borrow());
        let frames = self.shared.encoded.of(commit, &snapshot, &self.shared.api.calendar);
        self.advance(&frames)
    }

    fn advance(&mut self, frames: &Frames) -> Option<Bytes> {
        let (bytes, reached) = frames.after(self.position)?;
        self.position = reached;
        Some(bytes)
    }

    async fn wait(&mut self) -> Wake {
        tokio::select! {
            biased;
            () = self.shared.api.closing.cancelled() => Wake::End,
            commit = self.commits.recv() => match commit {
                Ok(commit) => Wake::Commit(commit),
                Err(broadcast::error::RecvError::Lagged(_)) => Wake::Lagged,
                Err(broadcast::error::RecvError::Closed) => Wake::End,
            },
            newer = self.snapshots.changed(), if !self.stirred => self.stir(newer.is_ok()),
            newer = self.status.changed(), if !self.stirred => self.stir(newer.is_ok()),
            () = sleep_until(self.change_due), if self.stirred => Wake::Look,
            () = sleep_until(self.heartbeat_due) => Wake::Silence,
        }
    }

    fn stir(&mut self, goes_on: bool) -> Wake {
        self.stirred = true;
        if goes_on { Wake::Look } else { Wake::End }
    }
}
