//! The bus, on a daemon of the test's own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod daemon;
mod presence;
mod systemd;
