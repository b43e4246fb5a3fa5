//! The forecast against what happened, beside two naive ones.

use std::time::Duration;

use plimsoll_domain::Growth;

use super::client::{Client, LINE, Shape, Step};

/// How many turns before the compaction it is asked.
pub(super) const ASKED: [usize; 3] = [10, 5, 2];

/// The context after each request of one cycle that ended with an automatic compaction at this line.
#[derive(Debug, Clone)]
pub(super) struct Cycle {
    pub(super) occupancies: Vec<u64>,
    /// About what the tools' results added after each, in tokens; empty where that is not known.
    pub(super) added: Vec<u64>,
    pub(super) line: u64,
}

/// A way to tell how many turns are left.
#[derive(Debug, Clone, Copy)]
pub(super) enum Method {
    /// The product's, as soon as a request was answered.
    Ours,
    /// The product's, once the results of the tools are in.
    Later,
    /// The way that is left by the mean growth of the cycle.
    Mean,
    /// The way that is left by the last growth.
    Last,
}

/// How far a method was off.
#[derive(Debug, Clone, Default)]
pub(super) struct Errors {
    /// For each of [`ASKED`] the distances in turns.
    off: [Vec<u64>; 3],
    /// How often it said nothing.
    pub(super) silent: usize,
}

impl Errors {
    /// The median absolute error in turns, doubled so that it is whole; `None` without any.
    pub(super) fn median(&mut self, asked: usize) -> Option<u64> {
        let off = &mut self.off[asked];
        off.sort_unstable();
        Some(off.get((off.len().checked_sub(1)?) / 2)? + off.get(off.len() / 2)?)
    }

    /// How many answers there were.
    pub(super) fn count(&self, asked: usize) -> usize {
        self.off[asked].len()
    }
}

impl Method {
    pub(super) const ALL: [Self; 4] = [Self::Ours, Self::Later, Self::Mean, Self::Last];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "forecast",
            Self::Later => "forecast, results in",
            Self::Mean => "naive: mean growth",
            Self::Last => "naive: last growth",
        }
    }

    /// How many turns are left after so many requests of a cycle.
    fn turns(self, cycle: &Cycle, requests: usize) -> Option<u64> {
        let known = &cycle.occupancies[..requests];
        let (first, last) = (*known.first()?, *known.last()?);
        let left = cycle.line.saturating_sub(last);
        let steps = u64::try_from(known.len() - 1).ok().filter(|steps| *steps > 0)?;
        match self {
            Self::Ours => forecast(known, left, 0),
            Self::Later => {
                let added = cycle.added.get(requests - 1).copied().unwrap_or(0);
                forecast(known, left, added)
            }
            Self::Mean => left.checked_div(last.saturating_sub(first) / steps),
            Self::Last => left.checked_div(last.saturating_sub(known[known.len() - 2])),
        }
    }

    /// How far it is off over many cycles.
    pub(super) fn errors(self, cycles: &[Cycle]) -> Errors {
        let mut errors = Errors::default();
        for cycle in cycles {
            for (off, asked) in errors.off.iter_mut().zip(ASKED) {
                // Of cycles that began moments before nobody forecasts anything.
                let known = cycle.occupancies.len().checked_sub(asked).filter(|known| *known > 4);
                let Some(known) = known else { continue };
                match self.turns(cycle, known) {
                    Some(turns) => off.push(turns.abs_diff(asked as u64)),
                    None => errors.silent += 1,
                }
            }
        }
        errors
    }
}

fn forecast(known: &[u64], left: u64, added: u64) -> Option<u64> {
    growth(known).forecast(left, added).map(|forecast| u64::from(forecast.turns.likely))
}

fn growth(known: &[u64]) -> Growth {
    let mut growth = Growth::new();
    for pair in known.windows(2) {
        growth.grow(pair[1].saturating_sub(pair[0]), Duration::from_secs(20));
    }
    growth
}

/// So many cycles of one shape.
pub(super) fn generated(shape: Shape, seed: u64, cycles: usize) -> Vec<Cycle> {
    let mut client = Client::new(shape, seed, 0);
    let mut all = Vec::with_capacity(cycles);
    let new = || Cycle { occupancies: Vec::new(), added: Vec::new(), line: LINE };
    let mut cycle = new();
    while all.len() < cycles {
        match client.step() {
            Step::Request { sent, answer, results, .. } => {
                cycle.occupancies.push(sent + answer);
                cycle.added.push(results.iter().sum::<u64>() / 4);
            }
            Step::Compaction { .. } => all.push(std::mem::replace(&mut cycle, new())),
        }
    }
    all
}
