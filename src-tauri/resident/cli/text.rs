//! What only a terminal shows so: ages and gauges in characters, and how much fits into it.

use std::io::{self, IsTerminal};

use plimsoll_domain::{Timestamp, calendar::parse_rfc3339};

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

/// How many characters fit into a line of standard output; any number where it is no terminal.
pub(crate) fn room() -> usize {
    let size = io::stdout().is_terminal().then(crossterm::terminal::size);
    size.and_then(Result::ok).map_or(usize::MAX, |(columns, _)| columns.into())
}

/// The way to the line as a bar over the whole window, 23 characters wide: `#` used, `-` left, `|` the line, `.` beyond
/// it.
pub(crate) fn gauge(occupancy: u64, line: u64, window: u64) -> String {
    gauge_of(20, occupancy, line, window)
}

/// The same with so many cells, beside which are the line and two brackets.
pub(crate) fn gauge_of(width: u16, occupancy: u64, line: u64, window: u64) -> String {
    let all = u64::from(width);
    let whole = window.max(line).max(1);
    let cells = |tokens: u64| {
        let cells = (u128::from(tokens) * u128::from(all) * 2 + u128::from(whole))
            / (u128::from(whole) * 2);
        u64::try_from(cells).unwrap_or(all).min(all)
    };
    let used = if occupancy > 0 { cells(occupancy).max(1) } else { 0 };
    let line = cells(line);
    let cell = |at: u64| match at {
        at if at < used => '#',
        at if at < line => '-',
        _ => '.',
    };
    let before: String = (0..line).map(cell).collect();
    let after: String = (line..all).map(cell).collect();
    format!("[{before}|{after}]")
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
