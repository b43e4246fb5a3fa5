//! Words and numbers for people: short, and always with their unit. The page says them in the same forms
//! (`ui/src/lib/format`).

use crate::NanoUsd;

/// Sizes of the units that tokens are counted in.
const UNITS: [(u64, &str); 3] = [(1_000, "k"), (1_000_000, "M"), (1_000_000_000, "B")];

/// Nano-dollars in a cent.
const CENT: u64 = 10_000_000;

/// A count of tokens: `834`, `3.4k`, `151k`, `4.2M`.
#[must_use]
pub fn tokens(count: u64) -> String {
    if count < 1_000 {
        return count.to_string();
    }
    let shown = UNITS.iter().find_map(|(size, unit)| in_unit(count, *size, unit));
    shown.unwrap_or_else(|| format!("{}B", rounded(count, 1_000_000_000)))
}

/// The count in one unit; `None` where that takes more than three digits. Small figures keep one decimal;
/// thousands lose it from 10k on, where it is noise.
fn in_unit(count: u64, size: u64, unit: &str) -> Option<String> {
    let decimal_below = if unit == "k" { 10 } else { 100 };
    if count < size * decimal_below {
        let tenths = rounded(count * 10, size);
        return Some(match tenths % 10 {
            0 => format!("{}{unit}", tenths / 10),
            tenth => format!("{}.{tenth}{unit}", tenths / 10),
        });
    }
    let whole = rounded(count, size);
    (whole < 1_000).then(|| format!("{whole}{unit}"))
}

/// What `part` is of `whole` in permille, rounded to the nearest, but 1000 only where it is reached. A whole
/// of zero counts as one.
#[must_use]
pub fn permille(part: u64, whole: u64) -> u64 {
    let whole = whole.max(1);
    let (exact, whole_wide) = (u128::from(part) * 1_000, u128::from(whole));
    let nearest = u64::try_from((exact + whole_wide / 2) / whole_wide).unwrap_or(u64::MAX);
    if part < whole { nearest.min(999) } else { nearest }
}

/// What `part` is of `whole`: `91 %`. Never `100 %` before the whole is reached. A whole of zero counts as
/// one.
#[must_use]
pub fn percent(part: u64, whole: u64) -> String {
    let permille = permille(part, whole);
    let percent = if permille < 1_000 { rounded(permille, 10).min(99) } else { permille / 10 };
    format!("{percent} %")
}

/// A sum: `$18.40`, `$1,240`, `<$0.01`; `no price` where nobody told one.
#[must_use]
pub fn cost(cost: Option<NanoUsd>) -> String {
    let Some(NanoUsd(nano)) = cost else { return "no price".to_owned() };
    let nano = u64::try_from(nano).unwrap_or(0);
    match nano {
        1..CENT => "<$0.01".to_owned(),
        _ if nano >= 100_000 * CENT => format!("${}", grouped(rounded(nano, 100 * CENT))),
        _ => {
            let cents = rounded(nano, CENT);
            format!("${}.{:02}", grouped(cents / 100), cents % 100)
        }
    }
}

/// A number in full: `151,203`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The name that people know a path by: its last part, on whichever system it was written; `None` where it
/// has none.
#[must_use]
pub fn folder(path: &str) -> Option<&str> {
    path.rsplit(['/', '\\']).find(|part| !part.is_empty())
}

/// A text from outside without control characters, which could steer a terminal or break a line; at most
/// `width` characters, and one that was cut says so.
#[must_use]
pub fn plain(text: &str, width: usize) -> String {
    let clean = |character: char| if character.is_control() { '?' } else { character };
    if text.chars().count() <= width {
        return text.chars().map(clean).collect();
    }
    let head: String = text.chars().take(width.saturating_sub(2)).map(clean).collect();
    format!("{head}..")
}

/// A quotient, rounded to the nearest.
fn rounded(number: u64, by: u64) -> u64 {
    number / by + u64::from(number % by >= by.div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: counts around every change of form.
    /// Guarantees: the page's forms: short, rounded to the nearest, never more than three digits of a unit
    /// that has a larger one.
    #[test]
    fn tokens_are_short() {
        for (count, shown) in [
            (0, "0"),
            (834, "834"),
            (999, "999"),
            (1_000, "1k"),
            (1_049, "1k"),
            (1_050, "1.1k"),
            (3_387, "3.4k"),
            (9_949, "9.9k"),
            (9_960, "10k"),
            (12_049, "12k"),
            (151_203, "151k"),
            (999_499, "999k"),
            (999_500, "1M"),
            (4_186_000, "4.2M"),
            (41_860_000, "41.9M"),
            (99_960_000, "100M"),
            (418_600_000, "419M"),
            (999_499_999, "999M"),
            (999_960_000, "1B"),
            (2_340_000_000, "2.3B"),
            (4_200_000_000_000, "4200B"),
            (u64::MAX, "18446744074B"),
        ] {
            assert_eq!(tokens(count), shown, "{count}");
        }
    }

    /// Scenario: parts of a line around the roundings, just below it, at it, beyond it, and of nothing.
    /// Guarantees: the page's rounding; `100 %` exactly from the line on.
    #[test]
    fn a_hundred_percent_is_the_line_reached() {
        for (part, whole, shown) in [
            (0, 167_000, "0 %"),
            (834, 167_000, "1 %"),
            (24_215, 167_000, "15 %"),
            (24_131, 167_000, "14 %"),
            (151_203, 167_000, "91 %"),
            (166_499, 167_000, "99 %"),
            (166_999, 167_000, "99 %"),
            (167_000, 167_000, "100 %"),
            (173_513, 167_000, "103 %"),
            (3, 0, "300 %"),
            (u64::MAX, u64::MAX, "100 %"),
        ] {
            assert_eq!(percent(part, whole), shown, "{part} of {whole}");
        }
        assert_eq!(permille(151_203, 167_000), 905);
        assert_eq!(permille(166_999, 167_000), 999);
    }

    /// Scenario: no price, nothing, fractions of a cent, and sums around the changes of form.
    /// Guarantees: an unknown price is never a zero, and a small one is not rounded to nothing.
    #[test]
    fn costs_are_honest() {
        assert_eq!(cost(None), "no price");
        for (nano, shown) in [
            (0, "$0.00"),
            (1, "<$0.01"),
            (9_999_999, "<$0.01"),
            (10_000_000, "$0.01"),
            (17_750_550, "$0.02"),
            (18_400_000_000, "$18.40"),
            (999_994_999_999, "$999.99"),
            (999_995_000_000, "$1,000.00"),
            (1_000_000_000_000, "$1,000"),
            (1_240_400_000_000, "$1,240"),
            (1_234_567_500_000_000, "$1,234,568"),
        ] {
            assert_eq!(cost(Some(NanoUsd(nano))), shown, "{nano}");
        }
    }

    /// Scenario: numbers of one to seven digits.
    /// Guarantees: groups of three from the right, none of them empty.
    #[test]
    fn figures_are_grouped() {
        let shown = [7, 999, 1_000, 151_203, 1_234_567].map(grouped);
        assert_eq!(shown, ["7", "999", "1,000", "151,203", "1,234,567"]);
    }

    /// Scenario: project paths of several systems.
    /// Guarantees: the name that people know the project by.
    #[test]
    fn a_project_is_called_by_its_folder() {
        assert_eq!(folder("/home/ada/work/engine"), Some("engine"));
        assert_eq!(folder("/home/ada/work/engine/"), Some("engine"));
        assert_eq!(folder(r"C:\work\engine"), Some("engine"));
        assert_eq!(folder("/"), None);
    }

    /// Scenario: names with terminal codes, and long ones.
    /// Guarantees: nothing steers the terminal; cut names say so.
    #[test]
    fn names_are_plain() {
        assert_eq!(plain("a\u{1b}[31mb\n", 20), "a?[31mb?");
        assert_eq!(plain("harbour-api-and-more", 10), "harbour-..");
    }
}
