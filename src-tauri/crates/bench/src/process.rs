//! What a process costs, from `/proc`.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// Processor time and memory of a running process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process {
    pid: u32,
}

impl Process {
    pub(crate) fn new(pid: u32) -> Self {
        Self { pid }
    }

    pub(crate) fn pid(self) -> u32 {
        self.pid
    }

    /// What the system notes of it.
    pub(crate) fn stat(self) -> Result<Stat> {
        let stat = self.read("stat")?;
        Stat::parse(&stat).with_context(|| format!("cannot read what is noted of {}", self.pid))
    }

    /// Clock ticks spent in user and system mode by all its threads.
    pub(crate) fn ticks(self) -> Result<u64> {
        self.stat().map(|stat| stat.ticks)
    }

    /// The name of its program.
    pub(crate) fn name(self) -> Result<String> {
        let program = fs::read_link(format!("/proc/{}/exe", self.pid));
        let program = program.with_context(|| format!("process {} is gone", self.pid))?;
        Ok(program.file_name().unwrap_or_default().to_string_lossy().into_owned())
    }

    /// The same as a duration.
    pub(crate) fn processor_time(self) -> Result<Duration> {
        Ok(as_duration(self.ticks()?))
    }

    /// The largest resident set so far, in bytes.
    pub(crate) fn peak_resident(self) -> Result<u64> {
        kib_field(&self.read("status")?, "VmHWM:").context("there is no VmHWM")
    }

    /// The proportional set now, in bytes.
    pub(crate) fn proportional(self) -> Result<u64> {
        kib_field(&self.read("smaps_rollup")?, "Pss:").context("there is no Pss")
    }

    /// Where the proportional set lies, in bytes: anonymous memory, files, shared memory.
    pub(crate) fn proportional_parts(self) -> Result<[(&'static str, u64); 3]> {
        let rollup = self.read("smaps_rollup")?;
        let part = |field| kib_field(&rollup, field).unwrap_or(0);
        Ok([
            ("anonymous", part("Pss_Anon:")),
            ("files", part("Pss_File:")),
            ("shared memory", part("Pss_Shmem:")),
        ])
    }

    pub(crate) fn threads(self) -> Result<usize> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid));
        Ok(tasks.with_context(|| format!("process {} is gone", self.pid))?.count())
    }

    fn read(self, file: &str) -> Result<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.pid))
            .with_context(|| format!("process {} is gone", self.pid))
    }
}

/// What the system notes of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    /// Whether it still runs: one that ended and was not waited for is noted too.
    pub(crate) alive: bool,
    pub(crate) parent: u32,
    /// Clock ticks in user and system mode.
    pub(crate) ticks: u64,
    /// When it began, in ticks since the machine did.
    pub(crate) born: u64,
}

impl Stat {
    /// The 2nd field, in parentheses, may hold anything; those after it are numbered from 3.
    fn parse(stat: &str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<_> = rest.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3).copied();
        let count = |number| field(number)?.parse::<u64>().ok();
        Some(Self {
            alive: !matches!(field(3)?, "Z" | "X"),
            parent: field(4)?.parse().ok()?,
            ticks: count(14)? + count(15)?,
            born: count(22)?,
        })
    }
}

/// Ticks as time.
pub(crate) fn as_duration(ticks: u64) -> Duration {
    let per_second = rustix::param::clock_ticks_per_second();
    Duration::from_nanos(ticks.saturating_mul(1_000_000_000 / per_second))
}

/// Which share of all processors everything on the machine used during half a second: what else runs
/// makes every figure worse.
pub(crate) async fn machine_load() -> Result<f64> {
    let times = || {
        let stat = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
        parse_machine(&stat).context("/proc/stat has no processor times")
    };
    let before = times()?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let after = times()?;
    let (all, idle) = (after.0 - before.0, after.1 - before.1);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    Ok(1.0 - idle as f64 / all.max(1) as f64)
}

/// All ticks, and those of the fields `idle` and `iowait`.
fn parse_machine(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields = line.split_ascii_whitespace().map(str::parse::<u64>);
    let fields: Vec<_> = fields.collect::<Result<_, _>>().ok()?;
    // What guests use, the 9th and 10th field, is in the first two already.
    let all = fields.iter().take(8).sum();
    Some((all, fields.get(3)? + fields.get(4)?))
}

fn kib_field(text: &str, field: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a stat line whose program's name has spaces and parentheses, the same of a process that
    /// ended, and a rollup.
    /// Guarantees: the right fields are read.
    #[test]
    fn fields_are_found() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194304 100 0 0 0 31 11 0 0 20 0 4 0 100 1 2";
        let read = Stat { alive: true, parent: 1, ticks: 42, born: 100 };
        assert_eq!(Stat::parse(stat), Some(read));
        let ended = Stat::parse(&stat.replace(") S ", ") Z "));
        assert_eq!(ended, Some(Stat { alive: false, ..read }));
        assert_eq!(kib_field("Rss:  10 kB\nPss:    7 kB\nPss_Anon: 5 kB\n", "Pss:"), Some(7168));
        assert_eq!(kib_field("Rss:  10 kB\n", "Pss:"), None);
        let machine = "cpu  10 0 5 70 5 1 2 7 3 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
        assert_eq!(parse_machine(machine), Some((100, 75)));
    }

    /// Scenario: this very process.
    /// Guarantees: it has memory and threads, and a process that is gone is an error.
    #[test]
    fn this_process_is_readable() {
        let own = Process::new(std::process::id());
        assert!(own.proportional().unwrap() > 0 && own.peak_resident().unwrap() > 0);
        assert!(own.threads().unwrap() > 0);
        own.ticks().unwrap();
        assert!(Process::new(u32::MAX).ticks().is_err());
    }
}
