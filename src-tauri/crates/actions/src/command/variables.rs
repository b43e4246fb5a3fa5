//! What a command finds in its environment, beside the message on its standard input.

use tokio::process::Command;

use crate::message::Message;

/// The variables that a command is given; what is not known is empty.
pub const VARIABLES: [&str; 18] = [
    "PLIMSOLL_ID",
    "PLIMSOLL_REVISION",
    "PLIMSOLL_SESSION",
    "PLIMSOLL_AGENT",
    "PLIMSOLL_PROJECT",
    "PLIMSOLL_PROJECT_PATH",
    "PLIMSOLL_MODEL",
    "PLIMSOLL_LEVEL",
    "PLIMSOLL_OCCUPANCY",
    "PLIMSOLL_LINE",
    "PLIMSOLL_HEADROOM",
    "PLIMSOLL_PERCENT",
    "PLIMSOLL_COMPACTS",
    "PLIMSOLL_TURNS_LEFT",
    "PLIMSOLL_MINUTES_LEFT",
    "PLIMSOLL_CYCLE_STARTED_AT",
    "PLIMSOLL_AT",
    "PLIMSOLL_DRY_RUN",
];

/// What is for the resident alone: what a service manager gives it, and secrets of its configuration, which a command would
/// pass on to all that it starts and might print.
pub const NOT_HANDED_ON: [&str; 16] = [
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "NOTIFY_SOCKET",
    "PLIMSOLL_ACTIONS_CHECKPOINT_WEBHOOK_SECRET",
    "PLIMSOLL_ACTIONS_CHECKPOINT_WEBHOOK_URL",
    "PLIMSOLL_ACTIONS_NOTICE_WEBHOOK_SECRET",
    "PLIMSOLL_ACTIONS_NOTICE_WEBHOOK_URL",
    "PLIMSOLL_ACTIONS_URGENT_WEBHOOK_SECRET",
    "PLIMSOLL_ACTIONS_URGENT_WEBHOOK_URL",
    "PLIMSOLL_ACTIONS_WEBHOOK_SECRET",
    "PLIMSOLL_ACTIONS_WEBHOOK_URL",
    "PLIMSOLL_RECEIVER_TOKEN",
    "PLIMSOLL_UNIT",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
];

/// Gives a command its variables, beside those that the resident has.
pub(super) fn set(command: &mut Command, message: &Message<'_>) {
    for name in NOT_HANDED_ON {
        command.env_remove(name);
    }
    command.envs(VARIABLES.into_iter().zip(values(message)));
}

/// The values, in the order of the names.
fn values(message: &Message<'_>) -> [String; VARIABLES.len()] {
    fn shown<T: ToString>(value: Option<T>) -> String {
        value.map_or_else(String::new, |value| value.to_string())
    }
    [
        message.id.clone(),
        shown(message.revision),
        message.session_id.to_owned(),
        shown(message.agent_id),
        shown(message.project),
        shown(message.project_path),
        shown(message.model),
        message.level.to_owned(),
        message.occupancy_tokens.to_string(),
        message.line_tokens.to_string(),
        message.headroom_tokens.to_string(),
        message.percent_of_line.to_string(),
        message.compacts.to_string(),
        shown(message.turns_left),
        shown(message.minutes_left),
        message.cycle_started_at.clone(),
        message.at.clone(),
        message.dry_run.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::message::tests::alert;

    /// Scenario: a command is given its variables.
    /// Guarantees: what is for the resident alone is taken from it.
    #[test]
    fn what_is_for_the_resident_alone_is_not_handed_on() {
        let alert = alert();
        let mut command = Command::new("true");
        set(&mut command, &Message::of(&alert, None, false));
        let taken =
            |name: &str| command.as_std().get_envs().any(|one| one == (name.as_ref(), None));
        let kept: Vec<&str> = NOT_HANDED_ON.into_iter().filter(|name| !taken(name)).collect();
        assert_eq!(kept, [""; 0]);
    }

    /// Scenario: an alert of which everything but the agent is known, and one of which nothing is.
    /// Guarantees: each variable says what the message says under its name; what is not known is empty.
    #[test]
    fn variables_say_what_the_message_says() {
        let mut alert = alert();
        let said = |alert: &_, project| -> BTreeMap<&str, String> {
            VARIABLES.into_iter().zip(values(&Message::of(alert, project, false))).collect()
        };
        let all = said(&alert, Some("/home/ada/work/engine"));
        for (name, wished) in [
            ("PLIMSOLL_ID", "plimsoll-s-1-44"),
            ("PLIMSOLL_REVISION", "44"),
            ("PLIMSOLL_SESSION", "s-1"),
            ("PLIMSOLL_AGENT", ""),
            ("PLIMSOLL_PROJECT", "engine"),
            ("PLIMSOLL_PROJECT_PATH", "/home/ada/work/engine"),
            ("PLIMSOLL_MODEL", "claude-opus-4-6"),
            ("PLIMSOLL_LEVEL", "checkpoint"),
            ("PLIMSOLL_OCCUPANCY", "151203"),
            ("PLIMSOLL_LINE", "167000"),
            ("PLIMSOLL_HEADROOM", "15797"),
            ("PLIMSOLL_PERCENT", "90.5"),
            ("PLIMSOLL_COMPACTS", "true"),
            ("PLIMSOLL_TURNS_LEFT", "4"),
            ("PLIMSOLL_MINUTES_LEFT", "11"),
            ("PLIMSOLL_CYCLE_STARTED_AT", "2026-11-23T11:50:00.250Z"),
            ("PLIMSOLL_AT", "2026-11-23T12:00:00.250Z"),
            ("PLIMSOLL_DRY_RUN", "false"),
        ] {
            assert_eq!(all[name], wished, "{name}");
        }
        assert_eq!(all.len(), VARIABLES.len());
        (alert.model, alert.turns, alert.minutes) = (None, None, None);
        let bare = said(&alert, None);
        let empty: Vec<&str> = VARIABLES.into_iter().filter(|name| bare[name].is_empty()).collect();
        assert_eq!(
            empty,
            [
                "PLIMSOLL_AGENT",
                "PLIMSOLL_PROJECT",
                "PLIMSOLL_PROJECT_PATH",
                "PLIMSOLL_MODEL",
                "PLIMSOLL_TURNS_LEFT",
                "PLIMSOLL_MINUTES_LEFT"
            ]
        );
    }
}
