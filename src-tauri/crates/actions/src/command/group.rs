//! A command and everything that it starts: ended together.

#[cfg(unix)]
use std::time::Duration;

use tokio::process::{Child, Command};

/// How often it is looked whether all of a group are gone: nobody tells it of others than the leader.
#[cfg(unix)]
const LOOK: Duration = Duration::from_millis(10);

/// The processes of a command. Unless they are let go they are killed when this is dropped.
#[derive(Debug)]
pub(super) struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    /// Has a command begin a group of its own.
    pub(super) fn prepare(command: &mut Command) {
        #[cfg(unix)]
        command.process_group(0);
        command.kill_on_drop(true);
    }

    #[cfg(unix)]
    pub(super) fn of(child: &Child) -> Self {
        let number = child.id().and_then(|number| i32::try_from(number).ok());
        Self { leader: number.and_then(rustix::process::Pid::from_raw) }
    }

    #[cfg(not(unix))]
    pub(super) fn of(_: &Child) -> Self {
        Self {}
    }

    /// Asks all of them to end.
    pub(super) fn terminate(&self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::TERM);
    }

    /// Waits until all of them are gone. The leader is there until somebody has waited for it.
    pub(super) async fn gone(&mut self) {
        #[cfg(unix)]
        while self.is_there() {
            tokio::time::sleep(LOOK).await;
        }
        // Their number may be another's from now on.
        self.let_go();
    }

    #[cfg(unix)]
    fn is_there(&self) -> bool {
        let looked = self.leader.map(rustix::process::test_kill_process_group);
        // Others, as of a process that we must not signal, are of a group that is there.
        looked.is_some_and(|looked| looked != Err(rustix::io::Errno::SRCH))
    }

    /// What is left of them lives on.
    pub(super) fn let_go(&mut self) {
        #[cfg(unix)]
        self.leader.take();
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(leader) = self.leader {
            // An error means that all of them are gone.
            let _ = rustix::process::kill_process_group(leader, signal);
        }
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        self.signal(rustix::process::Signal::KILL);
    }
}
