//! Spans of time as people write them.

use std::time::Duration;

/// What a span looks like, for help and errors.
const FORM: &str = "a span is a whole number with its unit, such as 60s, 30m, 2h or 1d";

/// Reads a span: whole seconds, minutes, hours or days; `None` for anything else.
pub(crate) fn span(text: &str) -> Option<Duration> {
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    units.into_iter().find_map(|(unit, seconds)| {
        let digits = text.strip_suffix(unit)?;
        let count: u64 =
            digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits)?.parse().ok()?;
        Some(Duration::from_secs(count.checked_mul(seconds)?))
    })
}

/// The same for an argument.
pub(crate) fn span_argument(text: &str) -> Result<Duration, &'static str> {
    span(text).ok_or(FORM)
}

/// A span in its largest whole unit: `90 s`, `30 min`, `2 h`.
pub(crate) fn span_in_words(span: Duration) -> String {
    match span.as_secs() {
        seconds if seconds == 0 || seconds % 60 != 0 => format!("{seconds} s"),
        seconds if seconds % 3_600 != 0 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: spans in every unit, said again, and what is none.
    /// Guarantees: each is read to the second and said without loss; a number without its unit is no span.
    #[test]
    fn spans_have_a_unit() {
        for (text, seconds, said) in [
            ("0s", 0, "0 s"),
            ("90s", 90, "90 s"),
            ("30m", 1_800, "30 min"),
            ("2h", 7_200, "2 h"),
            ("7d", 604_800, "168 h"),
        ] {
            assert_eq!(span(text), Some(Duration::from_secs(seconds)), "{text}");
            assert_eq!(span_in_words(Duration::from_secs(seconds)), said);
        }
        for wrong in [
            "",
            "s",
            "60",
            "-1s",
            "+1s",
            "1.5h",
            "1 h",
            "99999999999999999999d",
            "9999999999999999d",
        ] {
            assert_eq!(span(wrong), None, "{wrong}");
        }
    }
}
