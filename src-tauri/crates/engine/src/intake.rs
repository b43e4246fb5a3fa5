//! What happens to an export between the receiver and its answer: read, recorded, or else spooled.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use plimsoll_domain::{Fact, Timestamp, health::Counter};
use plimsoll_ledger::{Ledger, RecordError};
use plimsoll_otlp::{Arrival, Export, Receipt, Refusal};
use plimsoll_sources::{Reading, UnknownSignals};
use tokio::sync::SetOnce;

use crate::{
    board::{Board, Trouble},
    exporters::Exporters,
    signals::Signals,
    spool::{Spool, SpoolError},
};

/// How long a commit may take before the spool takes the request. A client that ends waits 2 s in all for
/// its last two requests, one after the other.
const PATIENCE: Duration = Duration::from_millis(800);

/// A changed signal that was not seen for so long is over.
const GONE: Duration = Duration::from_secs(600);

/// The engine's end of the receivers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Intake(Arc<Parts>);

struct Parts {
    /// Set once the ledger is open; until then the spool takes what cannot wait.
    ledger: Arc<SetOnce<Ledger>>,
    spool: Spool,
    unknown: UnknownSignals,
    signals: Signals,
    exporters: Exporters,
    board: Arc<Board>,
    spooled: AtomicU64,
    refused: AtomicU64,
    /// Whether the last export was refused.
    refusing: AtomicBool,
    /// When a known signal last came in another form, in nanoseconds; zero when it did not.
    changed: AtomicI64,
}

impl Intake {
    pub(crate) fn new(
        ledger: Arc<SetOnce<Ledger>>,
        spool: Spool,
        signals: Signals,
        exporters: Exporters,
        board: Arc<Board>,
    ) -> Self {
        Self(Arc::new(Parts {
            ledger,
            spool,
            unknown: UnknownSignals::default(),
            signals,
            exporters,
            board,
            spooled: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            refusing: AtomicBool::new(false),
            changed: AtomicI64::new(0),
        }))
    }

    /// What was not understood since the start.
    pub(crate) fn unknown(&self) -> &UnknownSignals {
        &self.0.unknown
    }

    /// Running counts: `intake.spooled` and `intake.refused` by reason, and those of the reading.
    pub(crate) fn counters(&self) -> Vec<Counter> {
        let count = |name, label: &str, count: &AtomicU64| Counter {
            name,
            label: label.to_owned(),
            value: count.load(Ordering::Relaxed),
        };
        let mut counters = self.0.unknown.counters();
        counters.push(count("intake.spooled", "ledger busy", &self.0.spooled));
        counters.push(count("intake.refused", "unavailable", &self.0.refused));
        counters
    }

    /// Enters requests that waited in the spool. They were counted when they arrived.
    pub(crate) async fn enter(&self, arrivals: &[Arrival]) -> Result<(), RecordError> {
        let facts = arrivals.iter().flat_map(|arrival| plimsoll_sources::read(arrival).told());
        self.record(facts.collect()).await
    }

    async fn record(&self, facts: Vec<Fact>) -> Result<(), RecordError> {
        if facts.is_empty() {
            return Ok(());
        }
        self.0.ledger.wait().await.record(facts).await.map(drop)
    }

    /// Returns when the facts are in the ledger, or the request is in the spool. While requests wait there,
    /// further ones queue behind them, so that all are entered in their order.
    async fn keep(&self, arrival: &Arrival, facts: Vec<Fact>) -> Result<(), Refusal> {
        if self.0.spool.is_empty() {
            match tokio::time::timeout(PATIENCE, self.record(facts)).await {
                Ok(Ok(())) => {
                    self.accept();
                    return Ok(());
                }
                Ok(Err(error)) => tracing::warn!(%error, "the spool takes a request"),
                // It may still be committed; entering it once more from the spool changes nothing.
                Err(_) => tracing::warn!("the ledger is slow; the spool takes a request"),
            }
        }
        match self.0.spool.append(arrival).await {
            Ok(()) => {
                self.0.spooled.fetch_add(1, Ordering::Relaxed);
                self.accept();
                Ok(())
            }
            Err(error) => Err(self.refuse(&error)),
        }
    }

    fn accept(&self) {
        if self.0.refusing.swap(false, Ordering::Relaxed) {
            self.0.board.clear(Trouble::Refusing);
        }
    }

    fn refuse(&self, error: &SpoolError) -> Refusal {
        tracing::error!(%error, "a request is refused: neither ledger nor spool can take it");
        self.0.refused.fetch_add(1, Ordering::Relaxed);
        self.0.refusing.store(true, Ordering::Relaxed);
        let why = match error {
            error if error.is_disk_full() => "The disk is full".to_owned(),
            other => format!("The ledger cannot be written ({other})"),
        };
        let message = format!("{why}: telemetry is refused until there is room again.");
        self.0.board.raise(Trouble::Refusing, message);
        match error {
            SpoolError::Full => Refusal::Full,
            _ => Refusal::Unavailable,
        }
    }

    /// Says so while a client sends a known signal in another form. New signals are no trouble: they are counted
    /// and described.
    fn note_changes(&self, reading: &Reading, at: Timestamp) {
        self.0.unknown.note(&reading.unknown);
        let changed = &self.0.changed;
        if reading.unknown.iter().any(|unknown| unknown.dialect && unknown.refused) {
            changed.store(at.nanos(), Ordering::Relaxed);
            let message = format!(
                "A client sends signals in a form that this version of Plimsoll does not know ({} so far); \
                 numbers may be missing. `plimsoll inspect` shows them.",
                self.0.unknown.changed()
            );
            self.0.board.raise(Trouble::SignalChanged, message);
        } else if changed.load(Ordering::Relaxed) != 0
            && at.since(Timestamp::from_stored(changed.load(Ordering::Relaxed))) > GONE
        {
            changed.store(0, Ordering::Relaxed);
            self.0.board.clear(Trouble::SignalChanged);
        }
    }
}

/// The time of the newest log record, by the client's clock.
fn newest_event(export: &Export) -> Option<Timestamp> {
    let Export::Logs(logs) = export else { return None };
    let scopes = logs.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
    let times = scopes.flat_map(|scope| &scope.log_records).map(|record| record.time_unix_nano);
    times.max().filter(|nanos| *nanos > 0).and_then(Timestamp::from_nanos)
}

impl plimsoll_otlp::Intake for Intake {
    async fn take(&self, arrival: Arrival) -> Result<Receipt, Refusal> {
        self.0.signals.show(&arrival);
        let reading = plimsoll_sources::read(&arrival);
        self.note_changes(&reading, arrival.at);
        let receipt = Receipt { rejected: reading.rejected, reason: reading.reason.clone() };
        let facts = reading.told();
        if let Some(newest) = newest_event(&arrival.export) {
            self.0.exporters.compare(newest, arrival.at);
        }
        let sessions = facts.iter().filter_map(|fact| fact.session.clone());
        self.0.exporters.tell(arrival.connection, sessions);
        if !facts.is_empty() {
            self.keep(&arrival, facts).await?;
        }
        Ok(receipt)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use plimsoll_domain::ConnectionId;
    use plimsoll_ledger::LedgerOptions;
    use plimsoll_otlp::Intake as _;
    use prost::Message;
    use tokio_util::sync::CancellationToken;

    use super::*;

    /// An export as the client sent it.
    fn arrival(body: &str) -> Arrival {
        let captures =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/captures");
        let body = std::fs::read(captures.join(body)).unwrap();
        let export = Export::Logs(Message::decode(body.as_slice()).unwrap());
        Arrival { export, connection: ConnectionId(1), at: Timestamp::from_millis(1) }
    }

    /// An intake whose ledger is not open, with so much room in its spool.
    fn intake(folder: &Path, room: u64) -> Intake {
        let spool = Spool::open(&folder.join("spool"), Timestamp::EPOCH, room).unwrap();
        let board = Arc::new(Board::new(Arc::new(|| Timestamp::EPOCH)));
        let exporters = Exporters::new(Arc::new(|| Timestamp::EPOCH));
        Intake::new(Arc::default(), spool, Signals::new(), exporters, board)
    }

    fn count(intake: &Intake, name: &str) -> u64 {
        intake.counters().iter().filter(|it| it.name == name).map(|it| it.value).sum()
    }

    /// Scenario: exports arrive while the ledger cannot be used, until the spool is full.
    /// Guarantees: they are acknowledged for as long as there is room, then refused so that the client sends
    /// them again; both are counted. What tells nothing is acknowledged always.
    #[tokio::test]
    async fn exports_are_refused_only_when_nothing_can_keep_them() {
        let folder = tempfile::tempdir().unwrap();
        let intake = intake(folder.path(), 12_000);
        let mut kept = 0;
        let refusal = loop {
            match intake.take(arrival("simple-http-protobuf/0001_logs_http.pb")).await {
                Ok(receipt) => assert_eq!(receipt, Receipt::default()),
                Err(refusal) => break refusal,
            }
            kept += 1;
        };
        assert_eq!(refusal, Refusal::Full);
        assert!(kept > 0);
        assert_eq!(count(&intake, "intake.spooled"), kept);
        assert_eq!(count(&intake, "intake.refused"), 1);
        let problems = intake.0.board.status().borrow().problems.clone();
        assert!(problems[0].message.contains("the spool is full"), "{problems:?}");
        let nothing = Export::Logs(Default::default());
        let nothing =
            Arrival { export: nothing, ..arrival("simple-http-protobuf/0001_logs_http.pb") };
        assert_eq!(intake.take(nothing).await, Ok(Receipt::default()));
    }

    /// Scenario: the ledger cannot be used and the disk with the spool is full; then the ledger takes exports.
    /// Guarantees: an export is refused so that the client sends it again, and a problem says that the disk is full,
    /// until one is accepted.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_full_disk_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().join("spool");
        std::os::unix::fs::symlink("/dev/full", &spool).unwrap();
        let intake = intake(folder.path(), 12_000);
        let sent = || intake.take(arrival("simple-http-protobuf/0001_logs_http.pb"));
        assert_eq!(sent().await, Err(Refusal::Unavailable));
        let status = intake.0.board.status();
        let problems = status.borrow().problems.clone();
        let said: Vec<_> = problems.iter().map(|one| (one.code, one.message.as_str())).collect();
        let sentence = "The disk is full: telemetry is refused until there is room again.";
        assert_eq!(said, [("exports-refused", sentence)]);

        let options = LedgerOptions {
            path: folder.path().join("ledger.db"),
            queue: 4,
            busy: PATIENCE,
            prices: Arc::default(),
        };
        let (ledger, mut writer) = Ledger::open(options).await.unwrap();
        tokio::spawn(async move { writer.run(CancellationToken::new()).await });
        intake.0.ledger.set(ledger).unwrap();
        assert_eq!(sent().await, Ok(Receipt::default()));
        assert_eq!(status.borrow().problems, []);
    }
}
