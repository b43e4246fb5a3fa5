//! A corpus of transcripts as the client writes them, and what is true of it.
//!
//! The same plan always gives the same bytes, on every machine: each file is made from the seed and its own
//! number alone, with integers only. It has the shapes that decide whether a reader is right: several lines of one
//! answer, of which only the last knows how much was written; conversations that begin as a copy of another;
//! subagents two folders deeper; lines that cost nothing; last lines that are cut off; and texts that quote use.

mod conversation;
mod line;
mod text;
mod truth;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context, Result};

use crate::random::Random;
use conversation::Conversation;
use line::Tape;
use text::Pool;
pub(crate) use truth::{Sums, Truth};

/// Which corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub(crate) struct Plan {
    /// How many files it has.
    #[arg(long, default_value_t = 2000)]
    pub(crate) files: u64,
    /// About how large it is, in MiB.
    #[arg(long, default_value_t = 1100)]
    pub(crate) mib: u64,
    /// Another seed gives another corpus of the same kind.
    #[arg(long, default_value_t = 20_261_128)]
    pub(crate) seed: u64,
}

/// A home folder with transcripts in `.claude/projects` and the truth in `truth.json`.
#[derive(Debug)]
pub(crate) struct Corpus {
    home: PathBuf,
    pub(crate) truth: Truth,
}

impl Corpus {
    /// Writes one into a folder that is empty or does not exist.
    pub(crate) fn write(plan: Plan, home: &Path) -> Result<Self> {
        let projects = home.join(".claude/projects");
        let next = AtomicU64::new(0);
        let pool = Pool::of(&mut Random::of(plan.seed, u64::MAX));
        let work = || -> Result<Truth> {
            let mut tape = Tape::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= plan.files {
                    return Ok(tape.truth);
                }
                write_file(plan, number, (&pool, &projects), &mut tape)?;
            }
        };
        let truths = thread::scope(|scope| {
            let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(|thread| thread.join()).collect::<Vec<_>>()
        });
        let mut truth = Truth::default();
        for part in truths {
            let part = part.map_err(|_| anyhow::anyhow!("a thread that writes panicked"))?;
            truth.add(&part.with_context(|| format!("cannot write {}", projects.display()))?);
        }
        let path = home.join("truth.json");
        fs::write(&path, truth.to_json())
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { home: home.to_owned(), truth })
    }

    /// One that was written before, also by others: `truth.json` needs `files`, `bytes`, and by model in
    /// `last_wins` the counts `input`, `output`, `cache_creation`, `cache_creation_1h`, `cache_read`, `messages`.
    pub(crate) fn open(home: &Path) -> Result<Self> {
        let path = home.join("truth.json");
        let read = || -> Result<Truth> { Truth::from_json(&fs::read(&path)?) };
        let truth = read().with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self { home: std::path::absolute(home)?, truth })
    }

    /// The client's configuration folder.
    pub(crate) fn claude(&self) -> PathBuf {
        self.home.join(".claude")
    }
}

fn write_file(
    plan: Plan,
    number: u64,
    (pool, projects): (&Pool, &Path),
    tape: &mut Tape,
) -> Result<()> {
    let conversation = Conversation::of(plan, number);
    let path = projects.join(conversation.path());
    tape.clear();
    conversation.write(pool, tape);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&path, tape.bytes())?;
    tape.truth.files += 1;
    tape.truth.bytes += tape.bytes().len() as u64;
    Ok(())
}
