//! All live sessions.

#[cfg(test)]
mod tests;

use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use plimsoll_domain::{
    Alert, Calendar, Checkpoint, CompactionRecord, Lesson, Policy, Revision, SessionId, Timestamp,
    Warning, Warnings, Window, WindowEvidence,
};
use plimsoll_ledger::{Activity, ActivityKind, Change, Commit, History, SessionSummary};

use crate::{
    SessionView, Snapshot,
    day::Day,
    lessons::Taught,
    limits::{SESSION_KEPT, SESSIONS},
    plan::Plan,
    rules::{ClientSettings, Shared},
    session::{Session, is_of_file},
    snapshot::nearer,
    warnings::Lookout,
};

/// All live sessions: fed with what the ledger committed, it gives snapshots, alerts and warnings. Pure: `now` is
/// always an argument. Activities may come in any order and more than once.
#[derive(Debug)]
pub struct Fleet {
    shared: Shared,
    sessions: HashMap<SessionId, Session>,
    day: Day,
    plan: Plan,
    lookout: Lookout,
    revision: Revision,
    last_arrival: Option<Timestamp>,
}

impl Fleet {
    /// A fleet of which nothing is known yet.
    #[must_use]
    pub fn new(
        policy: Arc<Policy>,
        warnings: Warnings,
        calendar: Calendar,
        now: Timestamp,
    ) -> Self {
        Self {
            shared: Shared { policy, began: now, ..Shared::default() },
            sessions: HashMap::new(),
            day: Day::new(calendar, now),
            plan: Plan::default(),
            lookout: Lookout::new(warnings),
            revision: Revision::default(),
            last_arrival: None,
        }
    }

    /// How far back a history must reach: a day of sessions, and the present local day, which may be longer.
    pub(crate) fn horizon(calendar: &Calendar, now: Timestamp) -> Timestamp {
        now.before(SESSION_KEPT).min(calendar.day_start(now))
    }

    /// What the client's settings say is known, or has changed.
    pub fn configure(&mut self, settings: Arc<ClientSettings>) {
        self.shared.settings = settings;
        self.disturb();
    }

    /// Takes in where compactions of the past were. Before [`Fleet::begin`].
    pub fn recall(&mut self, past: &[CompactionRecord]) {
        for record in past {
            let (Some(model), Some(marker)) = (&record.model, record.estimate_before) else {
                continue;
            };
            let largest_occupancy = record.passed.max(record.before.unwrap_or(0));
            let evidence = WindowEvidence { million_named: false, largest_occupancy };
            let lesson = Lesson {
                at: record.at,
                version: record.client_version.clone(),
                passed: record.passed,
                compacted: Some(marker).filter(|marker| *marker > record.passed),
            };
            let taught = Taught {
                model: model.clone(),
                window: Window::resolve(model, evidence),
                believed: None,
                lesson,
            };
            self.shared.lessons.recall(&record.session, record.project.as_ref(), taught);
        }
    }

    /// Whether an alert is to be posted to a web address.
    #[must_use]
    pub fn owes_webhook(&self, alert: &Alert) -> bool {
        let session = self.sessions.get(&alert.thread.session);
        let project = session.and_then(Session::project);
        let terms = self.shared.policy.terms(project, alert.model.as_ref());
        terms.actions.at(alert.level).webhook.is_some()
    }

    fn disturb(&mut self) {
        self.sessions.values_mut().for_each(Session::disturb);
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
        let mut active = self.take_activities(&commit.activities, &commit.sessions);
        self.take_books(&commit.sessions);
        for (quarter, usage) in &commit.quarters {
            self.day.set(*quarter, *usage);
        }
        self.lookout.take(commit, now);
        if commit.sessions.is_empty() && !commit.quarters.is_empty() {
            // Use that names no session says nowhere when it arrived; it was committed just now.
            self.last_arrival = self.last_arrival.max(Some(now));
        }
        self.let_go(now);
        self.acknowledge(&commit.changes);
        active.retain(|id| self.sessions.contains_key(id));
        let mut owed = Vec::new();
        for id in &active {
            let Some(session) = self.sessions.get_mut(id) else { continue };
            owed.extend(session.settle(now, &self.shared));
            let (session, project, taught) = session.lessons(&self.shared);
            if self.shared.lessons.learn(&session, project.as_ref(), taught) {
                self.disturb();
            }
        }
        owed
    }

    fn acknowledge(&mut self, changes: &[Change]) {
        for change in changes {
            if let Change::Checkpoint(checkpoint) = change {
                self.remember(checkpoint);
            }
        }
    }

    /// Takes in a checkpoint that was acknowledged. One of a session that is not shown is nobody's.
    pub(crate) fn remember(&mut self, checkpoint: &Checkpoint) {
        if let Some(session) = self.sessions.get_mut(&checkpoint.session) {
            session.acknowledge(checkpoint);
        }
    }

    /// Applies activities by event time; gives the sessions they belong to. What a session is judged by depends on what its
    /// books say of it, so those that are new are introduced by them.
    fn take_activities(
        &mut self,
        activities: &[Activity],
        books: &[SessionSummary],
    ) -> BTreeSet<SessionId> {
        let books: HashMap<_, _> = books.iter().map(|books| (&books.session, books)).collect();
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
                Some(session) => session.apply(activity, &self.shared),
                None => {
                    let known = books.get(&activity.session).copied();
                    let mut session = Session::first_seen(activity, known);
                    session.apply(activity, &self.shared);
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
        let mut sessions: Vec<Arc<SessionView>> = self
            .sessions
            .values_mut()
            .map(|session| session.refreshed(now, &self.shared))
            .collect();
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

    /// The warnings that are owed now, none of them claimed yet, each once. Some are owed by time alone: to be asked after
    /// every snapshot.
    pub fn warnings(&mut self, now: Timestamp) -> Vec<Warning> {
        let Self { sessions, shared, lookout, .. } = self;
        let of_sessions = sessions.values().flat_map(|session| session.warnings(now, shared));
        lookout.owed(self.plan.limits(), &self.day.today(), of_sessions, now)
    }

    /// When the snapshot next changes, or a warning is owed, by time alone: a session turns idle or leaves, telemetry that
    /// is due is missing, a subagent leaves, a limit begins anew, the day ends. In the past while facts are newer than the
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
