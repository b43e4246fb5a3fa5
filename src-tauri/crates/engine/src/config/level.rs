//! Levels, as people write them.

use std::sync::Arc;

use plimsoll_domain::{Level, Levels, Threshold};

use super::amount::{permille, tokens};

/// Reads a list such as `["80%", "3 turns left"]`, of which whichever is reached first counts.
pub(super) fn read(texts: &[String]) -> Result<Arc<[Threshold]>, String> {
    if texts.is_empty() {
        return Err("the list is empty; it needs a threshold such as \"80%\"".to_owned());
    }
    let thresholds = texts.iter().map(|text| {
        threshold(text).ok_or_else(|| {
            format!(
                "\"{text}\" is none of \"80%\", \"3 turns left\", \"8k tokens left\" and the like"
            )
        })
    });
    thresholds.collect()
}

/// Where the thresholds of a level are kept.
pub(super) fn place(levels: &mut Levels, level: Level) -> &mut Arc<[Threshold]> {
    match level {
        Level::Notice => &mut levels.notice,
        Level::Checkpoint => &mut levels.checkpoint,
        Level::Urgent => &mut levels.urgent,
    }
}

fn threshold(text: &str) -> Option<Threshold> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [turns, "turn" | "turns", "left"] => {
            let turns = turns.parse().ok().filter(|turns| (1..=1_000).contains(turns));
            turns.map(Threshold::TurnsLeft)
        }
        [number, "tokens", "left"] => tokens(number).map(Threshold::TokensLeft),
        _ => permille(text).map(Threshold::Way),
    }
}

/// Why levels do not rise, as far as percentages tell: the lowest of each counts.
pub(super) fn check_order(levels: &Levels) -> Result<(), String> {
    let permille = |one: &Threshold| match one {
        Threshold::Way(permille) => Some(*permille),
        Threshold::TokensLeft(_) | Threshold::TurnsLeft(_) => None,
    };
    let lowest = |level| levels.thresholds(level).iter().filter_map(permille).min();
    let named = Level::ALL.into_iter().filter_map(|level| Some((lowest(level)?, level)));
    let named: Vec<(u16, Level)> = named.collect();
    if named.is_sorted_by_key(|(permille, _)| *permille) {
        return Ok(());
    }
    let said = named.iter().map(|(permille, level)| {
        format!("{} is at {}%", level.name(), f64::from(*permille) / 10.0)
    });
    Err(format!("the levels must rise, but {}", said.collect::<Vec<_>>().join(", ")))
}
