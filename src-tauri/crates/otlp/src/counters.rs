//! What was accepted and what was refused, since the start.

use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_domain::health::Counter;

use crate::export::Signal;

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    Grpc,
}

impl Protocol {
    const ALL: [Self; 2] = [Self::Http, Self::Grpc];

    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Grpc => "grpc",
        }
    }
}

/// Why a request, or a record of an accepted one, was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// No protobuf, no JSON, or not what its encoding says.
    Malformed,
    /// The body ended half-way.
    CutOff,
    /// The body did not arrive in time.
    TooSlow,
    /// Beyond a size limit.
    TooLarge,
    /// A content type that is none of the protocol's.
    ContentType,
    /// A compression that is not known.
    Encoding,
    /// Another method than POST.
    Method,
    /// Another path than the three.
    Path,
    /// A host that is not ours.
    Host,
    /// The receiver's token is missing or wrong.
    Token,
    /// The intake was full; the client may send it again.
    Full,
    /// The intake could not store it; the client may send it again.
    Unavailable,
    /// A record that the JSON reader could not read.
    Unreadable,
    /// A record that the intake could not use.
    Unusable,
}

impl Reason {
    const ALL: [Self; 14] = [
        Self::Malformed,
        Self::CutOff,
        Self::TooSlow,
        Self::TooLarge,
        Self::ContentType,
        Self::Encoding,
        Self::Method,
        Self::Path,
        Self::Host,
        Self::Token,
        Self::Full,
        Self::Unavailable,
        Self::Unreadable,
        Self::Unusable,
    ];

    /// Stable: part of the counters' labels.
    const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::CutOff => "cut-off",
            Self::TooSlow => "too-slow",
            Self::TooLarge => "too-large",
            Self::ContentType => "content-type",
            Self::Encoding => "encoding",
            Self::Method => "method",
            Self::Path => "path",
            Self::Host => "host",
            Self::Token => "token",
            Self::Full => "full",
            Self::Unavailable => "unavailable",
            Self::Unreadable => "unreadable",
            Self::Unusable => "unusable",
        }
    }
}

/// Counts of one protocol and signal; the last signal is "none of them".
#[derive(Debug, Default)]
struct Row {
    requests: AtomicU64,
    records: AtomicU64,
    refused_requests: [AtomicU64; Reason::ALL.len()],
    refused_records: [AtomicU64; Reason::ALL.len()],
}

/// All counts of a receiver.
#[derive(Debug, Default)]
pub(crate) struct Counters([[Row; Signal::ALL.len() + 1]; Protocol::ALL.len()]);

impl Counters {
    /// A request was accepted with so many records.
    pub(crate) fn accepted(&self, protocol: Protocol, signal: Signal, records: u64) {
        let row = self.row(protocol, Some(signal));
        add(&row.requests, 1);
        add(&row.records, records);
    }

    /// A request was refused; the signal is not known where the path names none.
    pub(crate) fn refused(&self, protocol: Protocol, signal: Option<Signal>, reason: Reason) {
        add(&self.row(protocol, signal).refused_requests[reason as usize], 1);
    }

    /// So many records of an accepted request were refused.
    pub(crate) fn rejected(&self, protocol: Protocol, signal: Signal, why: Reason, records: u64) {
        add(&self.row(protocol, Some(signal)).refused_records[why as usize], records);
    }

    /// The counts by name and label: `otlp.requests.accepted` and `otlp.records.accepted` for
    /// `http/logs`, `otlp.requests.refused` and `otlp.records.refused` for `http/logs/malformed`,
    /// or `http/path` where no signal is known. Refusals that never happened are left out.
    pub(crate) fn report(&self) -> Vec<Counter> {
        let mut counters = Vec::new();
        for protocol in Protocol::ALL {
            for signal in Signal::ALL.map(Some).into_iter().chain([None]) {
                let row = self.row(protocol, signal);
                let prefix = match signal {
                    Some(signal) => format!("{}/{}", protocol.name(), signal.name()),
                    None => protocol.name().to_owned(),
                };
                row.report(&prefix, signal.is_some(), &mut counters);
            }
        }
        counters
    }

    fn row(&self, protocol: Protocol, signal: Option<Signal>) -> &Row {
        let column = signal.map_or(Signal::ALL.len(), |signal| signal as usize);
        &self.0[protocol as usize][column]
    }
}

impl Row {
    fn report(&self, prefix: &str, accepts: bool, counters: &mut Vec<Counter>) {
        let value = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let accepted =
            [("otlp.requests.accepted", &self.requests), ("otlp.records.accepted", &self.records)];
        for (name, count) in accepted.into_iter().filter(|_| accepts) {
            counters.push(Counter { name, label: prefix.to_owned(), value: value(count) });
        }
        let refused = [
            ("otlp.requests.refused", &self.refused_requests),
            ("otlp.records.refused", &self.refused_records),
        ];
        for (name, counts) in refused {
            let happened =
                Reason::ALL.into_iter().zip(counts).filter(|(_, count)| value(count) > 0);
            counters.extend(happened.map(|(reason, count)| Counter {
                name,
                label: format!("{prefix}/{}", reason.name()),
                value: value(count),
            }));
        }
    }
}

fn add(count: &AtomicU64, value: u64) {
    count.fetch_add(value, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: requests and records of several kinds, accepted and refused.
    /// Guarantees: each is counted under its own stable label, and refusals that did not happen are
    /// left out.
    #[test]
    fn counts_have_stable_labels() {
        let counters = Counters::default();
        counters.accepted(Protocol::Http, Signal::Logs, 7);
        counters.accepted(Protocol::Http, Signal::Logs, 0);
        counters.rejected(Protocol::Http, Signal::Logs, Reason::Unreadable, 3);
        counters.refused(Protocol::Http, Some(Signal::Logs), Reason::Malformed);
        counters.refused(Protocol::Http, None, Reason::Path);
        counters.refused(Protocol::Grpc, Some(Signal::Traces), Reason::TooLarge);
        let seen: Vec<_> = counters
            .report()
            .into_iter()
            .filter(|counter| counter.value > 0)
            .map(|counter| format!("{} {} {}", counter.name, counter.label, counter.value))
            .collect();
        assert_eq!(
            seen,
            [
                "otlp.requests.accepted http/logs 2",
                "otlp.records.accepted http/logs 7",
                "otlp.requests.refused http/logs/malformed 1",
                "otlp.records.refused http/logs/unreadable 3",
                "otlp.requests.refused http/path 1",
                "otlp.requests.refused grpc/traces/too-large 1",
            ]
        );
    }

    /// Scenario: the list of reasons and its order.
    /// Guarantees: every reason is counted in its own place under a name of its own.
    #[test]
    fn every_reason_has_its_place() {
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
            let same = Reason::ALL.into_iter().filter(|other| other.name() == reason.name());
            assert_eq!(same.count(), 1, "{}", reason.name());
        }
    }
}
