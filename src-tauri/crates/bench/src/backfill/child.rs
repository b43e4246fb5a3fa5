//! A program that is run to its end, and what it costs.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::process::Process;

/// How often memory is looked at.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };

/// What reading cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spent {
    pub(super) wall: Duration,
    /// In user and system mode, by all threads.
    pub(super) processor: Duration,
    /// The largest resident set, in bytes; `None` where it is of no interest.
    pub(super) peak: Option<u64>,
}

/// A program that did its work.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) spent: Spent,
    /// Its standard output.
    pub(super) out: String,
}

/// Runs a program that ends by itself.
pub(super) fn run(command: &mut Command) -> Result<Ran> {
    let what = command.get_program().to_string_lossy().into_owned();
    measure(command).with_context(|| format!("{what} did not do its work"))
}

fn measure(command: &mut Command) -> Result<Ran> {
    let (mut out, mut err) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(err.try_clone()?);
    let begin = Instant::now();
    let mut child = command.spawn()?;
    let process = Process::new(child.id());
    let end = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?;
    let mut peak = None;
    // The largest set is asked of the process itself: what the system tells its parent begins with the parent's own.
    while poll(&mut [PollFd::new(&end, PollFlags::IN)], Some(&LOOK))? == 0 {
        peak = process.peak_resident().ok().max(peak);
    }
    let wall = begin.elapsed();
    // It has ended and was not waited for, so its times are still there.
    let processor = process.processor_time()?;
    let status = child.wait()?;
    if !status.success() {
        bail!("{status}: {}{}", written(&mut err)?, written(&mut out)?);
    }
    Ok(Ran { spent: Spent { wall, processor, peak }, out: written(&mut out)? })
}

fn written(file: &mut File) -> Result<String> {
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a program that holds 32 MiB and works a moment, and one that fails.
    /// Guarantees: its output, time and memory are told; failing is an error with its words.
    #[test]
    fn what_a_program_costs_is_told() {
        let mut command = Command::new("sh");
        let work = "x=$(head -c 33554432 /dev/zero | tr '\\0' x); i=0; \
                    while [ $i -lt 100000 ]; do i=$((i+1)); done; echo ${#x}";
        let ran = run(command.args(["-c", work])).unwrap();
        assert_eq!(ran.out, "33554432\n");
        assert!(ran.spent.peak > Some(32 << 20), "{:?}", ran.spent.peak);
        assert!(ran.spent.processor > Duration::ZERO && ran.spent.wall > Duration::ZERO);
        let failed = run(Command::new("sh").args(["-c", "echo no room >&2; exit 3"])).unwrap_err();
        assert!(format!("{failed:#}").contains("no room"), "{failed:#}");
    }
}
