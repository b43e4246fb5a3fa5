//! What an alert says to programs: the same JSON for commands and webhooks (docs/api.md, "What an alert says").
//!
//! A pure function of the alert and its project, so that a message that is sent again is the same to the byte.

use plimsoll_domain::{
    Alert,
    calendar::rfc3339,
    text::{folder, permille},
};
use serde::{Serialize, Serializer};

/// The only event so far, named as in the stream.
const EVENT: &str = "session.level";

/// What an alert says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message<'a> {
    event: &'static str,
    pub(crate) id: String,
    pub(crate) revision: Option<i64>,
    pub(crate) session_id: &'a str,
    pub(crate) agent_id: Option<&'a str>,
    pub(crate) project: Option<&'a str>,
    pub(crate) project_path: Option<&'a str>,
    pub(crate) model: Option<&'a str>,
    pub(crate) level: &'static str,
    pub(crate) occupancy_tokens: u64,
    pub(crate) line_tokens: u64,
    pub(crate) headroom_tokens: u64,
    pub(crate) percent_of_line: Percent,
    pub(crate) compacts: bool,
    pub(crate) turns_left: Option<u32>,
    pub(crate) minutes_left: Option<u32>,
    pub(crate) cycle_started_at: String,
    pub(crate) at: String,
    pub(crate) dry_run: bool,
}

impl<'a> Message<'a> {
    /// What an alert of a session in a project's folder says. `dry_run` marks what did not happen.
    #[must_use]
    pub fn of(alert: &'a Alert, project: Option<&'a str>, dry_run: bool) -> Self {
        Self {
            event: EVENT,
            id: id(alert),
            revision: alert.revision.map(|revision| revision.0),
            session_id: alert.thread.session.as_str(),
            agent_id: alert.thread.agent.as_ref().map(|agent| agent.as_str()),
            project: project.and_then(folder),
            project_path: project,
            model: alert.model.as_ref().map(|model| model.as_str()),
            level: alert.level.name(),
            occupancy_tokens: alert.occupancy,
            line_tokens: alert.line,
            headroom_tokens: alert.line.saturating_sub(alert.occupancy),
            percent_of_line: Percent(permille(alert.occupancy, alert.line)),
            compacts: alert.compacts,
            turns_left: alert.turns,
            minutes_left: alert.minutes,
            cycle_started_at: rfc3339(alert.cycle),
            at: rfc3339(alert.at),
            dry_run,
        }
    }

    /// The message as it is sent.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        // Strings, numbers and nothing else: there is no way to fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// What tells a message from all others, also from those of other ledgers, which have the same revisions: the same for
/// every sending of it. It goes into a header, which takes no blanks, nor what is not ASCII.
fn id(alert: &Alert) -> String {
    let fitting = |character: char| if character.is_ascii_graphic() { character } else { '_' };
    let session: String = alert.thread.session.as_str().chars().map(fitting).collect();
    match alert.revision {
        Some(revision) => format!("plimsoll-{session}-{}", revision.0),
        None => format!("plimsoll-{session}-unclaimed-{}", alert.at.nanos()),
    }
}

/// A percentage with at most one decimal, in permille: `60`, `90.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Percent(pub(crate) u64);

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(10) {
            return serializer.serialize_u64(self.0 / 10);
        }
        #[expect(clippy::cast_precision_loss, reason = "one decimal of a percentage, for display")]
        serializer.serialize_f64(self.0 as f64 / 10.0)
    }
}

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 % 10 {
            0 => write!(f, "{}", self.0 / 10),
            tenth => write!(f, "{}.{tenth}", self.0 / 10),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use plimsoll_domain::{AgentId, Level, Model, Revision, SessionId, ThreadKey, Timestamp};

    use super::*;

    /// An alert of the main thread of session `s-1` about which everything is known.
    pub(crate) fn alert() -> Alert {
        Alert {
            thread: ThreadKey { session: SessionId::new("s-1"), process: None, agent: None },
            cycle: Timestamp::from_millis(1_795_434_600_250),
            level: Level::Checkpoint,
            occupancy: 151_203,
            line: 167_000,
            compacts: true,
            model: Some(Model::parse("claude-opus-4-6").0),
            turns: Some(4),
            minutes: Some(11),
            at: Timestamp::from_millis(1_795_435_200_250),
            revision: Some(Revision(44)),
        }
    }

    fn json(alert: &Alert, project: Option<&str>) -> String {
        String::from_utf8(Message::of(alert, project, false).json()).unwrap()
    }

    /// Scenario: an alert of which everything is known.
    /// Guarantees: every name and form as documented, in this order.
    #[test]
    fn a_message_holds_everything_that_is_known() {
        let wished = concat!(
            r#"{"event":"session.level","id":"plimsoll-s-1-44","revision":44,"sessionId":"s-1","agentId":null,"#,
            r#""project":"engine","projectPath":"/home/ada/work/engine","model":"claude-opus-4-6","#,
            r#""level":"checkpoint","occupancyTokens":151203,"lineTokens":167000,"headroomTokens":15797,"#,
            r#""percentOfLine":90.5,"compacts":true,"turnsLeft":4,"minutesLeft":11,"#,
            r#""cycleStartedAt":"2026-11-23T11:50:00.250Z","at":"2026-11-23T12:00:00.250Z","dryRun":false}"#,
        );
        assert_eq!(json(&alert(), Some("/home/ada/work/engine")), wished);
    }

    /// Scenario: an alert of a subagent beyond its line, of which as little is known as can be, as a trial.
    /// Guarantees: what is not known is null; beyond the line no headroom is left; a trial says so and has a name of
    /// its own.
    #[test]
    fn what_is_not_known_is_null() {
        let mut bare = Alert { model: None, turns: None, minutes: None, revision: None, ..alert() };
        bare.thread.agent = Some(AgentId::new("a-1"));
        bare.occupancy = 250_500;
        let said: serde_json::Value =
            serde_json::from_slice(&Message::of(&bare, None, true).json()).unwrap();
        for name in ["revision", "project", "projectPath", "model", "turnsLeft", "minutesLeft"] {
            assert!(said[name].is_null(), "{name}");
        }
        assert_eq!((&said["agentId"], &said["dryRun"]), (&"a-1".into(), &true.into()));
        assert_eq!((&said["headroomTokens"], &said["percentOfLine"]), (&0.into(), &150.into()));
        assert_eq!(said["id"], "plimsoll-s-1-unclaimed-1795435200250000000");
    }

    /// Scenario: two ledgers grant alerts of the same revision, of sessions of their own; a session whose name holds
    /// what no header takes.
    /// Guarantees: their messages have names of their own; each name fits a header.
    #[test]
    fn a_name_is_told_from_those_of_other_ledgers() {
        let of = |session: &str| {
            let mut alert = alert();
            alert.thread.session = SessionId::new(session);
            Message::of(&alert, None, false).id
        };
        assert_ne!(of("s-1"), of("s-2"));
        let odd = of("a b\n\u{e9}");
        assert_eq!(odd, "plimsoll-a_b__-44");
        assert!(http::HeaderValue::from_str(&odd).is_ok());
    }

    /// Scenario: percentages with and without a decimal.
    /// Guarantees: people read the same as programs.
    #[test]
    fn percentages_are_the_same_in_words() {
        for permille in [0, 1, 600, 905, 1_500, 1_501] {
            let json = serde_json::to_string(&Percent(permille)).unwrap();
            assert_eq!(Percent(permille).to_string(), json);
        }
    }
}
