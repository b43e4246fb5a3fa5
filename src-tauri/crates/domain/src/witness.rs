//! Who tells of a request, and which part of the client made it.

/// A source that tells of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Witness {
    /// An OTLP log record (event).
    Event,
    /// An OTLP metric.
    Metric,
    /// The client's own transcript file.
    Transcript,
    /// A hook or the status line.
    Hook,
}

impl Witness {
    /// All witnesses, in the order in which they are listed to people.
    pub const ALL: [Self; 4] = [Self::Event, Self::Metric, Self::Transcript, Self::Hook];

    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Metric => "metric",
            Self::Transcript => "transcript",
            Self::Hook => "hook",
        }
    }

    /// The number to store: its place in [`Witness::ALL`].
    #[must_use]
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// From the stored number; `None` for those that a later version wrote.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|witness| witness.code() == code)
    }

    const fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

/// The provenance of a record: a set of witnesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Witnesses(u8);

impl Witnesses {
    /// Only this witness.
    #[must_use]
    pub const fn only(witness: Witness) -> Self {
        Self(witness.bit())
    }

    /// From the stored bits; unknown bits are dropped.
    #[must_use]
    pub fn from_bits(bits: i64) -> Self {
        Self(u8::try_from(bits & 0b1111).unwrap_or(0))
    }

    /// The bits to store.
    #[must_use]
    pub fn bits(self) -> i64 {
        i64::from(self.0)
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the witness is in the set.
    #[must_use]
    pub const fn contains(self, witness: Witness) -> bool {
        self.0 & witness.bit() != 0
    }

    /// The members, in the order of [`Witness::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Witness> {
        Witness::ALL.into_iter().filter(move |witness| self.contains(*witness))
    }
}

/// Which part of the client made a request, in three classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QuerySource {
    /// The main conversation: the only one that describes the main window.
    Main,
    /// A subagent.
    Subagent,
    /// Everything else: compaction, titles, side questions.
    Auxiliary,
}

impl QuerySource {
    /// The name used in metrics and in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Subagent => "subagent",
            Self::Auxiliary => "auxiliary",
        }
    }

    /// The number to store: 0, 1, 2.
    #[must_use]
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// From the stored number; unknown numbers are auxiliary.
    #[must_use]
    pub const fn from_code(code: i64) -> Self {
        match code {
            0 => Self::Main,
            1 => Self::Subagent,
            _ => Self::Auxiliary,
        }
    }
}
