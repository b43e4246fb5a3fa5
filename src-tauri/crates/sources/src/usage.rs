//! Token and cost points become usage readings.

use plimsoll_domain::{Model, NanoUsd, QuerySource, Temporality, TokenKind, UsageReading};

/// One point of a token or cost counter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UsagePoint<'a> {
    /// Hash of the attributes without the token type, and of the temporality.
    pub(crate) series: i64,
    pub(crate) start: i64,
    pub(crate) time: i64,
    pub(crate) temporality: Temporality,
    pub(crate) session: Option<&'a str>,
    /// The model as received, with its window suffix.
    pub(crate) model: &'a str,
    pub(crate) source: QuerySource,
    pub(crate) measure: Measure,
}

/// What a point measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    Tokens(TokenKind, u64),
    Cost(NanoUsd),
}

impl UsagePoint<'_> {
    /// What the points of one reading have in common: series, start and time.
    pub(crate) fn identity(&self) -> (i64, i64, i64) {
        (self.series, self.start, self.time)
    }
}

/// The reading that points of one identity make together; `first` is one of them. A type that is told twice is
/// a repetition: the larger value counts.
pub(crate) fn reading<'a>(
    first: UsagePoint<'a>,
    points: impl Iterator<Item = UsagePoint<'a>>,
) -> UsageReading {
    let (model, million_window) = Model::parse(first.model);
    let mut reading = UsageReading {
        series: first.series,
        start: first.start,
        time: first.time,
        temporality: first.temporality,
        model,
        million_window,
        source: first.source,
        input: None,
        output: None,
        cache_read: None,
        cache_creation: None,
        cost: None,
    };
    for point in points {
        match point.measure {
            Measure::Cost(cost) => reading.cost = reading.cost.max(Some(cost)),
            Measure::Tokens(kind, tokens) => {
                let place = match kind {
                    TokenKind::Input => &mut reading.input,
                    TokenKind::Output => &mut reading.output,
                    TokenKind::CacheRead => &mut reading.cache_read,
                    TokenKind::CacheCreation => &mut reading.cache_creation,
                };
                *place = (*place).max(Some(tokens));
            }
        }
    }
    reading
}
