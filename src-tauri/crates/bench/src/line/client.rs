//! A client that works until it compacts, again and again: how its context grows is thrown by a seed.

use crate::random::Random;

/// Where it compacts by itself: what was measured of a window of 200,000 tokens.
pub(super) const LINE: u64 = 167_000;

/// How a conversation grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// By about the same with every request.
    Steady,
    /// By little, and now and then by much: a file is read, a test run fails at length.
    Bursts,
    /// By much and unevenly: search results and files, several in a request.
    Tools,
    /// First by much, while it reads, then by little, while it writes, and so on in turns.
    Phases,
    /// By little, while subagents grow beside it.
    Subagents,
}

impl Shape {
    pub(super) const ALL: [Self; 5] =
        [Self::Steady, Self::Bursts, Self::Tools, Self::Phases, Self::Subagents];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Bursts => "bursts",
            Self::Tools => "tool-heavy",
            Self::Phases => "phases",
            Self::Subagents => "subagents",
        }
    }

    /// What goes into the context between two requests: the sizes of tools' results in tokens.
    fn results(self, random: &mut Random, reads: bool) -> Vec<u64> {
        match self {
            Self::Phases if reads => vec![random.around(4_000, 2)],
            Self::Phases => vec![random.around(600, 2)],
            Self::Steady => vec![random.around(1_400, 1)],
            Self::Bursts if random.chance(120) => vec![random.between(8_000, 24_000)],
            Self::Bursts => vec![random.around(700, 2)],
            Self::Tools => {
                let calls = random.between(1, 4);
                (0..calls).map(|_| random.around(1_800, 3).min(25_000)).collect()
            }
            Self::Subagents => vec![random.around(1_000, 2)],
        }
    }
}

/// A conversation that goes on for ever.
#[derive(Debug)]
pub(super) struct Client {
    shape: Shape,
    random: Random,
    /// The context after the last answer; `None` before the first.
    occupancy: Option<u64>,
    /// What went in since, by result.
    added: Vec<u64>,
    /// The contexts of its subagents at work.
    subagents: Vec<u64>,
    /// Whether it is in a phase of reading.
    reads: bool,
}

/// What it does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A request of the main thread was answered.
    Request {
        /// The context that was sent.
        sent: u64,
        /// The answer.
        answer: u64,
        /// The sizes of the results of the tools that it asked for, in bytes.
        results: Vec<u64>,
        /// Requests that subagents made meanwhile: the number of the subagent, and its context.
        subagents: Vec<(usize, u64)>,
    },
    /// It compacted by itself.
    Compaction {
        /// What it took its context to be.
        before: u64,
        /// What it takes it to be now.
        after: u64,
        /// The length of the summary.
        summary: u64,
    },
}

impl Client {
    pub(super) fn new(shape: Shape, seed: u64, number: u64) -> Self {
        Self {
            shape,
            random: Random::of(seed, number),
            occupancy: None,
            added: Vec::new(),
            subagents: Vec::new(),
            reads: true,
        }
    }

    pub(super) fn step(&mut self) -> Step {
        let added: u64 = self.added.iter().sum();
        let sent = match self.occupancy {
            None => self.random.between(17_000, 24_000),
            Some(occupancy) if occupancy + added >= LINE => return self.compact(occupancy + added),
            Some(occupancy) => occupancy + added,
        };
        let answer = self.random.around(420, 2);
        self.occupancy = Some(sent + answer);
        self.reads ^= self.random.chance(70);
        self.added = self.shape.results(&mut self.random, self.reads);
        // A token of code or prose has 3.2 to 4.4 bytes.
        let results = self.added.iter().map(|tokens| tokens * self.random.between(32, 44) / 10);
        let results = results.collect();
        let subagents = self.subagents();
        Step::Request { sent, answer, results, subagents }
    }

    fn compact(&mut self, before: u64) -> Step {
        let summary = self.random.between(2_500, 6_000);
        let after = summary + self.random.between(500, 4_000);
        // System prompt and tools are sent again; no window counts them before the next answer.
        self.added = vec![after + 15_000];
        self.occupancy = Some(0);
        Step::Compaction { before, after, summary }
    }

    fn subagents(&mut self) -> Vec<(usize, u64)> {
        if self.shape != Shape::Subagents {
            return Vec::new();
        }
        if self.subagents.is_empty() || self.random.chance(100) {
            let started = self.random.between(1, 3);
            self.subagents = (0..started).map(|_| self.random.between(8_000, 14_000)).collect();
        }
        let grow = |context: &mut u64| {
            // They end before they would compact.
            *context = (*context + self.random.around(4_000, 2)).min(90_000);
            *context
        };
        self.subagents.iter_mut().map(grow).enumerate().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a thousand steps of each shape, twice with one seed and once with another.
    /// Guarantees: the same seed gives the same steps; each compacts at the line and never below, and starts low.
    #[test]
    fn it_compacts_at_the_line() {
        for shape in Shape::ALL {
            let steps = |seed| {
                let mut client = Client::new(shape, seed, 1);
                (0..1_000).map(|_| client.step()).collect::<Vec<_>>()
            };
            let known = steps(7);
            assert_eq!(known, steps(7));
            assert_ne!(known, steps(8));
            let (mut last, mut compactions) = (0, 0);
            for step in &known {
                match step {
                    Step::Request { sent, answer, .. } => {
                        assert!(*sent < LINE, "{shape:?} {sent}");
                        last = sent + answer;
                    }
                    Step::Compaction { before, .. } => {
                        assert!(*before >= LINE && *before >= last, "{shape:?} {before}");
                        compactions += 1;
                    }
                }
            }
            assert!(compactions >= 5, "{shape:?} {compactions}");
        }
    }
}
