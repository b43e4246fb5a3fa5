//! What a notification says.

use std::cmp::Reverse;

use plimsoll_domain::{
    Alert, Calendar, Level, NanoUsd, SessionId, Warning, WarningKind,
    text::{cost, percent, plain, tokens},
};
use plimsoll_watch::Snapshot;

use crate::known::Known;

/// Characters of a name at most; a project's folder is hardly ever longer.
const NAME: usize = 60;

/// What a notification says, in plain text; whoever shows it escapes what the desktop takes for markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// One line: the session and the level, or what is warned of.
    pub summary: String,
    /// One sentence: how full, and what is left; or the warning.
    pub body: String,
    /// The same in a few words, beside others.
    pub brief: String,
    /// How much it matters.
    pub level: Level,
    /// The sessions that it is about; one, unless it stands for several notices, or none where it is about all.
    pub sessions: Vec<SessionId>,
    /// Whether it may be shown together with others.
    pub(crate) joins: bool,
}

/// Lines of a notice that stands for several, at most.
const LINES: usize = 4;

impl Notice {
    /// What an alert means for its session as it is known now.
    #[must_use]
    pub fn of(alert: &Alert, snapshot: &Snapshot) -> Self {
        let name = plain(&snapshot.name(&alert.thread.session), NAME);
        let Known { subagent, .. } = Known::of(alert, snapshot);
        let brief = format!("{} of {}", tokens(alert.occupancy), tokens(alert.line));
        let filled = format!("{brief} tokens");
        let outlook = outlook(alert);
        let body = match (&alert.thread.agent, subagent.and_then(|known| known.name.as_deref())) {
            (None, _) => format!("{filled}: {outlook}."),
            (Some(_), Some(name)) => {
                format!("Subagent {} at {filled}: {outlook}.", plain(name, NAME))
            }
            (Some(_), None) => format!("A subagent at {filled}: {outlook}."),
        };
        let (level, sessions) = (alert.level, vec![alert.thread.session.clone()]);
        let summary = format!("{name}: {}", level.name());
        Self { summary, body, brief, level, sessions, joins: true }
    }

    /// What a warning says, with the times of a calendar.
    #[must_use]
    pub fn of_warning(warning: &Warning, snapshot: &Snapshot, calendar: &Calendar) -> Self {
        let session = warning.session.as_ref();
        let name = session.map(|session| plain(&snapshot.name(session), NAME));
        let summary = title(warning, name.as_deref().unwrap_or("A session"));
        Self {
            body: warning.sentence(name.as_deref(), calendar),
            brief: summary.clone(),
            summary,
            level: Level::Checkpoint,
            sessions: session.cloned().into_iter().collect(),
            joins: false,
        }
    }

    /// What several notices say together: a line of each, those that matter most first.
    pub(crate) fn together<'a>(notices: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut notices: Vec<&Self> = notices.into_iter().collect();
        notices.sort_by_key(|notice| Reverse(notice.level));
        let count = notices.len();
        let said = notices.iter().map(|one| format!("{}, {}", one.summary, one.brief));
        let mut lines: Vec<String> = said.take(LINES).collect();
        if count > LINES {
            lines.push(format!("and {} more", count - LINES));
        }
        let brief = format!("{count} sessions");
        Self {
            summary: format!("{brief} near their line"),
            body: lines.join("\n"),
            brief,
            level: notices.first().map_or(Level::Notice, |notice| notice.level),
            sessions: notices.iter().flat_map(|notice| notice.sessions.clone()).collect(),
            joins: true,
        }
    }
}

/// What is warned of, in a few words.
fn title(warning: &Warning, name: &str) -> String {
    let amount = warning.amount;
    match warning.kind {
        WarningKind::FiveHourLimit => format!("Five-hour limit: {} used", percent(amount, 1_000)),
        WarningKind::SevenDayLimit => format!("Seven-day limit: {} used", percent(amount, 1_000)),
        WarningKind::DailyCost => {
            format!("Cost of the day: {}", cost(i64::try_from(amount).ok().map(NanoUsd)))
        }
        WarningKind::Silent => format!("{name}: telemetry is silent"),
        WarningKind::Errors => "The API refuses requests".to_owned(),
        WarningKind::CacheBreak => format!("{name}: prompt cache lost"),
    }
}

/// What is left, and what happens then.
fn outlook(alert: &Alert) -> String {
    let beyond = match alert.occupancy.checked_sub(alert.line) {
        None => {
            let left = tokens(alert.line - alert.occupancy);
            let end = if alert.compacts { "it compacts" } else { "requests fail" };
            return format!("{left} left before {end}{}", forecast(alert));
        }
        Some(0) => "at the line".to_owned(),
        Some(beyond) => format!("{} beyond the line", tokens(beyond)),
    };
    let next = if alert.compacts { "it compacts next" } else { "its next request may fail" };
    format!("{beyond}, {next}")
}

/// How far that is, where it could be told.
fn forecast(alert: &Alert) -> String {
    let unit = |count: u32, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    match (alert.turns, alert.minutes) {
        (None, _) => String::new(),
        (Some(0), _) => ", likely with the next request".to_owned(),
        (Some(turns), Some(minutes)) if minutes > 0 => {
            format!(", about {}, {}", unit(turns, "turn", "turns"), unit(minutes, "min", "min"))
        }
        (Some(turns), _) => format!(", about {}", unit(turns, "turn", "turns")),
    }
}

#[cfg(test)]
mod tests;
