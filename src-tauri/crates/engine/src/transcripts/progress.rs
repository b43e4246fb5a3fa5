//! How far a long reading is, for people.

use std::time::Duration;

use plimsoll_domain::{Timestamp, health::Backfill};
use tokio::time::Instant;

use super::round::Unread;

/// Less than this is read in no time, in bytes.
const WORTH_SHOWING: u64 = 16 * 1024 * 1024;
/// The pause between two posts.
const GAP: Duration = Duration::from_millis(200);

/// Counts what was read, and posts it now and then.
pub(super) struct Progress {
    state: Backfill,
    post: Option<Box<dyn Fn(Backfill) + Send>>,
    posted: Instant,
}

impl Progress {
    /// Of files of which something is unread; posted nowhere.
    pub(super) fn of(files: &[Unread], began: Timestamp) -> Self {
        let state = Backfill {
            files: files.len().try_into().unwrap_or(u64::MAX),
            files_read: 0,
            bytes: files.iter().map(Unread::bytes).sum(),
            bytes_read: 0,
            requests: 0,
            began,
            ended: None,
        };
        Self { state, post: None, posted: Instant::now() }
    }

    /// Whether it takes long enough for people to see it.
    pub(super) fn is_long(&self) -> bool {
        self.state.bytes >= WORTH_SHOWING
    }

    /// The same, posted as it goes.
    pub(super) fn shown(mut self, post: impl Fn(Backfill) + Send + 'static) -> Self {
        post(self.state);
        self.post = Some(Box::new(post));
        self
    }

    /// A part was committed: with it so many files came to their end.
    pub(super) fn add(&mut self, bytes: u64, requests: u64, files: u64) {
        self.state.bytes_read = self.state.bytes_read.saturating_add(bytes);
        self.state.requests = self.state.requests.saturating_add(requests);
        self.state.files_read = self.state.files_read.saturating_add(files);
        if self.posted.elapsed() >= GAP {
            self.post();
        }
    }

    /// Everything was read.
    pub(super) fn end(&mut self, now: Timestamp) {
        self.state.ended = Some(now);
        self.post();
    }

    fn post(&mut self) {
        self.posted = Instant::now();
        if let Some(post) = &self.post {
            post(self.state);
        }
    }
}
