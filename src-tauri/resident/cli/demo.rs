//! `plimsoll demo`: recorded sessions, replayed for ever into a ledger that is thrown away.

use std::{
    fs,
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use plimsoll_client::address;
use plimsoll_domain::{Calendar, Timestamp, calendar::rfc3339};
use plimsoll_engine::{
    Config, Engine, Environment, Inherited, Key, Places, Running, Surroundings as Around, program,
    setup,
};
use plimsoll_programs::{
    self as programs, Exit, Signals, Surroundings, log, now, resident_runtime,
};
use plimsoll_replay::{Bundled, Capture, Pace, Replayer, Shift, bundled};
use tokio::task::JoinSet;
use tracing::level_filters::LevelFilter;

/// How long one recorded session is made to last: slow enough to follow, fast enough to be lively.
const LENGTH: Duration = Duration::from_secs(240);
/// How far each session has come when the demo begins, in percent of its requests: a newcomer shall see
/// gauges at once, at different levels.
const BEGUN: [usize; 4] = [30, 40, 30, 50];
/// How far later ones have come when they appear: past the client's own start.
const APPEARS: usize = 15;
/// How long a session rests before the next one takes its place.
const REST: Duration = Duration::from_secs(20);
/// Where the dashboard is served if the port is free.
const USUAL: &str = "127.0.0.1:3030";

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// Address of the dashboard [default: 127.0.0.1:3030, or a free port where that is taken]
    #[arg(long, value_name = "ADDRESS")]
    dashboard: Option<String>,
}

pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    log::begin(&around.environment, LevelFilter::WARN)?;
    let root = tempfile::Builder::new().prefix("plimsoll-demo-").tempdir();
    let root = root.context("cannot make a temporary folder")?;
    let places = Places::under(root.path());
    setup::set_welcomed(&places, true).context("cannot write into a temporary folder")?;
    let client = root.path().join("client");
    let any = || "127.0.0.1:0".to_owned();
    let keys = [
        (Key::ReceiverHttp, "--http", any()),
        (Key::ReceiverGrpc, "--grpc", any()),
        (Key::DashboardListen, "--dashboard", dashboard(flags)),
    ];
    let config = Config::load(&places, &Environment::default(), &keys)
        .map_err(|error| Exit::Usage.because(error))?;
    let engine = Engine::bind(
        config,
        Around {
            places,
            now: std::sync::Arc::new(now),
            calendar: Calendar::system(),
            client_folders: vec![client.clone()],
            program: program(),
            version: env!("CARGO_PKG_VERSION"),
            inherited: Inherited::default(),
        },
    );
    let runtime = resident_runtime()?;
    let outcome = runtime.block_on(show(engine, client));
    runtime.shutdown_background();
    outcome
}

/// The address asked for; else the usual one, or a free port where that is taken.
fn dashboard(flags: &Flags) -> String {
    let usual = || if TcpListener::bind(USUAL).is_ok() { USUAL } else { "127.0.0.1:0" };
    flags.dashboard.clone().unwrap_or_else(|| usual().to_owned())
}

async fn show(engine: Engine, client: PathBuf) -> anyhow::Result<()> {
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let Some(running) = programs::start(engine, &mut signals).await? else { return Ok(()) };
    greet(&running)?;
    let stage = Stage::new(&running, client)?;
    let mut shows = JoinSet::new();
    for (place, recording) in bundled()?.into_iter().enumerate() {
        let stage = stage.clone();
        shows.spawn(async move { stage.play(recording, place).await });
    }
    let outcome = tokio::select! {
        () = signals.next() => Ok(()),
        // A show never ends by itself.
        Some(ended) = shows.join_next() => ended.context("a replay ended")?,
    };
    shows.shutdown().await;
    programs::end(running, &mut signals).await?;
    outcome
}

fn greet(running: &Running) -> io::Result<()> {
    let url = running.runtime().dashboard.unwrap_or_else(|| "not served".to_owned());
    let mut out = io::stdout().lock();
    writeln!(out, "Plimsoll demo: recorded sessions, their times and ids moved to now.")?;
    writeln!(out, "  dashboard  {}", url.replace("127.0.0.1", "localhost"))?;
    writeln!(out, "Ctrl-C ends it; its ledger is thrown away then.")?;
    out.flush()
}

/// Where recordings are played.
#[derive(Debug, Clone)]
struct Stage {
    http: Option<SocketAddr>,
    grpc: Option<SocketAddr>,
    /// Where the client's transcripts would be, from which projects are known.
    client: PathBuf,
}

impl Stage {
    fn new(running: &Running, client: PathBuf) -> anyhow::Result<Self> {
        let runtime = running.runtime();
        let of = |url: &Option<String>| url.as_deref().and_then(address);
        let (http, grpc) = (of(&runtime.otlp_http), of(&runtime.otlp_grpc));
        http.context("no port is free for the demo's receiver")?;
        Ok(Self { http, grpc, client })
    }

    /// Plays a recording again and again, each time as a new session.
    async fn play(&self, recording: Bundled, place: usize) -> anyhow::Result<()> {
        let capture = recording.capture.spread()?;
        let mut begun = BEGUN[place % BEGUN.len()];
        loop {
            let session = part(&capture, begun, now(), place)?;
            let transcripts = self.write_transcripts(&recording, &session)?;
            let pace = Pace::AsRecorded;
            let replayer =
                Replayer { http: self.http, grpc: self.grpc, pace, ..Replayer::default() };
            replayer.run(&session).await;
            tokio::time::sleep(REST).await;
            transcripts.iter().try_for_each(fs::remove_file).context("cannot tidy up")?;
            begun = APPEARS;
        }
    }

    /// Writes the lines of a transcript that tell a session's project.
    fn write_transcripts(
        &self,
        recording: &Bundled,
        session: &Capture,
    ) -> anyhow::Result<Vec<PathBuf>> {
        let folder = self.client.join("projects").join(&recording.capture.name);
        let write = |id: &String| {
            let line = serde_json::json!({
                "type": "user",
                "sessionId": id,
                "cwd": recording.project,
                "gitBranch": recording.branch,
                "timestamp": rfc3339(now()),
            });
            let path = folder.join(Path::new(id).with_extension("jsonl"));
            fs::write(&path, format!("{line}\n")).map(|()| path)
        };
        let written = fs::create_dir_all(&folder)
            .and_then(|()| session.sessions().iter().map(write).collect());
        written.context("cannot write to the temporary folder")
    }
}

/// The recording as a new session that has come so far, in percent, at the moment `now`: what came before is
/// sent at once, the rest as time goes by.
fn part(capture: &Capture, begun: usize, now: Timestamp, place: usize) -> anyhow::Result<Capture> {
    let at = capture.entries.len() * begun / 100;
    let head = capture.entries.get(at).map_or(Duration::ZERO, |entry| entry.arrived);
    let stretch = stretch(capture);
    let head = head * stretch;
    let from = capture.first_time()?.and_then(Timestamp::from_nanos).unwrap_or_default();
    let seed = now.nanos().unsigned_abs().wrapping_add(place as u64);
    let mut session = Shift { from, to: now.before(head), stretch, seed }.capture(capture)?;
    for entry in &mut session.entries {
        entry.arrived = entry.arrived.saturating_sub(head);
    }
    Ok(session)
}

/// How many times slower a recording must become to last as long as wished.
fn stretch(capture: &Capture) -> u32 {
    let span = capture.entries.iter().map(|entry| entry.arrived).max().unwrap_or_default();
    let times = LENGTH.as_millis() / span.as_millis().max(1);
    u32::try_from(times).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: the bundled recordings, half played when they begin, twice.
    /// Guarantees: much of each comes at once and the rest over minutes, nothing in the future when it is
    /// due; the sessions are new each time.
    #[test]
    fn recordings_begin_in_their_middle() {
        let now = Timestamp::from_millis(1_795_000_000_000);
        for recording in bundled().unwrap() {
            let capture = recording.capture.spread().unwrap();
            let session = part(&capture, 50, now, 0).unwrap();
            let due: Vec<_> = session.entries.iter().map(|entry| entry.arrived).collect();
            let at_once = due.iter().filter(|due| due.is_zero()).count();
            assert!(at_once >= due.len() / 2 && at_once < due.len(), "{at_once} of {}", due.len());
            assert!(due.iter().all(|due| *due <= LENGTH * 2), "{due:?}");
            let first = session.first_time().unwrap().and_then(Timestamp::from_nanos).unwrap();
            assert!(first <= now && now.since(first) <= LENGTH * 2);
            let again = part(&capture, 50, now, 1).unwrap();
            assert_ne!(session.sessions(), again.sessions());
        }
    }
}
