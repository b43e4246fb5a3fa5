//! Keeping the file itself: opening it with care, setting a damaged one aside, copies of it, reading it from beside
//! its writer, pruning, and pricing anew.

mod aside;
mod backup;
mod export;
mod file;
mod mark;
mod opening;
mod pieces;
mod pricing;
mod prune;
mod version;

pub use aside::{Clock, FileInUse, Replacement};
pub use backup::{Backup, BackupError, backup};
pub use export::{Use, UseFilter, UseKind};
pub use file::LedgerFile;
pub use prune::Pruned;

pub(crate) use aside::Aside;
pub(crate) use mark::Mark;
pub(crate) use opening::prepare;
pub(crate) use pieces::{Piece, remove};
pub(crate) use pricing::{Pricing, set_hash};

/// The single statements of the room, for the test that prepares every statement.
#[cfg(test)]
pub(crate) fn statements() -> Vec<String> {
    let all = [
        export::STATEMENTS,
        file::STATEMENTS,
        pieces::STATEMENTS,
        pricing::STATEMENTS,
        prune::STATEMENTS,
    ];
    all.concat().into_iter().map(str::to_owned).collect()
}
