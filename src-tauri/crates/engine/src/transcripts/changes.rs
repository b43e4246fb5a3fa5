//! Which transcripts changed, as the system and hooks tell.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

/// More changed files than this are not counted: everything is looked through then.
const MOST: usize = 1024;
/// More files that only hooks name than anyone has.
const MOST_HINTS: usize = 256;

/// What changed since it was last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Changed {
    /// These files, perhaps.
    Files(Vec<PathBuf>),
    /// Nobody knows: anything may have.
    All,
}

/// Files that something was said of. A cheap handle; all clones share one list.
#[derive(Clone, Default)]
pub(crate) struct Hints(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    news: Notify,
}

#[derive(Default)]
struct Waiting {
    files: BTreeSet<PathBuf>,
    all: bool,
}

impl Hints {
    /// A hook names the transcript of its session, wherever that lies.
    pub(crate) fn name(&self, path: &Path) {
        let waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).files.len();
        if waiting < MOST_HINTS {
            self.add(path);
        }
    }

    /// Everything is to be looked through again.
    pub(crate) fn all(&self) {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).all = true;
        self.0.news.notify_one();
    }

    fn add(&self, path: &Path) {
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            return;
        }
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.files.len() < MOST {
            waiting.files.insert(path.to_owned());
        } else {
            waiting.all = true;
        }
        drop(waiting);
        self.0.news.notify_one();
    }

    fn take(&self) -> Option<Changed> {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Waiting { files, all } = std::mem::take(&mut *waiting);
        match (all, files.is_empty()) {
            (true, _) => Some(Changed::All),
            (false, true) => None,
            (false, false) => Some(Changed::Files(files.into_iter().collect())),
        }
    }
}

/// The folders in which transcripts are, wherever else it is looked.
struct Places(Vec<PathBuf>);

impl Places {
    /// Whether this is a file among the transcripts. Beside them lie others of their kind, as what was typed.
    fn hold(&self, path: &Path) -> bool {
        self.0.iter().any(|projects| path.starts_with(projects))
    }

    /// Whether this is a folder that may hold transcripts now, or leads to one that does.
    fn concerns(&self, path: &Path) -> bool {
        let leads = |projects: &PathBuf| projects.starts_with(path) || path.starts_with(projects);
        self.0.iter().any(leads) && path.is_dir()
    }
}

/// Follows folders.
pub(super) struct Changes {
    hints: Hints,
    watcher: Result<RecommendedWatcher, notify::Error>,
    /// Folders that are followed, or why one is not.
    followed: BTreeSet<PathBuf>,
    /// Folders in which one that is to be followed may appear.
    awaited: BTreeSet<PathBuf>,
    failure: Option<notify::Error>,
}

impl Changes {
    /// Begins to follow the folders in which clients keep transcripts.
    pub(super) fn watch(config_folders: &[PathBuf], hints: Hints) -> Self {
        let told = hints.clone();
        let places = Places(config_folders.iter().map(|folder| folder.join("projects")).collect());
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            match event {
                Ok(event) if event.need_rescan() => told.all(),
                Ok(event) if event.kind.is_access() || event.kind.is_remove() => {}
                // What was written in a new folder before it could be followed was not told.
                Ok(event) if event.paths.iter().any(|path| places.concerns(path)) => told.all(),
                Ok(event) => {
                    let files = event.paths.iter().filter(|path| places.hold(path));
                    files.for_each(|path| told.add(path));
                }
                Err(_) => told.all(),
            }
        });
        let (followed, awaited) = (BTreeSet::new(), BTreeSet::new());
        let mut changes = Self { hints, watcher, followed, awaited, failure: None };
        changes.follow(config_folders);
        changes
    }

    /// Follows folders that came since.
    pub(super) fn follow(&mut self, config_folders: &[PathBuf]) {
        let Ok(watcher) = &mut self.watcher else { return };
        self.failure = None;
        // The system forgets a folder that goes, also when another takes its place.
        for gone in self.followed.extract_if(.., |folder| !folder.is_dir()) {
            let _ = watcher.unwatch(&gone);
        }
        for folder in plimsoll_sources::transcripts::folders(config_folders) {
            if self.followed.contains(&folder) {
                continue;
            }
            match watcher.watch(&folder, RecursiveMode::Recursive) {
                Ok(()) => {
                    self.followed.insert(folder);
                }
                Err(error) => self.failure = Some(error),
            }
        }
        self.await_others(config_folders);
    }

    /// Looks out for those that are not there: in the nearest folder above them that is.
    fn await_others(&mut self, config_folders: &[PathBuf]) {
        let Ok(watcher) = &mut self.watcher else { return };
        let missing = config_folders.iter().map(|folder| folder.join("projects"));
        let missing = missing.filter(|projects| !projects.exists());
        let above: BTreeSet<PathBuf> = missing
            .filter_map(|projects| {
                projects.ancestors().find(|above| above.is_dir()).map(Path::to_owned)
            })
            .collect();
        for gone in self.awaited.difference(&above) {
            // It may be gone itself.
            let _ = watcher.unwatch(gone);
        }
        for new in above.difference(&self.awaited) {
            // Where that fails they are found when everything is looked through.
            let _ = watcher.watch(new, RecursiveMode::NonRecursive);
        }
        self.awaited = above;
    }

    /// Whether the system tells of all changes.
    pub(super) fn are_told(&self) -> bool {
        self.watcher.is_ok() && self.failure.is_none()
    }

    /// Why it does not.
    pub(super) fn trouble(&self) -> Option<String> {
        let failure = self.watcher.as_ref().err().or(self.failure.as_ref());
        // Without the paths that it may name.
        failure.map(|error| match &error.kind {
            notify::ErrorKind::MaxFilesWatch => "its watches have run out".to_owned(),
            notify::ErrorKind::Io(error) => error.to_string(),
            _ => "it cannot watch them".to_owned(),
        })
    }

    /// Waits for changes, and then for so long that what belongs together comes together.
    pub(super) async fn next(&self, settle: Duration) -> Changed {
        loop {
            self.hints.0.news.notified().await;
            tokio::time::sleep(settle).await;
            if let Some(changed) = self.hints.take() {
                return changed;
            }
        }
    }
}
