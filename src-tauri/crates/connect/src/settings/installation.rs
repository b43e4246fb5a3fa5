//! Which settings files there are.

use std::{
    collections::HashSet,
    fmt, fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::LARGEST;

/// The name of the settings in a configuration folder.
const NAME: &str = "settings.json";

/// A client's settings.
#[derive(Debug)]
pub struct Installation {
    /// The file where the client looks for it.
    pub settings: PathBuf,
    /// The file itself, where links lead to it.
    pub target: PathBuf,
    /// What was found there.
    pub state: State,
}

/// What was found in the place of a settings file.
pub enum State {
    /// A text.
    Readable(String),
    /// Nothing; it can be made.
    Missing,
    /// A link that leads nowhere.
    Dangling,
    /// Something that is no file.
    NotAFile,
    /// More bytes than [`LARGEST`].
    TooLarge,
    /// Bytes that are not UTF-8.
    NotText,
    /// The system does not let it be read.
    Unreadable(io::Error),
}

/// Without the text.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Readable(text) => write!(f, "Readable({} bytes)", text.len()),
            Self::Missing => f.write_str("Missing"),
            Self::Dangling => f.write_str("Dangling"),
            Self::NotAFile => f.write_str("NotAFile"),
            Self::TooLarge => f.write_str("TooLarge"),
            Self::NotText => f.write_str("NotText"),
            Self::Unreadable(error) => write!(f, "Unreadable({error})"),
        }
    }
}

impl Installation {
    /// The settings; empty where there is no file yet, `None` where they cannot be edited.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.state {
            State::Readable(text) => Some(text),
            State::Missing => Some(""),
            _ => None,
        }
    }
}

/// Looks at the settings of these configuration folders. Folders that lead to the same file count once.
#[must_use]
pub fn find(config_dirs: &[PathBuf]) -> Vec<Installation> {
    let mut seen = HashSet::new();
    let found = config_dirs.iter().map(|folder| look(folder));
    found.filter(|installation| seen.insert(installation.target.clone())).collect()
}

fn look(folder: &Path) -> Installation {
    let settings = folder.join(NAME);
    let target = match settings.canonicalize() {
        Ok(target) => target,
        Err(_) => folder.canonicalize().map_or_else(|_| settings.clone(), |dir| dir.join(NAME)),
    };
    let state = state(&settings, &target);
    Installation { settings, target, state }
}

fn state(settings: &Path, target: &Path) -> State {
    match fs::metadata(target) {
        Ok(metadata) if !metadata.is_file() => State::NotAFile,
        Ok(_) => match content(target) {
            Ok(bytes) if bytes.len() > LARGEST => State::TooLarge,
            Ok(bytes) => String::from_utf8(bytes).map_or(State::NotText, State::Readable),
            Err(error) => State::Unreadable(error),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if fs::symlink_metadata(settings).is_ok() { State::Dangling } else { State::Missing }
        }
        Err(error) => State::Unreadable(error),
    }
}

/// What a file holds, of a too large one as much as shows that.
pub(crate) fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
