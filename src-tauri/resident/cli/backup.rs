//! `plimsoll backup`: a copy of the ledger, also while Plimsoll runs.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use indicatif::{HumanBytes, HumanCount};
use plimsoll_engine::{Backup, BackupError, backup};
use plimsoll_programs::{Exit, Surroundings};

use super::{command_runtime, ledger};

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// The copy's file
    file: PathBuf,
    /// Let the copy take the place of a file that is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    ledger: ledger::Choice,
}

pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let begun = Instant::now();
    let made = command_runtime()?.block_on(async {
        let ledger = flags.ledger.path(around).await?;
        backup(&ledger, &flags.file, flags.force).await.map_err(failure)
    })?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", sentence(&made, &flags.file, begun.elapsed()))?;
    Ok(())
}

fn failure(error: BackupError) -> anyhow::Error {
    match error {
        BackupError::Ledger(error) => ledger::failure(&error),
        error @ BackupError::Exists { .. } => {
            Exit::Failed.because(format!("{error}; --force replaces it"))
        }
        error => Exit::Failed.because(error),
    }
}

fn sentence(made: &Backup, file: &Path, took: Duration) -> String {
    let revision = u64::try_from(made.revision.0).unwrap_or_default();
    format!(
        "Copied {} requests to {} ({}, revision {}) in {:.1} s.",
        HumanCount(made.requests),
        file.display(),
        HumanBytes(made.bytes),
        HumanCount(revision),
        took.as_secs_f64()
    )
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::Revision;

    use super::*;

    /// Scenario: a copy of 140 thousand requests.
    /// Guarantees: size, requests, revision and time are said.
    #[test]
    fn a_copy_is_described() {
        let made = Backup { bytes: 50 << 20, requests: 140_000, revision: Revision(281_034) };
        assert_eq!(
            sentence(&made, Path::new("/b/copy.db"), Duration::from_millis(940)),
            "Copied 140,000 requests to /b/copy.db (50.00 MiB, revision 281,034) in 0.9 s."
        );
    }
}
