//! What the clients of one round send, and what each export tells.

use std::{collections::HashMap, error::Error, io, time::Duration};

use bytes::Bytes;
use plimsoll_domain::{Timestamp, Tokens};
use plimsoll_replay::{Content, Encoding, Entry, Report, SendError, Signal, Transport};
use plimsoll_testkit::{ApiCall, Events, Metrics, logs_json, metrics_json};
use prost::Message as _;

use super::dice::Dice;
use crate::desk::now;

/// The ways into Plimsoll.
const WAYS: [(Transport, Content); 3] = [
    (Transport::Http, Content::Protobuf),
    (Transport::Http, Content::Json),
    (Transport::Grpc, Content::Protobuf),
];

const KINDS: [Kind; 4] = [Kind::Events, Kind::Deltas, Kind::Totals, Kind::Both];

/// What a client tells of its session.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Requests to the model.
    Events,
    /// What it used since the export before.
    Deltas,
    /// What it used since it began.
    Totals,
    /// By turns requests, and as a delta what they used.
    Both,
}

/// One export.
#[derive(Debug, Clone)]
pub(super) struct Parcel {
    pub(super) entry: Entry,
    pub(super) session: String,
    pub(super) told: Told,
    pub(super) fate: Fate,
}

/// What an export says.
#[derive(Debug, Clone)]
pub(super) enum Told {
    /// These requests used so much each.
    Requests(Vec<(String, Tokens)>),
    /// The session used so much more.
    Delta(Tokens),
    /// The session has used so much.
    Total(Tokens),
}

/// What its client knows of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The whole answer was read, and it was yes.
    Acknowledged,
    /// It was sent, at least in part; no answer came.
    Unknown,
    /// There was no connection to send it over.
    Unsent,
}

impl Parcel {
    /// The requests to the model that it tells of.
    pub(super) fn requests(&self) -> &[(String, Tokens)] {
        match &self.told {
            Told::Requests(requests) => requests,
            Told::Delta(_) | Told::Total(_) => &[],
        }
    }
}

/// Notes what became of the exports.
pub(super) fn settle(parcels: &mut [Parcel], report: &Report) {
    assert_eq!(report.rejected, 0, "a part of an export was refused");
    let failed: HashMap<_, _> =
        report.failed.iter().map(|failure| (&failure.file, fate(&failure.error))).collect();
    for parcel in parcels {
        let failed = failed.get(&parcel.entry.file);
        parcel.fate = failed.copied().unwrap_or(Fate::Acknowledged);
    }
}

fn fate(error: &SendError) -> Fate {
    match error {
        SendError::Connect { .. } => Fate::Unsent,
        SendError::Broken(_) => Fate::Unknown,
        SendError::Grpc(status) if is_connection_refused(status.as_ref()) => Fate::Unsent,
        // Only what did not come from the server has a cause.
        SendError::Grpc(status) if status.source().is_some() => Fate::Unknown,
        other => panic!("neither answered with yes nor cut off: {other}"),
    }
}

fn is_connection_refused(error: &(dyn Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.any(|cause| {
        let cause = cause.downcast_ref::<io::Error>();
        cause.is_some_and(|cause| cause.kind() == io::ErrorKind::ConnectionRefused)
    })
}

/// All exports of a round, for as long as `length`, of four kinds of clients over each of three ways. Each waits half
/// of `pause` to one and a half before the next one.
pub(super) fn traffic(
    round: usize,
    length: Duration,
    pause: Duration,
    dice: &mut Dice,
) -> Vec<Parcel> {
    // All of it is told as past: what a client dates later than its arrival is moved.
    let began = now().before(length);
    let ways = WAYS.into_iter().flat_map(|way| KINDS.map(|kind| (way, kind)));
    let clients = (1..).zip(ways).map(|(lane, ((transport, content), kind))| Client {
        session: format!("s-{round}-{lane}"),
        kind,
        transport,
        content,
        lane,
        began,
        last: began,
        sequence: 0,
        used: Tokens::ZERO,
    });
    clients.flat_map(|client| client.parcels(length, pause, dice)).collect()
}

/// A client with a session of its own.
struct Client {
    session: String,
    kind: Kind,
    transport: Transport,
    content: Content,
    /// Its connection.
    lane: u32,
    began: Timestamp,
    /// When it exported last.
    last: Timestamp,
    /// The number of its next event.
    sequence: i64,
    /// What it has not told as a metric yet; of totals, all.
    used: Tokens,
}

impl Client {
    fn parcels(mut self, length: Duration, pause: Duration, dice: &mut Dice) -> Vec<Parcel> {
        let mut parcels = Vec::new();
        let mut due = dice.within(pause);
        while due < length {
            parcels.push(self.parcel(parcels.len(), due, dice));
            due += pause / 2 + dice.within(pause);
        }
        parcels
    }

    fn parcel(&mut self, number: usize, due: Duration, dice: &mut Dice) -> Parcel {
        let at = self.began.after(due);
        let told = self.tell(number, dice);
        let signal = match told {
            Told::Requests(_) => Signal::Logs,
            Told::Delta(_) | Told::Total(_) => Signal::Metrics,
        };
        let entry = Entry {
            file: format!("{}-{number}", self.session),
            signal,
            transport: self.transport,
            content: self.content,
            encoding: Encoding::Identity,
            connection: self.lane,
            arrived: due,
            body: self.body(&told, at),
        };
        self.last = at;
        Parcel { entry, session: self.session.clone(), told, fate: Fate::Unsent }
    }

    fn tell(&mut self, number: usize, dice: &mut Dice) -> Told {
        match self.kind {
            Kind::Events => self.requests(number, dice),
            Kind::Both if number.is_multiple_of(2) => self.requests(number, dice),
            Kind::Both => Told::Delta(std::mem::take(&mut self.used)),
            Kind::Deltas => Told::Delta(dice.tokens()),
            Kind::Totals => {
                self.used = self.used.plus(dice.tokens());
                Told::Total(self.used)
            }
        }
    }

    fn requests(&mut self, number: usize, dice: &mut Dice) -> Told {
        let requests = (0..dice.count(3)).map(|place| {
            let tokens = dice.tokens();
            self.used = self.used.plus(tokens);
            (format!("req_{}_{number}_{place}", self.session), tokens)
        });
        Told::Requests(requests.collect())
    }

    fn body(&mut self, told: &Told, at: Timestamp) -> Bytes {
        match told {
            Told::Requests(requests) => self.events(requests, at),
            Told::Delta(used) => self.metrics(Metrics::delta(&self.session, self.last, at), *used),
            Told::Total(used) => {
                self.metrics(Metrics::cumulative(&self.session, self.began, at), *used)
            }
        }
    }

    fn events(&mut self, requests: &[(String, Tokens)], at: Timestamp) -> Bytes {
        let events = Events::of(&self.session, at).sequence(self.sequence);
        self.sequence += i64::try_from(requests.len()).unwrap();
        let events = requests.iter().fold(events, |events, (id, tokens)| {
            events.api_request(&ApiCall::new(id).tokens(*tokens))
        });
        let export = events.build();
        match self.content {
            Content::Json => logs_json(&export).to_string().into(),
            Content::Protobuf => export.encode_to_vec().into(),
        }
    }

    fn metrics(&self, metrics: Metrics, used: Tokens) -> Bytes {
        let export = metrics.tokens(&ApiCall::new("").tokens(used)).build();
        match self.content {
            Content::Json => metrics_json(&export).to_string().into(),
            Content::Protobuf => export.encode_to_vec().into(),
        }
    }
}
