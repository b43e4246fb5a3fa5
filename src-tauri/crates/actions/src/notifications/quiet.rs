//! Whether the user wishes for quiet.

use std::{sync::Arc, time::Duration};

use plimsoll_domain::{Calendar, QuietHours, Scope, SessionId, Silence, Timestamp};
use tokio::{sync::watch, time::sleep};

/// What is held back is looked at as often as the clock shows another minute, at least.
const MINUTE: Duration = Duration::from_secs(60);

/// The user's wishes for quiet, as they are now.
#[derive(Debug, Clone)]
pub(super) struct Quiet {
    pub(super) silences: watch::Receiver<Arc<[Silence]>>,
    pub(super) hours: watch::Receiver<Option<QuietHours>>,
    /// By which the hours count.
    pub(super) calendar: Calendar,
}

impl Quiet {
    /// Why something is to be held back that is of a session in a project, or of none; `None`: it is not.
    pub(super) fn wish(
        &self,
        session: Option<&SessionId>,
        project: Option<&str>,
        now: Timestamp,
    ) -> Option<String> {
        let hours = *self.hours.borrow();
        if hours.is_some_and(|hours| hours.covers(self.calendar.minute_of_day(now))) {
            return Some("quiet hours".to_owned());
        }
        let silences = self.silences.borrow();
        let holding = silences.iter().filter(|silence| {
            let covers = match session {
                Some(session) => silence.scope.covers(session, project),
                None => silence.scope == Scope::All,
            };
            silence.holds(now) && covers
        });
        // A mute has no end and counts as the latest.
        let last = holding.max_by_key(|silence| (silence.until.is_none(), silence.until))?;
        Some(match last.until {
            Some(until) => format!("snoozed until {}", self.calendar.clock(until, now)),
            None => "muted".to_owned(),
        })
    }

    /// Waits until there may be less quiet than now. May be dropped while it waits: nothing is lost.
    pub(super) async fn changed(&mut self, now: Timestamp) {
        let next = self.next_change(now);
        tokio::select! {
            // Not less, or it would not be over by the clock when it is by the timer.
            () = sleep(next.since(now) + Duration::from_millis(1)) => {}
            Ok(()) = self.silences.changed() => {}
            Ok(()) = self.hours.changed() => {}
        }
    }

    /// The end of a snooze, or the next minute of the clock, in every time zone.
    fn next_change(&self, now: Timestamp) -> Timestamp {
        let minute = i64::try_from(MINUTE.as_nanos()).unwrap_or(i64::MAX);
        let next = Timestamp::from_stored((now.nanos() / minute + 1).saturating_mul(minute));
        let silences = self.silences.borrow();
        let ends = silences.iter().filter_map(|silence| silence.until).filter(|end| *end > now);
        ends.min().map_or(next, |end| end.min(next))
    }
}
