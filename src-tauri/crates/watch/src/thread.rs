//! One thread: what a request, a compaction and a clear do to its gauge.

mod added;
mod cache;

use plimsoll_domain::{
    AgentId, Forecast, Growth, Interval, Lesson, Level, Levels, Line, Model, ProcessId, Timestamp,
    Tokens, Window,
};

use crate::{Gauge, lessons::Taught, rules::Rules, tellings::Compacted, window::Seen};
use added::Added;
use cache::Cache;

pub(crate) use cache::Broke;

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

/// What is told of a thread's context at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    /// The moment.
    pub(crate) at: Timestamp,
    /// The model.
    pub(crate) model: &'a Model,
    /// The occupancy.
    pub(crate) occupancy: u64,
    /// What the request used that was completed; `None` where only the context is shown.
    pub(crate) request: Option<&'a Tokens>,
    /// The process that it is told of.
    pub(crate) process: Option<ProcessId>,
}

/// The highest level of a cycle, and the request that first reached it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The process whose request it was.
    pub(crate) process: Option<ProcessId>,
    /// The level.
    pub(crate) level: Level,
    /// Event time of the request.
    pub(crate) at: Timestamp,
    /// Occupancy after the request.
    pub(crate) occupancy: u64,
    /// The line it was measured against, in tokens.
    pub(crate) line: u64,
    /// Whether the client compacts there.
    pub(crate) compacts: bool,
    /// What was likely to fit before the line.
    pub(crate) forecast: Option<Forecast>,
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
    /// How it grew in the cycle, and its last completed request of it.
    growth: Growth,
    last_request: Option<(Timestamp, u64)>,
    /// What went in since its last reading.
    added: Added,
    /// What its requests of the cycle found in the prompt cache.
    cache: Cache,
    /// The largest occupancy of the cycle after which another request followed.
    passed: u64,
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
            growth: Growth::new(),
            last_request: None,
            added: Added::default(),
            cache: Cache::default(),
            passed: 0,
            provisional: false,
        }
    }

    /// A request was completed, or the context is shown.
    pub(crate) fn read(&mut self, reading: Reading<'_>, rules: Rules<'_>) {
        let Reading { at, model, occupancy, request, process } = reading;
        let requests = u32::from(request.is_some());
        self.note_evidence(model, occupancy);
        self.last_reading = at;
        let (_, line, levels) = self.measured(model, Some(at), rules);
        if self.begins_cycle(model, line.tokens) {
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
        self.grow(reading);
        self.held = None;
        self.empty = false;
        self.compacted = false;
        self.estimated = false;
        self.occupancy = occupancy;
        self.as_of = at;
        self.added = Added::default();
        self.requests = self.requests.saturating_add(requests);
        self.reach(process, &line, &levels);
    }

    /// What a completed request tells of the growth, and of where no line is.
    fn grow(&mut self, reading: Reading<'_>) {
        let Some(tokens) = reading.request else { return };
        self.cache.take(reading.at, tokens);
        if let Some((at, occupancy)) = self.last_request {
            self.growth.grow(reading.occupancy.saturating_sub(occupancy), reading.at.since(at));
            self.passed = self.passed.max(occupancy);
        }
        self.last_request = Some((reading.at, reading.occupancy));
    }

    /// The result of a tool went in after the last reading.
    pub(crate) fn add(&mut self, bytes: u64) {
        if !self.empty {
            self.added.add(bytes);
        }
    }

    /// Whether a request of such a size is the next one of this cycle.
    pub(crate) fn goes_on_with(&self, model: &Model, occupancy: u64) -> bool {
        !self.empty && self.model == *model && !is_far_below(occupancy, self.occupancy)
    }

    /// The same in another process, whose prompt may begin with other texts: what it finds in the cache is no surprise.
    pub(crate) fn resumed(&self) -> Self {
        Self { cache: Cache::default(), ..self.clone() }
    }

    /// Whether a reading would say nothing new.
    pub(crate) fn stands_at(&self, model: &Model, occupancy: u64) -> bool {
        !self.empty && self.model == *model && self.occupancy == occupancy
    }

    /// Whether a reading starts a new cycle whatever its size. A line that moved by much starts one where a level
    /// was reached on the way to the old line: each level may then speak anew.
    fn begins_cycle(&self, model: &Model, line: u64) -> bool {
        let moved = |reach: Reach| reach.line.abs_diff(line).saturating_mul(10) > reach.line;
        self.empty || self.model != *model || self.reached.is_some_and(moved)
    }

    fn begin(&mut self, at: Timestamp) {
        self.cycle = at;
        self.requests = 0;
        self.reached = None;
        self.growth.clear();
        self.last_request = None;
        self.cache.begin();
        self.passed = 0;
    }

    fn reach(&mut self, process: Option<ProcessId>, line: &Line, levels: &Levels) {
        let left = line.tokens.saturating_sub(self.occupancy);
        let usual = self.growth.usual(left);
        let Some(level) = levels.reached(self.occupancy, line.tokens, usual) else { return };
        if self.reached.is_none_or(|reach| level > reach.level) {
            self.reached = Some(Reach {
                process,
                level,
                at: self.as_of,
                occupancy: self.occupancy,
                line: line.tokens,
                compacts: line.compacts(),
                forecast: self.growth.forecast(left, 0),
            });
        }
    }

    /// The context was compacted; what that teaches.
    pub(crate) fn compact(&mut self, compacted: &Compacted, rules: Rules<'_>) -> Option<Taught> {
        let lesson = self.lesson(compacted, rules);
        self.empty(compacted.at, compacted.after.unwrap_or(0));
        self.compacted = true;
        lesson
    }

    /// What an automatic compaction teaches. One at less than the thread had passed is told of another thread, or of
    /// a window that was another one for a moment.
    fn lesson(&self, compacted: &Compacted, rules: Rules<'_>) -> Option<Taught> {
        let marker =
            compacted.before.filter(|before| !compacted.manual && *before > self.passed)?;
        if self.empty {
            return None;
        }
        Some(self.taught(compacted.at, Some(marker), rules))
    }

    fn taught(&self, at: Timestamp, compacted: Option<u64>, rules: Rules<'_>) -> Taught {
        let window = self.window(&self.model, Some(at), rules);
        let version = rules.version.cloned();
        Taught {
            believed: rules.believed(&self.model, window, at),
            model: self.model.clone(),
            window,
            lesson: Lesson { at, version, passed: self.passed, compacted },
        }
    }

    /// How far it has gone in this cycle without compaction.
    pub(crate) fn passing(&self, rules: Rules<'_>) -> Taught {
        self.taught(self.as_of, None, rules)
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
        self.added = Added::default();
    }

    /// Takes in what a request tells of the model's window, and nothing else of it.
    pub(crate) fn note_evidence(&mut self, model: &Model, occupancy: u64) {
        match self.largest.iter_mut().find(|(known, _)| known == model) {
            Some((_, largest)) => *largest = occupancy.max(*largest),
            None => self.largest.push((model.clone(), occupancy)),
        }
    }

    fn window(&self, model: &Model, until: Option<Timestamp>, rules: Rules<'_>) -> Window {
        let largest = self.largest.iter().find(|(known, _)| known == model);
        let largest = largest.map_or(0, |(_, largest)| *largest);
        rules.named.window(model, Seen { main: self.is_main, largest }, until)
    }

    /// Window, line and levels of a model, by what was known until a moment, or by all that is known.
    fn measured(
        &self,
        model: &Model,
        until: Option<Timestamp>,
        rules: Rules<'_>,
    ) -> (Window, Line, Levels) {
        let window = self.window(model, until, rules);
        let terms = rules.terms(model);
        let line = rules.line(model, window, terms.line, self.seen(model, window, rules));
        (window, line, terms.levels)
    }

    /// Where it and the session's other threads were seen to compact, and where it was not.
    fn seen(&self, model: &Model, window: Window, rules: Rules<'_>) -> Interval {
        let seen = rules.seen(model, window);
        let passed = if self.model == *model { self.passed } else { 0 };
        match seen.up_to {
            // It was seen to go on: what it had learned holds no more.
            Some(up_to) if passed >= up_to => Interval { above: passed, ..Interval::default() },
            _ => Interval { above: seen.above.max(passed), ..seen },
        }
    }

    /// The gauge by all that is known now.
    pub(crate) fn gauge(&self, rules: Rules<'_>) -> Gauge {
        let (window, line, levels) = self.measured(&self.model, None, rules);
        let added = self.added.tokens();
        let left = line.tokens.saturating_sub(self.occupancy);
        let usual = self.growth.usual(left);
        let marks = Level::ALL.map(|level| levels.tokens(level, line.tokens, usual));
        Gauge {
            occupancy: self.occupancy,
            estimated: self.estimated,
            added,
            window,
            level: self.level(line.tokens, marks),
            marks,
            forecast: self.growth.forecast(left, added),
            line,
            cycle: self.cycle,
            requests: self.requests,
            as_of: self.as_of,
        }
    }

    /// The highest level that is reached. One that was reached in this cycle holds until the context is a twentieth
    /// of the way below it, so that it does not flicker.
    fn level(&self, line: u64, marks: [u64; 3]) -> Option<Level> {
        let spoke = self.reached.map(|reach| reach.level);
        let slack = |level: &Level| if Some(*level) <= spoke { line / 20 } else { 0 };
        let marked = Level::ALL.into_iter().zip(marks).rev();
        let holds = |(level, mark): &(Level, u64)| self.occupancy + slack(level) >= *mark;
        marked.into_iter().find(holds).map(|(level, _)| level)
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

    /// The last request that lost the prompt cache.
    pub(crate) fn broke(&self) -> Option<Broke> {
        self.cache.broke()
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
