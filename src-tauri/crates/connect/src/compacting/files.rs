//! Settings files that are read again only when they changed.

use std::{
    collections::HashMap,
    fs::{self, Metadata},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use super::layer::{Kind, Layer};
use crate::settings::{LARGEST, content};

/// So many files are remembered at most; then all are forgotten.
const REMEMBERED: usize = 512;

/// What was read of files, and by what their change is noticed.
#[derive(Debug, Default)]
pub(super) struct Files(HashMap<PathBuf, (Signature, Option<Arc<Layer>>)>);

/// What differs when a file was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Signature {
    length: u64,
    modified: Option<SystemTime>,
    /// Changes also where a file takes another's place within one tick of the clock.
    identity: (u64, u64),
}

impl Files {
    /// What a file says, which is shown as `place`; `None` where there is none, or it cannot be read, or the client
    /// would not load it.
    pub(super) fn layer(&mut self, path: PathBuf, kind: Kind, place: &str) -> Option<Arc<Layer>> {
        // Asked before it is opened: opening a pipe would wait for its writer.
        let Some(metadata) = fs::metadata(&path).ok().filter(Metadata::is_file) else {
            self.0.remove(&path);
            return None;
        };
        let signature = Signature::of(&metadata);
        if let Some((known, layer)) = self.0.get(&path)
            && *known == signature
        {
            return layer.clone();
        }
        let layer = text(&path).and_then(|text| Layer::parse(&text, kind, place)).map(Arc::new);
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.insert(path, (signature, layer.clone()));
        layer
    }
}

fn text(path: &Path) -> Option<String> {
    let bytes = content(path).ok().filter(|bytes| bytes.len() <= LARGEST)?;
    String::from_utf8(bytes).ok()
}

impl Signature {
    fn of(metadata: &Metadata) -> Self {
        Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            identity: identity(metadata),
        }
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

/// Not known here.
#[cfg(not(unix))]
fn identity(_metadata: &Metadata) -> (u64, u64) {
    (0, 0)
}
