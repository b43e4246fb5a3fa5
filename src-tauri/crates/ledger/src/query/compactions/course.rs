//! The threads of one session, as its requests in order of time leave them. Which thread a request and a compaction
//! belong to is judged as `watch` judges it for live sessions.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use plimsoll_domain::{CompactionTrigger, Timestamp};

use super::{
    tellings::Compacted,
    thread::{Cycle, Thread},
};

/// What names no process may be of any that worked less than this ago.
const WORKING: Duration = Duration::from_secs(2 * 60);
/// A compaction is not looked for among subagents whose last request was earlier than this before it.
const SUBAGENT_YOUNG: Duration = Duration::from_secs(10 * 60);
/// Of more threads than this those that may be forgotten are.
const MANY_THREADS: usize = 256;

/// A thread within its session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct ThreadId {
    /// The client process; `None` where it is not known.
    pub(super) process: Option<i64>,
    /// The subagent; `None` for the main thread.
    pub(super) agent: Option<Arc<str>>,
}

/// A completed request of a main thread or a subagent.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) at: Timestamp,
    /// The thread, without a process where only a transcript told of it.
    pub(super) thread: ThreadId,
    /// Whether it came from a subagent that it does not name.
    pub(super) stray: bool,
    pub(super) model: i64,
    /// Occupancy after it, in tokens.
    pub(super) occupancy: u64,
}

/// The threads of one session at one point of its requests.
#[derive(Debug, Default)]
pub(super) struct Course {
    threads: BTreeMap<ThreadId, Thread>,
    has_main: bool,
}

impl Course {
    /// Takes in the next request. Returns the compaction that it is its thread's first one after.
    pub(super) fn request(&mut self, request: &Request) -> Option<usize> {
        if request.stray && self.has_main {
            return None;
        }
        if request.thread.agent.is_none() && !request.stray && !self.has_main {
            self.has_main = true;
            self.threads.retain(|_, thread| !thread.provisional);
        }
        if self.threads.len() > MANY_THREADS {
            self.forget_old(request.at);
        }
        let id = self.place(request);
        self.threads.entry(id).or_insert_with(|| Thread::new(request)).request(request)
    }

    fn forget_old(&mut self, now: Timestamp) {
        self.threads.retain(|id, thread| {
            let young = now.since(thread.last_request) <= SUBAGENT_YOUNG;
            id.agent.is_none() || young || thread.awaited.is_some()
        });
    }

    /// The thread that a request belongs to. Of one that tells no process it is the heir's; the first process that is
    /// told is the one that the requests before it came from.
    fn place(&mut self, request: &Request) -> ThreadId {
        let told = &request.thread;
        if told.process.is_none() {
            return self.heir(request).unwrap_or_else(|| told.clone());
        }
        let unknown = ThreadId { process: None, agent: told.agent.clone() };
        if self.threads.contains_key(told) {
            return told.clone();
        }
        let thread = self.threads.remove(&unknown).or_else(|| self.resumed(request));
        if let Some(thread) = thread {
            self.threads.insert(told.clone(), thread);
        }
        told.clone()
    }

    /// The thread that a new process goes on with: a session that is resumed is as deep as it was left.
    fn resumed(&mut self, request: &Request) -> Option<Thread> {
        let is_main = request.thread.agent.is_none() && !request.stray;
        let heir = self.heir(request).filter(|_| is_main)?;
        let left = self.threads.get_mut(&heir).filter(|left| left.goes_on_with(request))?;
        let thread = left.clone();
        left.awaited = None;
        Some(thread)
    }

    /// The thread that what names no process belongs to: of the processes that were working the one whose context
    /// fits best, else the one that worked last; `None` where no process is known.
    fn heir(&self, request: &Request) -> Option<ThreadId> {
        self.threads
            .iter()
            .filter(|(id, _)| id.agent == request.thread.agent && id.process.is_some())
            .max_by_key(|(id, thread)| {
                let working = request.at.since(thread.last_request) <= WORKING;
                let fit = if working { thread.fit(request.occupancy) } else { 0 };
                (working, fit, thread.last_request, *id)
            })
            .map(|(id, _)| id.clone())
    }

    /// Takes in the compaction `found`: whose it was, and the cycle that it ended. Where no thread is known it is the
    /// main one's.
    pub(super) fn compaction(&mut self, compacted: &Compacted, found: usize) -> (ThreadId, Cycle) {
        let Some(id) = self.compacted_thread(compacted) else {
            let process = compacted.process.map(|process| process.0);
            return (ThreadId { process, agent: None }, Cycle::default());
        };
        let thread = self.threads.get_mut(&id);
        let cycle = thread.map(|thread| thread.compact(compacted.at, compacted.after, found));
        (id, cycle.unwrap_or_default())
    }

    /// The thread that a compaction fits best: of the process that told of it where its main thread is known; a manual
    /// one only a main thread, for that is where the user types; a subagent only while it is young. Without a size, the
    /// main thread with the last request.
    fn compacted_thread(&self, compacted: &Compacted) -> Option<ThreadId> {
        let process = compacted.process.map(|process| process.0);
        let same_process = self.threads.contains_key(&ThreadId { process, agent: None });
        let manual = compacted.trigger == CompactionTrigger::Manual;
        let subagents_too = compacted.before.is_some() && !manual;
        self.threads
            .iter()
            .filter(|(id, _)| !same_process || id.process == process)
            .filter(|(id, thread)| {
                let young = compacted.at.since(thread.last_request) <= SUBAGENT_YOUNG;
                id.agent.is_none() || (subagents_too && young)
            })
            .max_by_key(|(id, thread)| {
                let fit = compacted.before.map_or(0, |before| thread.fit(before));
                (fit, id.agent.is_none(), thread.last_request, *id)
            })
            .map(|(id, _)| id.clone())
    }

    /// Whether any thread was compacted and made no request since.
    pub(super) fn is_awaiting(&self) -> bool {
        self.threads.values().any(|thread| thread.awaited.is_some())
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::ProcessId;

    use super::*;

    fn id(process: Option<i64>, agent: Option<&str>) -> ThreadId {
        ThreadId { process, agent: agent.map(Arc::from) }
    }

    /// A course after requests: of a process, of an agent, at a second, with an occupancy.
    fn course(requests: &[(Option<i64>, Option<&str>, i64, u64)]) -> Course {
        let mut course = Course::default();
        for (process, agent, at, occupancy) in requests {
            let request = Request {
                at: Timestamp::from_millis(at * 1_000),
                thread: id(*process, agent.filter(|agent| !agent.is_empty())),
                stray: *agent == Some(""),
                model: 1,
                occupancy: *occupancy,
            };
            course.request(&request);
        }
        course
    }

    /// Whose context a compaction at second 1,000 was, and how large.
    fn compacted(
        mut course: Course,
        trigger: CompactionTrigger,
        process: Option<i64>,
        before: Option<u64>,
    ) -> (ThreadId, Option<u64>) {
        let at = Timestamp::from_millis(1_000_000);
        let process = process.map(ProcessId);
        let compacted = Compacted { at, trigger, process, before, after: None };
        let (thread, cycle) = course.compaction(&compacted, 0);
        (thread, cycle.before)
    }

    /// Scenario: a main thread, a subagent at work and one that rests for more than ten minutes; compactions with the
    /// size of each, one that the user asked for, one of which no size is told.
    /// Guarantees: each belongs to the thread that it fits; the user's and the one without a size to the main thread,
    /// and none to the subagent that rests.
    #[test]
    fn a_compaction_belongs_to_the_thread_that_it_fits() {
        use CompactionTrigger::{Auto, Manual};
        let requests = [
            (Some(1), None, 900, 120),
            (Some(1), Some("a"), 990, 168),
            (Some(1), Some("old"), 300, 500),
        ];
        let of = |trigger, before| compacted(course(&requests), trigger, Some(1), before);
        assert_eq!(of(Auto, Some(125)), (id(Some(1), None), Some(120)));
        assert_eq!(of(Auto, Some(170)), (id(Some(1), Some("a")), Some(168)));
        assert_eq!(of(Auto, Some(500)), (id(Some(1), Some("a")), Some(168)));
        assert_eq!(of(Manual, Some(170)), (id(Some(1), None), Some(120)));
        assert_eq!(of(Auto, None), (id(Some(1), None), Some(120)));
    }

    /// Scenario: a session is resumed in a process of its own for every request, and compacts in the last; another is
    /// resumed far below where it was left.
    /// Guarantees: what the cycle had passed is known across the processes; far below it is another way.
    #[test]
    fn a_resumed_session_is_one_thread() {
        let resumed = |occupancies: &[u64]| {
            let requests: Vec<_> = (1..)
                .zip(occupancies)
                .map(|(number, occupancy)| (Some(number), None, number, *occupancy))
                .collect();
            let mut course = course(&requests);
            let last = requests.last().unwrap();
            let process = last.0.map(ProcessId);
            let at = Timestamp::from_millis(last.2 * 1000 + 500);
            let before = Some(last.3);
            let trigger = CompactionTrigger::Auto;
            course.compaction(&Compacted { at, trigger, process, before, after: None }, 0).1
        };
        let cycle = resumed(&[100, 120, 140]);
        assert_eq!((cycle.before, cycle.passed), (Some(140), 120));
        let cycle = resumed(&[100, 120, 20]);
        assert_eq!((cycle.before, cycle.passed), (Some(20), 0));
    }

    /// Scenario: two processes of one session; compactions told by each, and by nobody who knows the process; one of a
    /// process that made no request; one in a session without requests.
    /// Guarantees: the process that told goes before the size; else the size decides; without any thread it is a main
    /// one's of which nothing is known.
    #[test]
    fn the_process_that_told_is_preferred() {
        let requests = [(Some(1), None, 900, 100), (Some(2), None, 990, 200)];
        let of = |process, before| {
            compacted(course(&requests), CompactionTrigger::Auto, process, before)
        };
        assert_eq!(of(Some(1), Some(200)).0, id(Some(1), None));
        assert_eq!(of(Some(2), Some(100)).0, id(Some(2), None));
        assert_eq!(of(None, Some(100)).0, id(Some(1), None));
        assert_eq!(of(Some(3), Some(100)).0, id(Some(1), None));
        assert_eq!(of(None, None).0, id(Some(2), None));
        let unknown = compacted(Course::default(), CompactionTrigger::Auto, Some(4), Some(100));
        assert_eq!(unknown, (id(Some(4), None), None));
    }

    /// Scenario: requests that a transcript told of, before the process is known and after; requests of a subagent
    /// that is not named, before and after the first main request.
    /// Guarantees: they are the process's thread's; a subagent's without a name are the main thread's only while that
    /// has made none.
    #[test]
    fn requests_find_their_thread() {
        let of =
            |requests: &[_]| compacted(course(requests), CompactionTrigger::Auto, None, Some(100));
        let (unknown, known) = ((None, None, 900, 100), (Some(1), None, 910, 110));
        assert_eq!(of(&[unknown, known]), (id(Some(1), None), Some(110)));
        assert_eq!(of(&[known, (None, None, 920, 115)]), (id(Some(1), None), Some(115)));
        let two = [known, (Some(2), None, 911, 300), (None, None, 920, 310)];
        assert_eq!(of(&two), (id(Some(1), None), Some(110)));
        assert_eq!(of(&[(Some(1), Some(""), 900, 50)]), (id(Some(1), None), Some(50)));
        assert_eq!(of(&[(Some(1), Some(""), 900, 50), known]), (id(Some(1), None), Some(110)));
        assert_eq!(of(&[known, (Some(1), Some(""), 920, 50)]), (id(Some(1), None), Some(110)));
    }

    /// Scenario: a session starts hundreds of subagents, one after the other, and one of the first was compacted.
    /// Guarantees: those that rest are forgotten, but neither the main thread nor the one whose next request is waited
    /// for.
    #[test]
    fn threads_are_bounded() {
        let mut course = course(&[(Some(1), None, 0, 10), (Some(1), Some("a"), 0, 100)]);
        let at = Timestamp::from_millis(1_000);
        let (trigger, process) = (CompactionTrigger::Auto, Some(ProcessId(1)));
        let compacted = Compacted { at, trigger, process, before: Some(100), after: None };
        assert_eq!(course.compaction(&compacted, 0).0, id(Some(1), Some("a")));
        for number in 0..1_000 {
            course.request(&Request {
                at: Timestamp::from_millis(60_000 * (number + 1)),
                thread: id(Some(1), Some(&format!("agent-{number}"))),
                stray: false,
                model: 1,
                occupancy: 20,
            });
        }
        assert!(course.threads.len() <= MANY_THREADS + 1, "{}", course.threads.len());
        for kept in [id(Some(1), None), id(Some(1), Some("a"))] {
            assert!(course.threads.contains_key(&kept), "{kept:?}");
        }
        assert!(course.is_awaiting());
    }
}
