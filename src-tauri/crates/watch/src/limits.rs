//! How long and how much is kept and shown.

use std::time::Duration;

/// A thread is working while something that it did arrived less than this ago.
pub(crate) const WORKING: Duration = Duration::from_secs(2 * 60);

/// A session that is idle is one of earlier when nothing of it arrived for this long.
pub(crate) const EARLIER: Duration = Duration::from_secs(60 * 60);

/// What happened longer ago than this (event time) raises no alert.
pub(crate) const ALERT_AGE: Duration = Duration::from_secs(2 * 60);

/// What could not be claimed is claimed again after this, or with the next commit.
pub(crate) const CLAIM_AGAIN: Duration = Duration::from_secs(1);

/// A subagent is listed while something of it arrived less than this ago. A compaction is not looked for
/// among subagents whose last request was earlier than this before it.
pub(crate) const SUBAGENT_LISTED: Duration = Duration::from_secs(10 * 60);

/// A session is kept while something of it arrived less than this ago.
pub(crate) const SESSION_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Sessions kept at most; the oldest arrivals go first.
pub(crate) const SESSIONS: usize = 500;

/// Subagents listed at most, the fullest.
pub(crate) const SUBAGENTS_LISTED: usize = 8;

/// Threads of one session kept at most; the oldest arrivals go first.
pub(crate) const THREADS: usize = 64;

/// How many of a session's last events are kept one by one, so that what arrives late is put where it
/// belongs. The client's retries are over after some 8 seconds, so that a few dozen suffice. With the one that
/// is being taken in they fill a deque of 64.
pub(crate) const HORIZON: usize = 63;

/// Telemetry that others show to be due is missing after this. Events are exported every 5 seconds, unless the user
/// sets something else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The same of a session that sends metrics only: they are exported once a minute.
pub(crate) const PATIENCE_WITH_METRICS: Duration = Duration::from_secs(2 * 60);

/// Two publications are at least this far apart.
pub(crate) const PUBLICATION_GAP: Duration = Duration::from_millis(20);

/// Compactions of the past that are called to mind at the start.
pub(crate) const RECALLED: u32 = 100;

/// Sessions whose last checkpoint is called to mind at the start: as many as are kept.
pub(crate) const REMINDED: u32 = 500;
