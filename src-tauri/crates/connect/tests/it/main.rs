//! The examination of real processes. Linux only: elsewhere no program of this name can be made at hand.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod desk;
mod healthy;
mod situations;
mod stand_in;
mod states;
