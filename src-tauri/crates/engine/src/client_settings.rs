//! What the client's settings say of compaction, kept up to date for the projects that are worked in.

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    sync::Arc,
    time::Duration,
};

use plimsoll_connect::ClientSettings as Files;
use plimsoll_watch::{ClientSettings, Snapshot};
use tokio::{
    sync::{Mutex, watch},
    task::spawn_blocking,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::engine::Surroundings;

/// How often the files are looked at while sessions work. A project that is new is looked at at once.
const PAUSE: Duration = Duration::from_secs(5);

/// Reads the client's settings and tells the watch of them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SettingsReader {
    files: Arc<Mutex<Files>>,
    told: watch::Sender<Arc<ClientSettings>>,
}

impl SettingsReader {
    /// A reader that has read what holds where no project is known. Synchronous: reads a few small files.
    pub(crate) fn new(around: &Surroundings) -> Self {
        let mut files = Files::new(
            around.places.home.clone(),
            around.client_folders.clone(),
            plimsoll_connect::settings::managed_paths(),
        );
        let user = files.read(None);
        let told = watch::Sender::new(Arc::new(ClientSettings { user, projects: HashMap::new() }));
        Self { files: Arc::new(Mutex::new(files)), told }
    }

    /// What is told; the newest wins.
    pub(crate) fn settings(&self) -> watch::Receiver<Arc<ClientSettings>> {
        self.told.subscribe()
    }

    /// Looks again whenever sessions change, until stopped.
    pub(crate) async fn run(
        self,
        snapshots: watch::Receiver<Arc<Snapshot>>,
        stop: CancellationToken,
    ) -> Result<(), Infallible> {
        stop.run_until_cancelled(self.follow(snapshots)).await;
        Ok(())
    }

    async fn follow(self, mut snapshots: watch::Receiver<Arc<Snapshot>>) {
        let mut next = Instant::now();
        loop {
            let projects = projects(&snapshots.borrow_and_update());
            let known = projects.iter().all(|one| self.told.borrow().projects.contains_key(one));
            if !known || Instant::now() >= next {
                self.read(projects).await;
                next = Instant::now() + PAUSE;
            }
            // The watch is gone: nothing will change any more.
            if snapshots.changed().await.is_err() {
                return std::future::pending().await;
            }
            let is_new = |snapshot: &Arc<Snapshot>| {
                let known = &self.told.borrow().projects;
                projects_of(snapshot).any(|project| !known.contains_key(project))
            };
            tokio::select! {
                () = sleep_until(next) => {}
                _ = snapshots.wait_for(is_new) => {}
            }
        }
    }

    async fn read(&self, projects: BTreeSet<Arc<str>>) {
        let files = Arc::clone(&self.files);
        let reading = spawn_blocking(move || {
            let mut files = files.blocking_lock();
            let user = files.read(None);
            let read = |project: Arc<str>| {
                let settings = files.read(Some(&project));
                (project, settings)
            };
            ClientSettings { user, projects: projects.into_iter().map(read).collect() }
        });
        // It does not panic; should it, what was read before holds.
        let Ok(read) = reading.await else { return };
        self.told.send_if_modified(|told| {
            let differs = **told != read;
            if differs {
                *told = Arc::new(read);
            }
            differs
        });
    }
}

fn projects_of(snapshot: &Snapshot) -> impl Iterator<Item = &Arc<str>> {
    snapshot.sessions.iter().filter_map(|view| view.project.as_ref())
}

fn projects(snapshot: &Snapshot) -> BTreeSet<Arc<str>> {
    projects_of(snapshot).cloned().collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use plimsoll_domain::SessionId;
    use plimsoll_ledger::Usage;
    use plimsoll_watch::{SessionView, Source, State};
    use tokio::time::timeout;

    use super::*;

    fn working_in(project: &Path) -> Arc<Snapshot> {
        let view = SessionView {
            session: SessionId::new("one"),
            project: Some(project.display().to_string().into()),
            branch: None,
            client_version: None,
            state: State::Working,
            gauge: None,
            model: None,
            subagents: Vec::new(),
            usage: Usage::default(),
            compactions: 0,
            has_events: true,
            has_metrics: false,
            source: Source::EXACT,
            started: Default::default(),
            last_at: Default::default(),
            last_arrival: Default::default(),
            left: None,
            checkpoint: None,
        };
        Arc::new(Snapshot { sessions: vec![Arc::new(view)], ..Snapshot::default() })
    }

    /// Scenario: the user has settings; a session begins in a project that has others; those change while it works.
    /// Guarantees: the user's are known at once, the project's as soon as a session works there, and the change with
    /// the next look; what did not change is not told again.
    #[tokio::test]
    async fn settings_are_read_where_sessions_work() {
        let root = tempfile::tempdir().unwrap();
        let write = |folder: &Path, percent: u64| {
            fs::create_dir_all(folder.join(".claude")).unwrap();
            let text = format!("{{\"env\":{{\"CLAUDE_AUTOCOMPACT_PCT_OVERRIDE\":\"{percent}\"}}}}");
            fs::write(folder.join(".claude/settings.json"), text).unwrap();
        };
        let (home, project) = (root.path().join("home"), root.path().join("project"));
        write(&home, 70);
        write(&project, 50);
        let files = Files::new(home.clone(), vec![home.join(".claude")], Vec::new());
        let files = Arc::new(Mutex::new(files));
        let user = files.lock().await.read(None);
        let told = watch::Sender::new(Arc::new(ClientSettings { user, projects: HashMap::new() }));
        let reader = SettingsReader { files, told };
        let mut settings = reader.settings();
        let percent = |settings: &Arc<ClientSettings>| {
            let of_project = settings.projects.get(&*project.display().to_string());
            of_project
                .and_then(|settings| settings.percent.as_ref())
                .map(|(percent, _)| *percent / 1_000)
        };
        let user = settings.borrow_and_update().user.percent.clone().unwrap();
        assert_eq!(user.0, 70_000);

        let (snapshots, seen) = watch::channel(Arc::new(Snapshot::default()));
        let following = tokio::spawn(reader.clone().run(seen, CancellationToken::new()));
        snapshots.send_replace(working_in(&project));
        let patience = Duration::from_secs(20);
        timeout(patience, settings.wait_for(|now| percent(now) == Some(50)))
            .await
            .unwrap()
            .unwrap();

        write(&project, 40);
        tokio::time::pause();
        snapshots.send_replace(working_in(&project));
        timeout(patience, settings.wait_for(|now| percent(now) == Some(40)))
            .await
            .unwrap()
            .unwrap();
        following.abort();
    }
}
