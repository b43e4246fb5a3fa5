//! One live session: what its activities leave.

mod alerts;
mod view;
mod warnings;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use plimsoll_domain::{
    AgentId, Checkpoint, Compaction, CompactionTrigger, Level, Life, Model, QuerySource, Start,
    StatusReport, Timestamp, Witness,
};
use plimsoll_ledger::{Activity, ActivityKind, SessionSummary, Usage};

use crate::{
    SessionView,
    event::{Event, Report, Request, Telling, What},
    hearing::Hearing,
    limits::{PATIENCE, PATIENCE_WITH_METRICS, SESSION_KEPT, SUBAGENT_LISTED, THREADS, WORKING},
    rules::{Rules, Shared},
    thread::ThreadId,
    timeline::Timeline,
    window::Named,
};

/// A session of which something real happened.
#[derive(Debug)]
pub(crate) struct Session {
    books: SessionSummary,
    /// When anything of it last showed that it lives and the books did not know: metrics that an idle client
    /// sends again unchanged are no news.
    last_arrival: Timestamp,
    /// The same of events.
    last_event: Option<Timestamp>,
    /// When metrics of it last arrived that told something new.
    last_metered: Option<Timestamp>,
    /// When the client last left it and when it last did anything, by event time.
    left: Option<Timestamp>,
    last_act: Option<Timestamp>,
    timeline: Timeline,
    named: Named,
    /// What metrics last named, and when.
    metered: Option<(Timestamp, Model)>,
    /// What hooks or the status line last named, and when.
    model_told: Option<(Timestamp, Model)>,
    /// When a status line was last shown, and the context that one last showed.
    last_status: Option<Timestamp>,
    shown: Option<Report>,
    hearing: Hearing,
    presence: BTreeMap<ThreadId, Presence>,
    /// The checkpoint that was last acknowledged.
    checkpoint: Option<Arc<Checkpoint>>,
    view: Option<Arc<SessionView>>,
    /// When the view may next differ by time alone; `None` while facts are newer than the view.
    due: Option<Timestamp>,
}

/// What is known of a thread beside its gauge. The main thread of a process answers for the whole process.
#[derive(Debug)]
struct Presence {
    last_arrival: Timestamp,
    name: Option<Arc<str>>,
    /// The highest level that spoke last.
    spoke: Option<Spoke>,
}

/// A level that spoke.
#[derive(Debug, Clone, Copy)]
struct Spoke {
    level: Level,
    /// Event time of the request that reached it.
    at: Timestamp,
    /// Start of the thread's cycle.
    cycle: Timestamp,
}

impl Session {
    /// A session of which this is the first activity, and what its books say of it where they say anything; the activity
    /// itself is still to be applied.
    pub(crate) fn first_seen(activity: &Activity, books: Option<&SessionSummary>) -> Self {
        Self {
            books: SessionSummary {
                session: activity.session.clone(),
                project: books.and_then(|books| books.project.clone()),
                branch: books.and_then(|books| books.branch.clone()),
                client_version: books.and_then(|books| books.client_version.clone()),
                first_at: activity.at,
                last_at: activity.at,
                last_arrival: activity.arrived,
                usage: Usage::default(),
                has_events: false,
                has_metrics: false,
                has_transcript: false,
                has_hooks: false,
                last_telemetry: None,
            },
            last_arrival: lived(activity),
            last_event: None,
            last_metered: None,
            left: None,
            last_act: None,
            timeline: Timeline::default(),
            named: Named::default(),
            metered: None,
            model_told: None,
            last_status: None,
            shown: None,
            hearing: Hearing::default(),
            presence: BTreeMap::new(),
            checkpoint: None,
            view: None,
            due: None,
        }
    }

    /// Takes an activity in. [`Session::settle`] follows after the batch.
    pub(crate) fn apply(&mut self, activity: &Activity, shared: &Shared) {
        self.due = None;
        let Activity { at, arrived, .. } = *activity;
        self.last_arrival = self.last_arrival.max(lived(activity));
        self.books.first_at = self.books.first_at.min(at);
        self.books.last_at = self.books.last_at.max(at);
        self.books.has_transcript |= is_of_file(&activity.kind);
        self.hearing.take(activity);
        match &activity.kind {
            ActivityKind::Metered { model, million_window } => {
                self.last_metered = self.last_metered.max(Some(arrived));
                self.metered = self.metered.take().max(Some((at, model.clone())));
                if *million_window && self.named.million(model, at) {
                    self.timeline.judge_anew();
                }
            }
            ActivityKind::Status(report) => self.status(activity, report, shared),
            ActivityKind::Life(Life::Ended(_)) => self.left = self.left.max(Some(at)),
            _ => self.act(activity, shared),
        }
    }

    /// The client did something.
    fn act(&mut self, activity: &Activity, shared: &Shared) {
        let lived = lived(activity);
        self.last_act = self.last_act.max(Some(activity.at));
        self.last_event = self.last_event.max(Some(lived));
        if activity.process.is_some() || !may_be_of_any(&activity.kind) {
            self.arrived(ThreadId::main(activity.process), lived, None);
        }
        if let Some(what) = self.moved(activity) {
            self.insert(Event { at: activity.at, what }, shared);
        }
    }

    fn insert(&mut self, event: Event, shared: &Shared) {
        self.timeline.insert(event, shared.rules(&self.books, &self.named));
    }

    /// What its threads are judged by.
    fn rules<'a>(&'a self, shared: &'a Shared) -> Rules<'a> {
        shared.rules(&self.books, &self.named).having_seen(self.timeline.end().lessons())
    }

    /// What an activity does to a gauge; `None` for most.
    fn moved(&mut self, activity: &Activity) -> Option<What> {
        match &activity.kind {
            ActivityKind::Request { key, witnesses, source: QuerySource::Auxiliary, .. } => {
                // A transcript may have told of it as of a subagent's.
                if witnesses.contains(Witness::Event) {
                    self.timeline.retract(Request::name(key));
                }
                None
            }
            // A request without any tokens tells nothing: some gateways report none.
            ActivityKind::Request { tokens, .. } if !tokens.is_zero() => {
                self.request(activity).map(What::Request)
            }
            ActivityKind::Compaction(compaction, witness) if compaction.success => {
                Some(What::Compaction(telling(activity, compaction, *witness)))
            }
            ActivityKind::Prompt { command: Some(command) } if **command == *"clear" => {
                Some(What::Clear(activity.process))
            }
            ActivityKind::Life(Life::Started(Start::Clear)) => Some(What::Clear(activity.process)),
            ActivityKind::Tool { result_bytes: Some(bytes), subagent: false, .. } => {
                Some(What::Added(activity.process, *bytes))
            }
            // A subagent's context begins with other texts, whose size is not known.
            ActivityKind::Size(size) if size.agent.is_none() => Some(What::Size(size.bytes)),
            _ => None,
        }
    }

    fn request(&mut self, activity: &Activity) -> Option<Request> {
        let ActivityKind::Request {
            key, witnesses, source, agent, agent_name, model, tokens, ..
        } = &activity.kind
        else {
            return None;
        };
        let is_subagent = *source == QuerySource::Subagent;
        let agent = agent.clone().filter(|_| is_subagent);
        let stray = is_subagent && agent.is_none();
        let thread = ThreadId { process: activity.process, agent };
        if thread.agent.is_some() {
            self.arrived(thread.clone(), lived(activity), agent_name.as_ref());
        }
        Some(Request {
            name: Request::name(key),
            thread,
            tokens: *tokens,
            model: model.clone(),
            stray,
            by_event: witnesses.contains(Witness::Event),
        })
    }

    fn arrived(&mut self, thread: ThreadId, arrived: Timestamp, name: Option<&Arc<str>>) {
        let presence = self.presence.entry(thread).or_insert_with(|| Presence {
            last_arrival: arrived,
            name: None,
            spoke: None,
        });
        presence.last_arrival = presence.last_arrival.max(arrived);
        if presence.name.is_none() {
            presence.name = name.cloned();
        }
    }

    /// The client shows its status line, which it also does while nothing happens: only a context that differs from
    /// the one shown before is news. A line that was made before the last request shows what was shown before.
    /// They are dated by their arrival, so that none comes late.
    fn status(&mut self, activity: &Activity, report: &StatusReport, shared: &Shared) {
        let at = activity.at;
        if self.last_status >= Some(at) {
            return;
        }
        self.last_status = Some(at);
        let Some(model) = &report.model else { return };
        self.model_told = self.model_told.take().max(Some((at, model.clone())));
        if let Some(window) = report.window
            && self.named.state(model, window, at)
        {
            self.timeline.judge_anew();
        }
        let Some(context) = report.context else { return };
        let fresh = Report { occupancy: context.occupancy(), model: model.clone() };
        if self.shown.as_ref() == Some(&fresh) {
            return;
        }
        self.shown = Some(fresh.clone());
        if fresh.occupancy > 0 && !self.timeline.knows(&fresh) {
            self.hearing.wait(activity);
        }
        self.last_act = self.last_act.max(Some(at));
        self.last_event = self.last_event.max(Some(activity.arrived));
        self.arrived(ThreadId::main(activity.process), activity.arrived, None);
        self.insert(Event { at, what: What::Report(fresh) }, shared);
    }

    /// Takes the session's books in as they now are. What telemetry tells is counted from its arrival, what is read
    /// in files from when it happened: they may be read long after.
    pub(crate) fn summarise(&mut self, books: &SessionSummary) {
        self.due = None;
        let telemetry = books.last_telemetry.unwrap_or_default();
        self.last_arrival = self.last_arrival.max(telemetry).max(books.last_at);
        match books.last_telemetry {
            // Where events never came, or a metric came right then.
            Some(arrived) if !books.has_events || self.last_metered == Some(arrived) => {
                self.hearing.hear_metric(arrived);
            }
            Some(arrived) => self.hearing.hear_event(arrived),
            None => {}
        }
        self.books.clone_from(books);
    }

    fn forget_surplus(&mut self) {
        while self.presence.len() > THREADS {
            let oldest = self.presence.iter().min_by_key(|(id, known)| (known.last_arrival, *id));
            let Some(id) = oldest.map(|(id, _)| id.clone()) else { return };
            self.presence.remove(&id);
            self.timeline.forget(&id);
        }
    }

    /// A checkpoint was acknowledged.
    pub(crate) fn acknowledge(&mut self, checkpoint: &Checkpoint) {
        if self.checkpoint.as_ref().is_none_or(|known| known.at <= checkpoint.at) {
            self.due = None;
            self.checkpoint = Some(Arc::new(checkpoint.clone()));
        }
    }

    /// What it is judged by has changed: the view is made anew.
    pub(crate) fn disturb(&mut self) {
        self.due = None;
    }

    /// The view as of `now`: the same `Arc` as before where nothing in it changed.
    pub(crate) fn refreshed(&mut self, now: Timestamp, shared: &Shared) -> Arc<SessionView> {
        if let Some(view) = &self.view
            && self.due.is_some_and(|due| now < due)
        {
            return Arc::clone(view);
        }
        self.due = Some(self.next_change(now, shared));
        let fresh = self.view_at(now, shared);
        match &self.view {
            Some(view) if **view == fresh => Arc::clone(view),
            _ => Arc::clone(self.view.insert(Arc::new(fresh))),
        }
    }

    /// Hands over a view made by an earlier run, to be kept where nothing in it changed.
    pub(crate) fn adopt(&mut self, view: &Arc<SessionView>) {
        self.view = Some(Arc::clone(view));
        self.due = None;
    }

    /// When it last did something: by events, or by metrics where no event tells of it.
    fn last_active(&self) -> Timestamp {
        self.last_event.or(self.last_metered).unwrap_or(self.last_arrival)
    }

    /// Whether the client left it and did nothing in it since. What it sends of it while it leaves happened before.
    fn is_left(&self) -> bool {
        self.left.is_some() && self.left >= self.last_act
    }

    /// Where it works.
    pub(crate) fn project(&self) -> Option<&str> {
        self.books.project.as_deref()
    }

    /// When something of it last showed that it lives.
    pub(crate) fn last_arrival(&self) -> Timestamp {
        self.last_arrival
    }

    /// When the view may next differ by time alone; the epoch while facts are newer than the view.
    pub(crate) fn due(&self) -> Timestamp {
        self.due.unwrap_or(Timestamp::EPOCH)
    }

    fn next_change(&self, now: Timestamp, shared: &Shared) -> Timestamp {
        let leaves = self.last_arrival.after(SESSION_KEPT);
        let threads = self.presence.iter().flat_map(|(id, presence)| {
            let delisted = id.agent.as_ref().map(|_| presence.last_arrival.after(SUBAGENT_LISTED));
            [Some(presence.last_arrival.after(WORKING)), delisted]
        });
        let patience = self.patience();
        let silence = self.hearing.silence(patience, shared.listening()).map(|silence| silence.at);
        threads
            .flatten()
            .chain([self.last_active().after(WORKING), leaves])
            .chain(self.hearing.due(patience))
            .chain(silence)
            .filter(|moment| *moment > now)
            .min()
            .unwrap_or(leaves)
    }

    /// How long telemetry that is due is waited for.
    fn patience(&self) -> Duration {
        let metrics_only = self.books.has_metrics && !self.books.has_events;
        if metrics_only { PATIENCE_WITH_METRICS } else { PATIENCE }
    }

    /// What is known of the same subagent, or of the main thread, from those who know no process.
    fn unplaced(&self, agent: Option<&AgentId>) -> Option<&Presence> {
        self.presence.get(&ThreadId { process: None, agent: agent.cloned() })
    }
}

/// Whether something was read in a file, where it may have lain for long.
pub(crate) fn is_of_file(kind: &ActivityKind) -> bool {
    match kind {
        ActivityKind::Request { witnesses, .. } => !witnesses.contains(Witness::Event),
        ActivityKind::Compaction(_, witness) => *witness == Witness::Transcript,
        _ => false,
    }
}

/// Whether something that names no process says nothing of which main thread lives.
fn may_be_of_any(kind: &ActivityKind) -> bool {
    matches!(kind, ActivityKind::Request { agent: Some(_), .. } | ActivityKind::Compaction(..))
}

/// When an activity shows that its session lives.
fn lived(activity: &Activity) -> Timestamp {
    if is_of_file(&activity.kind) { activity.at } else { activity.arrived }
}

fn telling(activity: &Activity, compaction: &Compaction, witness: Witness) -> Telling {
    Telling {
        witness,
        process: activity.process,
        before: compaction.before,
        after: compaction.after,
        manual: compaction.trigger == CompactionTrigger::Manual,
    }
}
