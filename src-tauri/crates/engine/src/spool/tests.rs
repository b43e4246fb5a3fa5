use std::{
    fs,
    sync::{
        Mutex as StdMutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use plimsoll_domain::health::Status;
use plimsoll_ledger::RecordError;
use plimsoll_otlp::proto::{collector::logs::v1::ExportLogsServiceRequest, logs::v1::ResourceLogs};
use proptest::{collection::vec, prelude::*};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::board::Board;

/// An export that can be told from others by its number.
fn arrival(number: u64) -> Arrival {
    let logs = ResourceLogs { schema_url: number.to_string(), ..ResourceLogs::default() };
    Arrival {
        export: Export::Logs(ExportLogsServiceRequest { resource_logs: vec![logs] }),
        connection: ConnectionId(number + 100),
        at: Timestamp::from_millis(1_000),
    }
}

fn number(arrival: &Arrival) -> u64 {
    let Export::Logs(logs) = &arrival.export else { panic!("{:?}", arrival.export) };
    logs.resource_logs[0].schema_url.parse().unwrap()
}

/// A spool, its file, and what the ledger took so far.
struct Scene {
    folder: tempfile::TempDir,
    spool: Spool,
    board: Arc<Board>,
    entered: Arc<StdMutex<Vec<u64>>>,
    /// Whether the ledger refuses everything.
    closed: Arc<AtomicBool>,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(&folder.path().join("spool"), Timestamp::EPOCH, LIMIT).unwrap();
        let board = Arc::new(Board::new(Arc::new(|| Timestamp::EPOCH)));
        Self { folder, spool, board, entered: Arc::default(), closed: Arc::default() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    fn drain(&self) -> Drain {
        let aside = self.folder.path().join("refused");
        Drain::new(self.spool.clone(), Arc::clone(&self.board), ConnectionIds::default(), aside)
    }

    /// Runs the drain, with a ledger that refuses what `refuses` says, until the spool is empty.
    async fn run(&self, refuses: impl Fn(u64) -> bool + Send + Sync + 'static) {
        let (entered, closed) = (Arc::clone(&self.entered), Arc::clone(&self.closed));
        let enter = move |arrivals: Arc<[Arrival]>| {
            let refused = closed.load(Ordering::Relaxed)
                || arrivals.iter().any(|arrival| refuses(number(arrival)));
            if !refused {
                entered.lock().unwrap().extend(arrivals.iter().map(number));
            }
            async move { if refused { Err(RecordError::Commit("locked".to_owned())) } else { Ok(()) } }
        };
        let stop = CancellationToken::new();
        let mut waiting = self.spool.waiting();
        let task = tokio::spawn(self.drain().run(enter, stop.clone()));
        waiting.wait_for(|waiting| *waiting == 0).await.unwrap();
        let in_use = |status: &Arc<Status>| {
            status.problems.iter().any(|problem| problem.code == "spool-in-use")
        };
        self.board.status().wait_for(|status| !in_use(status)).await.unwrap();
        stop.cancel();
        task.await.unwrap().unwrap();
    }
}

/// Scenario: requests are spooled while the ledger refuses everything, more come, then it accepts again.
/// Guarantees: a problem is up for as long as something waits; all are entered once, in their order; the file
/// is empty.
#[tokio::test(start_paused = true)]
async fn requests_wait_and_leave_in_order() {
    let scene = Arc::new(Scene::new());
    scene.closed.store(true, Ordering::Relaxed);
    for number in 0..100 {
        scene.spool.append(&arrival(number)).await.unwrap();
    }
    let running = tokio::spawn({
        let scene = Arc::clone(&scene);
        async move { scene.run(|_| false).await }
    });
    let mut status = scene.board.status();
    status.wait_for(|status| !status.problems.is_empty()).await.unwrap();
    assert_eq!(status.borrow().problems[0].code, "spool-in-use");
    scene.spool.append(&arrival(100)).await.unwrap();
    assert_eq!(*scene.spool.waiting().borrow(), 101);
    scene.closed.store(false, Ordering::Relaxed);
    running.await.unwrap();
    assert_eq!(*scene.entered.lock().unwrap(), (0..=100).collect::<Vec<_>>());
    assert_eq!(fs::metadata(scene.path()).unwrap().len(), 0);
    assert_eq!(status.borrow().problems, []);
}

/// Scenario: one request among others is refused for good.
/// Guarantees: after half a minute it is set aside in a file of its own and reported; the others are entered.
#[tokio::test(start_paused = true)]
async fn what_the_ledger_never_takes_is_set_aside() {
    let scene = Scene::new();
    for number in [1, 2, 3, 4] {
        scene.spool.append(&arrival(number)).await.unwrap();
    }
    let begun = Instant::now();
    scene.run(|number| number == 2).await;
    let mut entered = scene.entered.lock().unwrap().clone();
    entered.dedup();
    assert_eq!(entered, [1, 3, 4]);
    assert!(begun.elapsed() > Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(scene.board.status().borrow().problems[0].code, "set-aside");
    let aside = Spool::open(&scene.folder.path().join("refused"), Timestamp::EPOCH, LIMIT).unwrap();
    assert_eq!(*aside.waiting().borrow(), 1);
}

/// Scenario: the ledger is locked for longer than a request's patience, and free again from one attempt to the
/// next, whichever attempt that is.
/// Guarantees: nothing is set aside for it.
#[tokio::test(start_paused = true)]
async fn a_long_lock_sets_nothing_aside() {
    for refused in 15..30 {
        let scene = Scene::new();
        for number in [1, 2, 3] {
            scene.spool.append(&arrival(number)).await.unwrap();
        }
        let attempts = AtomicU32::new(0);
        scene.run(move |_| attempts.fetch_add(1, Ordering::Relaxed) < refused).await;
        let mut entered = scene.entered.lock().unwrap().clone();
        entered.sort_unstable();
        entered.dedup();
        assert_eq!(entered, [1, 2, 3], "{refused} attempts refused");
        assert!(!scene.folder.path().join("refused").exists());
    }
}

/// Scenario: requests of two runs and three connections lie in the spool; ids of this run are given out
/// already.
/// Guarantees: everything comes back as it arrived; connections of an earlier run get new numbers, one each;
/// those of this run keep theirs.
#[tokio::test]
async fn connections_of_earlier_runs_are_renamed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool");
    let first = Spool::open(&path, Timestamp::from_millis(1), LIMIT).unwrap();
    for number in [1, 2, 1] {
        first.append(&arrival(number)).await.unwrap();
    }
    drop(first);
    let spool = Spool::open(&path, Timestamp::from_millis(2), LIMIT).unwrap();
    spool.append(&arrival(1)).await.unwrap();
    assert_eq!(*spool.waiting().borrow(), 4);
    let ids = ConnectionIds::default();
    let taken = ids.next_id();
    let board = Arc::new(Board::new(Arc::new(|| Timestamp::EPOCH)));
    let seen = Arc::new(StdMutex::new(Vec::new()));
    let collected = Arc::clone(&seen);
    let enter = move |arrivals: Arc<[Arrival]>| {
        collected.lock().unwrap().extend(arrivals.iter().cloned());
        async { Ok(()) }
    };
    let stop = CancellationToken::new();
    let drain = Drain::new(spool.clone(), board, ids, folder.path().join("refused"));
    let task = tokio::spawn(drain.run(enter, stop.clone()));
    spool.waiting().wait_for(|waiting| *waiting == 0).await.unwrap();
    stop.cancel();
    task.await.unwrap().unwrap();

    let seen = seen.lock().unwrap();
    let connections: Vec<_> = seen.iter().map(|arrival| arrival.connection).collect();
    assert_eq!(connections[0], connections[2]);
    assert_ne!(connections[0], connections[1]);
    assert!(!connections[..3].contains(&taken));
    assert_eq!(connections[3], arrival(1).connection);
    let same = |(got, sent): (&Arrival, u64)| {
        got.export == arrival(sent).export && got.at == arrival(sent).at
    };
    assert!(seen.iter().zip([1, 2, 1, 1]).all(same), "{seen:?}");
}

/// Scenario: the spool reaches its limit; then it is emptied.
/// Guarantees: what does not fit is refused and changes nothing; afterwards there is room again.
#[tokio::test]
async fn the_spool_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool");
    let spool = Spool::open(&path, Timestamp::EPOCH, 200).unwrap();
    let mut kept = 0;
    let error = loop {
        match spool.append(&arrival(7)).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SpoolError::Full), "{error}");
    assert_eq!(*spool.waiting().borrow(), kept);
    let length = fs::metadata(&path).unwrap().len();
    assert!(length <= 200 && kept > 1, "{length} bytes for {kept}");
    assert!(!spool.empty(length - 1).await.unwrap());
    assert!(spool.empty(length).await.unwrap());
    spool.append(&arrival(8)).await.unwrap();
    assert_eq!(*spool.waiting().borrow(), 1);
}

/// Scenario: the spool's file is readable by its user only.
/// Guarantees: 0600, also where the folder is open.
#[cfg(unix)]
#[test]
fn the_file_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    assert_eq!(fs::metadata(scene.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

/// Scenario: the drain fails half-way through a batch and is started again.
/// Guarantees: it begins at the front; nothing is left out.
#[tokio::test(start_paused = true)]
async fn a_restarted_drain_begins_at_the_front() {
    let scene = Scene::new();
    for number in 0..3 {
        scene.spool.append(&arrival(number)).await.unwrap();
    }
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let enter = move |_: Arc<[Arrival]>| {
        counted.fetch_add(1, Ordering::Relaxed);
        std::future::pending()
    };
    let stop = CancellationToken::new();
    let task = tokio::spawn(scene.drain().run(enter, stop.clone()));
    while calls.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    task.await.unwrap().unwrap();
    assert_eq!(*scene.spool.waiting().borrow(), 3);
    scene.run(|_| false).await;
    assert_eq!(*scene.entered.lock().unwrap(), [0, 1, 2]);
}

fn frame() -> impl Strategy<Value = Frame> {
    let numbers = (any::<u8>(), any::<i64>(), any::<u64>(), any::<i64>());
    (numbers, vec(any::<u8>(), 0..40)).prop_map(|((kind, run, connection, at), body)| Frame {
        kind,
        run,
        connection,
        at,
        body,
    })
}

fn read_all(mut bytes: &[u8]) -> Vec<Frame> {
    std::iter::from_fn(|| Frame::read(&mut bytes, LIMIT).unwrap().map(|(frame, _)| frame)).collect()
}

proptest! {
    /// Scenario: any frames, cut off anywhere, as a crash leaves them; then one more is appended.
    /// Guarantees: exactly the whole frames before the cut are read; what comes later is read too.
    #[test]
    fn a_torn_end_costs_only_itself(frames in vec(frame(), 0..6), cut in any::<prop::sample::Index>()) {
        let encoded: Vec<_> = frames.iter().map(|frame| frame.encode().unwrap()).collect();
        let mut bytes = encoded.concat();
        bytes.truncate(cut.index(bytes.len() + 1));
        let whole = encoded
            .iter()
            .scan(0, |end, frame| { *end += frame.len(); Some(*end) })
            .take_while(|end| *end <= bytes.len())
            .count();
        prop_assert_eq!(read_all(&bytes), &frames[..whole]);

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool");
        fs::write(&path, &bytes).unwrap();
        let mut file = SpoolFile::open(&path, LIMIT).unwrap();
        let last = Frame { kind: 1, run: 0, connection: 0, at: 0, body: vec![1] };
        file.append(&last.encode().unwrap()).unwrap();
        let mut wanted = frames[..whole].to_vec();
        wanted.push(last);
        prop_assert_eq!(file.front(0, u64::MAX, usize::MAX).unwrap().frames, wanted);
    }

    /// Scenario: one bit of a frame was changed on disk, or the bytes are arbitrary.
    /// Guarantees: no frame is read that was not written.
    #[test]
    fn damage_is_noticed(frame in frame(), bit in any::<prop::sample::Index>(), noise in vec(any::<u8>(), 0..80)) {
        let mut bytes = frame.encode().unwrap();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(read_all(&bytes), []);
        prop_assert_eq!(read_all(&noise), []);
    }
}
