//! Where a command works.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{fs::metadata, time::timeout};

/// How long a folder may take to be found; one on a lost network drive never is.
const PATIENCE: Duration = Duration::from_millis(100);

/// The project's folder where it is there, else the home, else the root.
pub(super) async fn working_folder(project: Option<&str>, home: &Path) -> PathBuf {
    let project = project.map(Path::new).filter(|path| path.is_absolute());
    for folder in project.into_iter().chain([home]) {
        if is_folder(folder).await {
            return folder.to_owned();
        }
    }
    // Of a path without a root, as of any other, the last of its ancestors is what it begins with.
    home.ancestors().last().unwrap_or(home).to_owned()
}

async fn is_folder(path: &Path) -> bool {
    let found = timeout(PATIENCE, metadata(path)).await;
    matches!(found, Ok(Ok(found)) if found.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a project's folder that is there, is not, is a file, is relative, is not known; a home that is gone.
    /// Guarantees: the project's where it is there, else the home, else the root.
    #[tokio::test]
    async fn the_nearest_folder_that_is_there() {
        let home = tempfile::tempdir().unwrap();
        let project = home.path().join("project");
        let file = home.path().join("file");
        std::fs::create_dir(&project).unwrap();
        std::fs::write(&file, "").unwrap();
        let there = working_folder(project.to_str(), home.path()).await;
        assert_eq!(there, project);
        let gone = home.path().join("gone");
        for missing in [gone.to_str(), file.to_str(), Some("."), None] {
            assert_eq!(working_folder(missing, home.path()).await, home.path(), "{missing:?}");
        }
        let root = home.path().ancestors().last().unwrap();
        assert_eq!(working_folder(None, &gone).await, root);
    }
}
