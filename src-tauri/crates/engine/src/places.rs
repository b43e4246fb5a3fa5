//! Where things lie on this machine.

use std::{
    fs::{DirBuilder, Permissions},
    io,
    path::{Path, PathBuf},
};

use directories::{BaseDirs, ProjectDirs};

use crate::Environment;

/// The folders and files that Plimsoll uses.
#[derive(Debug, Clone)]
pub struct Places {
    /// The user's home folder.
    pub home: PathBuf,
    /// What relative paths on the command line are relative to.
    pub working: PathBuf,
    /// The configuration file.
    pub config: ConfigFile,
    /// What is kept: the ledger and what belongs to it.
    pub data: PathBuf,
    /// Where `runtime.json` may lie, the preferred folder first.
    pub runtime: Vec<PathBuf>,
}

/// The configuration file.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    /// Where it is.
    pub path: PathBuf,
    /// Whether somebody named it, so that it must exist.
    pub named: bool,
}

impl Places {
    /// The platform's folders; the variable `PLIMSOLL_CONFIG` names another configuration file. `None`
    /// where the user has no home folder.
    #[must_use]
    pub fn of_user(environment: &Environment, working: PathBuf) -> Option<Self> {
        let home = BaseDirs::new()?.home_dir().to_owned();
        let folders = ProjectDirs::from("", "", "plimsoll")?;
        let state = folders.state_dir().unwrap_or(folders.data_local_dir());
        let runtime = folders.runtime_dir().into_iter().chain([state]).map(Path::to_owned);
        let config = match environment.get("PLIMSOLL_CONFIG") {
            Some(path) => ConfigFile { path: working.join(path), named: true },
            None => ConfigFile { path: folders.config_dir().join("config.toml"), named: false },
        };
        Some(Self {
            home,
            working,
            config,
            data: folders.data_dir().to_owned(),
            runtime: runtime.collect(),
        })
    }

    /// Names another configuration file; it must exist then.
    pub fn name_config(&mut self, path: &Path) {
        self.config = ConfigFile { path: self.working.join(path), named: true };
    }

    /// Everything below one folder: for the demo and for tests.
    #[must_use]
    pub fn under(root: &Path) -> Self {
        Self {
            home: root.to_owned(),
            working: root.to_owned(),
            config: ConfigFile { path: root.join("config.toml"), named: false },
            data: root.join("data"),
            runtime: vec![root.join("run")],
        }
    }
}

/// Makes a folder that only the user can enter; one that exists is closed to others.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    create_private(folder)?;
    #[cfg(unix)]
    close_to_others(folder)?;
    Ok(())
}

/// Makes a folder that only the user can enter; one that exists is left as it is.
pub(crate) fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(unix)]
fn close_to_others(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(folder)?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    std::fs::set_permissions(folder, Permissions::from_mode(0o700))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a folder below folders that do not exist, then one that others could enter.
    /// Guarantees: both end as 0700.
    #[cfg(unix)]
    #[test]
    fn folders_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        make_private(&deep).unwrap();
        let open = root.path().join("open");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, Permissions::from_mode(0o755)).unwrap();
        make_private(&open).unwrap();
        for folder in [deep, open] {
            assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }
}
