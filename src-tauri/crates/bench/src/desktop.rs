//! Tray and windows on a screen of their own, in both shapes of the application.

mod desk;
mod sight;

use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use crate::Bench;
use crate::figures::{self, median, megabytes, millis};
use crate::load::{Connection, Protocol, Signal};
use crate::payload::{Run, Session};
use crate::weight::{minute, ten_thousand_requests};
use desk::{Desk, Shape};

/// Live sessions that the popover shows.
const SESSIONS: usize = 3;
/// What the tray may take.
const TRAY_GOAL: &str = "<= 15 MB";

/// Measures and prints; without the program with windows it says so.
pub(crate) async fn run(bench: &Bench) -> Result<()> {
    let window = bench.window();
    if !window.is_file() {
        println!(
            "desktop: left out, there is no {}; build it with `cargo build --release --features \
             desktop --bin plimsoll-window`",
            window.display()
        );
        return Ok(());
    }
    let pace = Pace::of(bench);
    for shape in [Shape::Separate, Shape::InProcess] {
        figures::begin(match shape {
            Shape::Separate => "desktop: the tray in `plimsoll`, windows in a process of their own",
            Shape::InProcess => {
                "desktop: everything in one process (`plimsoll-window --standalone`)"
            }
        })
        .await?;
        let goals = Goals(shape == Shape::Separate);
        tray_only(bench, shape, goals).await?;
        let desk = Desk::start(bench, shape).await?;
        with_windows(&desk, &pace, goals).await?;
        desk.end().await?;
    }
    Ok(())
}

/// The goals are those of the shape that is the default.
#[derive(Debug, Clone, Copy)]
struct Goals(bool);

impl Goals {
    fn show(self, goal: &str) -> &str {
        if self.0 { goal } else { "" }
    }
}

/// How often and how long.
struct Pace {
    clicks: usize,
    /// Between two clicks.
    between: Duration,
    /// Until an open popover is at rest.
    open: Duration,
    closed: Duration,
}

impl Pace {
    fn of(bench: &Bench) -> Self {
        let seconds = Duration::from_secs;
        let (between, closed) = (seconds(1), seconds(10));
        if bench.quick {
            Self { clicks: 3, between, open: seconds(2), closed }
        } else {
            Self { clicks: 8, between, open: seconds(5), closed }
        }
    }
}

/// Memory and idleness of an application whose windows were never opened.
async fn tray_only(bench: &Bench, shape: Shape, goals: Goals) -> Result<()> {
    const REST: Duration = Duration::from_secs(15);
    let desk = Desk::start(bench, shape).await?;
    // The icon is there before the toolkit of the standalone shape is at rest.
    sleep(Duration::from_secs(2)).await;
    let goal = goals.show(TRAY_GOAL);
    figures::line("PSS after the start", &megabytes(desk.family()?.proportional()?), goal);
    ten_thousand_requests(desk.application().http()?, desk.process()).await?;
    sleep(REST).await;
    let family = desk.family()?;
    let what = format!("PSS {} s after 10,000 requests", REST.as_secs());
    figures::line(&what, &megabytes(family.proportional()?), goal);
    let minute = minute(bench);
    let before = family.ticks()?;
    sleep(minute).await;
    let ticks = family.ticks()? - before;
    let what = format!("ticks in {} idle seconds", minute.as_secs());
    figures::line(&what, &ticks.to_string(), goals.show("0"));
    desk.end().await
}

/// From a click to the painted popover, and what the windows cost and leave behind.
async fn with_windows(desk: &Desk, pace: &Pace, goals: Goals) -> Result<()> {
    begin_sessions(desk).await?;
    clicks(desk, pace, goals).await?;
    desk.open().await?;
    sleep(pace.open).await;
    let open = desk.family()?;
    figures::line("PSS with the popover open", &megabytes(open.proportional()?), "");
    for (name, bytes) in open.proportional_by_name()? {
        figures::line(&format!("  of it {name}"), &megabytes(bytes), "");
    }
    desk.close().await?;
    sleep(pace.closed).await;
    let closed = desk.family()?;
    let what = format!("PSS {} s after closing", pace.closed.as_secs());
    figures::line(&what, &megabytes(closed.proportional()?), goals.show(TRAY_GOAL));
    let left = open.surviving_descendants().max(closed.len() - 1);
    figures::line("processes left of the windows", &left.to_string(), goals.show("0"));
    Ok(())
}

/// Tells of sessions, so that the popover has something to show.
async fn begin_sessions(desk: &Desk) -> Result<()> {
    let (protocol, run) = (Protocol::Protobuf, Run::begin());
    let mut connection = Connection::open(desk.application().http()?, protocol).await?;
    for number in 0..SESSIONS {
        let mut session = Session::new(run, number, protocol);
        let fresh = session.next_events(number as u64);
        connection.send(Signal::Logs, &session.logs[0], fresh, run).await?;
    }
    Ok(())
}

async fn clicks(desk: &Desk, pace: &Pace, goals: Goals) -> Result<()> {
    let first = click(desk, pace).await?;
    let mut times = Vec::new();
    for _ in 0..pace.clicks {
        times.push(click(desk, pace).await?.as_secs_f64());
    }
    let worst = times.iter().copied().fold(0.0, f64::max);
    let shown = |seconds| millis(Duration::from_secs_f64(seconds));
    figures::line("click to painted, first", &millis(first), "");
    let what = format!("click to painted, median of {}", pace.clicks);
    figures::line(&what, &shown(median(times)), goals.show("<= 350 ms"));
    figures::line("click to painted, worst of them", &shown(worst), "");
    Ok(())
}

async fn click(desk: &Desk, pace: &Pace) -> Result<Duration> {
    sleep(pace.between).await;
    let time = desk.open().await?;
    // Nobody presses twice at once.
    sleep(pace.between).await;
    desk.close().await?;
    Ok(time)
}
