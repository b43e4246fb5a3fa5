//! One thread: what a request, a compaction and a clear do to its gauge.

use plimsoll_domain::{AgentId, Level, Levels, Line, Model, ProcessId, Timestamp, Window};

use crate::{
    Gauge,
    window::{Named, Seen},
};

/// A thread within its session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ThreadId {
    /// The client process; `None` where it is not known.
    pub(crate) process: Option<ProcessId>,
    /// The subagent; `None` for the main thread.
    pub(crate) agent: Option<AgentId>,
}

impl ThreadId {
    /// The main thread of a process.
    pub(crate) fn main(process: Option<ProcessId>) -> Self {
        Self { process, agent: None }
    }

    /// Whether it is that thread, or the same subagent without its process.
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        let unknown = self.process.is_none() && self.agent.is_some();
        self.agent == other.agent && (unknown || self.process == other.process)
    }
}

/// What a thread's events are judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// Where the levels lie.
    pub(crate) levels: Levels,
    /// What the client named of windows.
    pub(crate) named: &'a Named,
}

/// What is told of a thread's context at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    /// The moment.
    pub(crate) at: Timestamp,
    /// The model.
    pub(crate) model: &'a Model,
    /// The occupancy.
    pub(crate) occupancy: u64,
    /// How many requests were completed: one, or none where only the context is shown.
    pub(crate) requests: u32,
}

/// The highest level of a cycle, and the request that first reached it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The level.
    pub(crate) level: Level,
    /// Event time of the request.
    pub(crate) at: Timestamp,
    /// Occupancy after the request.
    pub(crate) occupancy: u64,
    /// The line it was measured against.
    pub(crate) line: u64,
}

/// A reading far below the one before it, until a second one agrees.
#[derive(Debug, Clone, Copy)]
struct Held {
    at: Timestamp,
    occupancy: u64,
    requests: u32,
}

/// One thread as its events, taken in order of event time, leave it.
#[derive(Debug, Clone)]
pub(crate) struct Thread {
    model: Model,
    is_main: bool,
    occupancy: u64,
    estimated: bool,
    as_of: Timestamp,
    cycle: Timestamp,
    /// Completed requests of the cycle.
    requests: u32,
    /// Whether nothing was read of the cycle yet: at first, and after a compaction or a clear.
    empty: bool,
    last_reading: Timestamp,
    held: Option<Held>,
    compacted: bool,
    reached: Option<Reach>,
    /// The largest occupancy of a completed request, by model.
    largest: Vec<(Model, u64)>,
    /// Made of requests that name no subagent, before any main request.
    pub(crate) provisional: bool,
}

impl Thread {
    /// A thread of which the first reading is about to come.
    pub(crate) fn new(model: Model, is_main: bool, at: Timestamp) -> Self {
        Self {
            model,
            is_main,
            occupancy: 0,
            estimated: false,
            as_of: at,
            cycle: at,
            requests: 0,
            empty: true,
            last_reading: at,
            held: None,
            compacted: false,
            reached: None,
            largest: Vec::new(),
            provisional: false,
        }
    }

    /// A request was completed, or the context is shown.
    pub(crate) fn read(&mut self, reading: Reading<'_>, rules: Rules<'_>) {
        let Reading { at, model, occupancy, requests } = reading;
        self.note_evidence(model, occupancy);
        self.last_reading = at;
        let line = self.line(model, Some(at), rules).1.tokens;
        if self.begins_cycle(model, line) {
            self.begin(at);
        } else if is_far_below(occupancy, self.occupancy) {
            let Some(first) = self.held else {
                self.held = Some(Held { at, occupancy, requests });
                self.requests = self.requests.saturating_add(requests);
                return;
            };
            self.begin(first.at);
            self.requests = first.requests;
        }
        if self.model != *model {
            self.model = model.clone();
        }
        self.held = None;
        self.empty = false;
        self.compacted = false;
        self.estimated = false;
        self.occupancy = occupancy;
        self.as_of = at;
        self.requests = self.requests.saturating_add(requests);
        self.measure(rules.levels, line);
    }

    /// Whether a reading would say nothing new.
    pub(crate) fn stands_at(&self, model: &Model, occupancy: u64) -> bool {
        !self.empty && self.model == *model && self.occupancy == occupancy
    }

    /// Whether a reading starts a new cycle whatever its size. A line that moved starts one where a level
    /// was reached on the way to the old line: each level may then speak anew.
    fn begins_cycle(&self, model: &Model, line: u64) -> bool {
        self.empty || self.model != *model || self.reached.is_some_and(|reach| reach.line != line)
    }

    fn begin(&mut self, at: Timestamp) {
        self.cycle = at;
        self.requests = 0;
        self.reached = None;
    }

    fn measure(&mut self, levels: Levels, line: u64) {
        let Some(level) = levels.reached(self.occupancy, line) else { return };
        if self.reached.is_none_or(|reach| level > reach.level) {
            let (at, occupancy) = (self.as_of, self.occupancy);
            self.reached = Some(Reach { level, at, occupancy, line });
        }
    }

    /// The context was compacted to `after` tokens by the client's estimate.
    pub(crate) fn compact(&mut self, at: Timestamp, after: Option<u64>) {
        self.empty(at, after.unwrap_or(0));
        self.compacted = true;
    }

    /// The context was cleared; what the next request re-sends is not known.
    pub(crate) fn clear(&mut self, at: Timestamp) {
        self.empty(at, 0);
        self.compacted = false;
    }

    fn empty(&mut self, at: Timestamp, occupancy: u64) {
        self.begin(at);
        self.held = None;
        self.empty = true;
        self.occupancy = occupancy;
        self.estimated = true;
        self.as_of = at;
    }

    /// Takes in what a request tells of the model's window, and nothing else of it.
    pub(crate) fn note_evidence(&mut self, model: &Model, occupancy: u64) {
        match self.largest.iter_mut().find(|(known, _)| known == model) {
            Some((_, largest)) => *largest = occupancy.max(*largest),
            None => self.largest.push((model.clone(), occupancy)),
        }
    }

    /// Window and line of a model, by what was known until a moment, or by all that is known.
    fn line(&self, model: &Model, until: Option<Timestamp>, rules: Rules<'_>) -> (Window, Line) {
        let largest = self.largest.iter().find(|(known, _)| known == model);
        let largest = largest.map_or(0, |(_, largest)| *largest);
        let window = rules.named.window(model, Seen { main: self.is_main, largest }, until);
        (window, Line::by_formula(model, window))
    }

    /// The gauge by all that is known now.
    pub(crate) fn gauge(&self, rules: Rules<'_>) -> Gauge {
        let (window, line) = self.line(&self.model, None, rules);
        Gauge {
            occupancy: self.occupancy,
            estimated: self.estimated,
            window,
            line,
            level: rules.levels.reached(self.occupancy, line.tokens),
            cycle: self.cycle,
            requests: self.requests,
            as_of: self.as_of,
        }
    }

    /// How well `before` fits as this thread's occupancy just before a compaction, in millionths. A held
    /// request counts too: a compaction shows that it was right.
    pub(crate) fn fit(&self, before: u64) -> u64 {
        let fit = |occupancy: u64| {
            let (low, high) = (occupancy.min(before), occupancy.max(before).max(1));
            u64::try_from(u128::from(low) * 1_000_000 / u128::from(high)).unwrap_or(1_000_000)
        };
        fit(self.occupancy).max(self.held.map_or(0, |held| fit(held.occupancy)))
    }

    /// The model of its last counted reading.
    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// Event time of its last reading.
    pub(crate) fn last_reading(&self) -> Timestamp {
        self.last_reading
    }

    /// Whether it was emptied and nothing was read of it since.
    pub(crate) fn is_empty(&self) -> bool {
        self.empty
    }

    /// Whether it was compacted and has made no request since.
    pub(crate) fn is_compacted(&self) -> bool {
        self.compacted
    }

    /// Start of the cycle.
    pub(crate) fn cycle(&self) -> Timestamp {
        self.cycle
    }

    /// The highest level of the cycle.
    pub(crate) fn reached(&self) -> Option<Reach> {
        self.reached
    }
}

/// Whether a context shrank by more than answers and attachments come and go: below 80 percent.
fn is_far_below(occupancy: u64, before: u64) -> bool {
    occupancy.saturating_mul(5) < before.saturating_mul(4)
}
