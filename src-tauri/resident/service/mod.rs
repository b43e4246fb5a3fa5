//! `plimsoll service`: starts Plimsoll with the user's session and keeps it running, by the platform's own means.
//!
//! What has to be done is a plan, made of plain values and the same wherever it is made; only a machine
//! carries it out. Files that the user wrote or changed are never lost.

mod desktop_entry;
mod execute;
mod files;
mod install;
mod launch_agent;
mod machine;
mod mark;
mod owner;
mod plan;
mod platform;
mod run_key;
mod site;
mod status;
mod systemd;
mod takeover;
mod units;

#[cfg(test)]
mod fixture;

pub(crate) use install::{install, remove};
pub(crate) use machine::System;
pub(crate) use owner::owner;
pub(crate) use site::{Setup, Site};
pub(crate) use status::Status;
