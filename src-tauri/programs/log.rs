//! Logging to standard error. Never keys or what clients say.

use std::io::{self, IsTerminal};

use plimsoll_engine::Environment;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use crate::Exit;

/// Begins logging: our own messages from `usual` on, or from the level that `PLIMSOLL_LOG` names; warnings of
/// libraries.
///
/// # Errors
/// When the variable names no level.
pub fn begin(environment: &Environment, usual: LevelFilter) -> anyhow::Result<()> {
    let ours = match environment.get("PLIMSOLL_LOG") {
        None => usual,
        Some(level) => level.to_str().and_then(|level| level.parse().ok()).ok_or_else(|| {
            Exit::Usage.because("PLIMSOLL_LOG is not one of error, warn, info, debug, trace, off")
        })?,
    };
    let filter = Targets::new()
        .with_target("plimsoll", ours)
        .with_default(ours.min(LevelFilter::WARN))
        // Warns of the bus's last word at every good end.
        .with_target("zbus", ours.min(LevelFilter::ERROR));
    let lines = tracing_subscriber::fmt::layer()
        .compact()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    tracing_subscriber::registry().with(lines).with(filter).init();
    // The usual report holds the message, and with it perhaps what a client sent.
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, "a part of Plimsoll panicked");
    }));
    Ok(())
}
