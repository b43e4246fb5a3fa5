//! The audit: what witnesses tell of the same use, why they differ, and what follows.

mod losses;
mod proof;
mod stories;
mod telling;
mod year;
