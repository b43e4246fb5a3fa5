//! Times as the client writes them.

use plimsoll_domain::{Timestamp, calendar::parse_rfc3339};

/// Reads a time, e.g. `2026-11-23T04:43:43.445Z`; `None` for anything but RFC 3339 and before 1970. The usual form
/// is read without the calendar: there is one time in every line.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    usual(text.as_bytes()).or_else(|| parse_rfc3339(text))
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`, or without the fraction; `None` for every other form.
fn usual(text: &[u8]) -> Option<Timestamp> {
    let (date_time, millis) = match text.len() {
        20 => (text.get(..19)?, 0),
        24 if text.get(19) == Some(&b'.') => (text.get(..19)?, digits(text.get(20..23)?)?),
        _ => return None,
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if text.last() != Some(&b'Z') || marks.iter().any(|(at, mark)| date_time.get(*at) != Some(mark))
    {
        return None;
    }
    let number = |from: usize, to: usize| digits(date_time.get(from..to)?);
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // Day 29 and later are left to the calendar, with everything else that is rare.
    let plain = (1970..2262).contains(&year)
        && (1..=12).contains(&month)
        && (1..=28).contains(&day)
        && (hour, minute, second) <= (23, 59, 59)
        && minute <= 59
        && second <= 59;
    let days = days_before(year, month) + day - 1;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    plain.then(|| Timestamp::from_millis(seconds * 1000 + millis))
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'))
    })
}

/// The days from 1970-01-01 to the first of a month. Years are counted from March, so that a leap day is the last.
fn days_before(year: i64, month: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (month * 153 + 2) / 5 - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Scenario: any date and time from 1970, valid or not, with and without milliseconds.
        /// Guarantees: the short way and the calendar agree on what it is, and on whether it is one.
        #[test]
        fn times_are_those_of_the_calendar(
            date in (1970_u32..2263, 0_u32..14, 0_u32..33),
            time in (0_u32..26, 0_u32..62, 0_u32..62),
            millis in proptest::option::of(0_u32..1000),
        ) {
            let ((year, month, day), (hour, minute, second)) = (date, time);
            let fraction = millis.map(|millis| format!(".{millis:03}")).unwrap_or_default();
            let text = format!(
                "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"
            );
            prop_assert_eq!(parse(&text), parse_rfc3339(&text), "{}", text);
        }
    }

    /// Scenario: the usual form, other forms of RFC 3339, and texts of the same length that are none.
    /// Guarantees: the usual form takes the short way; others are read all the same, or refused.
    #[test]
    fn other_forms_are_left_to_the_calendar() {
        let parsed = |text: &str| parse(text).map(Timestamp::millis);
        assert_eq!(parsed("2026-11-23T04:43:43.445Z"), Some(1_795_409_023_445));
        assert!(usual(b"2026-11-23T04:43:43.445Z").is_some());
        assert_eq!(parsed("2026-11-23T05:43:43.445+01:00"), Some(1_795_409_023_445));
        assert_eq!(parsed("2026-11-23T04:43:43.4451Z"), Some(1_795_409_023_445));
        for refused in
            ["", "2026-11-23T04:43:43.445", "2026-11-2xT04:43:43.445Z", "1969-12-31T23:59:59Z"]
        {
            assert_eq!(parsed(refused), None, "{refused}");
        }
    }
}
