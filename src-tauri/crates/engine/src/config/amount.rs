//! Numbers with units, as people write them. All are exact: more digits than count are refused.

use std::time::Duration;

use plimsoll_domain::NanoUsd;

/// More tokens than this are a mistake.
const MOST_TOKENS: u64 = 1_000_000_000;
/// How long a command may run at most, in seconds.
const LONGEST: u64 = 3_600;

/// Tokens: `8000`, `8k` or `1.5M`; positive.
pub(super) fn tokens(text: &str) -> Option<u64> {
    let text = text.trim();
    let number = if let Some(thousands) = text.strip_suffix(['k', 'K']) {
        decimal(thousands, 3)
    } else if let Some(millions) = text.strip_suffix(['m', 'M']) {
        decimal(millions, 6)
    } else {
        decimal(text, 0)
    };
    number.filter(|tokens| (1..=MOST_TOKENS).contains(tokens))
}

/// A share such as `62.5%`, in permille: above 0 % and at most 100 %.
pub(super) fn permille(text: &str) -> Option<u16> {
    let permille = decimal(text.trim().strip_suffix('%')?.trim_end(), 1)?;
    u16::try_from(permille).ok().filter(|permille| (1..=1000).contains(permille))
}

/// Dollars; `None` within: zero.
pub(super) fn dollars(text: &str) -> Result<Option<NanoUsd>, String> {
    let nano = decimal(text.trim(), 9).and_then(|nano| i64::try_from(nano).ok()).map(NanoUsd);
    let nano = nano.filter(|cost| *cost <= NanoUsd::LIMIT);
    let nano =
        nano.ok_or_else(|| format!("\"{text}\" is no amount of dollars such as \"12.50\""))?;
    Ok(Some(nano).filter(|cost| *cost > NanoUsd::ZERO))
}

/// A time such as `90s`, `5m` or `1h`: from a second to an hour.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let seconds = [("s", 1), ("m", 60), ("h", 3_600)].into_iter().find_map(|(unit, seconds)| {
        decimal(text.trim().strip_suffix(unit)?, 0)?.checked_mul(seconds)
    });
    let seconds = seconds.filter(|seconds| (1..=LONGEST).contains(seconds));
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| format!("\"{text}\" is no time from \"1s\" to \"1h\" such as \"90s\""))
}

/// A whole number of so many decimal digits below one: `1.5` with three of them is 1500.
fn decimal(text: &str, digits: usize) -> Option<u64> {
    let (whole, rest) = match text.split_once('.') {
        Some((whole, rest)) if !rest.is_empty() && rest.len() <= digits => (whole, rest),
        Some(_) => return None,
        None => (text, ""),
    };
    let is_number = !whole.is_empty() && [whole, rest].concat().bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| format!("{whole}{rest:0<digits$}").parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: tokens in all forms, and texts that are none.
    /// Guarantees: exact numbers; what is not positive, too large or too fine is refused.
    #[test]
    fn tokens_are_exact() {
        for (text, expected) in [
            ("8000", 8_000),
            ("8k", 8_000),
            ("8.125K", 8_125),
            ("1.5M", 1_500_000),
            (" 1m ", 1_000_000),
            ("1000M", MOST_TOKENS),
        ] {
            assert_eq!(tokens(text), Some(expected), "{text}");
        }
        for none in ["", "0", "k", "-1", "1.5", "1.2345k", "1.", ".5k", "1e3", "1001M", "８"] {
            assert_eq!(tokens(none), None, "{none}");
        }
    }

    /// Scenario: dollars whole, with cents, of a nano-dollar, none, and what is no amount.
    /// Guarantees: the nano-dollar is exact; nothing is none; the rest is refused.
    #[test]
    fn dollars_are_exact() {
        assert_eq!(dollars("12"), Ok(Some(NanoUsd(12_000_000_000))));
        assert_eq!(dollars("0.50"), Ok(Some(NanoUsd(500_000_000))));
        assert_eq!(dollars("0.000000001"), Ok(Some(NanoUsd(1))));
        assert_eq!(dollars("0.0"), Ok(None));
        for wrong in ["", "-1", "$5", "1.0000000001", "1000001", "NaN", "99999999999999999999"] {
            assert!(dollars(wrong).is_err(), "{wrong}");
        }
    }

    /// Scenario: times in each unit, at their ends and beyond.
    /// Guarantees: a second to an hour; a number alone is refused.
    #[test]
    fn times_have_units() {
        for (text, seconds) in [("1s", 1), ("90s", 90), ("5m", 300), ("1h", 3_600)] {
            assert_eq!(time(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "60", "0s", "61m", "2h", "1.5m", "-1s", "5 minutes"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
