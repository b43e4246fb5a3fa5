//! Attributes of records and points: borrowed text, tolerant numbers, bounded strings.

use plimsoll_domain::{NanoUsd, Tokens};
use plimsoll_otlp::proto::common::v1::{AnyValue, KeyValue, any_value::Value};

/// The longest text that is kept as an id or a name, in bytes.
const LONGEST_TEXT: usize = 200;

/// The longest text that is tried as a number, in bytes.
const LONGEST_NUMBER: usize = 40;

/// The attributes of one record or point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attributes<'a>(pub(crate) &'a [KeyValue]);

/// Why a value could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("is missing")]
    Missing,
    #[error("has a type that is not known here")]
    WrongType,
    #[error("is not a number")]
    NotANumber,
    #[error("is negative")]
    Negative,
    #[error("is not a whole number")]
    Fraction,
    #[error("is larger than is believed")]
    TooLarge,
    #[error("is not a value that is known here")]
    Unfamiliar,
    #[error("is not monotonic")]
    NotMonotonic,
}

impl<'a> Attributes<'a> {
    /// The value of `key`; an attribute without a value is absent.
    pub(crate) fn get(self, key: &str) -> Option<&'a Value> {
        self.0
            .iter()
            .find(|pair| pair.key == key)
            .and_then(|pair| pair.value.as_ref()?.value.as_ref())
    }

    /// The text of `key` when it is fit to be kept, see [`kept`].
    pub(crate) fn text(self, key: &str) -> Option<&'a str> {
        kept(text(self.get(key)?)?)
    }

    /// The whole number of `key`.
    pub(crate) fn count(self, key: &str) -> Result<u64, Fault> {
        whole(self.get(key).ok_or(Fault::Missing)?)
    }

    /// The truth value of `key`, as boolean or as text.
    pub(crate) fn flag(self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Value::BoolValue(flag) => Some(*flag),
            Value::StringValue(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The cost in dollars of `key`.
    pub(crate) fn dollars(self, key: &str) -> Option<NanoUsd> {
        NanoUsd::from_usd(match self.get(key)? {
            Value::DoubleValue(number) => *number,
            Value::IntValue(number) => as_double(*number),
            Value::StringValue(text) if text.len() <= LONGEST_NUMBER => text.parse().ok()?,
            _ => return None,
        })
    }
}

/// The text of an attribute's value, when it is text.
pub(crate) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// The text of any value, when it is text.
pub(crate) fn any_text(value: Option<&AnyValue>) -> Option<&str> {
    text(value?.value.as_ref()?)
}

/// The text when it is fit to be kept as an id or a name: not empty, at most 200 bytes, and without control
/// characters, which a terminal would obey.
pub(crate) fn kept(text: &str) -> Option<&str> {
    if text.is_empty() || text.len() > LONGEST_TEXT {
        return None;
    }
    // Without an early exit the compiler checks many bytes at once; nearly every text is plain ASCII.
    let plain = text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'));
    (plain || !text.chars().any(char::is_control)).then_some(text)
}

/// The whole number that a value tells, as integer, double or text.
pub(crate) fn whole(value: &Value) -> Result<u64, Fault> {
    match value {
        Value::IntValue(number) => whole_int(*number),
        Value::DoubleValue(number) => whole_double(*number),
        Value::StringValue(text) if text.len() > LONGEST_NUMBER => Err(Fault::NotANumber),
        Value::StringValue(text) => match text.parse() {
            Ok(number) => whole_int(number),
            Err(_) => whole_double(text.parse().map_err(|_| Fault::NotANumber)?),
        },
        _ => Err(Fault::WrongType),
    }
}

/// A count from an integer.
pub(crate) fn whole_int(number: i64) -> Result<u64, Fault> {
    let number = u64::try_from(number).map_err(|_| Fault::Negative)?;
    if number > Tokens::LIMIT { Err(Fault::TooLarge) } else { Ok(number) }
}

/// A count from a double.
pub(crate) fn whole_double(number: f64) -> Result<u64, Fault> {
    if number.is_nan() {
        return Err(Fault::NotANumber);
    }
    if number < 0.0 {
        return Err(Fault::Negative);
    }
    if number > LIMIT_AS_DOUBLE {
        return Err(Fault::TooLarge);
    }
    if number.fract() != 0.0 {
        return Err(Fault::Fraction);
    }
    #[expect(clippy::cast_possible_truncation, reason = "a whole number, checked against LIMIT")]
    #[expect(clippy::cast_sign_loss, reason = "checked not to be negative")]
    let number = number as u64;
    Ok(number)
}

/// An integer as a double; exact below 2^53, which is far above every limit here.
pub(crate) fn as_double(number: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "what is inexact is refused as too large")]
    let number = number as f64;
    number
}

#[expect(clippy::cast_precision_loss, reason = "10^12 is exact in a double")]
const LIMIT_AS_DOUBLE: f64 = Tokens::LIMIT as f64;

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: the same numbers as integers, doubles and text, and values that are no counts.
    /// Guarantees: every spelling of a count is read alike; everything else names its fault.
    #[test]
    fn counts_are_read_from_every_type() {
        let string = |text: &str| Value::StringValue(text.to_owned());
        let table = [
            (Value::IntValue(0), Ok(0)),
            (Value::IntValue(32), Ok(32)),
            (Value::IntValue(1_000_000_000_000), Ok(1_000_000_000_000)),
            (Value::IntValue(1_000_000_000_001), Err(Fault::TooLarge)),
            (Value::IntValue(i64::MAX), Err(Fault::TooLarge)),
            (Value::IntValue(-1), Err(Fault::Negative)),
            (Value::IntValue(i64::MIN), Err(Fault::Negative)),
            (Value::DoubleValue(32.0), Ok(32)),
            (Value::DoubleValue(-0.0), Ok(0)),
            (Value::DoubleValue(1e12), Ok(1_000_000_000_000)),
            (Value::DoubleValue(1.1e12), Err(Fault::TooLarge)),
            (Value::DoubleValue(0.5), Err(Fault::Fraction)),
            (Value::DoubleValue(-1.0), Err(Fault::Negative)),
            (Value::DoubleValue(f64::NAN), Err(Fault::NotANumber)),
            (Value::DoubleValue(f64::INFINITY), Err(Fault::TooLarge)),
            (Value::DoubleValue(f64::NEG_INFINITY), Err(Fault::Negative)),
            (string("32"), Ok(32)),
            (string("32.0"), Ok(32)),
            (string("-32"), Err(Fault::Negative)),
            (string("32.5"), Err(Fault::Fraction)),
            (string("99999999999999999999"), Err(Fault::TooLarge)),
            (string("NaN"), Err(Fault::NotANumber)),
            (string(""), Err(Fault::NotANumber)),
            (string("many"), Err(Fault::NotANumber)),
            (string(&"1".repeat(41)), Err(Fault::NotANumber)),
            (Value::BoolValue(true), Err(Fault::WrongType)),
            (Value::BytesValue(vec![1]), Err(Fault::WrongType)),
        ];
        for (value, expected) in table {
            assert_eq!(whole(&value), expected, "{value:?}");
        }
    }

    /// Scenario: texts that are and are not fit to be kept.
    /// Guarantees: what is empty, long, or would command a terminal is not kept.
    #[test]
    fn kept_text_is_bounded_and_plain() {
        for fit in ["claude-opus-5", "Gr\u{fc}n", " ~"] {
            assert_eq!(kept(fit), Some(fit));
        }
        assert_eq!(kept(&"x".repeat(200)).map(str::len), Some(200));
        for refused in ["", "a\u{1b}[2Jb", "a\nb", "a\u{9b}2Jb", "\u{7f}", &"x".repeat(201)] {
            assert_eq!(kept(refused), None, "{refused:?}");
        }
    }

    /// Scenario: truth values and costs as the client and its older versions write them.
    /// Guarantees: booleans also come as text; costs in any number type; everything else is unknown.
    #[test]
    fn flags_and_costs_are_read_from_every_type() {
        let read = |value: Value| {
            let pair = KeyValue {
                key: "k".to_owned(),
                value: Some(AnyValue { value: Some(value) }),
                ..KeyValue::default()
            };
            let pairs = [pair];
            (Attributes(&pairs).flag("k"), Attributes(&pairs).dollars("k").map(|cost| cost.0))
        };
        assert_eq!(read(Value::BoolValue(true)), (Some(true), None));
        assert_eq!(read(Value::StringValue("false".to_owned())), (Some(false), None));
        assert_eq!(read(Value::StringValue("0.25".to_owned())), (None, Some(250_000_000)));
        assert_eq!(read(Value::DoubleValue(0.004_614)), (None, Some(4_614_000)));
        assert_eq!(read(Value::IntValue(2)), (None, Some(2_000_000_000)));
        assert_eq!(read(Value::DoubleValue(f64::NAN)), (None, None));
        assert_eq!(read(Value::DoubleValue(-1.0)), (None, None));
        assert_eq!(Attributes(&[]).flag("k"), None);
    }
}
