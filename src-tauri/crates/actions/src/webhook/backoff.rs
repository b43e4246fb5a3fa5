//! How long to wait before a message is sent again.

use std::time::Duration;

/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::from_secs(1);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// The longest that a server may ask for.
pub(super) const LONGEST_ASKED: Duration = Duration::from_secs(60 * 60);

/// The pause after so many attempts (from 1), as long as the server asked for where that is longer. `chance`, in permille
/// below 1000, shortens it by up to half, so that those who failed together do not come again together.
pub(super) fn pause(attempts: u32, asked: Option<Duration>, chance: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    let full = (FIRST * 2_u32.pow(doublings)).min(LONGEST);
    let jittered = full - full / 2 * chance.min(999) / 1000;
    jittered.max(asked.unwrap_or_default().min(LONGEST_ASKED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(attempts: u32, asked: Option<u64>, chance: u32) -> f32 {
        pause(attempts, asked.map(Duration::from_secs), chance).as_secs_f32()
    }

    /// Scenario: attempts from the first to absurdly many; the least and the most of chance; a server that asks for a
    /// pause, a short one, and one that is out of measure.
    /// Guarantees: doubling from one second to five minutes, shortened by less than half; what a server asks for holds
    /// where it is longer, up to an hour.
    #[test]
    fn pauses_double_up_to_five_minutes() {
        let full: Vec<f32> = (1..=11).map(|attempts| seconds(attempts, None, 0)).collect();
        assert_eq!(full, [1., 2., 4., 8., 16., 32., 64., 128., 256., 300., 300.]);
        assert_eq!(seconds(u32::MAX, None, 0), 300.);
        assert_eq!(seconds(0, None, 0), 1.);
        assert_eq!(seconds(4, None, 500), 6.);
        for chance in [999, u32::MAX] {
            assert!((4.0..4.1).contains(&seconds(4, None, chance)), "{chance}");
        }
        assert_eq!(seconds(1, Some(30), 500), 30.);
        assert_eq!(seconds(4, Some(1), 0), 8.);
        assert_eq!(seconds(1, Some(86_400), 0), 3_600.);
    }
}
