//! A ledger in a folder of its own, and facts to tell it.

use std::sync::Arc;

use plimsoll_domain::{
    Alert, ApiRequest, Checkpoint, Compaction, CompactionTrigger, ConnectionId, Envelope, Fact,
    Level, Model, NanoUsd, Price, PriceTable, QuerySource, Rates, RequestId, SessionId, Statement,
    Temporality, ThreadKey, Timestamp, Tokens, UsageReading, Witness,
};
use plimsoll_ledger::{
    Grouping, Ledger, LedgerError, LedgerOptions, RecordFilter, SessionSummary, UsageRecord,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) struct Desk {
    pub(crate) ledger: Ledger,
    folder: tempfile::TempDir,
    cancel: CancellationToken,
    writer: JoinHandle<Result<(), LedgerError>>,
}

/// What does not depend on the order of telling: sums and records without their revisions.
pub(crate) type Books = (Vec<String>, Vec<String>, Vec<String>);

impl Desk {
    pub(crate) async fn open() -> Self {
        Self::open_in(tempfile::tempdir().unwrap()).await
    }

    async fn open_in(folder: tempfile::TempDir) -> Self {
        Self::open_with(folder, prices()).await
    }

    async fn open_with(folder: tempfile::TempDir, prices: PriceTable) -> Self {
        let options = LedgerOptions {
            path: folder.path().join("ledger.db"),
            queue: 64,
            busy: std::time::Duration::from_secs(1),
            prices: Arc::new(prices),
        };
        let (ledger, mut writer) = Ledger::open(options).await.unwrap();
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        let writer = tokio::spawn(async move { writer.run(stop).await });
        Self { ledger, folder, cancel, writer }
    }

    pub(crate) async fn reopen(self) -> Self {
        self.cancel.cancel();
        self.writer.await.unwrap().unwrap();
        Self::open_in(self.folder).await
    }

    /// Opens it again after the writer was killed at its work.
    pub(crate) async fn crash(self) -> Self {
        self.writer.abort();
        assert!(self.writer.await.unwrap_err().is_cancelled());
        Self::open_in(self.folder).await
    }

    /// Opens it again with other prices.
    pub(crate) async fn reprice(self, prices: PriceTable) -> Self {
        self.cancel.cancel();
        self.writer.await.unwrap().unwrap();
        Self::open_with(self.folder, prices).await
    }

    /// The ledger's file.
    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("ledger.db")
    }

    pub(crate) async fn record(&self, facts: Vec<Fact>) {
        self.ledger.record(facts).await.unwrap();
    }

    pub(crate) async fn records(&self) -> Vec<UsageRecord> {
        let filter = RecordFilter { limit: 1000, ..RecordFilter::default() };
        self.ledger.usage_records(filter).await.unwrap()
    }

    pub(crate) async fn session(&self, name: &str) -> SessionSummary {
        self.ledger.session(&SessionId::new(name)).await.unwrap().unwrap()
    }

    pub(crate) async fn books(&self) -> Books {
        let mut sessions = Vec::new();
        for books in self.ledger.sessions(None, 100).await.unwrap() {
            sessions.push(format!(
                "{} {:?} {} {}",
                books.session, books.usage, books.has_events, books.has_metrics
            ));
        }
        sessions.sort();
        let mut records: Vec<_> = self
            .records()
            .await
            .into_iter()
            .filter(|record| !record.is_unattributed())
            .map(|record| {
                format!("{} {:?} {:?} {:?}", record.key, record.session, record.tokens, record.at)
            })
            .collect();
        records.sort();
        let mut rows = Vec::new();
        for by in [Grouping::Quarter, Grouping::Model] {
            for row in self.ledger.usage(by, millis(0), millis(100_000_000)).await.unwrap() {
                rows.push(format!("{row:?}"));
            }
        }
        rows.retain(|row| {
            !row.contains(
                "tokens: Tokens { input: 0, output: 0, cache_read: 0, cache_creation: 0 }",
            )
        });
        rows.sort();
        (sessions, records, rows)
    }
}

/// One nano-dollar a token, two for what is kept for an hour.
fn prices() -> PriceTable {
    prices_of(&[("claude-sonnet-4-6", 1)])
}

/// So many nano-dollars a token of each model, twice as many for what is kept for an hour.
pub(crate) fn prices_of(models: &[(&str, i64)]) -> PriceTable {
    let mut table = PriceTable::new("2026-11-28");
    for (model, nano) in models {
        let rate = nano * 1_000_000;
        let usual = Rates {
            input: rate,
            output: rate,
            cache_read: rate,
            cache_write_5m: rate,
            cache_write_1h: 2 * rate,
        };
        table.set(*model, Price { usual, fast: None, long: None, web_search: None });
    }
    table
}

pub(crate) fn millis(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(crate) fn fact(session: &str, at: i64, statement: Statement) -> Fact {
    let envelope = Envelope {
        witness: Witness::Event,
        at: millis(at),
        arrived: millis(at + 50),
        connection: Some(ConnectionId(1)),
        client_version: Some("2.1.330".into()),
        sequence: None,
    };
    Fact { envelope, session: Some(SessionId::new(session)), statement }
}

pub(crate) fn event(session: &str, request: &str, at: i64, output: u64) -> Fact {
    let request = ApiRequest {
        cost: Some(NanoUsd(5_000_000)),
        subsystem: Some("sdk".into()),
        duration_ms: Some(22),
        ..ApiRequest::new(
            Some(RequestId::new(request)),
            Model::parse("claude-sonnet-4-6").0,
            QuerySource::Main,
            Tokens { input: 10, output, cache_read: 1000, cache_creation: 500 },
        )
    };
    fact(session, at, Statement::Request(request))
}

/// The same request as its transcript tells it: the client's price is not in it.
pub(crate) fn line(session: &str, request: &str, at: i64, output: u64) -> Fact {
    let mut fact = event(session, request, at, output);
    fact.envelope = Envelope {
        witness: Witness::Transcript,
        connection: None,
        arrived: millis(at),
        ..fact.envelope
    };
    edit(fact, |request| {
        let name = request.id.as_ref().map(|id| id.as_str().to_owned());
        request.message = name.map(|name| name.bytes().map(i64::from).sum());
        request.cost = None;
        request.finished = Some(true);
    })
}

/// A compaction that succeeded, as a witness tells, with the client's estimates before and after.
pub(crate) fn compaction(
    session: &str,
    at: i64,
    witness: Witness,
    (trigger, before, after): (CompactionTrigger, Option<u64>, Option<u64>),
) -> Fact {
    let told = Compaction { trigger, success: true, before, after };
    let mut fact = fact(session, at, Statement::Compaction(told));
    fact.envelope.witness = witness;
    fact
}

/// An alert of a session's main thread, reached 400 ms after its cycle began.
pub(crate) fn alert(session: &str, cycle: i64, level: Level) -> Alert {
    Alert {
        thread: ThreadKey { session: SessionId::new(session), process: None, agent: None },
        cycle: millis(cycle),
        level,
        occupancy: 134_000,
        line: 167_000,
        compacts: true,
        model: Some(Model::parse("claude-sonnet-4-6").0),
        turns: Some(7),
        minutes: Some(3),
        at: millis(cycle + 400),
        revision: None,
    }
}

/// A checkpoint of which nothing but the moment is told.
pub(crate) fn checkpoint(session: &str, at: i64) -> Checkpoint {
    Checkpoint {
        session: SessionId::new(session),
        at: millis(at),
        note: None,
        path: None,
        tokens: None,
        revision: None,
    }
}

/// A fact whose request is told otherwise.
pub(crate) fn edit(mut fact: Fact, change: impl FnOnce(&mut ApiRequest)) -> Fact {
    if let Statement::Request(request) = &mut fact.statement {
        change(request);
    }
    fact
}

/// A reading of output tokens over a span in milliseconds.
pub(crate) fn metric(
    session: &str,
    temporality: Temporality,
    span: (i64, i64),
    output: u64,
) -> Fact {
    let reading = UsageReading {
        series: i64::from(session.as_bytes()[0]),
        start: millis(span.0).nanos(),
        time: millis(span.1).nanos(),
        temporality,
        model: Model::parse("claude-sonnet-4-6").0,
        million_window: false,
        source: QuerySource::Main,
        input: None,
        output: Some(output),
        cache_read: None,
        cache_creation: None,
        cost: None,
    };
    let mut fact = fact(session, span.1, Statement::Usage(reading));
    fact.envelope.witness = Witness::Metric;
    fact
}

/// Two sessions over two hours: one with events and cumulative metrics that know of more, one with delta
/// metrics only.
pub(crate) fn story() -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut sum = 0;
    for step in 0_i64..8 {
        let (at, output) = (1_000_000 * (step + 1), 10 + step.unsigned_abs());
        if step != 3 {
            facts.push(event("s", &format!("req_{step}"), at, output));
        }
        sum += output;
        facts.push(metric("s", Temporality::Cumulative, (1_000, at + 700), sum));
        facts.push(metric("t", Temporality::Delta, (at, at + 900), 3));
    }
    facts
}
