//! What goes wrong on the day, from a seed.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use proptest::{
    prelude::Rng as _,
    test_runner::{RngAlgorithm, TestRng},
};

/// One export in so many is sent twice.
const TWICE: u64 = 5;

/// What becomes of the witnesses of a capture's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::validation) enum Role {
    /// Transcripts only.
    TelemetryOff,
    /// Transcripts lie there before telemetry comes.
    TranscriptsFirst,
    /// Transcripts come after all telemetry.
    TranscriptsLate,
    /// Telemetry only.
    NoTranscripts,
}

/// The day; times count from its beginning.
pub(super) struct Plan {
    /// When each capture begins, and what becomes of its witnesses.
    pub(super) captures: BTreeMap<String, (Duration, Role)>,
    /// Exports of events that arrive in it are lost.
    pub(super) events_lost: Range<Duration>,
    /// The resident is killed at its beginning and is back at its end.
    pub(super) outage: Range<Duration>,
    /// Exports of metrics that arrive in it are lost.
    pub(super) metrics_lost: Range<Duration>,
    dice: TestRng,
}

impl Plan {
    pub(super) fn new(names: &[String], seed: u8) -> Self {
        let mut dice = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        let mut drawn: Vec<_> = names.iter().map(|name| (dice.next_u64(), name)).collect();
        drawn.sort();
        let begun = |(place, (_, name)): (usize, (u64, &String))| {
            (name.clone(), (within(&mut dice, 0, 20_000), Role::of(place, names.len())))
        };
        let captures = drawn.into_iter().enumerate().map(begun).collect();
        let mut stretch = |from, to, length| {
            let begin = within(&mut dice, from, to);
            begin..begin + Duration::from_millis(length)
        };
        Self {
            captures,
            events_lost: stretch(2_000, 12_000, 6_000),
            outage: stretch(14_000, 24_000, 3_000),
            metrics_lost: stretch(27_000, 36_000, 6_000),
            dice,
        }
    }

    /// Whether the next export is sent twice.
    pub(super) fn sends_twice(&mut self) -> bool {
        self.dice.next_u64().is_multiple_of(TWICE)
    }
}

impl Role {
    /// One capture without telemetry; of the others a quarter without transcripts, the rest half and half.
    fn of(place: usize, count: usize) -> Self {
        match place {
            0 => Self::TelemetryOff,
            place if place <= count / 4 => Self::NoTranscripts,
            place if place % 2 == 0 => Self::TranscriptsFirst,
            _ => Self::TranscriptsLate,
        }
    }

    pub(in crate::validation) fn transcripts(self) -> &'static str {
        match self {
            Self::TelemetryOff | Self::TranscriptsFirst => "first",
            Self::TranscriptsLate => "late",
            Self::NoTranscripts => "none",
        }
    }
}

/// Some time from `from` to `to`, in milliseconds.
fn within(dice: &mut TestRng, from: u64, to: u64) -> Duration {
    Duration::from_millis(from + dice.next_u64() % (to - from))
}
