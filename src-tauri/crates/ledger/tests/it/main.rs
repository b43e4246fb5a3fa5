//! The ledger as its users see it: a real file, the real writer.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod alerts;
mod audit;
mod books;
mod checkpoints;
mod compactions;
mod desk;
mod history;
mod keeping;
mod prices;
mod silences;
mod warnings;
mod witnesses;
