//! `runtime.json`: how everything on this machine finds the running engine.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use plimsoll_client::{RUNTIME_FILE, RuntimeInfo};

use crate::places::make_private;

/// The right to be the engine that is found: held by a lock, so that it ends with the process.
#[derive(Debug)]
pub(crate) struct RuntimeFile {
    path: PathBuf,
    _lock: File,
}

impl RuntimeFile {
    /// Takes the right in the first folder that can be made and closed to others; `None` where another
    /// engine has it.
    ///
    /// # Errors
    /// When no folder can be used.
    pub(crate) fn claim(folders: &[PathBuf]) -> io::Result<Option<Self>> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "there is no folder for it");
        for folder in folders {
            match claim_in(folder) {
                Ok(claimed) => return Ok(claimed),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Writes the file anew, readable by the user only, at one stroke.
    pub(crate) fn write(&self, info: &RuntimeInfo) -> io::Result<()> {
        let fresh = self.path.with_extension("json.new");
        match std::fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private().create_new(true).open(&fresh)?;
        file.write_all(&serde_json::to_vec_pretty(info)?)?;
        std::fs::rename(&fresh, &self.path)
    }

    /// Takes the file away.
    pub(crate) fn remove(&self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

fn claim_in(folder: &Path) -> io::Result<Option<RuntimeFile>> {
    make_private(folder)?;
    let lock = private().create(true).truncate(false).open(folder.join("runtime.lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(RuntimeFile { path: folder.join(RUNTIME_FILE), _lock: lock })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Files that only the user may read.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A new key: 32 bytes from the system's random source, in hexadecimal.
///
/// # Errors
/// When the source cannot be read.
pub(crate) fn new_key() -> io::Result<String> {
    let mut bytes = [0_u8; 32];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn info(pid: u32) -> RuntimeInfo {
        RuntimeInfo {
            pid,
            started_at: "2026-11-23T04:43:43.445Z".into(),
            version: "0.1.0".into(),
            key: new_key().unwrap(),
            dashboard: Some("http://127.0.0.1:3030".into()),
            otlp_http: None,
            otlp_grpc: None,
            ledger: "/ledger.db".into(),
        }
    }

    /// Scenario: an engine claims the file, a second one tries, the first ends.
    /// Guarantees: one at a time; the file is private, replaced whole, found, and gone at the end.
    #[test]
    fn one_engine_is_found() {
        let root = tempfile::tempdir().unwrap();
        let folders = [root.path().join("run"), root.path().join("state")];
        let file = RuntimeFile::claim(&folders).unwrap().unwrap();
        assert!(RuntimeFile::claim(&folders).unwrap().is_none());
        assert_eq!(RuntimeInfo::find(&folders), None);
        file.write(&info(1)).unwrap();
        let second = info(2);
        file.write(&second).unwrap();
        assert_eq!(RuntimeInfo::find(&folders), Some(second));
        for (path, mode) in [("run", 0o700), ("run/runtime.json", 0o600)] {
            let metadata = std::fs::metadata(root.path().join(path)).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, mode, "{path}");
        }
        file.remove().unwrap();
        drop(file);
        assert_eq!(RuntimeInfo::find(&folders), None);
        assert!(RuntimeFile::claim(&folders).unwrap().is_some());
    }

    /// Scenario: the preferred folder cannot be made.
    /// Guarantees: the next one is used, and found by the same search.
    #[test]
    fn the_second_folder_serves_where_the_first_cannot() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("file"), "").unwrap();
        let folders = [root.path().join("file/run"), root.path().join("state")];
        let file = RuntimeFile::claim(&folders).unwrap().unwrap();
        let written = info(7);
        file.write(&written).unwrap();
        assert_eq!(RuntimeInfo::find(&folders), Some(written));
    }

    /// Scenario: two keys are made, and one is printed for debugging with its file.
    /// Guarantees: 256 bits, different each time, and never in a log.
    #[test]
    fn keys_are_random_and_unspoken() {
        let (one, other) = (new_key().unwrap(), new_key().unwrap());
        assert_eq!(one.len(), 64);
        assert_ne!(one, other);
        let info = info(1);
        assert!(!format!("{info:?}").contains(&info.key));
    }
}
