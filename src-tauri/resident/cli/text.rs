//! Numbers for people: short, and always with their unit.

use plimsoll_domain::{Timestamp, calendar::parse_rfc3339};

/// A count of tokens: `950`, `9.5k`, `151k`, `1.2M`.
pub(crate) fn tokens(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..9_950 => tenths(count, 1_000, "k"),
        9_950..999_500 => format!("{}k", (count + 500) / 1_000),
        999_500..9_950_000 => tenths(count, 1_000_000, "M"),
        _ => format!("{}M", (count.saturating_add(500_000)) / 1_000_000),
    }
}

/// One decimal, rounded to the nearest.
fn tenths(count: u64, unit: u64, suffix: &str) -> String {
    let tenths = (count * 10 + unit / 2) / unit;
    format!("{}.{}{suffix}", tenths / 10, tenths % 10)
}

/// A cost: `$1.23`, `$0.0042`; `no price` where nobody told one.
pub(crate) fn cost(usd: Option<f64>) -> String {
    match usd {
        None => "no price".to_owned(),
        Some(usd) if usd > 0.0 && usd < 0.01 => format!("${usd:.4}"),
        Some(usd) => format!("${usd:.2}"),
    }
}

/// How long ago a time was: `12 s ago`, `4 min ago`, `3 h ago`, `2 d ago`. `time` is RFC 3339.
pub(crate) fn age(time: &str, now: Timestamp) -> String {
    let Some(time) = parse_rfc3339(time) else { return "at an unknown time".to_owned() };
    match now.since(time).as_secs() {
        seconds @ 0..60 => format!("{seconds} s ago"),
        seconds @ 60..3_600 => format!("{} min ago", seconds / 60),
        seconds @ 3_600..172_800 => format!("{} h ago", seconds / 3_600),
        seconds => format!("{} d ago", seconds / 86_400),
    }
}

/// The way to the line as a bar over the whole window: `#` used, `-` left, `|` the line, `.` beyond it.
pub(crate) fn gauge(occupancy: u64, line: u64, window: u64) -> String {
    const WIDTH: u64 = 20;
    let whole = window.max(line).max(1);
    let cells = |tokens: u64| {
        let cells = (u128::from(tokens) * u128::from(WIDTH) * 2 + u128::from(whole))
            / (u128::from(whole) * 2);
        u64::try_from(cells).unwrap_or(WIDTH).min(WIDTH)
    };
    let used = if occupancy > 0 { cells(occupancy).max(1) } else { 0 };
    let line = cells(line);
    let cell = |at: u64| match at {
        at if at < used => '#',
        at if at < line => '-',
        _ => '.',
    };
    let before: String = (0..line).map(cell).collect();
    let after: String = (line..WIDTH).map(cell).collect();
    format!("[{before}|{after}]")
}

/// A text without what could steer a terminal, at most `width` characters long.
pub(crate) fn plain(text: &str, width: usize) -> String {
    let clean = |character: char| if character.is_control() { '?' } else { character };
    if text.chars().count() <= width {
        return text.chars().map(clean).collect();
    }
    let head: String = text.chars().take(width.saturating_sub(2)).map(clean).collect();
    format!("{head}..")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: counts around every change of form.
    /// Guarantees: short, rounded to the nearest, never a longer form than the next unit's.
    #[test]
    fn tokens_are_short() {
        for (count, shown) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1.0k"),
            (9_949, "9.9k"),
            (9_950, "10k"),
            (151_203, "151k"),
            (999_499, "999k"),
            (999_500, "1.0M"),
            (1_249_999, "1.2M"),
            (9_950_000, "10M"),
            (u64::MAX, "18446744073709M"),
        ] {
            assert_eq!(tokens(count), shown);
        }
    }

    /// Scenario: no price, nothing, a fraction of a cent, dollars.
    /// Guarantees: an unknown price is never a zero, and a small one is not rounded to nothing.
    #[test]
    fn costs_are_honest() {
        assert_eq!(cost(None), "no price");
        assert_eq!(cost(Some(0.0)), "$0.00");
        assert_eq!(cost(Some(0.0042)), "$0.0042");
        assert_eq!(cost(Some(1.234)), "$1.23");
    }

    /// Scenario: times up to days ago, one in the future, and nonsense.
    /// Guarantees: one unit that fits; never a negative age.
    #[test]
    fn ages_have_one_unit() {
        let now = parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
        for (time, shown) in [
            ("2026-11-23T11:59:48.500Z", "11 s ago"),
            ("2026-11-23T11:55:30Z", "4 min ago"),
            ("2026-11-23T09:00:00Z", "3 h ago"),
            ("2026-11-20T12:00:00Z", "3 d ago"),
            ("2026-11-23T12:00:05Z", "0 s ago"),
            ("soon", "at an unknown time"),
        ] {
            assert_eq!(age(time, now), shown);
        }
    }

    /// Scenario: an empty context, one under way, one at the line, one beyond it, a line at the window's end.
    /// Guarantees: always as wide; the line is always there, and whatever is used shows.
    #[test]
    fn the_gauge_shows_the_line() {
        let gauge = |occupancy| gauge(occupancy, 167_000, 200_000);
        assert_eq!(gauge(0), "[-----------------|...]");
        assert_eq!(gauge(10), "[#----------------|...]");
        assert_eq!(gauge(104_000), "[##########-------|...]");
        assert_eq!(gauge(167_000), "[#################|...]");
        assert_eq!(gauge(185_000), "[#################|##.]");
        assert_eq!(gauge(900_000), "[#################|###]");
        assert_eq!(super::gauge(100_000, 200_000, 200_000), "[##########----------|]");
    }

    /// Scenario: names with terminal codes, and long ones.
    /// Guarantees: nothing steers the terminal; cut names say so.
    #[test]
    fn names_are_plain() {
        assert_eq!(plain("a\u{1b}[31mb\n", 20), "a?[31mb?");
        assert_eq!(plain("harbour-api-and-more", 10), "harbour-..");
    }
}
