//! Which file or folder a path leads to.

use std::{fs::Metadata, path::Path};

/// The numbers of the device and of the file on it; zeros where the system has none.
#[cfg(unix)]
pub(super) fn numbers(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

/// The numbers of the device and of the file on it; zeros where the system has none.
#[cfg(not(unix))]
pub(super) fn numbers(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// What tells one folder from another, by whatever path it is reached.
#[cfg(unix)]
pub(super) type Identity = (u64, u64);

/// What tells one folder from another, by whatever path it is reached.
#[cfg(not(unix))]
pub(super) type Identity = std::path::PathBuf;

/// The identity of a folder.
#[cfg(unix)]
pub(super) fn identity(_: &Path, metadata: &Metadata) -> Identity {
    numbers(metadata)
}

/// The identity of a folder.
#[cfg(not(unix))]
pub(super) fn identity(path: &Path, _: &Metadata) -> Identity {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
