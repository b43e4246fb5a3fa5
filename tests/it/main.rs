//! Integration tests of the whole program, one binary: real sockets, a real file, recorded traffic.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_input;
mod captures;
mod crash;
mod desk;
mod house;
mod layering;
mod lifetime;
mod notifications;
mod one_engine;
mod sockets;
mod stream;
mod tray;
mod window_process;
