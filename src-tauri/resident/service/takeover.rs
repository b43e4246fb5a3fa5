//! Ends the engine that somebody else started, so that the service can have its ports and its ledger.

use std::{path::Path, time::Duration};

use anyhow::{Context, bail};
use plimsoll_client::RuntimeInfo;

use super::machine::Machine;

/// How long it may drain: a little longer than it allows itself.
const PATIENCE: Duration = Duration::from_secs(30);
/// The programs that hold an engine.
const PROGRAMS: [&str; 2] = ["plimsoll", "plimsoll-window"];

/// Ends the engine that `runtime.json` names, unless the service's own process is that engine. Gives the process
/// that was ended.
///
/// # Errors
/// When it does not end.
pub(super) fn end_other(
    machine: &mut impl Machine,
    runtime: Option<&RuntimeInfo>,
    own: Option<u32>,
) -> anyhow::Result<Option<u32>> {
    let Some(pid) = runtime.map(|runtime| runtime.pid).filter(|pid| Some(*pid) != own) else {
        return Ok(None);
    };
    // The file may be left over, and the number another program's by now.
    if !holds_engine(machine, pid) {
        return Ok(None);
    }
    machine.terminate(pid).with_context(|| {
        format!("cannot end the Plimsoll that runs already (process {pid}); end it and try again")
    })?;
    let mut waited = Duration::ZERO;
    while holds_engine(machine, pid) {
        if waited >= PATIENCE {
            bail!(
                "the Plimsoll that runs already (process {pid}) did not end within {} seconds; end it and try \
                 again",
                PATIENCE.as_secs()
            );
        }
        waited += machine.pause();
    }
    Ok(Some(pid))
}

fn holds_engine(machine: &impl Machine, pid: u32) -> bool {
    machine.program(pid).is_some_and(|program| is_ours(&program))
}

fn is_ours(program: &Path) -> bool {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    PROGRAMS.contains(&name.trim_end_matches(REPLACED))
}

/// What Linux adds to the path of a program whose file was replaced since it started.
const REPLACED: &str = " (deleted)";

/// Whether a process runs a program whose file was replaced since.
pub(super) fn is_outdated(machine: &impl Machine, pid: u32) -> bool {
    machine.program(pid).is_some_and(|program| program.to_string_lossy().ends_with(REPLACED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::fixture::{Recorder, runtime};

    /// Scenario: an engine of the user's own runs, also from a file that was replaced, and drains for a while.
    /// Guarantees: it is asked to end once and waited for.
    #[test]
    fn another_engine_is_ended_and_waited_for() {
        for program in ["/home/u/bin/plimsoll", "/usr/bin/plimsoll-window (deleted)"] {
            let mut machine = Recorder::default().running(7, program).draining(3);
            assert_eq!(end_other(&mut machine, Some(&runtime(7)), Some(8)).unwrap(), Some(7));
            assert_eq!((machine.ended.as_slice(), machine.pauses), ([7].as_slice(), 3));
        }
    }

    /// Scenario: nothing runs; the service's own engine runs; the file is left over; its process is another
    /// program's now.
    /// Guarantees: nobody is asked to end.
    #[test]
    fn nobody_else_is_ended() {
        let mut machine = Recorder::default().running(7, "/usr/bin/plimsoll").running(9, "/bin/sh");
        assert_eq!(end_other(&mut machine, None, None).unwrap(), None);
        assert_eq!(end_other(&mut machine, Some(&runtime(7)), Some(7)).unwrap(), None);
        for stale in [8, 9] {
            assert_eq!(end_other(&mut machine, Some(&runtime(stale)), None).unwrap(), None);
        }
        assert!(machine.ended.is_empty());
    }

    /// Scenario: an engine that does not end.
    /// Guarantees: the wait has an end, and the sentence says what to do.
    #[test]
    fn the_wait_has_an_end() {
        let mut machine = Recorder::default().running(7, "/usr/bin/plimsoll").draining(usize::MAX);
        let error = end_other(&mut machine, Some(&runtime(7)), None).unwrap_err().to_string();
        assert!(error.contains("process 7) did not end within 30 seconds"), "{error}");
    }
}
