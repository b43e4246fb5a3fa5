//! What the client's settings say of compaction: its files, the stronger before the weaker, key by key.
//!
//! The client takes a project's settings from the folder that it was started in, and from none above it
//! (anthropics/claude-code#12962, #74023). What it was told by its command line, its shell or a server is not seen.

mod files;
mod layer;
mod number;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use plimsoll_domain::{Compacting, Model};

use files::Files;
use layer::{Effect, Kind, Layer, Setting};

/// Reads what the client's settings say of compaction. Files that did not change are not read again.
#[derive(Debug)]
pub struct ClientSettings {
    home: PathBuf,
    config_dirs: Vec<PathBuf>,
    managed: Vec<PathBuf>,
    files: Files,
}

impl ClientSettings {
    /// Of a user's home folder, the client's configuration folders, the usual one first, and an organisation's
    /// settings: [`managed_paths`](crate::settings::managed_paths).
    #[must_use]
    pub fn new(home: PathBuf, config_dirs: Vec<PathBuf>, managed: Vec<PathBuf>) -> Self {
        Self { home, config_dirs, managed, files: Files::default() }
    }

    /// What holds for sessions that work in this folder. What cannot be read counts as absent. Synchronous: asks the
    /// file system about half a dozen files.
    pub fn read(&mut self, project: Option<&str>) -> Arc<Compacting> {
        let project = project.map(Path::new).filter(|folder| folder.is_absolute());
        let paths = self.paths(project);
        let layers = paths.into_iter().filter_map(|(path, kind)| {
            let place = self.shown(&path);
            self.files.layer(path, kind, &place)
        });
        let layers: Vec<_> = layers.collect();
        Arc::new(merge(&layers))
    }

    /// The files, the strongest first.
    fn paths(&self, project: Option<&Path>) -> Vec<(PathBuf, Kind)> {
        let mut paths: Vec<PathBuf> = self.managed.iter().flat_map(|path| json_in(path)).collect();
        paths.reverse();
        let folder = project.map(|project| project.join(".claude"));
        let names = ["settings.local.json", "settings.json"];
        paths.extend(folder.iter().flat_map(|folder| names.map(|name| folder.join(name))));
        let mut paths: Vec<_> = paths.into_iter().map(|path| (path, Kind::Settings)).collect();
        if let Some(folder) = self.config_dir(project) {
            paths.push((folder.join("settings.json"), Kind::Settings));
            // Beside the usual folder, but inside one that CLAUDE_CONFIG_DIR names.
            let is_usual = folder == self.home.join(".claude");
            let beside = if is_usual { &self.home } else { folder };
            paths.push((beside.join(".claude.json"), Kind::Global));
        }
        paths
    }

    /// The configuration folder of a project's sessions: of several the first that holds their transcripts, else the
    /// first that there is.
    fn config_dir(&self, project: Option<&Path>) -> Option<&Path> {
        let mut folders = self.config_dirs.iter().map(PathBuf::as_path).filter(|dir| dir.is_dir());
        let first = folders.next()?;
        let mut others = folders.peekable();
        if others.peek().is_none() {
            return Some(first);
        }
        let name = project.map(|project| transcripts(&project.to_string_lossy()));
        let holds = |folder: &&Path| {
            name.as_ref().is_some_and(|name| folder.join("projects").join(name).is_dir())
        };
        std::iter::once(first).chain(others).find(holds).or(Some(first))
    }

    /// A path for people.
    fn shown(&self, path: &Path) -> String {
        match path.strip_prefix(&self.home) {
            Ok(below) => format!("~/{}", below.display()),
            Err(_) => path.display().to_string(),
        }
    }
}

/// Of each key what the strongest layer says that names it. Of several ways to say the same the stronger comes first.
fn merge(layers: &[Arc<Layer>]) -> Compacting {
    let told = |setting: &Setting| layers.iter().find_map(|layer| layer.told(*setting)).flatten();
    let first = |settings: &[Setting]| settings.iter().find_map(told);
    let off = [Setting::DisableCompact, Setting::DisableAutoCompact, Setting::AutoCompactEnabled];
    let variable = told(&Setting::WindowVariable);
    Compacting {
        off: first(&off).map(|(_, words)| words),
        models: if variable.is_none() { windows(layers) } else { BTreeMap::new() },
        window: variable.or_else(|| told(&Setting::AutoCompactWindow)),
        percent: told(&Setting::Percent),
    }
}

/// The windows of the models that are named: of the strongest layer that names a window for them, or for all.
fn windows(layers: &[Arc<Layer>]) -> BTreeMap<Model, Effect> {
    let models: BTreeSet<&Model> = layers.iter().flat_map(|layer| layer.models()).collect();
    let window = |model: &Model| layers.iter().find_map(|layer| layer.window_of(model)).flatten();
    models.into_iter().map(|model| (model.clone(), window(model))).collect()
}

/// A file, or the JSON files of a folder by name.
fn json_in(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(path) else { return vec![path.to_owned()] };
    let all = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<_> =
        all.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    files.sort_unstable();
    files
}

/// The name of the folder in which the client keeps the transcripts of a project.
fn transcripts(project: &str) -> String {
    project.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests;
