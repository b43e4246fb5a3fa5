//! The threads of one session, as its events in order of event time leave them.

use std::collections::BTreeMap;

use plimsoll_domain::{AgentId, Model, ProcessId, Timestamp};

use crate::{
    event::{Event, Report, Request, What},
    lessons::Taught,
    limits::{SUBAGENT_LISTED, WORKING},
    rules::Rules,
    sizes::Sizes,
    tellings::{Compacted, Tellings},
    thread::{Reading, Thread, ThreadId},
};

/// Compactions of a session that are remembered, the newest.
const LESSONS: usize = 16;

/// The threads of one session at one point of its events.
#[derive(Debug, Clone, Default)]
pub(crate) struct Course {
    threads: BTreeMap<ThreadId, Thread>,
    has_main: bool,
    compactions: u32,
    /// What its compactions taught, the newest last.
    lessons: Vec<Taught>,
    tellings: Tellings,
    /// What went into the main thread since it was empty, as far as hooks told.
    sizes: Option<Sizes>,
}

impl Course {
    /// Takes in the next event in order of event time; `later` are those that are known to follow.
    pub(crate) fn apply<'a>(
        &mut self,
        event: &Event,
        later: impl Iterator<Item = &'a Event>,
        rules: Rules<'_>,
    ) {
        match &event.what {
            What::Request(request) => self.request(event.at, request, rules),
            What::Compaction(telling) => {
                if let Some(compacted) = self.tellings.first(event.at, telling, later) {
                    self.compaction(&compacted, rules);
                }
            }
            What::Clear(process) => self.clear(event.at, *process),
            What::Report(report) => self.report(event.at, report, rules),
            What::Added(process, bytes) => self.add(event.at, *process, *bytes),
            What::Size(bytes) => {
                self.sizes.get_or_insert(Sizes::new(event.at)).grow(event.at, *bytes);
            }
        }
    }

    fn request(&mut self, at: Timestamp, request: &Request, rules: Rules<'_>) {
        let is_main = request.thread.agent.is_none() && !request.stray;
        if request.stray && self.has_main {
            return;
        }
        if is_main && !self.has_main {
            self.has_main = true;
            self.threads.retain(|_, thread| !thread.provisional);
        }
        let id = self.place(at, request);
        let Self { threads, lessons, .. } = self;
        let (rules, process) = (rules.having_seen(lessons), id.process);
        let thread = thread(threads, id, at, &request.model);
        thread.provisional = request.stray;
        let (model, tokens) = (&request.model, &request.tokens);
        let occupancy = request.occupancy();
        thread.read(Reading { at, model, occupancy, request: Some(tokens), process }, rules);
    }

    /// What the client shows is its main thread's; it counts as no request, because that is told elsewhere too. An
    /// emptied context is shown as zeros until the next request: that is not its size.
    fn report(&mut self, at: Timestamp, report: &Report, rules: Rules<'_>) {
        let id = self.heir(None, at, Some(report.occupancy)).unwrap_or(ThreadId::main(None));
        if report.occupancy == 0 {
            if let Some(thread) = self.threads.get_mut(&id)
                && !thread.is_empty()
            {
                thread.clear(at);
            }
            return;
        }
        let Self { threads, lessons, .. } = self;
        let (rules, process) = (rules.having_seen(lessons), id.process);
        let thread = thread(threads, id, at, &report.model);
        let (model, occupancy) = (&report.model, report.occupancy);
        if !thread.stands_at(model, occupancy) {
            thread.read(Reading { at, model, occupancy, request: None, process }, rules);
        }
    }

    /// The result of a tool went into the main thread of a process.
    fn add(&mut self, at: Timestamp, process: Option<ProcessId>, bytes: u64) {
        let told = ThreadId::main(process);
        let id = if process.is_some() { Some(told) } else { self.heir(None, at, None) };
        if let Some(thread) = id.and_then(|id| self.threads.get_mut(&id)) {
            thread.add(bytes);
        }
    }

    /// The thread that a request belongs to. Of one that tells no process it is the heir's; the first process that is
    /// told is the one that the requests before it came from.
    fn place(&mut self, at: Timestamp, request: &Request) -> ThreadId {
        let told = &request.thread;
        if told.process.is_none() {
            let heir = self.heir(told.agent.as_ref(), at, Some(request.occupancy()));
            return heir.unwrap_or_else(|| told.clone());
        }
        let unknown = ThreadId { process: None, agent: told.agent.clone() };
        if self.threads.contains_key(told) {
            return told.clone();
        }
        let thread = self.threads.remove(&unknown).or_else(|| self.resumed(at, request));
        if let Some(thread) = thread {
            self.threads.insert(told.clone(), thread);
        }
        told.clone()
    }

    /// The thread that a new process goes on with: a session that is resumed is as deep as it was left, in the same
    /// cycle. The process that it was left in may go on as well, and then each has a thread of its own.
    fn resumed(&self, at: Timestamp, request: &Request) -> Option<Thread> {
        let is_main = request.thread.agent.is_none() && !request.stray;
        let heir = self.heir(None, at, Some(request.occupancy())).filter(|_| is_main)?;
        let left = self.threads.get(&heir)?;
        left.goes_on_with(&request.model, request.occupancy()).then(|| left.resumed())
    }

    /// The thread that what names no process belongs to: of the session's processes that were working the one whose
    /// context fits best, else the one that worked last; `None` where no process is known.
    pub(crate) fn heir(
        &self,
        agent: Option<&AgentId>,
        at: Timestamp,
        occupancy: Option<u64>,
    ) -> Option<ThreadId> {
        self.threads
            .iter()
            .filter(|(id, _)| id.agent.as_ref() == agent && id.process.is_some())
            .max_by_key(|(id, thread)| {
                let working = at.since(thread.last_reading()) <= WORKING;
                let fit = occupancy.filter(|_| working).map_or(0, |tokens| thread.fit(tokens));
                (working, fit, thread.last_reading(), *id)
            })
            .map(|(id, _)| id.clone())
    }

    fn compaction(&mut self, compacted: &Compacted, rules: Rules<'_>) {
        let id = self.compacted_thread(compacted);
        if id.as_ref().is_none_or(|id| id.agent.is_none()) {
            self.compactions = self.compactions.saturating_add(1);
            self.sizes = None;
        }
        if let Some(thread) = id.and_then(|id| self.threads.get_mut(&id)) {
            self.lessons.extend(thread.compact(compacted, rules));
            let surplus = self.lessons.len().saturating_sub(LESSONS);
            self.lessons.drain(..surplus);
        }
    }

    /// The thread that a compaction fits best: of the process that told of it where its main thread is
    /// known; a manual one only a main thread, for that is where the user types; a subagent only while it
    /// is young. Without a size, the main thread with the last request.
    fn compacted_thread(&self, compacted: &Compacted) -> Option<ThreadId> {
        let same_process = self.threads.contains_key(&ThreadId::main(compacted.process));
        let subagents_too = compacted.before.is_some() && !compacted.manual;
        self.threads
            .iter()
            .filter(|(id, _)| !same_process || id.process == compacted.process)
            .filter(|(id, thread)| {
                let young = compacted.at.since(thread.last_reading()) <= SUBAGENT_LISTED;
                id.agent.is_none() || (subagents_too && young)
            })
            .max_by_key(|(id, thread)| {
                let fit = compacted.before.map_or(0, |before| thread.fit(before));
                (fit, id.agent.is_none(), thread.last_reading(), *id)
            })
            .map(|(id, _)| id.clone())
    }

    fn clear(&mut self, at: Timestamp, process: Option<ProcessId>) {
        self.sizes = None;
        let told = ThreadId::main(process);
        let heir = || self.heir(None, at, None).unwrap_or(told.clone());
        let id = if process.is_some() { told.clone() } else { heir() };
        if let Some(thread) = self.threads.get_mut(&id) {
            thread.clear(at);
        }
    }

    /// Takes in what a request older than all kept events tells of its model's window.
    pub(crate) fn note_evidence(&mut self, at: Timestamp, request: &Request) {
        let told = &request.thread;
        let heir = || self.heir(told.agent.as_ref(), at, None);
        let id = if told.process.is_some() { None } else { heir() };
        if let Some(thread) = self.threads.get_mut(id.as_ref().unwrap_or(told)) {
            thread.note_evidence(&request.model, request.occupancy());
        }
    }

    /// The same request, its texts shared with those of its thread.
    pub(crate) fn shared(&self, request: Request) -> Request {
        match self.threads.get_key_value(&request.thread) {
            Some((id, thread)) if *thread.model() == request.model => {
                Request { thread: id.clone(), model: thread.model().clone(), ..request }
            }
            _ => request,
        }
    }

    /// Forgets a thread.
    pub(crate) fn forget(&mut self, id: &ThreadId) {
        self.threads.remove(id);
    }

    /// What its compactions taught.
    pub(crate) fn lessons(&self) -> &[Taught] {
        &self.lessons
    }

    /// The threads known.
    pub(crate) fn threads(&self) -> impl Iterator<Item = (&ThreadId, &Thread)> {
        self.threads.iter()
    }

    /// Compactions that belong to a main thread, or to none that is known.
    pub(crate) fn compactions(&self) -> u32 {
        self.compactions
    }

    /// What hooks told of the size of the main thread's context.
    pub(crate) fn sizes(&self) -> Option<Sizes> {
        self.sizes
    }
}

/// The thread of this name, which begins with its first reading.
fn thread<'a>(
    threads: &'a mut BTreeMap<ThreadId, Thread>,
    id: ThreadId,
    at: Timestamp,
    model: &Model,
) -> &'a mut Thread {
    let is_main = id.agent.is_none();
    threads.entry(id).or_insert_with(|| Thread::new(model.clone(), is_main, at))
}
