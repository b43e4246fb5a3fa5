//! Which of several settings holds.

use std::{fmt, path::Path};

use super::{
    machine::{Machine, Process},
    report::Fix,
    settings_file::SettingsFile,
    variables::{INTERVAL, LOGS_EXPORTER, METRICS_EXPORTER, SESSION_IDS, TEMPORALITY, Variables},
};

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin<'a> {
    /// In an administrator's settings.
    Managed(&'a Path),
    /// In a project's settings.
    Project(&'a Path),
    /// In the user's settings.
    User(&'a Path),
    /// In the environment that the client was started with.
    Environment,
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Managed(path) => write!(f, "the managed settings {}", path.display()),
            Self::Project(path) => write!(f, "the project's settings {}", path.display()),
            Self::User(path) => write!(f, "the settings {}", path.display()),
            Self::Environment => f.write_str("the environment it was started with"),
        }
    }
}

/// A value that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found<'a> {
    pub(super) value: &'a str,
    pub(super) origin: Origin<'a>,
}

/// Everything that may set a variable for one client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layers<'a> {
    /// The folder of the user's settings.
    pub(super) config_dir: &'a Path,
    usual: &'a Path,
    managed: &'a [SettingsFile],
    project: &'a [SettingsFile],
    user: Option<&'a SettingsFile>,
    environment: Option<&'a Variables>,
}

impl<'a> Layers<'a> {
    /// Of a client that runs.
    pub(super) fn of(process: &'a Process, machine: &'a Machine) -> Self {
        Self {
            project: machine.project(process.working_dir.as_deref()),
            environment: Some(&process.environment),
            ..Self::of_folder(&process.config_dir, machine)
        }
    }

    /// Of any client with this configuration folder.
    pub(super) fn of_folder(config_dir: &'a Path, machine: &'a Machine) -> Self {
        Self {
            config_dir,
            usual: &machine.usual,
            managed: &machine.managed,
            project: &[],
            user: machine.settings.get(config_dir),
            environment: None,
        }
    }

    /// The command that connects the clients of this folder.
    pub(super) fn connect_command(&self) -> String {
        if self.config_dir == self.usual {
            return "`plimsoll connect`".to_owned();
        }
        let folder = self.config_dir.display().to_string();
        let is_plain = folder.chars().all(|c| c.is_alphanumeric() || "/\\:._-".contains(c));
        let folder = if is_plain { folder } else { format!("'{}'", folder.replace('\'', r"'\''")) };
        format!("`CLAUDE_CONFIG_DIR={folder} plimsoll connect`")
    }

    /// What Plimsoll does for that command.
    pub(super) fn connect_fix(&self) -> Option<Fix> {
        Some(Fix::Connect { config_dir: self.config_dir.to_owned() })
    }

    /// The same without the user's settings.
    pub(super) fn without_user(self) -> Self {
        Self { user: None, ..self }
    }

    /// The value that holds. An empty one counts as none, but hides those beneath it.
    pub(super) fn find(&self, name: &str) -> Option<Found<'a>> {
        let project = || {
            let told = told(self.project, name, Origin::Project);
            told.filter(|found| is_heard_of_projects(name, found.value))
        };
        told(self.managed, name, Origin::Managed)
            .or_else(project)
            .or_else(|| told(self.user, name, Origin::User))
            .or_else(|| {
                let value = self.environment?.get(name)?;
                Some(Found { value, origin: Origin::Environment })
            })
            .filter(|found| !found.value.is_empty())
    }

    /// The value in an administrator's settings.
    pub(super) fn find_managed(&self, name: &str) -> Option<Found<'a>> {
        told(self.managed, name, Origin::Managed).filter(|found| !found.value.is_empty())
    }

    /// Whether exports carry headers.
    pub(super) fn have_headers(&self) -> bool {
        let files = self.managed.iter().chain(self.user).map(|file| &file.variables);
        files.chain(self.environment).any(Variables::have_headers)
    }
}

/// The value in the last of these files that has one.
fn told<'a>(
    files: impl IntoIterator<Item = &'a SettingsFile, IntoIter: DoubleEndedIterator>,
    name: &str,
    origin: impl Fn(&'a Path) -> Origin<'a>,
) -> Option<Found<'a>> {
    files.into_iter().rev().find_map(|file| {
        let value = file.variables.get(name)?;
        Some(Found { value, origin: origin(&file.path) })
    })
}

/// Whether a project may set this: it cannot switch exports on or send them elsewhere (measured with 2.1.330).
fn is_heard_of_projects(name: &str, value: &str) -> bool {
    match name {
        METRICS_EXPORTER | LOGS_EXPORTER => value == "none",
        INTERVAL | TEMPORALITY | SESSION_IDS => true,
        _ => false,
    }
}
