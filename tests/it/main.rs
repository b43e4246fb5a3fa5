//! Integration tests of the whole program, one binary: real sockets, a real file, recorded traffic.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod actions;
mod audit;
mod bad_input;
mod captures;
mod changed_signals;
mod connect;
mod crash;
mod desk;
mod docs;
mod doctor;
mod estimate;
mod examples;
mod house;
mod keeping;
mod layering;
mod lifetime;
mod losses;
mod notifications;
mod one_engine;
mod side_doors;
mod sockets;
mod stream;
mod terminal;
mod torture;
mod transcripts;
mod tray;
mod validation;
mod window_process;
