//! All live sessions.

#[cfg(test)]
mod tests;

use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use plimsoll_domain::{Alert, Calendar, Levels, Revision, SessionId, Timestamp};
use plimsoll_ledger::{Activity, ActivityKind, Commit, History, SessionSummary};

use crate::{
    SessionView, Snapshot,
    day::Day,
    limits::{SESSION_KEPT, SESSIONS},
    plan::Plan,
    session::{Session, is_of_file},
    snapshot::nearer,
};

/// All live sessions: fed with what the ledger committed, it gives snapshots and alerts. Pure: `now` is
/// always an argument. Activities may come in any order and more than once.
#[derive(Debug)]
pub struct Fleet {
    levels: Levels,
    sessions: HashMap<SessionId, Session>,
    day: Day,
    plan: Plan,
    revision: Revision,
    last_arrival: Option<Timestamp>,
}

impl Fleet {
    /// A fleet of which nothing is known yet.
    #[must_use]
    pub fn new(levels: Levels, calendar: Calendar, now: Timestamp) -> Self {
        Self {
            levels,
            sessions: HashMap::new(),
            day: Day::new(calendar, now),
            plan: Plan::default(),
            revision: Revision::default(),
            last_arrival: None,
        }
    }

    /// How far back a history must reach: a day of sessions, and the present local day, which may be longer.
    pub(crate) fn horizon(calendar: &Calendar, now: Timestamp) -> Timestamp {
        now.before(SESSION_KEPT).min(calendar.day_start(now))
    }

    /// Takes the recent past in. Gives the alerts that are owed, none of them claimed yet.
    pub fn begin(&mut self, history: History, now: Timestamp) -> Vec<Alert> {
        self.apply(
            &Commit {
                revision: history.revision,
                changes: Vec::new(),
                unlisted: false,
                activities: history.activities,
                sessions: history.sessions,
                quarters: history.quarters,
            },
            now,
        )
    }

    /// Takes a commit in. Gives the alerts that are owed, none of them claimed yet.
    pub fn apply(&mut self, commit: &Commit, now: Timestamp) -> Vec<Alert> {
        self.day.roll(now);
        self.revision = self.revision.max(commit.revision);
        let mut active = self.take_activities(&commit.activities);
        self.take_books(&commit.sessions);
        for (quarter, usage) in &commit.quarters {
            self.day.set(*quarter, *usage);
        }
        if commit.sessions.is_empty() && !commit.quarters.is_empty() {
            // Use that names no session says nowhere when it arrived; it was committed just now.
            self.last_arrival = self.last_arrival.max(Some(now));
        }
        self.let_go(now);
        active.retain(|id| self.sessions.contains_key(id));
        let owed = active.iter().filter_map(|id| Some(self.sessions.get_mut(id)?.settle(now)));
        owed.flatten().collect()
    }

    /// Applies activities by event time; gives the sessions they belong to.
    fn take_activities(&mut self, activities: &[Activity]) -> BTreeSet<SessionId> {
        let mut ordered: Vec<&Activity> = activities.iter().collect();
        ordered.sort_by_key(|activity| activity.at);
        let mut active = BTreeSet::new();
        for activity in ordered {
            if !is_of_file(&activity.kind) {
                self.last_arrival = self.last_arrival.max(Some(activity.arrived));
            }
            if let ActivityKind::Status(report) = &activity.kind {
                self.plan.tell(report, activity.at);
            }
            if !active.contains(&activity.session) {
                active.insert(activity.session.clone());
            }
            match self.sessions.get_mut(&activity.session) {
                Some(session) => session.apply(activity),
                None => {
                    let mut session = Session::first_seen(activity, self.levels);
                    session.apply(activity);
                    self.sessions.insert(activity.session.clone(), session);
                }
            }
        }
        active
    }

    /// Takes in the books of the sessions that are shown; books alone show none.
    fn take_books(&mut self, books: &[SessionSummary]) {
        for summary in books {
            self.last_arrival = self.last_arrival.max(summary.last_telemetry);
            if let Some(session) = self.sessions.get_mut(&summary.session) {
                session.summarise(summary);
            }
        }
    }

    fn let_go(&mut self, now: Timestamp) {
        self.sessions.retain(|_, session| now.since(session.last_arrival()) < SESSION_KEPT);
        if self.sessions.len() > SESSIONS {
            let mut ages: Vec<(Timestamp, SessionId)> = self
                .sessions
                .iter()
                .map(|(id, session)| (session.last_arrival(), id.clone()))
                .collect();
            ages.sort_by(|one, other| other.cmp(one));
            for (_, id) in &ages[SESSIONS..] {
                self.sessions.remove(id);
            }
        }
    }

    /// Hands over the views of an earlier fleet, so that those that did not change stay the same `Arc`.
    pub(crate) fn adopt(&mut self, earlier: &Snapshot) {
        for view in &earlier.sessions {
            if let Some(session) = self.sessions.get_mut(&view.session) {
                session.adopt(view);
            }
        }
    }

    /// Everything as of `now`.
    pub fn snapshot(&mut self, now: Timestamp, version: u64) -> Snapshot {
        self.day.roll(now);
        self.plan.forget(now);
        self.let_go(now);
        let mut sessions: Vec<Arc<SessionView>> =
            self.sessions.values_mut().map(|session| session.refreshed(now)).collect();
        sessions.sort_by(|one, other| order(one, other));
        Snapshot {
            revision: self.revision,
            version,
            as_of: now,
            sessions,
            today: self.day.today(),
            limits: self.plan.limits(),
            last_arrival: self.last_arrival,
        }
    }

    /// When the snapshot next changes by time alone: a session turns idle or leaves, telemetry that is due is
    /// missing, a subagent leaves, a limit begins anew, the day ends. In the past while facts are newer than the
    /// last snapshot.
    #[must_use]
    pub fn next_change(&self) -> Timestamp {
        let sessions = self.sessions.values().map(Session::due);
        sessions.chain(self.plan.resets()).fold(self.day.ends(), Timestamp::min)
    }
}

/// Nearest to the line first, those without a gauge last, then by last arrival.
fn order(one: &SessionView, other: &SessionView) -> Ordering {
    let by_line = match (&one.gauge, &other.gauge) {
        (Some(gauge), Some(against)) => nearer(gauge, against),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    by_line
        .then_with(|| Reverse(one.last_arrival).cmp(&Reverse(other.last_arrival)))
        .then_with(|| one.session.cmp(&other.session))
}
