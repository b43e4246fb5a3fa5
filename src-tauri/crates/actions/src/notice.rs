//! What a notification says.

use plimsoll_domain::{
    Alert, Level,
    text::{plain, tokens},
};
use plimsoll_watch::{Gauge, Snapshot};

use crate::known::Known;

/// Characters of a name at most; a project's folder is hardly ever longer.
const NAME: usize = 60;

/// What a notification says, in plain text; whoever shows it escapes what the desktop takes for markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// One line: the session and the level.
    pub summary: String,
    /// One sentence: how full, and what is left.
    pub body: String,
    /// How much it matters.
    pub level: Level,
}

impl Notice {
    /// What an alert means for its session as it is known now.
    #[must_use]
    pub fn of(alert: &Alert, snapshot: &Snapshot) -> Self {
        let name = plain(&snapshot.name(&alert.thread.session), NAME);
        let Known { subagent, gauge } = Known::of(alert, snapshot);
        let filled = format!("{} of {} tokens", tokens(alert.occupancy), tokens(alert.line));
        let outlook = outlook(alert, gauge);
        let body = match (&alert.thread.agent, subagent.and_then(|known| known.name.as_deref())) {
            (None, _) => format!("{filled}: {outlook}."),
            (Some(_), Some(name)) => {
                format!("Subagent {} at {filled}: {outlook}.", plain(name, NAME))
            }
            (Some(_), None) => format!("A subagent at {filled}: {outlook}."),
        };
        Self { summary: format!("{name}: {}", alert.level.name()), body, level: alert.level }
    }
}

/// What is left, and what happens then.
fn outlook(alert: &Alert, gauge: Option<&Gauge>) -> String {
    // A line at the window's end is one that the client does not compact at: the API refuses.
    let compacts = gauge.is_none_or(|gauge| alert.line < gauge.window.tokens);
    let beyond = match alert.occupancy.checked_sub(alert.line) {
        None => {
            let left = tokens(alert.line - alert.occupancy);
            let end = if compacts { "it compacts" } else { "requests fail" };
            return format!("{left} left before {end}");
        }
        Some(0) => "at the line".to_owned(),
        Some(beyond) => format!("{} beyond the line", tokens(beyond)),
    };
    let next = if compacts { "it compacts next" } else { "its next request may fail" };
    format!("{beyond}, {next}")
}

#[cfg(test)]
mod tests;
