//! Whether the last run ended cleanly: a file beside the ledger that is made when the ledger is opened, and removed
//! when it was closed. A write-ahead log that was left over tells nothing: readers leave one too.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// The file `<ledger>.running`.
#[derive(Debug)]
pub(crate) struct Mark(PathBuf);

impl Mark {
    /// The mark beside a ledger.
    pub(crate) fn beside(ledger: &Path) -> Self {
        Self(with_suffix(ledger, ".running"))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Sets it, on disk. Says whether it was set already: then nobody has closed the ledger.
    pub(crate) fn set(&self) -> io::Result<bool> {
        match private().create_new(true).open(&self.0) {
            Ok(file) => {
                file.sync_all()?;
                sync_folder(&self.0).map(|()| false)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Removes it.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The path with something at its end.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Opens for writing; what is created is the user's alone.
pub(crate) fn private() -> OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Brings to disk which files the folder of `path` holds.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
