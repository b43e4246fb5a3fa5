//! What can be wrong with a configuration, and where it stands.

use std::{fmt, io, path::PathBuf};

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In the configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// In an environment variable.
    Variable(String),
    /// On the command line, e.g. `--http`.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file was named but cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{origin}: this is not valid TOML: {reason}")]
    Syntax {
        /// Where.
        origin: Origin,
        /// What the parser says.
        reason: String,
    },
    /// The file has a key that does not exist.
    #[error("{origin}: there is no key `{key}`; the nearest is `{nearest}`")]
    UnknownKey {
        /// The key as it stands.
        key: String,
        /// The known key that looks most like it.
        nearest: String,
        /// Where.
        origin: Origin,
    },
    /// A value cannot be used.
    #[error("{origin}: `{key}` cannot be used: {reason}")]
    Value {
        /// The key.
        key: String,
        /// Why.
        reason: String,
        /// Where.
        origin: Origin,
    },
}
