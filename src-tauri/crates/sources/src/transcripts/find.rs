//! Which transcript files there are.

use std::{
    collections::HashSet,
    ffi::OsStr,
    fs::{self, DirEntry, Metadata},
    io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use plimsoll_domain::{Position, Timestamp};

use super::identity::{Identity, identity, numbers};
use crate::project::existing;

/// A transcript file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// Its path.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// The number of the device that holds it, where the system has one; else 0.
    pub device: u64,
    /// The file's number on that device, where the system has one; else 0.
    pub inode: u64,
    /// When it was last written; the epoch where the system does not tell.
    pub modified: Timestamp,
}

impl Transcript {
    /// Whether there is nothing to read: it was read up to its end, and is the same file still. One that was written
    /// anew in place, to the same size, looks the same but for [`Self::modified`].
    #[must_use]
    pub fn is_read(&self, position: &Position) -> bool {
        (self.device, self.inode, self.bytes) == (position.device, position.inode, position.offset)
    }
}

/// What was found.
#[derive(Debug, Default)]
pub struct Listing {
    /// The files, the largest first, so that threads that share them end together.
    pub transcripts: Vec<Transcript>,
    /// What could not be listed.
    pub failures: Vec<Unreadable>,
}

/// A folder or file that could not be listed.
#[derive(Debug)]
pub struct Unreadable {
    /// Its path.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

/// The `projects` folders that exist in these configuration folders, each once.
#[must_use]
pub fn folders(config_dirs: &[PathBuf]) -> Vec<PathBuf> {
    let mut walk = Walk::default();
    walk.roots(config_dirs)
}

/// Finds all transcripts in the `projects` folders of these configuration folders. Every folder is entered once,
/// whatever leads to it. Links to files are followed; links to folders only where a project's folder is expected,
/// and none that leads back up. What vanishes meanwhile is no failure.
#[must_use]
pub fn find(config_dirs: &[PathBuf]) -> Listing {
    let mut walk = Walk::default();
    for root in walk.roots(config_dirs) {
        walk.folder(&root, Links::Followed);
    }
    while let Some(folder) = walk.pending.pop() {
        walk.folder(&folder, Links::Left);
    }
    let mut listing = walk.listing;
    listing.transcripts.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
    listing
}

/// Those of these files that exist.
#[must_use]
pub fn look(paths: &[PathBuf]) -> Vec<Transcript> {
    let look = |path: &PathBuf| {
        let metadata = fs::metadata(path).ok().filter(Metadata::is_file)?;
        Some(transcript(path.clone(), &metadata))
    };
    paths.iter().filter_map(look).collect()
}

#[derive(Default)]
struct Walk {
    pending: Vec<PathBuf>,
    entered: HashSet<Identity>,
    listing: Listing,
}

/// What becomes of links to folders.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Links {
    Followed,
    Left,
}

impl Walk {
    /// The `projects` folders. What lies above them counts as entered.
    fn roots(&mut self, config_dirs: &[PathBuf]) -> Vec<PathBuf> {
        let mut roots = Vec::new();
        for path in config_dirs.iter().map(|dir| dir.join("projects")) {
            let Some(metadata) = self.note(&path, fs::metadata(&path)) else { continue };
            if self.is_new_folder(&path, &metadata) {
                let place = self.note(&path, path.canonicalize());
                for above in place.iter().flat_map(|place| place.ancestors().skip(1)) {
                    self.entered.extend(fs::metadata(above).map(|found| identity(above, &found)));
                }
                roots.push(path);
            }
        }
        roots
    }

    fn is_new_folder(&mut self, path: &Path, metadata: &Metadata) -> bool {
        metadata.is_dir() && self.entered.insert(identity(path, metadata))
    }

    fn folder(&mut self, path: &Path, links: Links) {
        let Some(entries) = self.note(path, fs::read_dir(path)) else { return };
        for entry in entries {
            if let Some(entry) = self.note(path, entry) {
                self.entry(&entry, links);
            }
        }
    }

    fn entry(&mut self, entry: &DirEntry, links: Links) {
        let path = entry.path();
        let Some(kind) = self.note(&path, entry.file_type()) else { return };
        let is_transcript = path.extension() == Some(OsStr::new("jsonl"));
        // What tools gave back is kept beside the subagents, and may be a copy of anything.
        let is_result = path.file_name() == Some(OsStr::new("tool-results"));
        if is_result || (kind.is_file() && !is_transcript) {
            return;
        }
        let metadata = if kind.is_symlink() { fs::metadata(&path) } else { entry.metadata() };
        let Some(metadata) = self.note(&path, metadata) else { return };
        if metadata.is_file() && is_transcript {
            self.listing.transcripts.push(transcript(path, &metadata));
        } else if (kind.is_dir() || links == Links::Followed)
            && self.is_new_folder(&path, &metadata)
        {
            self.pending.push(path);
        }
    }

    fn note<T>(&mut self, path: &Path, result: io::Result<T>) -> Option<T> {
        existing(result).unwrap_or_else(|error| {
            self.listing.failures.push(Unreadable { path: path.to_owned(), error });
            None
        })
    }
}

fn transcript(path: PathBuf, metadata: &Metadata) -> Transcript {
    let (device, inode) = numbers(metadata);
    let since_epoch =
        metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = since_epoch.map_or(Timestamp::EPOCH, |since| Timestamp::EPOCH.after(since));
    Transcript { path, bytes: metadata.len(), device, inode, modified }
}
