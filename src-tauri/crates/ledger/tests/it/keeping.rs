//! Keeping the file: opening it with care, copies, reading it from beside, pruning.

mod aside;
mod backup;
mod export;
mod prune;
