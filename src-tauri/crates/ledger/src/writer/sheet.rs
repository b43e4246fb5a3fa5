//! The facts of one commit, sorted into rows, each row once.

mod metrics;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, hash_map::Entry},
    path::Path,
    sync::Arc,
};

use plimsoll_domain::{
    ApiRequest, ConnectionId, Envelope, Fact, ProcessId, ProjectPlace, Quarter, Statement,
    StatusReport, Timestamp, Witness, Witnesses,
};
use sqlx::SqliteConnection;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    merge,
    speaker::{bind_process, first_sequences, see},
};
use crate::{
    books::{Cache, CellKey, Counts, Increment},
    table::{
        self,
        client::{ClientTotal, StatusRow},
        counter::CounterRow,
        event::{EventKey, EventRow, What},
        point::PointRow,
        request::{NAMELESS, RequestRow},
        series::SeriesKey,
    },
};

/// The rows that a commit's facts ask for.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) requests: Vec<RequestRow>,
    pub(crate) points: Vec<PointRow>,
    pub(crate) readings: Vec<Reading>,
    /// The largest counts of the series and quarters that grew.
    pub(crate) series: BTreeMap<(SeriesKey, Quarter), Counts>,
    pub(crate) counters: Vec<CounterRow>,
    pub(crate) events: Vec<EventRow>,
    /// Session and model whose metrics named the one-million-token window.
    pub(crate) million_windows: BTreeMap<(i64, i64), Timestamp>,
    /// Sessions that something was told of.
    pub(crate) sessions: BTreeSet<i64>,
    /// Connections that something was told over.
    pub(crate) connections: BTreeSet<ConnectionId>,
    /// What the client states of whole sessions.
    pub(crate) totals: Vec<ClientTotal>,
    /// What status lines said, in order.
    pub(crate) statuses: Vec<Status>,
    /// Whether a running number arrived that changes what is known of a process.
    heard: bool,
    event_keys: HashSet<EventKey>,
    request_places: HashMap<(Arc<str>, Witnesses), usize>,
    point_places: HashMap<(i64, i64, i64), usize>,
}

/// What a status line said.
#[derive(Debug)]
pub(crate) struct Status {
    pub(crate) row: StatusRow,
    pub(crate) arrived: Timestamp,
    pub(crate) report: StatusReport,
}

/// A reading of a cumulative series that told something new.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) session: i64,
    pub(crate) cell: CellKey,
    pub(crate) at: Timestamp,
    pub(crate) increments: Vec<Increment>,
}

impl Sheet {
    /// Sorts facts into rows.
    pub(crate) async fn fill(
        facts: &[Fact],
        cache: &mut Cache,
        connection: &mut SqliteConnection,
    ) -> sqlx::Result<Self> {
        let mut sheet = Self::default();
        cache.open_all(connection, facts).await?;
        let first_sequences = first_sequences(facts);
        for fact in facts {
            let envelope = &fact.envelope;
            let session = cache.number(connection, fact.session.as_ref(), envelope.at).await?;
            if let Some(connection_id) = envelope.connection {
                let first = first_sequences.get(&connection_id).copied();
                bind_process(connection_id, session, first, (cache, connection)).await?;
                sheet.connections.insert(connection_id);
            }
            sheet.enter(fact, session, cache, connection).await?;
        }
        Ok(sheet)
    }

    /// Whether every request can be taken for new without looking: each told by one witness, under its only name.
    pub(crate) fn is_plain(&self, cache: &Cache) -> bool {
        let plain = |row: &RequestRow| !row.is_nameless() && row.message.is_none();
        !cache.has_aliases && !cache.has_nameless && self.requests.iter().all(plain)
    }

    /// Whether any of the requests has the name of a pruned one.
    pub(crate) async fn names_pruned(
        &self,
        connection: &mut SqliteConnection,
    ) -> sqlx::Result<bool> {
        let keys: Vec<_> = self.requests.iter().map(|row| Arc::clone(&row.key)).collect();
        Ok(!table::pruned::find(connection, &keys, &[]).await?.is_empty())
    }

    /// How many rows there are of what comes in numbers.
    pub(crate) fn rows(&self) -> usize {
        self.requests.len() + self.points.len() + self.events.len()
    }

    /// Whether there is nothing to write: every reading was known.
    pub(crate) fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.counters.is_empty() && !self.heard
    }

    async fn enter(
        &mut self,
        fact: &Fact,
        session: i64,
        cache: &mut Cache,
        connection: &mut SqliteConnection,
    ) -> sqlx::Result<()> {
        let envelope = &fact.envelope;
        let process =
            envelope.connection.and_then(|connection| see(cache, connection, session, fact));
        self.heard |= matches!(fact.statement, Statement::Heard(_)) && process.is_some();
        // Counters and running numbers alone do not make a session: the client begins under an id that it never uses.
        let mut told = !matches!(fact.statement, Statement::Counter(_) | Statement::Heard(_));
        match &fact.statement {
            Statement::Request(request) => {
                let model = cache.model(connection, &request.model).await?;
                self.enter_request(fact, request, (session, process, model));
            }
            Statement::Usage(reading) => {
                told = self.enter_usage(fact, reading, session, (cache, connection)).await?;
            }
            Statement::Counter(reading) => self.enter_counter(fact, reading, session, cache),
            Statement::Project(place) => set_project(cache, session, place, envelope.witness),
            Statement::Totals(totals) => {
                let model = cache.model(connection, &totals.model).await?;
                self.totals.push(ClientTotal {
                    session,
                    model,
                    at: envelope.at,
                    tokens: totals.tokens,
                    cost: totals.cost,
                });
            }
            Statement::Status(report) => {
                let model = match &report.model {
                    Some(model) => Some(cache.model(connection, model).await?),
                    None => None,
                };
                self.enter_status(fact, report, (session, model));
            }
            // Where better witnesses tell of the session, what hooks tell besides is not needed.
            said if is_stopgap(said, envelope.witness) && cache.session(session).is_well_told() => {
            }
            _ if cache.is_pruned(told_time(fact)) => {}
            said => {
                if let Some(what) = What::of(said, envelope.witness) {
                    self.enter_event(fact, what, (session, process));
                }
            }
        }
        if told {
            self.sessions.insert(session);
            cache.session(session).touch(envelope);
        }
        Ok(())
    }

    fn enter_status(
        &mut self,
        fact: &Fact,
        report: &StatusReport,
        (session, model): (i64, Option<i64>),
    ) {
        let row = StatusRow {
            session,
            at: fact.envelope.at,
            model,
            window: report.window,
            context: report.context,
            cost: report.cost,
        };
        let arrived = fact.envelope.arrived;
        self.statuses.push(Status { row, arrived, report: report.clone() });
    }

    fn enter_request(
        &mut self,
        fact: &Fact,
        request: &ApiRequest,
        place: (i64, Option<ProcessId>, i64),
    ) {
        let (session, process, model) = place;
        let key = request
            .id
            .as_ref()
            .map_or_else(|| nameless_key(fact, request), |id| id.as_str().into());
        let row = RequestRow {
            revision: plimsoll_domain::Revision::default(),
            key: Arc::clone(&key),
            session,
            process: process.map(|process| process.0),
            model,
            source: request.source,
            subsystem: request.subsystem.clone(),
            agent: request.agent.as_ref().map(|agent| agent.as_str().into()),
            agent_name: request.agent_name.clone(),
            at: fact.envelope.at,
            arrived: fact.envelope.arrived,
            tokens: request.tokens,
            cache_creation_1h: request.cache_creation_1h,
            cost: request.cost,
            duration_ms: request.duration_ms,
            ttft_ms: request.ttft_ms,
            effort: request.effort.clone(),
            orchestration: request.orchestration.clone(),
            witnesses: Witnesses::only(fact.envelope.witness),
            message: request.message,
            side_log: request.side_log,
            finished: request.finished,
            fast: request.fast,
            us_only: request.us_only,
            web_searches: request.web_searches,
            price: None,
            retracted: false,
        };
        match self.request_places.entry((key, row.witnesses)) {
            Entry::Occupied(known) => {
                let known = &mut self.requests[*known.get()];
                *known = merge::requests(known, &row);
            }
            Entry::Vacant(new) => {
                new.insert(self.requests.len());
                self.requests.push(row);
            }
        }
    }

    fn enter_event(&mut self, fact: &Fact, what: What, place: (i64, Option<ProcessId>)) {
        let (session, process) = place;
        let name = fact.session.as_ref().map_or("", |session| session.as_str());
        let row = EventRow {
            key: (told_time(fact), what.hash(name, fact.envelope.sequence)),
            session,
            process: process.map(|process| process.0),
            arrived: fact.envelope.arrived,
            what,
        };
        if self.event_keys.insert(row.key) {
            self.events.push(row);
        }
    }
}

/// The time as part of an identity. An export's time that was clamped to its arrival differs with every repetition.
fn told_time(fact: &Fact) -> i64 {
    let Envelope { witness, at, arrived, .. } = fact.envelope;
    let clamped = matches!(witness, Witness::Event | Witness::Metric) && at == arrived;
    if clamped { 0 } else { at.nanos() }
}

/// The permanent name of a request that its provider gave none. Copies of an answer have one name.
fn nameless_key(fact: &Fact, request: &ApiRequest) -> Arc<str> {
    if let Some(message) = request.message {
        return format!("{NAMELESS}m{message:016x}").into();
    }
    let session = fact.session.as_ref().map_or("", |session| session.as_str());
    let rest = (told_time(fact), fact.envelope.sequence, request.tokens, &request.model);
    format!("{NAMELESS}{:016x}", xxh3_64(format!("{session}\0{rest:?}").as_bytes())).into()
}

/// Whether a statement is of use only where nothing better tells of the session.
fn is_stopgap(said: &Statement, witness: Witness) -> bool {
    witness == Witness::Hook
        && matches!(said, Statement::Size(_) | Statement::Tool(_) | Statement::Prompt(_))
}

/// The project as hooks and the status line tell it, else as the transcript does. Commands that work in a folder of it
/// do not make that the project.
fn set_project(cache: &mut Cache, session: i64, place: &ProjectPlace, witness: Witness) {
    let row = &mut cache.session(session).row;
    let is_within = |known: &Arc<str>| Path::new(&*place.path).starts_with(&**known);
    let is_better = witness == Witness::Hook || !row.has_hooks;
    if row.project.as_ref().is_none_or(|known| is_better && !is_within(known)) {
        row.project = Some(place.path.clone());
    }
    if place.branch.is_some() {
        row.branch.clone_from(&place.branch);
    }
}
