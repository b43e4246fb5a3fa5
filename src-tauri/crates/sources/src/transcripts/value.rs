//! JSON values of which only the type that is asked for is read, without copying.

use std::{borrow::Cow, fmt, marker::PhantomData};

use plimsoll_domain::Tokens;
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use crate::attributes::{kept, whole_double};

/// A value as the client wrote it. One of another type than is expected is no error, so that a later client loses
/// a detail and not the line.
#[derive(Debug, Default)]
pub(super) enum Value<'a, T = Unread> {
    /// Missing or `null`.
    #[default]
    Nothing,
    Flag(bool),
    Count(u64),
    Number(f64),
    Text(Cow<'a, str>),
    Object(T),
    List,
}

/// An object of which nothing is read.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Unread {}

impl<'a, T> Value<'a, T> {
    /// The text; `None` where it is none.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text, where it is fit to be kept as an id or a name.
    pub(super) fn name(&self) -> Option<&str> {
        self.text().and_then(kept)
    }

    /// Whether it is `true`.
    pub(super) fn is_true(&self) -> bool {
        matches!(self, Self::Flag(true))
    }

    /// Whether there is no value.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// The whole number from 0 to [`Tokens::LIMIT`]; `None` for everything else.
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            Self::Count(count) => Some(*count).filter(|count| *count <= Tokens::LIMIT),
            Self::Number(number) => whole_double(*number).ok(),
            _ => None,
        }
    }

    /// The number.
    #[expect(clippy::cast_precision_loss, reason = "only costs are read so, which are small")]
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Count(count) => Some(*count as f64),
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The object; `None` where it is none.
    pub(super) fn object(&self) -> Option<&T> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Value<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue(PhantomData))
    }
}

struct AnyValue<'a, T>(PhantomData<Value<'a, T>>);

impl<'de: 'a, 'a, T: Deserialize<'de>> Visitor<'de> for AnyValue<'a, T> {
    type Value = Value<'a, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_u64<E: Error>(self, count: u64) -> Result<Self::Value, E> {
        Ok(Value::Count(count))
    }

    #[expect(clippy::cast_precision_loss, reason = "negative, which no count and no cost is")]
    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Value::Object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value<'_> {
        serde_json::from_str(json).expect("JSON")
    }

    /// Scenario: values of every type, asked for as every type.
    /// Guarantees: each is told as what it is and as nothing else; none is an error; plain texts are not copied.
    #[test]
    fn values_are_what_they_are() {
        for (json, count) in [
            ("0", Some(0)),
            ("7.0", Some(7)),
            ("1000000000000", Some(Tokens::LIMIT)),
            ("1000000000001", None),
            ("99999999999999999999", None),
            ("-1", None),
            ("7.5", None),
            ("\"7\"", None),
            ("null", None),
            ("true", None),
            ("[7]", None),
            ("{\"a\":7}", None),
        ] {
            assert_eq!(value(json).count(), count, "{json}");
            assert_eq!(value(json).is_missing(), json == "null", "{json}");
            assert_eq!(value(json).is_true(), json == "true", "{json}");
            assert_eq!(value(json).object().is_some(), json.starts_with('{'), "{json}");
        }
        assert!(matches!(value(r#""plain""#), Value::Text(Cow::Borrowed("plain"))));
        assert_eq!(value(r#""a\"b""#).text(), Some("a\"b"));
        assert_eq!(value(r#""a\nb""#).name(), None);
        assert_eq!(value("0.25").number(), Some(0.25));
    }
}
