//! Processes that end with their owner.

use std::io;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{sleep, timeout};

/// How often a state is looked at while waiting for it.
pub(crate) const LOOK: Duration = Duration::from_millis(2);

/// A process that ends with its owner.
#[derive(Debug)]
pub(crate) struct Owned(Child);

impl Owned {
    pub(crate) fn new(child: Child) -> Self {
        Self(child)
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// How it ended, if it did.
    pub(crate) fn status(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }

    /// Kills it at once (SIGKILL) and takes it off the system's list.
    pub(crate) fn kill(&mut self) -> io::Result<ExitStatus> {
        self.0.kill()?;
        self.0.wait()
    }

    /// Asks it to end (SIGTERM).
    pub(crate) fn terminate(&self) -> io::Result<()> {
        Ok(kill_process(Pid::from_child(&self.0), Signal::TERM)?)
    }

    /// Waits until it ends; `None` when it did not in time.
    pub(crate) async fn ended(&mut self, within: Duration) -> io::Result<Option<ExitStatus>> {
        let ended = async {
            loop {
                if let Some(status) = self.status()? {
                    return Ok(Some(status));
                }
                sleep(LOOK).await;
            }
        };
        timeout(within, ended).await.unwrap_or(Ok(None))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // Fails only for a process that is gone already.
        let _ = self.kill();
    }
}
