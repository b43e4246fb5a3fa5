//! Whether a session's telemetry comes: what others tell and telemetry has to tell too is waited for.

use std::time::Duration;

use plimsoll_domain::{Timestamp, Tokens, Witness};
use plimsoll_ledger::{Activity, ActivityKind};

use crate::{Lack, limits::PATIENCE};

/// Events are exported so often, unless the user sets something else.
const EXPORT: Duration = Duration::from_secs(5);

/// Telemetry that came before and comes no more, while others tell of what it has to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Silence {
    /// When it last arrived; events where they ever came.
    pub(crate) since: Timestamp,
    /// When it was last missed. In the future while it may still come.
    pub(crate) at: Timestamp,
}

/// What was heard of a session's telemetry, and what was not.
#[derive(Debug, Default)]
pub(crate) struct Hearing {
    /// When it last arrived.
    last: Option<Timestamp>,
    /// When an event last arrived. Who sends events has to tell of everything by them: metrics tell no context.
    last_event: Option<Timestamp>,
    /// The first thing that it should have told, by event time.
    first_due: Option<Timestamp>,
    /// The arrivals of the first and the last thing of which others told as it happened, after telemetry was last
    /// heard. In between are only more of them.
    waiting: Option<(Timestamp, Timestamp)>,
}

impl Hearing {
    /// Takes an activity in.
    pub(crate) fn take(&mut self, activity: &Activity) {
        if is_event(activity) {
            self.hear_event(activity.arrived);
        } else if matches!(activity.kind, ActivityKind::Metered { .. }) {
            self.hear_metric(activity.arrived);
        } else if is_due(&activity.kind) {
            self.wait(activity);
        }
    }

    /// An event arrived, or telemetry of which only that is known.
    pub(crate) fn hear_event(&mut self, arrived: Timestamp) {
        self.last_event = self.last_event.max(Some(arrived));
        self.last = self.last.max(Some(arrived));
        self.wait_no_more(arrived);
    }

    /// A metric arrived. It is enough where events never came.
    pub(crate) fn hear_metric(&mut self, arrived: Timestamp) {
        self.last = self.last.max(Some(arrived));
        if self.last_event.is_none() {
            self.wait_no_more(arrived);
        }
    }

    fn wait_no_more(&mut self, arrived: Timestamp) {
        self.waiting = self.waiting.and_then(|(first, last)| {
            let first = if first > arrived { first } else { last };
            (first > arrived).then_some((first, last))
        });
    }

    /// Something happened that telemetry has to tell. What a transcript tells later says nothing of telemetry: then
    /// it was Plimsoll that did not listen.
    pub(crate) fn wait(&mut self, activity: &Activity) {
        let Activity { at, arrived, .. } = *activity;
        self.first_due = Some(self.first_due.map_or(at, |first| first.min(at)));
        // An event that came just before may have been of this very thing.
        let is_request = matches!(activity.kind, ActivityKind::Request { .. });
        if !is_request && self.last_event.is_some_and(|event| arrived.since(event) <= EXPORT) {
            return;
        }
        if arrived.since(at) <= PATIENCE && Some(arrived) > self.last_event.or(self.last) {
            let (first, last) = self.waiting.unwrap_or((arrived, arrived));
            self.waiting = Some((first.min(arrived), last.max(arrived)));
        }
    }

    /// Whether any telemetry ever came.
    pub(crate) fn is_told(&self) -> bool {
        self.last.is_some()
    }

    /// What is wrong with the telemetry, as of `now`.
    pub(crate) fn lack(&self, patience: Duration, now: Timestamp) -> Option<Lack> {
        let due = self.due(patience).is_some_and(|due| due <= now);
        let lack = match (self.last, self.last_event, self.waiting) {
            (None, ..) => Lack::NoTelemetry,
            (Some(last), Some(event), Some((first, _))) if last > first => {
                Lack::EventsSilentSince(event)
            }
            (Some(last), ..) => Lack::SilentSince(last),
        };
        due.then_some(lack)
    }

    /// The silence of its telemetry, where something was told without it while Plimsoll was `listening`: what others told
    /// at first may have been of a time in which nobody listened. `since` stays the same for as long as it lasts.
    pub(crate) fn silence(&self, patience: Duration, listening: Timestamp) -> Option<Silence> {
        let since = self.last_event.or(self.last)?;
        let (first, last) = self.waiting.filter(|(_, last)| *last >= listening)?;
        let due = first.max(listening).after(patience);
        Some(Silence { since, at: due.max(last) })
    }

    /// When it is missing unless it comes before.
    pub(crate) fn due(&self, patience: Duration) -> Option<Timestamp> {
        let since = match self.last {
            None => self.first_due,
            Some(_) => self.waiting.map(|(first, _)| first),
        };
        since.map(|since| since.after(patience))
    }
}

/// Whether events told of it: what came over a client's connection, or bears their name.
fn is_event(activity: &Activity) -> bool {
    match &activity.kind {
        ActivityKind::Request { witnesses, .. } => witnesses.contains(Witness::Event),
        ActivityKind::Compaction(_, witness) => *witness == Witness::Event,
        ActivityKind::Metered { .. } | ActivityKind::Status(_) => false,
        _ => activity.process.is_some(),
    }
}

/// Whether telemetry tells of such a thing too, within moments. A status line is due where it shows a new request.
fn is_due(kind: &ActivityKind) -> bool {
    match kind {
        ActivityKind::Request { tokens, .. } => is_complete(*tokens),
        ActivityKind::Compaction(compaction, _) => compaction.success,
        ActivityKind::Size(_) => true,
        _ => false,
    }
}

/// Whether an answer came to its end. Of one that is still being written, or was aborted, a transcript tells a single
/// token, and telemetry may never tell of the latter.
fn is_complete(tokens: Tokens) -> bool {
    tokens.output > 1
}
