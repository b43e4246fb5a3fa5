//! Edits Claude Code's user settings, as text: what is not ours keeps its order, indentation, comments and line ends.
//!
//! [`connect`] and [`disconnect`] only say what would change, as an [`Edit`]; [`write()`] and [`apply`] write it, with a
//! backup beside the file, and the file is wholly the old one or wholly the new one at any moment. A [`Record`] keeps
//! what was there before.

mod address;
mod atomic;
mod backups;
mod check;
mod connect;
mod current;
mod diff;
mod disconnect;
mod document;
mod edit;
mod error;
mod hooks;
mod installation;
mod managed;
mod plimsoll;
mod records;
mod shell;
mod snippet;
mod telemetry;
#[cfg(test)]
mod tests;
mod write;

pub use self::{
    connect::connect,
    current::{Current, StatusLine, read},
    disconnect::disconnect,
    edit::{Change, Edit, Record},
    error::{Place, SettingsError},
    hooks::Hooks,
    installation::{Installation, State, find},
    managed::{Lock, LockKind, Managed, managed, managed_paths},
    plimsoll::{Destination, Plimsoll, Receiver, Wish},
    records::{Records, RecordsError},
    snippet::{Snippet, snippet},
    telemetry::Telemetry,
    write::{WriteError, Written, apply, write},
};
pub(crate) use self::{edit::Digest, installation::content};

/// How long settings may be, in bytes.
pub const LARGEST: usize = 8 << 20;

/// Makes a folder, and those above it that are missing, which only the user can enter.
pub(crate) fn make_private(folder: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
