//! Settings files, and the folder of the ledger.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use plimsoll_domain::Timestamp;

use crate::doctor::{
    machine::Ledger,
    settings_file::{Condition, SettingsFile},
};

/// The largest settings file that is read, in bytes.
const LARGEST: u64 = 4 << 20;

/// What this file says.
pub(super) fn settings(path: PathBuf) -> SettingsFile {
    let (text, metadata) = match read(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return SettingsFile::empty(path, Condition::Missing);
        }
        Err(_) => return SettingsFile::empty(path, Condition::Unreadable),
    };
    let is_open_to_others = is_open_to_others(&path, &metadata);
    let since_epoch = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    SettingsFile {
        modified: since_epoch.map(|since| Timestamp::EPOCH.after(since)),
        is_open_to_others,
        ..SettingsFile::parse(path, &text)
    }
}

/// The settings files of this project that exist, the weaker first.
pub(super) fn project(folder: &Path) -> Vec<SettingsFile> {
    let names = ["settings.json", "settings.local.json"];
    existing(names.into_iter().map(|name| settings(folder.join(".claude").join(name))))
}

/// Those that exist.
pub(super) fn existing(files: impl Iterator<Item = SettingsFile>) -> Vec<SettingsFile> {
    files.filter(|file| file.condition != Condition::Missing).collect()
}

/// The JSON files in this folder, by name.
pub(super) fn json_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
}

/// The folder of the ledger.
pub(super) fn ledger(folder: &Path) -> Ledger {
    let metadata = fs::metadata(folder);
    Ledger {
        folder: folder.to_owned(),
        free_bytes: free_bytes(folder),
        is_open_to_others: metadata.is_ok_and(|metadata| is_open_to_others(folder, &metadata)),
    }
}

/// The text of a regular file.
fn read(path: &Path) -> io::Result<(String, Metadata)> {
    // Asked before it is opened: opening a pipe would wait for its writer.
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut text = String::new();
    File::open(path)?.take(LARGEST).read_to_string(&mut text)?;
    Ok((text, metadata))
}

/// Whether others may read it, and may enter all folders above it.
#[cfg(unix)]
fn is_open_to_others(path: &Path, metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    const READ: u32 = 0o004;
    const ENTER: u32 = 0o001;
    let may = |metadata: &Metadata, right| metadata.permissions().mode() & right == right;
    let is_enterable =
        |folder: &Path| fs::metadata(folder).is_ok_and(|metadata| may(&metadata, ENTER));
    let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    may(metadata, READ) && place.ancestors().skip(1).all(is_enterable)
}

/// Not known here.
#[cfg(not(unix))]
fn is_open_to_others(_path: &Path, _metadata: &Metadata) -> bool {
    false
}

/// What is free for this user where the folder lies. One question to one file system: a list of all disks would
/// wait for a network disk that does not answer.
#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Not known here.
#[cfg(not(unix))]
fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::{Condition, json_in, ledger, project, settings};

    /// Scenario: a settings file that others may read, in a folder that they may enter and then may not.
    /// Guarantees: it counts as open only while they can get to it. A folder in its place is unreadable, none missing.
    #[test]
    fn files_are_open_only_where_they_can_be_reached() {
        let folder = tempfile::Builder::new().tempdir_in("/tmp").unwrap();
        let path = folder.path().join("settings.json");
        assert_eq!(settings(path.clone()).condition, Condition::Missing);
        fs::write(&path, "{}").unwrap();
        let set = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        set(0o755).unwrap();
        let file = settings(path.clone());
        assert!(file.is_open_to_others && file.modified.is_some(), "{file:?}");
        assert!(ledger(folder.path()).is_open_to_others);
        assert!(ledger(folder.path()).free_bytes.is_some_and(|free| free > 0));
        set(0o700).unwrap();
        assert!(!settings(path.clone()).is_open_to_others);
        assert!(!ledger(folder.path()).is_open_to_others);
        assert_eq!(settings(folder.path().to_owned()).condition, Condition::Unreadable);
        assert_eq!(json_in(folder.path()), [path]);
        assert!(json_in(&folder.path().join("none")).is_empty());
    }

    /// Scenario: a project without settings, then with broken local ones.
    /// Guarantees: what exists is listed, what does not is not.
    #[test]
    fn projects_list_what_exists() {
        let folder = tempfile::tempdir().unwrap();
        assert!(project(folder.path()).is_empty());
        fs::create_dir(folder.path().join(".claude")).unwrap();
        fs::write(folder.path().join(".claude/settings.local.json"), "{").unwrap();
        let files = project(folder.path());
        assert_eq!(files.len(), 1);
        assert!(matches!(files[0].condition, Condition::Invalid { .. }));
    }
}
