//! Why settings are not edited.

use std::{fmt, path::PathBuf};

use thiserror::Error;

/// Settings that could not be read, and are not edited.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// The text is no JSON, also where comments and trailing commas are let pass.
    #[error("the settings are not valid JSON: {reason} ({place})")]
    Invalid {
        /// What is wrong, in the parser's words.
        reason: String,
        /// Where.
        place: Place,
    },
    /// A part has another kind of value than the client takes.
    #[error("{key} is not {expected} ({place})")]
    Shape {
        /// Which part; the text itself is "the whole".
        key: String,
        /// What it should be.
        expected: &'static str,
        /// Where its value begins.
        place: Place,
    },
    /// A key stands twice, and which one counts is not for us to say.
    #[error("{key} stands there twice ({place})")]
    Twice {
        /// The key.
        key: String,
        /// Where the second one begins.
        place: Place,
    },
    /// The text is longer than [`LARGEST`](super::LARGEST).
    #[error("the settings have {0} bytes, more than the 8 MiB that are edited")]
    TooLarge(usize),
    /// The path of the program cannot be written into settings.
    #[error("{} cannot be written into settings: its path is not Unicode", .0.display())]
    Program(PathBuf),
}

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The character of the line, from 1.
    pub column: usize,
}

impl Place {
    /// The place of this byte.
    pub(super) fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}
