//! A process and all that it started, from `/proc`.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};

use crate::process::{Process, Stat};

/// A process, first, and its descendants at the time of the look.
#[derive(Debug, Clone)]
pub(crate) struct Family(Vec<Member>);

#[derive(Debug, Clone)]
struct Member {
    process: Process,
    name: String,
    born: u64,
}

impl Family {
    /// Looks who belongs to the process `head` now.
    pub(crate) fn of(head: Process) -> Result<Self> {
        let everyone = everyone()?;
        let mut pids = vec![head.pid()];
        let mut done = 0;
        while let Some(&parent) = pids.get(done) {
            let children = everyone.iter().filter(|(_, stat)| stat.parent == parent);
            pids.extend(children.map(|(pid, _)| *pid));
            done += 1;
        }
        let member = |pid: u32| {
            let process = Process::new(pid);
            Ok(Member { process, name: process.name()?, born: process.stat()?.born })
        };
        pids.into_iter().map(member).collect::<Result<_>>().map(Self)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Clock ticks of all of them.
    pub(crate) fn ticks(&self) -> Result<u64> {
        self.0.iter().map(|member| member.process.ticks()).sum()
    }

    /// The proportional sets of all of them, in bytes.
    pub(crate) fn proportional(&self) -> Result<u64> {
        self.0.iter().map(|member| member.process.proportional()).sum()
    }

    /// The same by the names of the programs, the first process's first.
    pub(crate) fn proportional_by_name(&self) -> Result<Vec<(&str, u64)>> {
        let mut sums: Vec<(&str, u64)> = Vec::new();
        for Member { process, name, .. } in &self.0 {
            let bytes = process.proportional()?;
            match sums.iter_mut().find(|(known, _)| known == name) {
                Some((_, sum)) => *sum += bytes,
                None => sums.push((name, bytes)),
            }
        }
        Ok(sums)
    }

    /// How many of the descendants still live, whoever takes care of them now.
    pub(crate) fn surviving_descendants(&self) -> usize {
        let descendants = self.0.iter().skip(1);
        descendants.filter(|member| member.lives()).count()
    }
}

impl Member {
    /// The number of a process that ended is given to another some day.
    fn lives(&self) -> bool {
        self.process.stat().is_ok_and(|stat| stat.alive && stat.born == self.born)
    }
}

/// All living processes.
fn everyone() -> Result<BTreeMap<u32, Stat>> {
    let entries = fs::read_dir("/proc").context("cannot read /proc")?;
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let stat = |pid| Some((pid, Process::new(pid).stat().ok().filter(|stat| stat.alive)?));
    Ok(pids.filter_map(stat).collect())
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    /// Scenario: a shell with a child of its own, which outlives the shell; then the child ends.
    /// Guarantees: both are found, by name and with their memory; who lost its parent still counts as alive,
    /// who ended does not.
    #[test]
    fn descendants_are_found() {
        let mut shell = Command::new("sh")
            .args(["-c", "exec 3<&0; cat <&3 & wait"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = shell.stdin.take().unwrap();
        input.write_all(b"x").unwrap();
        shell.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let family = Family::of(Process::new(shell.id())).unwrap();
        assert_eq!((family.len(), family.surviving_descendants()), (2, 1));
        let names = family.proportional_by_name().unwrap();
        assert!(names.len() == 2 && names[1].0 == "cat", "{names:?}");
        assert!(names.iter().all(|(_, bytes)| *bytes > 0), "{names:?}");
        shell.kill().unwrap();
        shell.wait().unwrap();
        assert_eq!(family.surviving_descendants(), 1);
        drop(input);
        let deadline = Instant::now() + Duration::from_secs(20);
        while family.surviving_descendants() > 0 {
            assert!(Instant::now() < deadline, "it still lives");
            std::thread::yield_now();
        }
        assert!(Family::of(Process::new(shell.id())).is_err());
    }
}
