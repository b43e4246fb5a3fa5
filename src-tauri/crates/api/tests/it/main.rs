//! The API over its routes and over real sockets, with a ledger of its own.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod audit;
mod books;
mod desk;
mod hooks;
mod orders;
mod prune;
mod routes;
mod setup;
mod stream;
mod stream_books;
mod warnings;
