//! What has to be done, step by step.

use std::path::PathBuf;

/// A program and its arguments.
pub(super) type Words = Vec<String>;

/// One thing to do. Whoever carries it out stops at the first that fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Writes a file that holds [`MARK`](super::mark::MARK); what the user made of it is kept beside it.
    Write {
        /// The file; missing folders are made.
        path: PathBuf,
        /// All that it shall hold.
        text: String,
    },
    /// Takes away a file if `plimsoll service install` wrote it.
    Delete(PathBuf),
    /// Runs a command that has to succeed.
    Run(Words),
    /// Runs a command that may fail, because there may be nothing for it to do.
    Attempt(Words),
}

/// How the service is brought to run at the end of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// Started, unless it runs.
    Start,
    /// Started again with the same sockets, because its program was replaced.
    Restart,
    /// Ended with its sockets and started, because it was defined anew.
    Anew,
}

/// A command from its words.
pub(super) fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Words {
    words.into_iter().map(str::to_owned).collect()
}
