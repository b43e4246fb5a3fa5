//! The task on a real ledger.

use std::{path::Path, sync::Arc, time::Duration};

use plimsoll_domain::{
    ApiRequest, Calendar, Compaction, CompactionTrigger, ConnectionId, Envelope, Fact, Level,
    Model, QuerySource, RateLimit, RequestId, Revision, SessionId, Statement, StatusReport,
    Timestamp, Tokens, WarningKind, Witness, calendar::parse_rfc3339,
};
use plimsoll_ledger::{Change, Ledger, LedgerOptions};
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{Lack, Snapshot, Source, SourceKind, State, Watch};

/// The moment at which everything is watched.
fn now() -> Timestamp {
    parse_rfc3339("2026-11-23T08:00:00Z").unwrap()
}

fn fact(seconds_ago: u64, sequence: u64, statement: Statement) -> Fact {
    let at = now().before(Duration::from_secs(seconds_ago));
    Fact {
        envelope: Envelope {
            witness: Witness::Event,
            at,
            arrived: at,
            connection: Some(ConnectionId(1)),
            client_version: Some("2.1.330".into()),
            sequence: Some(sequence),
        },
        session: Some(SessionId::new("one")),
        statement,
    }
}

fn request(seconds_ago: u64, sequence: u64, occupancy: u64) -> Fact {
    let request = ApiRequest {
        subsystem: Some("sdk".into()),
        ..ApiRequest::new(
            Some(RequestId::new(format!("req_{sequence}"))),
            Model::parse("claude-sonnet-4-6").0,
            QuerySource::Main,
            Tokens { cache_read: occupancy - 100, output: 100, ..Tokens::ZERO },
        )
    };
    fact(seconds_ago, sequence, Statement::Request(request))
}

/// The same request as the client's transcript tells it.
fn read(event: Fact) -> Fact {
    let envelope = Envelope {
        witness: Witness::Transcript,
        connection: None,
        sequence: None,
        ..event.envelope
    };
    Fact { envelope, ..event }
}

fn compaction(seconds_ago: u64, sequence: u64) -> Fact {
    let (before, after) = (Some(167_245), Some(2_720));
    let trigger = CompactionTrigger::Auto;
    let compaction = Compaction { trigger, success: true, before, after };
    fact(seconds_ago, sequence, Statement::Compaction(compaction))
}

/// A ledger with its writer, and a watch over it, until dropped.
struct Books {
    ledger: Ledger,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    cancel: CancellationToken,
}

impl Books {
    async fn open(folder: &Path) -> Self {
        let path = folder.join("ledger.db");
        let busy = Duration::from_secs(5);
        let options = LedgerOptions { path, queue: 64, busy, prices: Arc::default() };
        let (ledger, mut writer) = Ledger::open(options).await.unwrap();
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        tokio::spawn(async move { writer.run(stop).await });
        let clock = Arc::new(now);
        let (watch, task) = Watch::new(ledger.clone(), super::laws(), Calendar::utc(), clock);
        let stop = cancel.clone();
        tokio::spawn(async move { task.run(stop).await });
        Self { ledger, snapshots: watch.snapshots(), cancel }
    }

    /// The first snapshot that is as wished.
    async fn shows(&mut self, wished: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let wait = self.snapshots.wait_for(|snapshot| wished(snapshot));
        Arc::clone(&timeout(Duration::from_secs(20), wait).await.unwrap().unwrap())
    }
}

impl Drop for Books {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

fn main_gauge(snapshot: &Snapshot) -> Option<(u64, bool, u32)> {
    let gauge = snapshot.sessions.first()?.gauge.as_ref()?;
    Some((gauge.occupancy, gauge.estimated, gauge.requests))
}

/// Scenario: a session's requests are recorded, some twice, until it compacts; then a second watch begins on
/// the same books.
/// Guarantees: the watch shows what was recorded; the level that is reached is claimed once and told by the
/// ledger; the second watch shows the same and claims nothing again.
#[tokio::test]
async fn what_is_recorded_is_shown_and_claimed_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut books = Books::open(folder.path()).await;
    let mut commits = books.ledger.commits();
    books.ledger.record(vec![request(40, 1, 90_000), request(30, 2, 140_000)]).await.unwrap();
    books.ledger.record(vec![request(30, 2, 140_000), request(20, 3, 141_000)]).await.unwrap();
    let shown = books.shows(|snapshot| main_gauge(snapshot) == Some((141_000, false, 3))).await;
    assert_eq!(shown.sessions[0].usage.requests, 3);
    assert_eq!(shown.today.usage.requests, 3);
    assert_eq!(shown.sessions[0].state, State::Working);

    let alert = timeout(Duration::from_secs(20), async {
        loop {
            let commit = commits.recv().await.unwrap();
            let alerts = commit.changes.iter().find_map(|change| match change {
                Change::Alert(alert) => Some(alert.clone()),
                _ => None,
            });
            if let Some(alert) = alerts {
                break alert;
            }
        }
    });
    let alert = alert.await.unwrap();
    assert_eq!((alert.level, alert.occupancy, alert.line), (Level::Checkpoint, 140_000, 167_000));
    let claimed = alert.revision.unwrap();
    books.shows(|snapshot| snapshot.revision >= claimed).await;

    books.ledger.record(vec![compaction(10, 4)]).await.unwrap();
    let compacted = books.shows(|snapshot| main_gauge(snapshot) == Some((2_720, true, 0))).await;
    assert_eq!(compacted.sessions[0].state, State::JustCompacted);

    books.ledger.record(vec![request(5, 5, 140_500)]).await.unwrap();
    let before = books.shows(|snapshot| main_gauge(snapshot) == Some((140_500, false, 1))).await;
    let reached = Revision(6);
    books.shows(|snapshot| snapshot.revision >= reached).await;
    assert_eq!(books.ledger.revision(), reached, "four requests and two alerts");
    drop(books);

    let mut again = Books::open(folder.path()).await;
    let after = again.shows(|snapshot| snapshot.version > 0).await;
    assert_eq!(main_gauge(&after), main_gauge(&before));
    assert_eq!(after.sessions[0].gauge, before.sessions[0].gauge);
    assert_eq!(after.sessions[0].compactions, 1);
    again.ledger.record(vec![request(1, 6, 141_500)]).await.unwrap();
    again.shows(|snapshot| main_gauge(snapshot) == Some((141_500, false, 2))).await;
    assert_eq!(again.ledger.revision(), reached.next(), "one more request, no more alert");
}

/// Scenario: a session is told by its transcript until it has reached a level; then its telemetry comes, and tells of
/// the same requests and of one more.
/// Guarantees: one main thread with each request once; the level is claimed once; what is shown says where it is from
/// until telemetry comes, and so does a second watch on the same books.
#[tokio::test]
async fn a_transcript_and_telemetry_become_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut books = Books::open(folder.path()).await;
    let told = || vec![request(100, 1, 90_000), request(90, 2, 140_000)];
    books.ledger.record(told().into_iter().map(read).collect()).await.unwrap();
    let shown = books.shows(|snapshot| main_gauge(snapshot) == Some((140_000, false, 2))).await;
    let lack = Some(Lack::NoTelemetry);
    assert_eq!(shown.sessions[0].source, Source { kind: SourceKind::Transcripts, lack });
    let claimed = Revision(3);
    books.shows(|snapshot| snapshot.revision >= claimed).await;

    books.ledger.record(told()).await.unwrap();
    books.ledger.record(vec![request(80, 3, 141_000)]).await.unwrap();
    let before = books.shows(|snapshot| main_gauge(snapshot) == Some((141_000, false, 3))).await;
    let source = before.sessions[0].source;
    assert_eq!((source, before.sessions[0].usage.requests), (Source::EXACT, 3));
    assert_eq!(books.ledger.revision(), Revision(6), "two improved, one new, and no more alert");
    drop(books);

    let mut again = Books::open(folder.path()).await;
    let after = again.shows(|snapshot| snapshot.version > 0).await;
    assert_eq!(after.sessions[0].gauge, before.sessions[0].gauge);
    assert_eq!(after.sessions[0].source, Source::EXACT);
}

/// Scenario: status lines tell of a limit that is near, then used up; then a second watch begins on the same books, and
/// the same is told.
/// Guarantees: each is claimed once and told by the ledger; the second watch's claim is not granted again.
#[tokio::test]
async fn a_warning_is_claimed_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut books = Books::open(folder.path()).await;
    let status = |used_permille| {
        let limit = RateLimit { used_permille, resets: now().after(Duration::from_secs(3_600)) };
        let report = StatusReport { five_hour: Some(limit), ..StatusReport::default() };
        let fact = fact(1, 0, Statement::Status(report));
        let envelope =
            Envelope { witness: Witness::Hook, connection: None, sequence: None, ..fact.envelope };
        Fact { envelope, ..fact }
    };
    for (used, revision) in [(940, Revision(1)), (1_000, Revision(2))] {
        books.ledger.record(vec![status(used)]).await.unwrap();
        books.shows(|snapshot| snapshot.revision == revision).await;
    }
    let told = books.ledger.warnings(None, 10).await.unwrap();
    let amounts: Vec<_> = told.iter().map(|warning| (warning.kind, warning.amount)).collect();
    assert_eq!(amounts, [(WarningKind::FiveHourLimit, 1_000), (WarningKind::FiveHourLimit, 940)]);
    drop(books);

    let mut again = Books::open(folder.path()).await;
    again.ledger.record(vec![status(950)]).await.unwrap();
    again.shows(|snapshot| snapshot.limits.five_hour.is_some()).await;
    again.ledger.record(vec![request(1, 1, 50_000)]).await.unwrap();
    again.shows(|snapshot| main_gauge(snapshot).is_some()).await;
    assert_eq!(again.ledger.warnings(None, 10).await.unwrap(), told);
}
