//! Claude Code's transcript files: which there are, and what they tell.
//!
//! The client writes a file per session, `projects/FOLDER/SESSION.jsonl`, and one per subagent below it, a line of
//! JSON per step. It calls that internal, so nothing here is an error that could be a change of the format: lines
//! that cannot be used are counted. Of the lines that tell of use, compactions and the client's own sums, only ids,
//! names, numbers, times, the working directory and the branch are read; nothing of any other line but the first
//! that names a working directory.
//!
//! The same request may be told in several lines, of several files; the ledger knows requests by their ids.

mod batch;
mod chunks;
mod compaction;
mod find;
mod identity;
mod line;
mod names;
mod place;
mod reader;
mod request;
mod scan;
mod source;
#[cfg(test)]
mod tests;
mod time;
mod totals;
mod value;

pub use find::{Listing, Transcript, Unreadable, find, folders, look};
pub use reader::{Batch, Outcome, ReadError, Reader};
