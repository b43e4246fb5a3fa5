//! Levels, as people write them.

use plimsoll_domain::{Level, Levels};

use super::{ConfigError, Given, Key};

/// Reads a list such as `["60%"]` into permille of the way to the line: the lowest of the list, since
/// whichever is reached first counts. Each lies above 0 % and at most at 100 %.
pub(super) fn read(given: &Given) -> Result<u16, String> {
    let mut lowest: Option<u16> = None;
    for text in &given.texts {
        let permille = permille(text)
            .ok_or_else(|| format!("\"{text}\" is not a percentage such as \"80%\""))?;
        lowest = Some(lowest.map_or(permille, |lowest| lowest.min(permille)));
    }
    lowest.ok_or_else(|| "the list is empty; it needs a percentage such as \"80%\"".to_owned())
}

/// At most one digit after the point, so that a permille is exact.
fn permille(text: &str) -> Option<u16> {
    let number = text.trim().strip_suffix('%')?.trim_end();
    let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
    if tenth.len() != 1 || whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let permille =
        whole.parse::<u16>().ok()?.checked_mul(10)?.checked_add(tenth.parse::<u16>().ok()?)?;
    (1..=1000).contains(&permille).then_some(permille)
}

/// Refuses levels that do not rise, naming the last setting that touched them.
pub(super) fn check_order(levels: Levels, given: &[Given]) -> Result<(), ConfigError> {
    let permille = Level::ALL.map(|level| levels.permille(level));
    if permille.is_sorted() {
        return Ok(());
    }
    let last = given.iter().rev().find(|given| is_level(given.key));
    // The defaults rise, so that somebody must have set one.
    last.map_or(Ok(()), |given| {
        let [notice, checkpoint, urgent] = permille.map(|permille| f64::from(permille) / 10.0);
        Err(given.refuse(format!(
            "the levels must rise, but notice is {notice}%, checkpoint {checkpoint}% and urgent {urgent}%"
        )))
    })
}

fn is_level(key: Key) -> bool {
    matches!(key, Key::LevelsNotice | Key::LevelsCheckpoint | Key::LevelsUrgent)
}
