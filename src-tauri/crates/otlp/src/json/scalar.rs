//! Numbers and bytes from their JSON spellings.

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Padding may be there or not.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// An integer, also where it is written as a whole floating-point number (`123.0`, `1e3`); `None`
/// for others. The range is the caller's to check.
pub(super) fn integer(text: &str) -> Option<i128> {
    if let Ok(integer) = text.parse::<i64>() {
        return Some(integer.into());
    }
    if let Ok(integer) = text.parse::<u64>() {
        return Some(integer.into());
    }
    let number = double(text)?;
    let whole = number.fract() == 0.0 && number.abs() < 2_f64.powi(64);
    #[expect(clippy::cast_possible_truncation, reason = "whole, and far within the range")]
    whole.then_some(number as i128)
}

/// A number that a double can hold; `None` for what is no number or too large.
pub(super) fn double(text: &str) -> Option<f64> {
    // What Rust reads as a number beyond JSON's: words such as `inf`, and `+1`.
    let plain =
        text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
    let number = if plain { text.parse::<f64>().ok()? } else { return None };
    number.is_finite().then_some(number)
}

/// A double from a string: a number, or one of the three names.
pub(super) fn named_double(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        number => double(number),
    }
}

/// Bytes from hexadecimal digits in either case.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

/// Bytes from base64 in either alphabet.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let url_safe = text.contains(['-', '_']);
    let engine = if url_safe { &BASE64_URL } else { &BASE64 };
    engine.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: spellings of integers and of what is none.
    /// Guarantees: whole numbers are read exactly, everything else is refused.
    #[test]
    fn integers_are_exact_or_refused() {
        for (text, value) in [
            ("0", 0),
            ("-5", -5),
            ("9223372036854775807", i128::from(i64::MAX)),
            ("-9223372036854775808", i128::from(i64::MIN)),
            ("18446744073709551615", i128::from(u64::MAX)),
            ("123.0", 123),
            ("1e3", 1000),
            ("1.7e18", 1_700_000_000_000_000_000),
        ] {
            assert_eq!(integer(text), Some(value), "{text}");
        }
        for text in ["", "1.5", "0x10", " 1", "abc", "NaN", "inf", "18446744073709551616", "1e300"]
        {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    /// Scenario: doubles as numbers and as strings, out of range and as words.
    /// Guarantees: the nearest double is taken; nothing becomes infinite by itself.
    #[test]
    fn doubles_are_exact_or_refused() {
        assert_eq!(double("0.01775055"), Some(0.017_750_55));
        assert_eq!(double("17"), Some(17.0));
        for text in ["1e999", "-1e999", "inf", "nan", "infinity", "", "-"] {
            assert_eq!(double(text), None, "{text}");
        }
        assert!(named_double("NaN").is_some_and(f64::is_nan));
        assert_eq!(named_double("-Infinity"), Some(f64::NEG_INFINITY));
        assert_eq!(named_double("1.5"), Some(1.5));
        assert_eq!(named_double("nan"), None);
    }

    /// Scenario: ids in hexadecimal, bytes in base64 of both alphabets, with and without padding.
    /// Guarantees: read in any of the spellings, refused where a digit is wrong.
    #[test]
    fn bytes_are_read() {
        assert_eq!(hex("00fFa1"), Some(vec![0, 255, 161]));
        assert_eq!(hex(""), Some(vec![]));
        assert_eq!((hex("0"), hex("0g"), hex("\u{e9}")), (None, None, None));
        for text in ["+/8=", "+/8", "-_8=", "-_8"] {
            assert_eq!(base64(text), Some(vec![251, 255]), "{text}");
        }
        assert_eq!(base64("!"), None);
    }
}
