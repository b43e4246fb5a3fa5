//! The machine: commands and processes. Tests put another one in its place.

use std::{
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

/// How long a pause is while something is waited for.
const PAUSE: Duration = Duration::from_millis(50);

/// What a command answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    /// Whether it ended with 0.
    pub(crate) success: bool,
    /// What it printed.
    pub(crate) output: String,
    /// What it said on standard error.
    pub(crate) complaint: String,
}

/// What carries a plan out.
pub(crate) trait Machine {
    /// Runs a command to its end.
    fn run(&mut self, words: &[String]) -> io::Result<Answer>;
    /// The program that a process runs; `None` where it is gone, is another user's, or cannot be known here.
    fn program(&self, pid: u32) -> Option<PathBuf>;
    /// Asks a process to end.
    fn terminate(&mut self, pid: u32) -> io::Result<()>;
    /// Lets a moment pass; how long.
    fn pause(&mut self) -> Duration;
}

/// This machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct System;

impl Machine for System {
    fn run(&mut self, words: &[String]) -> io::Result<Answer> {
        let (program, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let output = Command::new(program)
            .args(arguments)
            // What is read below must be in English.
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        Ok(Answer {
            success: output.status.success(),
            output: text(&output.stdout),
            complaint: text(&output.stderr),
        })
    }

    fn program(&self, pid: u32) -> Option<PathBuf> {
        std::fs::read_link(Path::new("/proc").join(pid.to_string()).join("exe")).ok()
    }

    fn terminate(&mut self, pid: u32) -> io::Result<()> {
        terminate(pid)
    }

    #[expect(clippy::disallowed_methods, reason = "nothing tells of another process's end")]
    fn pause(&mut self) -> Duration {
        std::thread::sleep(PAUSE);
        PAUSE
    }
}

#[cfg(unix)]
fn terminate(pid: u32) -> io::Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    Ok(kill_process(pid.ok_or(io::ErrorKind::InvalidInput)?, Signal::TERM)?)
}

/// Nobody is asked to end where nothing tells which program a process runs.
#[cfg(not(unix))]
fn terminate(_: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
