//! The project that a command is about.

use std::path::{Path, PathBuf};

use super::snapshot::Session;

/// The folders by which a client may know the project, the nearest first.
#[derive(Debug)]
pub(crate) struct Project {
    folders: Vec<PathBuf>,
}

impl Project {
    /// The project of a folder: the folder itself, and those around it up to the root of its repository, where a client
    /// may have been started too.
    pub(crate) fn around(folder: &Path) -> Self {
        let folder = real(folder);
        let root = folder.ancestors().find(|one| one.join(".git").exists()).unwrap_or(&folder);
        let within = folder.ancestors().take_while(|one| one.starts_with(root));
        Self { folders: within.map(Path::to_owned).collect() }
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        self.folders.first().map_or(Path::new(""), PathBuf::as_path)
    }

    /// Whether a session works on the project.
    pub(crate) fn holds(&self, session: &Session) -> bool {
        self.distance(session).is_some()
    }

    /// Whether a session works in the folder itself.
    pub(crate) fn is(&self, session: &Session) -> bool {
        self.distance(session) == Some(0)
    }

    /// The session that was last active, of those that the client has not left; of several folders the nearest one's.
    pub(crate) fn newest<'a>(&self, sessions: &'a [Session]) -> Option<&'a Session> {
        self.last_active(sessions.iter().filter(|session| !session.is_left()))
    }

    /// The same where the client may have left it.
    pub(crate) fn last<'a>(&self, sessions: &'a [Session]) -> Option<&'a Session> {
        self.newest(sessions).or_else(|| self.last_active(sessions.iter()))
    }

    fn last_active<'a>(&self, sessions: impl Iterator<Item = &'a Session>) -> Option<&'a Session> {
        let near = sessions.filter_map(|one| Some((self.distance(one)?, one)));
        let order = |(distance, one): &(usize, &Session)| {
            (std::cmp::Reverse(*distance), one.last_activity())
        };
        near.max_by_key(order).map(|(_, one)| one)
    }

    /// How many folders the session's lies above this one; `None` where it is of another project.
    fn distance(&self, session: &Session) -> Option<usize> {
        let path = real(Path::new(session.project_path.as_ref()?));
        self.folders.iter().position(|folder| *folder == path)
    }
}

/// The path without links, where it exists here.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{super::fixture::session, *};

    fn of(id: &str, folder: &Path, active: &str, ended: Option<&str>) -> Session {
        Session {
            project_path: Some(folder.to_str().unwrap().to_owned()),
            last_activity_at: active.to_owned(),
            ended_at: ended.map(str::to_owned),
            ..session(id)
        }
    }

    /// Scenario: a repository with a folder in it and a folder beside it; sessions in each, one of them left, and one of
    /// which no folder is known.
    /// Guarantees: the nearest folder's session that was last active and not left; from within the repository those
    /// of its root count, those beside it never; where all were left, the last of them only where that is wished.
    #[test]
    fn the_nearest_and_newest_is_meant() {
        let place = tempfile::tempdir().unwrap();
        let (root, within, beside) =
            (place.path().join("repo"), place.path().join("repo/src/deep"), place.path().join("x"));
        for folder in [&root.join(".git"), &within, &beside] {
            fs::create_dir_all(folder).unwrap();
        }
        let (early, late) = ("2026-11-23T11:00:00Z", "2026-11-23T12:00:00Z");
        let sessions = [
            of("early", &root, early, None),
            of("late", &root, "2026-11-23T11:30:00Z", None),
            of("left", &root, late, Some(late)),
            of("beside", &beside, late, Some(late)),
            Session { project_path: None, ..session("unknown") },
        ];
        let newest = |folder: &Path| {
            let project = Project::around(folder);
            project.newest(&sessions).map(|one| one.session_id.clone())
        };
        assert_eq!(newest(&root).as_deref(), Some("late"));
        assert_eq!(newest(&within).as_deref(), Some("late"));
        assert_eq!(newest(&beside), None);
        assert_eq!(newest(place.path()), None);
        let last = Project::around(&beside);
        assert_eq!(last.last(&sessions).unwrap().session_id, "beside");
        assert_eq!(Project::around(&root).last(&sessions).unwrap().session_id, "late");
        let nearer = [of("deep", &within, early, None), of("root", &root, late, None)];
        assert_eq!(Project::around(&within).newest(&nearer).unwrap().session_id, "deep");
    }
}
