use plimsoll_domain::health::ListenerState;
use plimsoll_watch::SessionView;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use super::*;
use crate::{
    Shape,
    script::{deaf, idle, minutes, noon, session, snapshot, well},
};

/// What a port was asked to show, each with when.
type Shown = mpsc::UnboundedReceiver<(Instant, Arc<Face>)>;

/// Notes what it is asked to show; takes a while over it.
struct Recorder {
    shown: mpsc::UnboundedSender<(Instant, Arc<Face>)>,
    takes: Duration,
}

impl Port for Recorder {
    async fn show(&mut self, face: Arc<Face>) {
        let _ = self.shown.send((Instant::now(), face));
        tokio::time::sleep(self.takes).await;
    }
}

/// A loop that is driven in paused time: noon is when it began.
struct Driven {
    snapshots: watch::Sender<Arc<Snapshot>>,
    status: watch::Sender<Arc<Status>>,
    shown: Shown,
    stop: CancellationToken,
    task: JoinHandle<()>,
    began: Instant,
}

impl Driven {
    fn begin(sessions: Vec<SessionView>, takes: Duration) -> Self {
        let snapshots = watch::Sender::new(Arc::new(snapshot(sessions)));
        let status = watch::Sender::new(Arc::new(well()));
        let (sender, shown) = mpsc::unbounded_channel();
        let (stop, began) = (CancellationToken::new(), Instant::now());
        let sources = Sources {
            snapshots: snapshots.subscribe(),
            status: status.subscribe(),
            calendar: Calendar::utc(),
            now: Arc::new(move || noon().after(began.elapsed())),
        };
        let port = Recorder { shown: sender, takes };
        let task = tokio::spawn(drive(sources, port, stop.clone()));
        Self { snapshots, status, shown, stop, task, began }
    }

    fn sees(&self, sessions: Vec<SessionView>) {
        self.snapshots.send_replace(Arc::new(snapshot(sessions)));
    }

    /// The next face and how long after the beginning it was shown.
    async fn next(&mut self) -> (Duration, Arc<Face>) {
        let (at, face) = self.shown.recv().await.expect("the loop runs");
        (at - self.began, face)
    }

    /// Whether nothing is shown for a week.
    async fn is_quiet(&mut self) -> bool {
        timeout(minutes(7 * 24 * 60), self.shown.recv()).await.is_err()
    }
}

/// Scenario: a session at work; equal snapshots follow, then one that differs, then a lost port.
/// Guarantees: a face at once, none for what looks the same, one for each change of either source.
#[tokio::test(start_paused = true)]
async fn a_face_is_shown_when_it_changes() {
    let mut driven = Driven::begin(vec![session("web", 41_000)], Duration::ZERO);
    let (after, face) = driven.next().await;
    assert_eq!((after, face.title.as_str()), (Duration::ZERO, "web: 41k of 167k, calm"));
    driven.sees(vec![session("web", 41_100)]);
    driven.sees(vec![session("web", 41_200)]);
    assert!(driven.is_quiet().await);

    driven.sees(vec![session("web", 151_000)]);
    assert_eq!(driven.next().await.1.icon.shape, Shape::Checkpoint);
    driven.sees(vec![session("web", 41_000)]);
    assert_eq!(driven.next().await.1.icon.shape, Shape::Calm);
    driven.status.send_replace(Arc::new(deaf(1, ListenerState::PortTaken)));
    assert_eq!(driven.next().await.1.icon.shape, Shape::Error);
    assert!(driven.is_quiet().await);
}

/// Scenario: two idle sessions become ones of earlier, one after the other; showing takes a second.
/// Guarantees: a face at the very moment of each, though nothing is sent, and nothing afterwards.
#[tokio::test(start_paused = true)]
async fn sessions_of_earlier_leave_at_their_time() {
    let sessions = vec![idle("web", 151_000, 30), idle("api", 41_000, 20)];
    let mut driven = Driven::begin(sessions, Duration::from_secs(1));
    assert_eq!(driven.next().await.1.icon.shape, Shape::Checkpoint);
    let (after, face) = driven.next().await;
    assert_eq!((after, face.title.as_str()), (minutes(30), "api: 41k of 167k, calm"));
    let (after, face) = driven.next().await;
    assert_eq!((after, face.title.as_str()), (minutes(40), "No session in the last hour"));
    assert!(driven.is_quiet().await);
}

/// Scenario: a session becomes one of earlier while the port is busy with the face before.
/// Guarantees: the moment is not missed.
#[tokio::test(start_paused = true)]
async fn a_busy_port_misses_no_moment() {
    let mut driven = Driven::begin(vec![idle("web", 41_000, 59)], minutes(2));
    assert_eq!(driven.next().await.1.title, "web: 41k of 167k, calm");
    let (after, face) = driven.next().await;
    assert_eq!((after, face.title.as_str()), (minutes(2), "No session in the last hour"));
}

/// Scenario: a snapshot every ten milliseconds for two seconds, each with another face.
/// Guarantees: at most about five faces a second, the first change at once, the last one always.
#[tokio::test(start_paused = true)]
async fn load_is_coalesced() {
    let mut driven = Driven::begin(vec![session("web", 1_000)], Duration::ZERO);
    driven.next().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    for step in 1..=200 {
        driven.sees(vec![session("web", 1_000 + step * 100)]);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut shown = Vec::new();
    while let Ok(next) = timeout(minutes(1), driven.next()).await {
        shown.push(next);
    }
    assert!((9..=12).contains(&shown.len()), "{} faces", shown.len());
    assert_eq!(shown[0].0, Duration::from_secs(1));
    assert_eq!(shown.last().unwrap().1.title, "web: 21k of 167k, calm");
    assert!(shown.windows(2).all(|pair| pair[1].0 - pair[0].0 >= GAP));
}

/// Scenario: the loop is told to stop while it waits, and while the port hangs; its sources end in another.
/// Guarantees: it ends at once; without sources it goes on showing what it shows.
#[tokio::test(start_paused = true)]
async fn it_stops_when_told() {
    for takes in [Duration::ZERO, minutes(9_999)] {
        let mut driven = Driven::begin(vec![session("web", 41_000)], takes);
        driven.next().await;
        driven.stop.cancel();
        timeout(Duration::from_secs(1), driven.task).await.expect("it ends").unwrap();
    }
    let Driven { snapshots, status, mut shown, stop, task, .. } =
        Driven::begin(vec![session("web", 41_000)], Duration::ZERO);
    shown.recv().await.expect("a first face");
    drop((snapshots, status));
    assert!(timeout(minutes(60), shown.recv()).await.is_err());
    assert!(!task.is_finished());
    stop.cancel();
    task.await.unwrap();
    assert!(shown.recv().await.is_none(), "nothing more is shown");
}
