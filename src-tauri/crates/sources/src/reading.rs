//! Facts from exports.

use std::sync::Arc;

use plimsoll_domain::{
    ConnectionId, Envelope, Fact, Heard, SessionId, Statement, Timestamp, Witness,
};
use plimsoll_otlp::{
    Arrival, Export,
    proto::collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
};

use crate::{
    signal::{Rejection, Signal, SignalKind, Understanding},
    unknown::{Tally, Unknown},
    usage::{self, UsagePoint},
    walk,
};

/// How many different reasons for refusing are told of one export.
const MOST_REASONS: usize = 3;

/// Where and when an export arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The connection it came over.
    pub(crate) connection: ConnectionId,
    /// When it arrived.
    pub(crate) arrived: Timestamp,
}

/// What was read from one export.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// The facts. Events stand in the order received, readings of usage after them.
    pub facts: Vec<Fact>,
    /// Which running numbers of events arrived, whatever they said: facts too, by which gaps are seen.
    pub heard: Vec<Fact>,
    /// How many records or points were refused; for the answer's partial success.
    pub rejected: u64,
    /// Why, in one line; `None` when nothing was refused.
    pub reason: Option<String>,
    /// What was not understood.
    pub unknown: Vec<Unknown>,
}

impl Reading {
    /// Everything that the books are told; first which events arrived.
    #[must_use]
    pub fn told(self) -> Vec<Fact> {
        let Self { facts, heard: mut told, .. } = self;
        told.extend(facts);
        told
    }
}

/// Reads the facts of an export.
#[must_use]
pub fn read(arrival: &Arrival) -> Reading {
    let origin = Origin { connection: arrival.connection, arrived: arrival.at };
    match &arrival.export {
        Export::Metrics(request) => read_metrics(request, origin),
        Export::Logs(request) => read_logs(request, origin),
        Export::Traces(request) => read_traces(request, origin),
    }
}

/// Reads the facts of log records.
pub(crate) fn read_logs(request: &ExportLogsServiceRequest, origin: Origin) -> Reading {
    let mut fold = Fold::new(origin);
    walk::logs(request, origin.arrived, |signal| fold.add(signal));
    fold.finish()
}

/// Reads the facts of metrics.
pub(crate) fn read_metrics(request: &ExportMetricsServiceRequest, origin: Origin) -> Reading {
    let mut fold = Fold::new(origin);
    walk::metrics(request, origin.arrived, |signal| fold.add(signal));
    fold.finish()
}

/// Reads spans: there are no facts in them, only signals that nobody knows.
pub(crate) fn read_traces(request: &ExportTraceServiceRequest, origin: Origin) -> Reading {
    let mut fold = Fold::new(origin);
    walk::spans(request, origin.arrived, |signal| fold.add(signal));
    fold.finish()
}

/// Folds the signals of one export into a reading.
struct Fold<'a> {
    origin: Origin,
    facts: Vec<Fact>,
    usage: Vec<Metered<'a>>,
    refusals: Refusals,
    unknown: Tally<'a>,
    session: LastText,
    version: LastText,
    heard: Vec<Run<'a>>,
}

/// Events whose running numbers follow each other.
struct Run<'a> {
    first: u64,
    last: u64,
    at: Timestamp,
    session: Option<&'a str>,
    version: Option<&'a str>,
}

/// A usage point with what its envelope needs.
struct Metered<'a> {
    point: UsagePoint<'a>,
    at: Timestamp,
    version: Option<&'a str>,
}

impl<'a> Fold<'a> {
    fn new(origin: Origin) -> Self {
        Self {
            origin,
            facts: Vec::new(),
            usage: Vec::new(),
            refusals: Refusals::default(),
            unknown: Tally::default(),
            session: LastText::default(),
            version: LastText::default(),
            heard: Vec::new(),
        }
    }

    fn add(&mut self, signal: Signal<'a>) {
        self.hear(&signal);
        match signal.understanding {
            Understanding::Ignored => {}
            Understanding::Usage(point) => {
                let version = signal.scope.version;
                self.usage.push(Metered { point, at: signal.at, version });
            }
            Understanding::Unknown => self.unknown.note(&signal, false),
            Understanding::Rejected(rejection) => {
                self.refusals.add(rejection);
                self.unknown.note(&signal, true);
            }
            Understanding::Fact(statement) => {
                let envelope = Envelope {
                    witness: match signal.kind {
                        SignalKind::Event => Witness::Event,
                        SignalKind::Metric | SignalKind::Span => Witness::Metric,
                    },
                    at: signal.at,
                    arrived: self.origin.arrived,
                    connection: Some(self.origin.connection),
                    client_version: self.version.share(signal.scope.version),
                    sequence: signal.sequence,
                };
                let session = self.session.share(signal.session).map(SessionId::new);
                self.facts.push(Fact { envelope, session, statement });
            }
        }
    }

    /// Notes the running number of an event, whatever it says: what is missing shows by the numbers alone.
    fn hear(&mut self, signal: &Signal<'a>) {
        let Some(number) = signal.sequence else { return };
        match self.heard.last_mut() {
            Some(run) if number == run.last + 1 && signal.session == run.session => {
                run.last = number;
            }
            _ => self.heard.push(Run {
                first: number,
                last: number,
                at: signal.at,
                session: signal.session,
                version: signal.scope.version,
            }),
        }
    }

    fn heard(&mut self) -> Vec<Fact> {
        let runs = std::mem::take(&mut self.heard);
        let fact = |run: Run<'a>| {
            let envelope = Envelope {
                witness: Witness::Event,
                at: run.at,
                arrived: self.origin.arrived,
                connection: Some(self.origin.connection),
                client_version: self.version.share(run.version),
                sequence: Some(run.first),
            };
            let session = self.session.share(run.session).map(SessionId::new);
            Fact { envelope, session, statement: Statement::Heard(Heard { last: run.last }) }
        };
        runs.into_iter().map(fact).collect()
    }

    fn finish(mut self) -> Reading {
        let heard = self.heard();
        let mut metered = std::mem::take(&mut self.usage);
        // Sorted by all that a fact takes from its first point, so that the order received never matters.
        metered.sort_unstable_by_key(|metered| (metered.point.identity(), metered.version));
        for group in metered.chunk_by(|a, b| a.point.identity() == b.point.identity()) {
            self.reading(group);
        }
        Reading {
            facts: self.facts,
            heard,
            rejected: self.refusals.count,
            reason: self.refusals.reason(),
            unknown: self.unknown.finish(),
        }
    }

    fn reading(&mut self, group: &[Metered<'a>]) {
        let [first, ..] = group else { return };
        let envelope = Envelope {
            witness: Witness::Metric,
            at: first.at,
            arrived: self.origin.arrived,
            connection: Some(self.origin.connection),
            client_version: self.version.share(first.version),
            sequence: None,
        };
        let session = self.session.share(first.point.session).map(SessionId::new);
        let statement = Statement::Usage(usage::reading(
            first.point,
            group.iter().map(|metered| metered.point),
        ));
        self.facts.push(Fact { envelope, session, statement });
    }
}

/// Shares one allocation among neighbours that say the same.
#[derive(Default)]
struct LastText(Option<Arc<str>>);

impl LastText {
    fn share(&mut self, text: Option<&str>) -> Option<Arc<str>> {
        let text = text?;
        if self.0.as_deref() != Some(text) {
            self.0 = Some(text.into());
        }
        self.0.clone()
    }
}

/// What was refused, in few words.
#[derive(Default)]
struct Refusals {
    count: u64,
    reasons: Vec<Rejection>,
    untold: bool,
}

impl Refusals {
    fn add(&mut self, rejection: Rejection) {
        self.count += 1;
        if self.reasons.contains(&rejection) {
            return;
        }
        if self.reasons.len() < MOST_REASONS {
            self.reasons.push(rejection);
        } else {
            self.untold = true;
        }
    }

    fn reason(&self) -> Option<String> {
        let reasons: Vec<String> = self.reasons.iter().map(ToString::to_string).collect();
        if reasons.is_empty() {
            return None;
        }
        let more = if self.untold { "; and other reasons" } else { "" };
        Some(format!("{}{more}", reasons.join("; ")))
    }
}
