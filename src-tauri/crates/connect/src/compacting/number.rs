//! Numbers in variables, as the client reads them: what stands at the start of the text.

/// Tokens: `150000`, `150,000`, `1.5e5`, `150k` or `0.15M`; `None` where that is no whole number from 1.
pub(super) fn tokens(text: &str) -> Option<u64> {
    let unit = match text.chars().last()?.to_ascii_lowercase() {
        'k' => Some(1_000),
        'm' => Some(1_000_000),
        _ => None,
    };
    let tokens = match (unit, text.split_once(['e', 'E'])) {
        (Some(unit), _) => decimal(text, unit),
        (None, Some((number, exponent))) if is_number(number) && is_number(unsigned(exponent)) => {
            10_u64.checked_pow(exponent.parse().ok()?).and_then(|times| decimal(number, times))
        }
        _ => whole(&without_separators(text)),
    };
    tokens.filter(|tokens| *tokens > 0)
}

/// A decimal number at the start of a text, so many times; rounded. `None` where none stands there.
pub(super) fn decimal(text: &str, times: u64) -> Option<u64> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    // Of two points the second ends it.
    let end = text[..end].match_indices('.').nth(1).map_or(end, |(second, _)| second);
    let (whole, fraction) = text[..end].split_once('.').unwrap_or((&text[..end], ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits =
        |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<u64>().ok() };
    // Nine digits behind the point are more than anything here needs.
    let fraction = &fraction[..fraction.len().min(9)];
    let scale = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
    let part = (digits(fraction)? * times * 2 / scale).div_ceil(2);
    digits(whole)?.checked_mul(times)?.checked_add(part)
}

/// The digits at the start.
fn whole(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn unsigned(exponent: &str) -> &str {
    exponent.strip_prefix(['+', '-']).unwrap_or(exponent)
}

/// The number without the marks between its groups of three digits, where it has them.
fn without_separators(text: &str) -> String {
    let Some(mark) = text.chars().find(|c| !c.is_ascii_digit()) else { return text.to_owned() };
    let mut groups = text.split(mark);
    let is_group = |group: &str, sizes: &[usize]| {
        sizes.contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_digit())
    };
    let first = groups.next().is_some_and(|group| is_group(group, &[1, 2, 3]));
    let separates = matches!(mark, ',' | '_' | ' ' | '\u{a0}' | '\u{202f}');
    if separates && first && groups.all(|group| is_group(group, &[3])) {
        text.replace(mark, "")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: windows as the real client was given them in its environment.
    /// Guarantees: each comes to the tokens at which it then compacted; the rest to nothing.
    #[test]
    fn windows_are_what_the_client_made_of_them() {
        for (text, expected) in [
            ("120000", 120_000),
            ("120k", 120_000),
            ("120K", 120_000),
            ("0.12M", 120_000),
            ("120.5k", 120_500),
            ("120000.7", 120_000),
            ("120000abc", 120_000),
            ("1.2e5", 120_000),
            ("120,000", 120_000),
            ("1_200_000", 1_200_000),
            ("120kb", 120),
            ("120", 120),
            ("12,00", 12),
        ] {
            assert_eq!(tokens(text), Some(expected), "{text}");
        }
        for none in ["", "0", "-5", "auto", "k", ".", "99999999999999999999", "1e99", "1e-5"] {
            assert_eq!(tokens(none), None, "{none}");
        }
    }

    /// Scenario: decimal numbers with and without something behind them.
    /// Guarantees: they are rounded to the unit asked for.
    #[test]
    fn decimals_are_read_from_the_start() {
        for (text, expected) in [
            ("50", Some(50_000)),
            ("52.7%", Some(52_700)),
            ("0.0006", Some(1)),
            (".5", Some(500)),
            ("1.2.3", Some(1_200)),
            ("", None),
            (".", None),
            ("half", None),
            ("-5", None),
        ] {
            assert_eq!(decimal(text, 1_000), expected, "{text}");
        }
    }
}
