//! Carries a plan out, and says what it did.

use std::path::Path;

use anyhow::{Context, bail};

use super::{
    files::{self, Outcome},
    machine::{Answer, Machine},
    plan::Step,
};

/// Carries plans out on a machine.
pub(super) struct Executor<'a, M> {
    pub(super) machine: &'a mut M,
    /// What the name of a file that is set aside ends in.
    stamp: &'a str,
    /// Whether any file was written or taken away.
    pub(super) changed: bool,
    /// What was done, a sentence each.
    pub(super) said: Vec<String>,
}

impl<'a, M: Machine> Executor<'a, M> {
    pub(super) fn new(machine: &'a mut M, stamp: &'a str) -> Self {
        Self { machine, stamp, changed: false, said: Vec::new() }
    }

    /// Does one step after the other.
    ///
    /// # Errors
    /// At the first step that fails; it says what to do then.
    pub(super) fn carry_out(&mut self, steps: &[Step]) -> anyhow::Result<()> {
        steps.iter().try_for_each(|step| match step {
            Step::Write { path, text } => {
                let outcome = files::write(path, text, self.stamp)
                    .with_context(|| format!("cannot write {}", path.display()))?;
                self.note(path, &outcome, "Wrote");
                Ok(())
            }
            Step::Delete(path) => {
                let outcome = files::delete(path, self.stamp)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
                self.note(path, &outcome, "Removed");
                Ok(())
            }
            Step::Run(words) => ask(self.machine, words).map(drop),
            Step::Attempt(words) => {
                // Not even its absence matters: then there is nothing for it to do.
                let _ = self.machine.run(words);
                Ok(())
            }
        })
    }

    fn note(&mut self, path: &Path, outcome: &Outcome, done: &str) {
        self.changed |= matches!(outcome, Outcome::Changed | Outcome::Kept(_));
        let path = path.display();
        match outcome {
            Outcome::Unchanged => {}
            Outcome::Changed => self.said.push(format!("{done} {path}.")),
            Outcome::Kept(aside) => {
                self.said
                    .push(format!("{done} {path}; what you had there is {}.", aside.display()));
            }
            Outcome::Left => self.said.push(format!("Left {path}, which is your own.")),
        }
    }
}

/// Runs a command that has to succeed, and gives what it printed.
pub(super) fn ask(machine: &mut impl Machine, words: &[String]) -> anyhow::Result<String> {
    let command = words.join(" ");
    let Answer { success, output, complaint } =
        machine.run(words).with_context(|| format!("cannot run `{command}`"))?;
    if success {
        return Ok(output);
    }
    if complaint.contains("Failed to connect to") {
        bail!(
            "your systemd cannot be reached ({complaint}); log in as this user itself, not through su or sudo, \
             and try again"
        );
    }
    bail!("`{command}` failed: {}", if complaint.is_empty() { output } else { complaint })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{fixture::Recorder, plan::words};

    /// Scenario: a command that is allowed to fail fails, one that has to succeed fails, one comes after it.
    /// Guarantees: only the second stops the plan, with the command and what it said.
    #[test]
    fn the_first_failure_ends_it() {
        let mut machine = Recorder::default().failing("systemctl stop", "not loaded");
        machine = machine.failing("systemctl start", "Unit not found.");
        let steps = [
            Step::Attempt(words(["systemctl", "stop"])),
            Step::Run(words(["systemctl", "start"])),
            Step::Run(words(["systemctl", "never"])),
        ];
        let error = Executor::new(&mut machine, "now").carry_out(&steps).unwrap_err();
        assert_eq!(error.to_string(), "`systemctl start` failed: Unit not found.");
        assert_eq!(machine.ran, ["systemctl stop", "systemctl start"]);
    }

    /// Scenario: systemctl in a session that su made.
    /// Guarantees: the error says what to do.
    #[test]
    fn an_unreachable_manager_is_explained() {
        let complaint = "Failed to connect to bus: No medium found";
        let mut machine = Recorder::default().failing("systemctl", complaint);
        let error = ask(&mut machine, &words(["systemctl", "--user"])).unwrap_err().to_string();
        assert!(error.contains("not through su or sudo"), "{error}");
    }

    /// Scenario: a file is written, and the same again.
    /// Guarantees: the first is told, and only it counts as a change.
    #[test]
    fn what_was_done_is_told() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("unit");
        let text = format!("# {}\n", crate::service::mark::MARK);
        let steps = [Step::Write { path: path.clone(), text }];
        let mut machine = Recorder::default();
        for (changed, said) in [(true, vec![format!("Wrote {}.", path.display())]), (false, vec![])]
        {
            let mut executor = Executor::new(&mut machine, "now");
            executor.carry_out(&steps).unwrap();
            assert_eq!((executor.changed, executor.said), (changed, said));
        }
    }
}
