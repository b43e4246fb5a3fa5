//! Whether a compaction was foreseen, and every alert had its cause.

use plimsoll_domain::{Timestamp, calendar::parse_rfc3339};
use serde_json::Value;

use super::client::LINE;

/// A compaction is foreseen by an alert so many main requests before it.
const REQUESTS: usize = 2;
/// Or so many tokens before the line.
const TOKENS: u64 = 20_000;

/// A main request that was answered, and the context after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) at: Timestamp,
    pub(super) occupancy: u64,
}

/// A cycle that ended with an automatic compaction.
#[derive(Debug)]
pub(super) struct Cycle {
    pub(super) readings: Vec<Reading>,
    pub(super) compacted: Timestamp,
    /// Whether the program showed occupancy and line as they were just before.
    pub(super) shown: bool,
}

/// What came of some cycles.
#[derive(Debug, Clone, Default)]
pub(super) struct Verdict {
    compactions: usize,
    prepared: usize,
    /// Alerts of a level that had spoken in the cycle.
    pub(super) doubled: usize,
    /// Alerts below every level.
    pub(super) groundless: usize,
    /// Alerts and gauges with another occupancy or line than the true one.
    pub(super) wrong: usize,
}

impl Verdict {
    /// Judges a cycle by the alerts of its session.
    pub(super) fn judge(&mut self, cycle: &Cycle, alerts: &[Value]) {
        let Some(first) = cycle.readings.first() else { return };
        self.compactions += 1;
        self.wrong += usize::from(!cycle.shown);
        let mut levels: Vec<&str> = Vec::new();
        let mut prepared = false;
        for alert in alerts {
            let Some(at) = alert["at"].as_str().and_then(parse_rfc3339) else { continue };
            if at < first.at || at > cycle.compacted {
                continue;
            }
            let level = alert["level"].as_str().unwrap_or_default();
            let place = cycle.readings.iter().position(|reading| reading.at == at);
            // Subagents end far below every level.
            let main = place.filter(|_| alert["agentId"].is_null());
            let Some(place) = main else {
                self.groundless += 1;
                continue;
            };
            let occupancy = cycle.readings[place].occupancy;
            self.wrong += usize::from(alert["occupancyTokens"].as_u64() != Some(occupancy));
            self.groundless += usize::from(!has_cause(alert, occupancy));
            self.doubled += usize::from(levels.contains(&level));
            levels.push(level);
            let left = cycle.readings.len() - 1 - place;
            let early = left >= REQUESTS || LINE.saturating_sub(occupancy) >= TOKENS;
            prepared |= early && ["checkpoint", "urgent"].contains(&level);
        }
        self.prepared += usize::from(prepared);
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.compactions += other.compactions;
        self.prepared += other.prepared;
        self.doubled += other.doubled;
        self.groundless += other.groundless;
        self.wrong += other.wrong;
    }

    /// The share that was foreseen, in permille, rounded down.
    pub(super) fn prepared_permille(&self) -> usize {
        self.prepared * 1000 / self.compactions.max(1)
    }

    pub(super) fn row(&self, name: &str) -> Vec<String> {
        let counts = [self.compactions, self.prepared, self.doubled, self.groundless, self.wrong];
        std::iter::once(name.to_owned()).chain(counts.map(|count| count.to_string())).collect()
    }
}

/// Whether some level of the usual ones was reached: 60 percent of the way, or three turns before the line.
fn has_cause(alert: &Value, occupancy: u64) -> bool {
    let few_turns = alert["turnsLeft"].as_u64().is_some_and(|turns| turns <= 3);
    occupancy * 10 >= LINE * 6 || few_turns
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::calendar::rfc3339;
    use serde_json::json;

    use super::*;

    fn cycle(occupancies: &[u64]) -> Cycle {
        let readings = (1..).zip(occupancies).map(|(second, occupancy)| Reading {
            at: Timestamp::from_millis(second * 1000),
            occupancy: *occupancy,
        });
        let readings: Vec<_> = readings.collect();
        Cycle { readings, compacted: Timestamp::from_millis(99_000), shown: true }
    }

    fn alert(second: i64, level: &str, occupancy: u64) -> Value {
        let at = rfc3339(Timestamp::from_millis(second * 1000));
        json!({"at": at, "level": level, "occupancyTokens": occupancy, "agentId": null})
    }

    fn judged(occupancies: &[u64], alerts: &[Value]) -> [usize; 4] {
        let mut verdict = Verdict::default();
        verdict.judge(&cycle(occupancies), alerts);
        [verdict.prepared, verdict.doubled, verdict.groundless, verdict.wrong]
    }

    /// Scenario: an alert in time by requests, in time by tokens, too late; none; a notice alone; one twice; one below
    /// every level; one with a wrong number; one of a subagent.
    /// Guarantees: each is counted as what it is.
    #[test]
    fn each_alert_is_judged() {
        let grown = [100_000, 150_000, 160_000, 165_000];
        assert_eq!(judged(&grown, &[alert(2, "checkpoint", 150_000)]), [1, 0, 0, 0]);
        assert_eq!(judged(&[100_000, 146_000], &[alert(2, "urgent", 146_000)]), [1, 0, 0, 0]);
        assert_eq!(judged(&grown, &[alert(3, "checkpoint", 160_000)]), [0, 0, 0, 0]);
        assert_eq!(judged(&grown, &[]), [0, 0, 0, 0]);
        assert_eq!(judged(&grown, &[alert(1, "notice", 100_000)])[0], 0);
        let twice = [alert(3, "urgent", 160_000), alert(4, "urgent", 165_000)];
        assert_eq!(judged(&grown, &twice), [0, 1, 0, 0]);
        assert_eq!(judged(&[50_000, 60_000], &[alert(1, "notice", 50_000)]), [0, 0, 1, 0]);
        assert_eq!(judged(&grown, &[alert(2, "urgent", 149_000)]), [1, 0, 0, 1]);
        let mut subagent = alert(2, "urgent", 150_000);
        subagent["agentId"] = "a1".into();
        assert_eq!(judged(&grown, &[subagent]), [0, 0, 1, 0]);
    }
}
