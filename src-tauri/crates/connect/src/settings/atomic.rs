//! Files that are replaced as a whole or not at all.

use std::{
    fs::{self, File, Metadata},
    io::{self, Write},
    path::Path,
};

use tempfile::NamedTempFile;

const PREFIX: &str = ".plimsoll-";
const SUFFIX: &str = ".tmp";

/// A new file beside `target`, written out to the disk, with the rights and owner of `like`; without one only its owner
/// may read it.
pub(super) fn filled(
    target: &Path,
    bytes: &[u8],
    like: Option<&Metadata>,
) -> io::Result<NamedTempFile> {
    let folder = target.parent().unwrap_or(Path::new("."));
    let mut made = tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(folder)?;
    made.write_all(bytes)?;
    if let Some(like) = like {
        resemble(made.as_file(), like)?;
    }
    made.as_file().sync_all()?;
    Ok(made)
}

/// Gives a file rights and owner of another. Its owner stays where this process may not change it.
pub(super) fn resemble(file: &File, like: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let own = file.metadata()?;
        if (own.uid(), own.gid()) != (like.uid(), like.gid()) {
            let _owned = fchown(file, Some(like.uid()), Some(like.gid()));
        }
    }
    file.set_permissions(like.permissions())
}

/// Makes what was done in a folder outlast a loss of power. Only Unix can, and not every file system.
pub(super) fn sync_folder(of: &Path) {
    #[cfg(unix)]
    if let Some(folder) = of.parent() {
        let _synced = File::open(folder).and_then(|folder| folder.sync_all());
    }
    #[cfg(not(unix))]
    let _ = of;
}

/// Removes new files that were left beside `target` when a process ended in the middle.
pub(super) fn clear(target: &Path) {
    let Some(Ok(entries)) = target.parent().map(fs::read_dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
            // One that stays is in nobody's way.
            let _removed = fs::remove_file(entry.path());
        }
    }
}
