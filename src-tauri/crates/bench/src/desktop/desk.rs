//! The application on a desktop of its own: bus, panel, notification server and screen are stand-ins.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use plimsoll_testkit::{
    NotificationServer, Panel, PrivateBus, Screen, Start, TestResident, TrayItem,
};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::sight::Sight;
use crate::Bench;
use crate::family::Family;
use crate::process::Process;

/// Where the icon is pressed: in a panel at the top, to the right.
const PRESSED: (i32, i32) = (1264, 16);
/// How long the application may take to end, and its windows' processes.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the application is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `plimsoll`, which has windows shown by a process of their own.
    Separate,
    /// `plimsoll-window --standalone`: everything in one process.
    InProcess,
}

/// The running application and what is around it; all of it goes when it is dropped.
pub(super) struct Desk {
    shape: Shape,
    application: TestResident,
    icon: TrayItem,
    sight: Sight,
    _screen: Screen,
    _panel: Panel,
    _notifications: NotificationServer,
    _bus: PrivateBus,
    _folder: TempDir,
}

impl Desk {
    /// Starts the application and waits for its icon.
    pub(super) async fn start(bench: &Bench, shape: Shape) -> Result<Self> {
        let folder = tempfile::tempdir_in(&bench.folder).context("cannot make a folder")?;
        let bus = PrivateBus::start().await?;
        let notifications = NotificationServer::on(&bus).await?;
        let panel = Panel::on(&bus).await?;
        let screen = Screen::start().await?;
        let sight = Sight::of(screen.name())?;
        let start = Start::within(&bench.plimsoll, folder.path());
        let start = match shape {
            Shape::Separate => start.command(&[]),
            Shape::InProcess => start.program(bench.window()).command(&["--standalone"]),
        };
        let application = start.bus(&bus.address()).display(screen.name()).run().await?;
        let icon = panel.item().await.with_context(|| application.said())?;
        Ok(Self {
            shape,
            application,
            icon,
            sight,
            _screen: screen,
            _panel: panel,
            _notifications: notifications,
            _bus: bus,
            _folder: folder,
        })
    }

    pub(super) fn application(&self) -> &TestResident {
        &self.application
    }

    /// The process that was started.
    pub(super) fn process(&self) -> Process {
        Process::new(self.application.pid())
    }

    /// That process and all that it started.
    pub(super) fn family(&self) -> Result<Family> {
        Family::of(self.process())
    }

    /// Presses the icon; the time until the popover is painted.
    pub(super) async fn open(&self) -> Result<Duration> {
        ensure!(self.sight.is_clear()?, "the popover is open already");
        let (x, y) = PRESSED;
        let pressed = Instant::now();
        let (painted, answered) = tokio::join!(self.sight.painted(), self.icon.activate(x, y));
        answered?;
        let painted = painted.with_context(|| self.application.said())?;
        Ok(painted - pressed)
    }

    /// Presses the icon again and waits until the popover is gone, and the processes that were there for it.
    pub(super) async fn close(&self) -> Result<()> {
        let family = self.family()?;
        let (x, y) = PRESSED;
        self.icon.activate(x, y).await?;
        self.sight.gone().await.with_context(|| self.application.said())?;
        if self.shape == Shape::Separate {
            let ended = async {
                while family.surviving_descendants() > 0 {
                    sleep(Duration::from_millis(10)).await;
                }
            };
            let ended = timeout(PATIENCE, ended).await;
            ended.context("the processes of the windows outlive them")?;
        }
        Ok(())
    }

    /// Ends the application as a logout does.
    pub(super) async fn end(mut self) -> Result<()> {
        let status = self.application.terminate(PATIENCE).await?;
        ensure!(status.success(), "it ended with {status}; it said:\n{}", self.application.said());
        Ok(())
    }
}
