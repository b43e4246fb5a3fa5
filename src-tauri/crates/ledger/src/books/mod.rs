//! The arithmetic of the books, without SQL: what a session's cells hold and how they change.

mod cache;
mod cell;
mod cumulative;
mod process;
mod session;
mod tally;

pub(crate) use cache::Cache;
pub(crate) use cell::{Cell, CellKey, Remainder, Side};
pub(crate) use cumulative::{Counts, Cumulative, Increment};
pub(crate) use process::{Gap, Process, Processes, continued};
pub(crate) use session::{SessionBooks, SessionRow, exchange};
pub(crate) use tally::Tally;
