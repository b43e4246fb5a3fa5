//! Copies of settings from before they were edited.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::atomic::{resemble, sync_folder};

/// How many copies are kept of a file.
const KEPT: usize = 5;
/// How many copies may bear the same stamp.
const SAME_STAMP: u32 = 100;

/// Writes a copy beside the file, with the same rights, over no other one.
pub(super) fn make(
    target: &Path,
    bytes: &[u8],
    like: &Metadata,
    stamp: &str,
) -> io::Result<PathBuf> {
    let first = format!("{}{stamp}", prefix(target));
    let names = (2..SAME_STAMP).map(|number| format!("{first}-{number}"));
    for name in std::iter::once(first.clone()).chain(names) {
        let path = target.with_file_name(name);
        let mut file = match create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            other => other?,
        };
        file.write_all(bytes)?;
        resemble(&file, like)?;
        file.sync_all()?;
        sync_folder(target);
        return Ok(path);
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many copies bear this stamp"))
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Removes the oldest copies, but none of `needed`. Their stamps tell their age.
pub(super) fn prune(target: &Path, needed: &[&Path]) {
    let prefix = prefix(target);
    let Some(Ok(entries)) = target.parent().map(fs::read_dir) else { return };
    let mut copies: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .map(|entry| entry.path())
        .collect();
    copies.sort_unstable();
    let old = copies.len().saturating_sub(KEPT);
    for copy in copies.iter().take(old).filter(|copy| !needed.contains(&copy.as_path())) {
        // One that stays is in nobody's way.
        let _removed = fs::remove_file(copy);
    }
}

fn prefix(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    format!("{name}.before-plimsoll-")
}
