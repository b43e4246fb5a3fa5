//! What the client's settings say of compaction, kept up to date for the projects that are worked in.

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    sync::Arc,
    time::Duration,
};

use plimsoll_connect::ClientSettings as Files;
use plimsoll_ledger::Ledger;
use plimsoll_watch::{ClientSettings, Snapshot};
use tokio::{
    sync::{Mutex, watch},
    task::spawn_blocking,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::engine::Surroundings;

/// How often the files are looked at while sessions work. A project that is new is looked at at once.
const PAUSE: Duration = Duration::from_secs(5);

/// Of so many sessions, the last active, the projects are looked at before anything is judged.
const RECENT: u32 = 64;
/// How long that may take: a project may lie on a disk that does not answer.
const PATIENCE: Duration = Duration::from_secs(1);

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

    /// Reads what holds in the projects of the last sessions. What they did is judged anew at every start, and by this.
    pub(crate) async fn recall(&self, ledger: &Ledger) {
        // Where the books cannot be read, those that need them say so.
        let books = ledger.sessions(None, RECENT).await.unwrap_or_default();
        let projects = books.into_iter().filter_map(|books| books.project).collect();
        // Read later, then, as those of any new project.
        let _ = timeout(PATIENCE, self.read(projects)).await;
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
        // What was read before this runs holds until sessions are known: the past is judged by it.
        let mut next = Instant::now() + PAUSE;
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

    use plimsoll_domain::{Envelope, Fact, ProjectPlace, SessionId, Statement, Timestamp, Witness};
    use plimsoll_ledger::LedgerOptions;

    use super::*;
    use crate::fixture;

    fn working_in(project: &Path) -> Arc<Snapshot> {
        let view = fixture::working_in(&project.display().to_string());
        Arc::new(Snapshot { sessions: vec![Arc::new(view)], ..Snapshot::default() })
    }

    /// A reader of a home folder, and what it tells.
    async fn reader(home: &Path) -> SettingsReader {
        let files = Files::new(home.to_owned(), vec![home.join(".claude")], Vec::new());
        let files = Arc::new(Mutex::new(files));
        let user = files.lock().await.read(None);
        let told = watch::Sender::new(Arc::new(ClientSettings { user, projects: HashMap::new() }));
        SettingsReader { files, told }
    }

    /// Writes a settings file with this percentage.
    fn write(folder: &Path, percent: u64) {
        fs::create_dir_all(folder.join(".claude")).unwrap();
        let text = format!("{{\"env\":{{\"CLAUDE_AUTOCOMPACT_PCT_OVERRIDE\":\"{percent}\"}}}}");
        fs::write(folder.join(".claude/settings.json"), text).unwrap();
    }

    fn percent(settings: &ClientSettings, project: &Path) -> Option<u64> {
        let of_project = settings.projects.get(&*project.display().to_string())?;
        Some(of_project.percent.as_ref()?.0 / 1_000)
    }

    /// Scenario: the ledger knows a session of a project that has settings; Plimsoll starts.
    /// Guarantees: they are known before anything is judged, and stay so until sessions are known.
    #[tokio::test]
    async fn settings_of_the_past_are_read_at_the_start() {
        let root = tempfile::tempdir().unwrap();
        let project = root.path().join("project");
        write(&project, 50);
        let options = LedgerOptions {
            path: root.path().join("ledger.db"),
            queue: 4,
            busy: Duration::from_secs(1),
            prices: Arc::default(),
        };
        let (ledger, mut writer) = Ledger::open(options).await.unwrap();
        let writing = tokio::spawn(async move { writer.run(CancellationToken::new()).await });
        let envelope = Envelope {
            witness: Witness::Hook,
            at: Timestamp::from_millis(1_000),
            arrived: Timestamp::from_millis(1_000),
            connection: None,
            client_version: None,
            sequence: None,
        };
        let place = ProjectPlace { path: project.display().to_string().into(), branch: None };
        let statement = Statement::Project(place);
        let session = Some(SessionId::new("one"));
        ledger.record(vec![Fact { envelope, session, statement }]).await.unwrap();

        let reader = reader(&root.path().join("home")).await;
        reader.recall(&ledger).await;
        let mut settings = reader.settings();
        assert_eq!(percent(&settings.borrow_and_update(), &project), Some(50));
        writing.abort();

        let (_snapshots, seen) = watch::channel(Arc::new(Snapshot::default()));
        tokio::time::pause();
        let following = tokio::spawn(reader.run(seen, CancellationToken::new()));
        let forgotten = timeout(PAUSE * 2, settings.changed()).await;
        assert!(forgotten.is_err(), "{settings:?}");
        following.abort();
    }

    /// Scenario: the user has settings; a session begins in a project that has others; those change while it works.
    /// Guarantees: the user's are known at once, the project's as soon as a session works there, and the change with
    /// the next look; what did not change is not told again.
    #[tokio::test]
    async fn settings_are_read_where_sessions_work() {
        let root = tempfile::tempdir().unwrap();
        let (home, project) = (root.path().join("home"), root.path().join("project"));
        write(&home, 70);
        write(&project, 50);
        let reader = reader(&home).await;
        let mut settings = reader.settings();
        let user = settings.borrow_and_update().user.percent.clone().unwrap();
        assert_eq!(user.0, 70_000);

        let (snapshots, seen) = watch::channel(Arc::new(Snapshot::default()));
        let following = tokio::spawn(reader.clone().run(seen, CancellationToken::new()));
        snapshots.send_replace(working_in(&project));
        let patience = Duration::from_secs(20);
        timeout(patience, settings.wait_for(|now| percent(now, &project) == Some(50)))
            .await
            .unwrap()
            .unwrap();

        write(&project, 40);
        tokio::time::pause();
        snapshots.send_replace(working_in(&project));
        timeout(patience, settings.wait_for(|now| percent(now, &project) == Some(40)))
            .await
            .unwrap()
            .unwrap();
        following.abort();
    }
}
