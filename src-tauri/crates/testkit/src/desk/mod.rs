//! A desktop made of stand-ins: a session bus, a panel, a notification server and a screen of the test's
//! own, and a service manager that holds the sockets. Each ends with its owner; each can leave and come
//! back, as their models do.

mod bus;
mod item;
mod notifications;
mod panel;
mod screen;
mod sockets;

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

pub use bus::PrivateBus;
pub use item::{MenuEntry, Pixmap, TrayItem};
pub use notifications::{NotificationServer, Notified};
pub use panel::Panel;
pub use screen::Screen;
pub use sockets::SocketHolder;
use tokio::time::{sleep, timeout};

use crate::process::LOOK;
use crate::start::ResidentError;

/// How long anything of the desk may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is wrong with the desk.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// A file or socket could not be made or read.
    #[error("cannot prepare {}", path.display())]
    Prepare {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program could not be started; it may not be installed.
    #[error("cannot run {program}")]
    Spawn {
        /// The program.
        program: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A program ended that should run, or did not do its work.
    #[error("{program} ended with {status}: {said}")]
    Ended {
        /// The program.
        program: &'static str,
        /// How.
        status: ExitStatus,
        /// What it said.
        said: String,
    },
    /// Something did not happen in time.
    #[error("not {what} within {PATIENCE:?}")]
    Late {
        /// What was waited for.
        what: &'static str,
    },
    /// The bus, or someone on it, refused.
    #[error("cannot {doing}")]
    Bus {
        /// What was tried.
        doing: &'static str,
        /// What the bus said.
        source: Box<zbus::Error>,
    },
    /// The stand-in is away.
    #[error("the {0} is not there")]
    Away(&'static str),
    /// The menu has no such entry that can be chosen.
    #[error("no entry {label:?} among {labels:?}")]
    NoEntry {
        /// The entry that was looked for.
        label: String,
        /// What there is.
        labels: Vec<String>,
    },
    /// The sockets could not be held.
    #[error("cannot hold the sockets")]
    Sockets(#[source] io::Error),
    /// The service could not be started or ended.
    #[error("cannot run the service")]
    Service(#[source] ResidentError),
}

/// Says of an error of the bus what was tried.
fn bus<E: Into<zbus::Error>>(doing: &'static str) -> impl FnOnce(E) -> DeskError {
    move |source| DeskError::Bus { doing, source: Box::new(source.into()) }
}

/// Waits until `look` gives something.
async fn until<T>(
    what: &'static str,
    mut look: impl AsyncFnMut() -> Result<Option<T>, DeskError>,
) -> Result<T, DeskError> {
    let waiting = async {
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            sleep(LOOK).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or(Err(DeskError::Late { what }))
}
