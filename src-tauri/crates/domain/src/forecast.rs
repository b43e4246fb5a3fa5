//! The forecast: how many turns and minutes are left before the line, from how the context grew.
//!
//! A turn is one request of the thread. Contexts grow by few large and many small steps, so that neither the last step
//! nor the mean says what the next ones will be. What counts is how much runs of consecutive steps grew by, each run
//! about as long as the way that is left: the median over all such runs is the forecast, their quartiles its band.

use std::{collections::VecDeque, time::Duration};

/// Steps remembered at most, the newest.
const REMEMBERED: usize = 24;
/// Without so many steps nothing is forecast.
const ENOUGH: usize = 4;
/// A longer pause between two requests is somebody's pause, and counts as this long.
const PAUSE: Duration = Duration::from_secs(5 * 60);

/// How a context grew since its cycle began.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Growth(VecDeque<Step>);

/// From one request to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    tokens: u32,
    millis: u32,
}

/// What is left before the line, if it goes on as it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// Requests that still fit.
    pub turns: Estimate,
    /// Minutes of work; pauses do not count.
    pub minutes: Estimate,
}

/// A number that is not known exactly: half of the time it lies within the band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The lower end of the band.
    pub low: u32,
    /// The median.
    pub likely: u32,
    /// The upper end of the band.
    pub high: u32,
}

impl Growth {
    /// Nothing is known yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(VecDeque::new())
    }

    /// A request left the context so many tokens larger, so long after the one before.
    pub fn grow(&mut self, tokens: u64, took: Duration) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        let millis = u32::try_from(took.min(PAUSE).as_millis()).unwrap_or(u32::MAX);
        self.0.push_back(Step { tokens: u32::try_from(tokens).unwrap_or(u32::MAX), millis });
    }

    /// The cycle begins anew.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The usual growth of a turn in tokens, positive, over a way of so many tokens; `None` while too little is known.
    #[must_use]
    pub fn usual(&self, left: u64) -> Option<u64> {
        self.per_turn(left).map(|per_turn| per_turn.likely)
    }

    /// What is left of a way of so many tokens, of which about `added` went in already for the next turn; `None`
    /// while too little is known, or nothing grows.
    #[must_use]
    pub fn forecast(&self, left: u64, added: u64) -> Option<Forecast> {
        let per_turn = self.per_turn(left)?;
        let fit = |growth: u64| {
            let rest = left.saturating_sub(added);
            let next = u64::from(added > 0 && rest > 0);
            u32::try_from(next + rest / growth.max(1)).unwrap_or(u32::MAX)
        };
        let turns = Estimate {
            low: fit(per_turn.high),
            likely: fit(per_turn.likely),
            high: fit(per_turn.low),
        };
        let pace = self.pace();
        let minutes = |turns: u32| {
            u32::try_from((u64::from(turns) * pace).div_ceil(60_000)).unwrap_or(u32::MAX)
        };
        let minutes = Estimate {
            low: minutes(turns.low),
            likely: minutes(turns.likely),
            high: minutes(turns.high),
        };
        Some(Forecast { turns, minutes })
    }

    fn per_turn(&self, left: u64) -> Option<PerTurn> {
        let steps = self.0.len();
        if steps < ENOUGH {
            return None;
        }
        let sum: u64 = self.0.iter().map(|step| u64::from(step.tokens)).sum();
        let mean = (sum / u64::try_from(steps).unwrap_or(u64::MAX)).max(1);
        let wished = usize::try_from(left / mean).unwrap_or(usize::MAX);
        let run = wished.clamp(1, steps / 2);
        let mut runs: Vec<u64> = self.runs(run).collect();
        runs.sort_unstable();
        let divisor = u64::try_from(run).unwrap_or(1);
        let at = |quarter: usize| (runs[(runs.len() - 1) * quarter / 4] / divisor).max(1);
        // Mostly still, with a few steps: the median is nothing, but it does grow.
        let likely = if at(2) == 1 { mean } else { at(2) };
        (sum > 0).then(|| PerTurn { low: at(1).min(likely), likely, high: at(3).max(likely) })
    }

    /// How much every run of so many consecutive steps grew by.
    fn runs(&self, length: usize) -> impl Iterator<Item = u64> {
        (0..=self.0.len() - length).map(move |first| {
            self.0.range(first..first + length).map(|step| u64::from(step.tokens)).sum()
        })
    }

    /// The usual time from one request to the next, in milliseconds.
    fn pace(&self) -> u64 {
        let mut millis: Vec<u32> = self.0.iter().map(|step| step.millis).collect();
        millis.sort_unstable();
        millis.get(millis.len() / 2).map_or(0, |millis| u64::from(*millis))
    }
}

/// Tokens that a turn adds: quartiles over runs.
#[derive(Debug, Clone, Copy)]
struct PerTurn {
    low: u64,
    likely: u64,
    high: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grown(steps: &[u64]) -> Growth {
        let mut growth = Growth::new();
        for tokens in steps {
            growth.grow(*tokens, Duration::from_secs(30));
        }
        growth
    }

    fn turns(steps: &[u64], left: u64) -> Option<u32> {
        grown(steps).forecast(left, 0).map(|forecast| forecast.turns.likely)
    }

    /// Scenario: too few steps; none that grows; a steady growth; one step that is far larger than the others.
    /// Guarantees: silence where nothing can be said; what is left by the usual step; one outlier moves it little.
    #[test]
    fn turns_follow_the_usual_growth() {
        assert_eq!(turns(&[2_000; 3], 20_000), None);
        assert_eq!(turns(&[0; 8], 20_000), None);
        assert_eq!(turns(&[2_000; 8], 20_000), Some(10));
        assert_eq!(turns(&[2_000; 8], 1_999), Some(0));
        let outlier = [2_000, 2_000, 40_000, 2_000, 2_000, 2_000, 2_000, 2_000];
        assert_eq!(turns(&outlier, 4_000), Some(2));
    }

    /// Scenario: small steps with regular large ones, and a way as long as many of them; near the line.
    /// Guarantees: over a long way the large ones count; the band lies around the forecast.
    #[test]
    fn bursts_count_over_a_long_way() {
        let bursts: Vec<u64> = (0..32).map(|at| if at % 4 == 0 { 10_000 } else { 1_000 }).collect();
        let growth = grown(&bursts);
        let far = growth.forecast(65_000, 0).unwrap().turns;
        assert_eq!(far.likely, 20);
        let near = growth.forecast(2_000, 0).unwrap().turns;
        assert!(near.low <= near.likely && near.likely <= near.high, "{near:?}");
    }

    /// Scenario: half a minute a turn, and one pause over lunch.
    /// Guarantees: minutes of work; the pause makes no difference.
    #[test]
    fn pauses_do_not_count() {
        let mut growth = grown(&[2_000; 8]);
        assert_eq!(growth.forecast(20_000, 0).unwrap().minutes.likely, 5);
        growth.grow(2_000, Duration::from_secs(3_600));
        assert_eq!(growth.forecast(20_000, 0).unwrap().minutes.likely, 5);
        growth.clear();
        assert_eq!(growth.forecast(20_000, 0), None);
    }

    /// Scenario: of a way of ten steps the next one is known: a usual one, one that takes half of the way, all of it.
    /// Guarantees: it is a turn, and what remains is told by the usual growth; beyond the line there is no turn.
    #[test]
    fn what_went_in_already_counts() {
        let left = |added| grown(&[2_000; 8]).forecast(20_000, added).unwrap().turns.likely;
        assert_eq!(
            [left(0), left(2_000), left(10_000), left(20_000), left(30_000)],
            [10, 10, 6, 0, 0]
        );
    }

    /// Scenario: a growth that changed long ago.
    /// Guarantees: only the newest steps count.
    #[test]
    fn old_steps_are_forgotten() {
        let steps: Vec<u64> = [9_000; 32].into_iter().chain([1_000; 24]).collect();
        assert_eq!(turns(&steps, 10_000), Some(10));
    }
}
