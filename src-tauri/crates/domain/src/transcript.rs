//! How far a transcript file was read.

use std::sync::Arc;

/// How far a transcript file was read, and which file it was: a file that was replaced is read from its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The file's path.
    pub path: Arc<str>,
    /// The number of the device that holds it, where the system has one; else 0.
    pub device: u64,
    /// The file's number on that device, where the system has one; else 0.
    pub inode: u64,
    /// How many bytes were read: up to the end of the last whole line.
    pub offset: u64,
    /// A hash of the file's first line, which tells a file that was written anew under the same number.
    pub head: i64,
}
