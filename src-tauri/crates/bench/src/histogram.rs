//! Latencies in buckets of equal relative width.

use std::time::Duration;

/// Sub-buckets per power of two: a value is known to 1.6 %.
const STEPS: u32 = 64;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Enough for 2^64 ns.
const BUCKETS: usize = ((64 - STEP_BITS + 1) * STEPS) as usize;

/// Counts of latencies in nanoseconds.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0, max: Duration::ZERO }
    }
}

impl Histogram {
    pub(crate) fn record(&mut self, latency: Duration) {
        self.counts[bucket(nanos(latency))] += 1;
        self.total += 1;
        self.max = self.max.max(latency);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(sum, count)| *sum += count);
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    pub(crate) fn count(&self) -> u64 {
        self.total
    }

    pub(crate) fn max(&self) -> Duration {
        self.max
    }

    /// The latency that `permille` thousandths of the recorded ones do not exceed, rounded up to its
    /// bucket's end; zero when nothing was recorded.
    pub(crate) fn quantile(&self, permille: u64) -> Duration {
        let rank = (self.total * permille).div_ceil(1000).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(end(bucket)).min(self.max);
            }
        }
        self.max
    }
}

fn nanos(latency: Duration) -> u64 {
    u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX)
}

/// Values below `STEPS` have buckets of their own; above, each power of two has `STEPS`.
fn bucket(nanos: u64) -> usize {
    let octave = (nanos | 1).ilog2().saturating_sub(STEP_BITS);
    let step = nanos >> octave;
    usize::try_from(u64::from(octave) * u64::from(STEPS) + step).unwrap_or(BUCKETS - 1)
}

/// The largest value in a bucket.
fn end(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let steps = u64::from(STEPS);
    if bucket < 2 * steps {
        return bucket;
    }
    let octave = bucket / steps - 1;
    let step = bucket - octave * steps;
    ((u128::from(step + 1) << octave) - 1).try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: values from 0 to the largest, around every power of two.
    /// Guarantees: each falls into a bucket whose end is at least it, and at most 1.6 % more.
    #[test]
    fn a_bucket_is_narrow() {
        let mut values: Vec<u64> = (0..300).collect();
        for bits in 8..64 {
            let power = 1_u64 << bits;
            values.extend([power - 1, power, power + 1, power + power / 3]);
        }
        values.push(u64::MAX);
        for value in values {
            let end = end(bucket(value));
            assert!(end >= value && end - value <= value / 62, "{value} in a bucket to {end}");
        }
    }

    /// Scenario: a thousand latencies of 1 to 1000 us, in two histograms added up.
    /// Guarantees: quantiles are right to the bucket's width, the extremes exactly; an empty
    /// histogram says zero.
    #[test]
    fn quantiles_of_a_known_row() {
        let (mut odd, mut even) = (Histogram::default(), Histogram::default());
        for micros in 1..=1000 {
            let half = if micros % 2 == 0 { &mut even } else { &mut odd };
            half.record(Duration::from_micros(micros));
        }
        odd.add(&even);
        assert_eq!(odd.count(), 1000);
        for (permille, micros) in [(500, 500), (900, 900), (990, 990), (999, 999)] {
            let (found, exact) = (odd.quantile(permille), Duration::from_micros(micros));
            assert!(found >= exact && found < exact.mul_f64(1.02), "{found:?} for {exact:?}");
        }
        assert_eq!(odd.quantile(1000), Duration::from_micros(1000));
        assert_eq!(odd.max(), Duration::from_micros(1000));
        assert_eq!(Histogram::default().quantile(990), Duration::ZERO);
    }
}
