//! The part of the engine's snapshot that a terminal shows.

use plimsoll_domain::{
    Timestamp,
    calendar::parse_rfc3339,
    text::{self, plain, tokens},
};
use serde::Deserialize;

use super::text::gauge;

/// How wide a project's name may be.
pub(crate) const NAME: usize = 28;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Snapshot {
    pub(crate) sessions: Vec<Session>,
    pub(crate) today: Today,
    pub(crate) limits: Limits,
    pub(crate) last_arrival_at: Option<String>,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) problems: Vec<Problem>,
}

impl Snapshot {
    /// Whether anything needs the user.
    pub(crate) fn sentence(&self) -> String {
        self.sentence_of(self.sessions.iter())
    }

    /// The same of some of the sessions, the nearest to its line first.
    pub(crate) fn sentence_of<'a>(&self, sessions: impl Iterator<Item = &'a Session>) -> String {
        if let Some(problem) = self.problems.first() {
            return plain(&problem.message, usize::MAX);
        }
        let mut sessions = sessions.peekable();
        let is_empty = sessions.peek().is_none();
        let nearest = sessions
            .find_map(|session| session.context.as_ref().map(|context| (session.name(), context)));
        match nearest {
            None if is_empty && self.last_arrival_at.is_none() => {
                "Nothing has arrived yet. `plimsoll connect` connects Claude Code.".to_owned()
            }
            None if is_empty => "No session is active.".to_owned(),
            None => "Nothing needs you. No session has told its context yet.".to_owned(),
            Some((name, context)) if context.level == "calm" => format!(
                "Nothing needs you. The nearest, {name}, is at {} of its line.",
                context.percent()
            ),
            Some((name, context)) => format!(
                "{name} is at {} of its line: {} tokens left.",
                context.percent(),
                tokens(context.headroom_tokens)
            ),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    pub(crate) session_id: String,
    pub(crate) project: Option<String>,
    pub(crate) project_path: Option<String>,
    pub(crate) model_name: Option<String>,
    pub(crate) state: String,
    pub(crate) context: Option<Context>,
    pub(crate) subagents: Vec<Subagent>,
    pub(crate) usage: Usage,
    pub(crate) source: Source,
    pub(crate) last_activity_at: String,
    /// When the client left it.
    pub(crate) ended_at: Option<String>,
}

impl Session {
    /// The project's name, else the beginning of the id.
    pub(crate) fn name(&self) -> String {
        match &self.project {
            Some(project) => plain(project, NAME),
            None => format!("session {}", self.short_id()),
        }
    }

    pub(crate) fn short_id(&self) -> String {
        plain(short(&self.session_id), NAME)
    }

    pub(crate) fn is_left(&self) -> bool {
        self.ended_at.is_some()
    }

    /// What it is doing, in a word.
    pub(crate) fn state(&self) -> &str {
        if self.is_left() { "left" } else { &self.state }
    }

    pub(crate) fn last_activity(&self) -> Timestamp {
        parse_rfc3339(&self.last_activity_at).unwrap_or(Timestamp::EPOCH)
    }
}

/// The first part of an id, enough for people to tell sessions apart.
pub(crate) fn short(id: &str) -> &str {
    id.split_at_checked(8).map_or(id, |(head, _)| head)
}

#[derive(Debug, Deserialize)]
pub(crate) struct Source {
    pub(crate) kind: String,
    pub(crate) reason: Option<String>,
    pub(crate) since: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subagent {
    pub(crate) agent_id: String,
    pub(crate) name: Option<String>,
    pub(crate) model_name: String,
    pub(crate) state: String,
    pub(crate) context: Context,
    pub(crate) last_activity_at: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Context {
    pub(crate) occupancy_tokens: u64,
    pub(crate) estimated: bool,
    pub(crate) window_tokens: u64,
    pub(crate) line: Line,
    pub(crate) headroom_tokens: u64,
    pub(crate) level: String,
    /// Missing while too little is known.
    pub(crate) forecast: Option<Forecast>,
}

impl Context {
    /// `91 %`
    pub(crate) fn percent(&self) -> String {
        text::percent(self.occupancy_tokens, self.line.tokens)
    }

    /// The way to the line, 23 characters wide.
    pub(crate) fn gauge(&self) -> String {
        gauge(self.occupancy_tokens, self.line.tokens, self.window_tokens)
    }

    /// `151k of 167k`
    pub(crate) fn occupancy_of_line(&self) -> String {
        let about = if self.estimated { "about " } else { "" };
        format!("{about}{} of {}", tokens(self.occupancy_tokens), tokens(self.line.tokens))
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Line {
    pub(crate) tokens: u64,
    pub(crate) kind: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Forecast {
    pub(crate) turns: u32,
    pub(crate) minutes: u32,
}

impl Forecast {
    /// `4 turns`
    pub(crate) fn turns(&self) -> String {
        format!("{} {}", self.turns, if self.turns == 1 { "turn" } else { "turns" })
    }

    /// `4 turns, 11 min`
    pub(crate) fn in_words(&self) -> String {
        let time = match self.minutes {
            minutes @ 0..120 => format!("{minutes} min"),
            minutes => format!("{} h", minutes / 60),
        };
        format!("{}, {time}", self.turns())
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limits {
    pub(crate) five_hour: Option<Limit>,
    pub(crate) seven_day: Option<Limit>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limit {
    pub(crate) used_percent: f64,
    pub(crate) resets_at: String,
    pub(crate) told_at: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Today {
    pub(crate) usage: Usage,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    pub(crate) tokens: Tokens,
    pub(crate) cost_nano_usd: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_creation: u64,
    pub(crate) total: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Listener {
    pub(crate) name: String,
    pub(crate) addresses: Vec<String>,
    pub(crate) state: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    pub(crate) message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: forecasts of one and of several turns, of minutes and of hours.
    /// Guarantees: words that fit, and one unit of time.
    #[test]
    fn what_is_left_is_said() {
        let said = |turns, minutes| Forecast { turns, minutes }.in_words();
        assert_eq!(said(4, 11), "4 turns, 11 min");
        assert_eq!(said(1, 0), "1 turn, 0 min");
        assert_eq!(said(90, 119), "90 turns, 119 min");
        assert_eq!(said(90, 150), "90 turns, 2 h");
    }
}
