//! One signal and how it was understood. Reading and describing both begin here, so that they cannot
//! disagree.

use plimsoll_domain::{Statement, Timestamp};
use plimsoll_otlp::proto::{
    common::v1::InstrumentationScope, metrics::v1::number_data_point, resource::v1::Resource,
};

use crate::{
    attributes::{Attributes, Fault, kept},
    claude_code,
    usage::UsagePoint,
};

/// The three kinds of signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignalKind {
    /// A data point of a metric.
    Metric,
    /// A log record.
    Event,
    /// A span.
    Span,
}

impl SignalKind {
    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Metric => "metric",
            Self::Event => "event",
            Self::Span => "span",
        }
    }
}

/// Where a signal comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The scope's name as received.
    pub(crate) name: &'a str,
    /// The client's version; read in known scopes only.
    pub(crate) version: Option<&'a str>,
    /// Whether a dialect knows the scope.
    pub(crate) known: bool,
}

impl<'a> Scope<'a> {
    pub(crate) fn of(
        resource: Option<&'a Resource>,
        scope: Option<&'a InstrumentationScope>,
    ) -> Self {
        let name = scope.map_or("", |scope| scope.name.as_str());
        let known = claude_code::is_scope(name);
        let version = || {
            kept(&scope?.version)
                .or_else(|| Attributes(&resource?.attributes).text("service.version"))
        };
        Self { name, version: if known { version() } else { None }, known }
    }
}

/// One record, data point or span, and how it was understood.
#[derive(Debug)]
pub(crate) struct Signal<'a> {
    pub(crate) kind: SignalKind,
    pub(crate) scope: Scope<'a>,
    /// The name as received; empty where there is none.
    pub(crate) name: &'a str,
    pub(crate) attributes: Attributes<'a>,
    /// The session; read in known scopes only.
    pub(crate) session: Option<&'a str>,
    /// An event's running number within its process.
    pub(crate) sequence: Option<u64>,
    /// When it happened, never later than its arrival.
    pub(crate) at: Timestamp,
    /// A data point's number.
    pub(crate) value: Option<number_data_point::Value>,
    pub(crate) understanding: Understanding<'a>,
}

impl<'a> Signal<'a> {
    /// A signal of which no more is known yet.
    pub(crate) fn unknown(
        kind: SignalKind,
        scope: Scope<'a>,
        attributes: Attributes<'a>,
        at: Timestamp,
    ) -> Self {
        Self {
            kind,
            scope,
            name: "",
            attributes,
            session: None,
            sequence: None,
            at,
            value: None,
            understanding: Understanding::Unknown,
        }
    }
}

/// What became of a signal.
#[derive(Debug)]
pub(crate) enum Understanding<'a> {
    /// It is a fact.
    Fact(Statement),
    /// It is a part of a usage reading.
    Usage(UsagePoint<'a>),
    /// It is known and not needed.
    Ignored,
    /// Nobody knows it.
    Unknown,
    /// It is known, and its values cannot be used.
    Rejected(Rejection),
}

/// Why a known signal could not be used. Holds nothing that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{signal}: {field} {fault}")]
pub(crate) struct Rejection {
    /// The signal's name.
    pub(crate) signal: &'static str,
    /// The field at fault.
    pub(crate) field: &'static str,
    /// What is wrong with it.
    pub(crate) fault: Fault,
}

/// A time as received, never later than the arrival; 0 means that it is not told.
pub(crate) fn not_after(nanos: u64, arrived: Timestamp) -> Timestamp {
    match nanos {
        0 => arrived,
        _ => Timestamp::from_nanos(nanos).map_or(arrived, |time| time.min(arrived)),
    }
}
