//! Reading and nothing else.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};

use super::child::Spent;
use crate::corpus::Corpus;
use crate::process::Process;

/// Reads the bytes of all transcripts with two threads.
pub(super) fn read(corpus: &Corpus) -> Result<Spent> {
    let own = Process::new(std::process::id());
    let (begin, before) = (Instant::now(), own.processor_time()?);
    let files = list(&corpus.claude().join("projects"))?;
    let next = AtomicUsize::new(0);
    let bytes = thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(|| read_some(&files, &next)));
        threads.into_iter().try_fold(0, |sum, thread| {
            let read = thread.join().map_err(|_| anyhow!("a thread that reads panicked"))?;
            anyhow::Ok(sum + read?)
        })
    })?;
    let wall = begin.elapsed();
    let processor = own.processor_time()?.saturating_sub(before);
    ensure!(
        bytes == corpus.truth.bytes,
        "the files hold {bytes} bytes, and truth.json says otherwise"
    );
    Ok(Spent { wall, processor, peak: None })
}

/// Reads files that nobody reads yet until none is left; tells how many bytes.
fn read_some(files: &[PathBuf], next: &AtomicUsize) -> Result<u64> {
    let (mut buffer, mut bytes) = (vec![0; 1 << 20], 0);
    while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
        let mut file = File::open(path)?;
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            bytes += count as u64;
        }
    }
    Ok(bytes)
}

fn list(root: &Path) -> Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder);
        for entry in entries.with_context(|| format!("cannot list {}", folder.display()))? {
            let entry = entry?;
            let list = if entry.file_type()?.is_dir() { &mut folders } else { &mut files };
            list.push(entry.path());
        }
    }
    Ok(files)
}
