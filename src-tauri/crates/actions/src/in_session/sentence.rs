//! What an agent is told at a level: how full its context is, and what the user wishes then.

use plimsoll_domain::{
    Alert,
    text::{folder, grouped, permille, plain},
};

use super::template::fill;
use crate::message::Percent;

/// What is said where the user gave no instruction.
const USUAL: &str = "The user's wish at this level: save the state of the work (what is done, what is next, open \
                     decisions) to a file before going on, then acknowledge it with `plimsoll checkpoint`.";

/// Characters of a name at most.
const NAME: usize = 60;

/// What stands for a number that is not known.
const UNKNOWN: &str = "unknown";

/// What an agent is told of an alert of its session: the numbers, then the user's instruction with its names filled in,
/// or the usual one.
#[must_use]
pub fn sentence(alert: &Alert, project: Option<&str>, instruction: Option<&str>) -> String {
    let wish = fill(instruction.unwrap_or(USUAL), |name| value(alert, project, name));
    format!("{}\n{wish}", numbers(alert))
}

/// How full the context is, and what is left.
fn numbers(alert: &Alert) -> String {
    let (held, line) = (grouped(alert.occupancy), grouped(alert.line));
    if alert.occupancy >= alert.line {
        let end = if alert.compacts {
            "the client compacts it at"
        } else {
            "the API refuses requests from"
        };
        return format!("Plimsoll: this session's context holds {held} tokens; {end} {line}.");
    }
    let end = if alert.compacts {
        "at which the client compacts it"
    } else {
        "from which the API refuses requests"
    };
    let left = left(alert);
    format!("Plimsoll: this session's context holds {held} tokens of the {line} {end}; {left}.")
}

/// What is left before the line.
fn left(alert: &Alert) -> String {
    match alert.turns {
        None => format!("{} tokens are left", grouped(alert.line - alert.occupancy)),
        Some(0) => "the next request is likely to reach that".to_owned(),
        Some(1) => "about 1 request is left".to_owned(),
        Some(turns) => format!("about {} requests are left", grouped(turns.into())),
    }
}

/// What a name in an instruction stands for; `None` for names that mean nothing.
fn value(alert: &Alert, project: Option<&str>, name: &str) -> Option<String> {
    let known = |number: Option<u32>| {
        number.map_or_else(|| UNKNOWN.to_owned(), |number| grouped(number.into()))
    };
    Some(match name {
        "occupancy" => grouped(alert.occupancy),
        "line" => grouped(alert.line),
        "left" => grouped(alert.line.saturating_sub(alert.occupancy)),
        "percent" => Percent(permille(alert.occupancy, alert.line)).to_string(),
        "turns" => known(alert.turns),
        "minutes" => known(alert.minutes),
        "level" => alert.level.name().to_owned(),
        "project" => project
            .and_then(folder)
            .map_or_else(|| UNKNOWN.to_owned(), |folder| plain(folder, NAME)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::alert;

    /// Scenario: contexts before, at and beyond their line, which the client compacts at or not, with and without a
    /// forecast.
    /// Guarantees: the numbers in full and what they mean, as a statement.
    #[test]
    fn the_numbers_are_a_statement() {
        let said =
            |occupancy, compacts, turns| numbers(&Alert { occupancy, compacts, turns, ..alert() });
        let context = "Plimsoll: this session's context holds";
        let of = "tokens of the 167,000 at which the client compacts it;";
        for (turns, left) in [
            (Some(4), "about 4 requests are left."),
            (Some(1_200), "about 1,200 requests are left."),
            (Some(1), "about 1 request is left."),
            (Some(0), "the next request is likely to reach that."),
            (None, "15,797 tokens are left."),
        ] {
            assert_eq!(said(151_203, true, turns), format!("{context} 151,203 {of} {left}"));
        }
        assert_eq!(
            said(151_203, false, None),
            format!(
                "{context} 151,203 tokens of the 167,000 from which the API refuses requests; 15,797 tokens are left."
            )
        );
        assert_eq!(
            said(167_000, true, Some(3)),
            format!("{context} 167,000 tokens; the client compacts it at 167,000.")
        );
        assert_eq!(
            said(171_400, false, None),
            format!("{context} 171,400 tokens; the API refuses requests from 167,000.")
        );
    }

    /// Scenario: no instruction; one with every name; one whose names are not known; a project's name with control
    /// characters.
    /// Guarantees: after the numbers the usual wish, or the user's, filled in; "unknown" where nothing is known.
    #[test]
    fn the_users_wish_follows() {
        let wish = |alert: &Alert, project: Option<&str>, instruction: Option<&str>| {
            let text = sentence(alert, project, instruction);
            text.split_once('\n').unwrap().1.to_owned()
        };
        assert_eq!(wish(&alert(), None, None), USUAL);
        let all =
            "{level} {project}: {occupancy}/{line} ({percent} %), {left}, {turns}, {minutes}, {x}";
        assert_eq!(
            wish(&alert(), Some("/home/ada/work/engine"), Some(all)),
            "checkpoint engine: 151,203/167,000 (90.5 %), 15,797, 4, 11, {x}"
        );
        let bare = Alert { turns: None, minutes: None, ..alert() };
        assert_eq!(
            wish(&bare, None, Some("{project} {turns} {minutes}")),
            "unknown unknown unknown"
        );
        assert_eq!(wish(&bare, Some("/home/a\nb"), Some("{project}")), "a?b");
    }
}
