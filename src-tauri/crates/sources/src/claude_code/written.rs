//! JSON values as the client wrote them, of which nothing is read but what is asked for.

use std::{borrow::Cow, sync::Arc};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    attributes::{kept, whole_double, whole_int},
    project::is_place,
};

/// The longest text that is read, in bytes as written; sizes are told of any.
const LONGEST: usize = 16 * 1024;

/// A value of any type, not looked into yet. A missing one and `null` are the same.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Written<'a>(#[serde(borrow)] Option<&'a RawValue>);

/// The size of a text, however it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TextSize {
    /// In bytes of UTF-8.
    pub(crate) bytes: u64,
    /// In characters.
    pub(crate) chars: u64,
}

/// Reads an object; `None` where it is none. A list would be taken for the object's values in order.
pub(crate) fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    json.trim_ascii_start().starts_with(b"{").then(|| serde_json::from_slice(json).ok())?
}

impl<'a> Written<'a> {
    fn raw(self) -> Option<&'a str> {
        self.0.map(RawValue::get)
    }

    /// The text; `None` where it is none, or far longer than any id, name or path.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        let raw = self.raw().filter(|raw| raw.len() <= LONGEST)?;
        let plain = serde_json::from_str(raw).map(Cow::Borrowed);
        plain.or_else(|_| serde_json::from_str(raw).map(Cow::Owned)).ok()
    }

    /// The text, where it is fit to be kept as an id or a name.
    pub(crate) fn name(self) -> Option<Arc<str>> {
        self.text().as_deref().and_then(kept).map(Arc::from)
    }

    /// The text, where it is the absolute path of a place on this machine.
    pub(crate) fn path(self) -> Option<Arc<str>> {
        self.text().filter(|path| is_place(path)).map(Arc::from)
    }

    /// Whether it is `true`.
    pub(crate) fn is_true(self) -> bool {
        self.raw() == Some("true")
    }

    /// The whole number, from 0.
    pub(crate) fn count(self) -> Option<u64> {
        let raw = self.raw()?;
        match raw.parse() {
            Ok(number) => whole_int(number).ok(),
            Err(_) => whole_double(raw.parse().ok()?).ok(),
        }
    }

    /// The number.
    pub(crate) fn number(self) -> Option<f64> {
        self.raw()?.parse().ok()
    }

    /// The object, read as far as `T` knows it; nothing of it where it is none.
    pub(crate) fn object<T: Default + Deserialize<'a>>(self) -> T {
        self.raw().and_then(|raw| object(raw.as_bytes())).unwrap_or_default()
    }

    /// The size as JSON, in bytes.
    pub(crate) fn json_bytes(self) -> Option<u64> {
        self.raw().map(|raw| raw.len() as u64)
    }

    /// The size of the text, which is not copied for it.
    pub(crate) fn text_size(self) -> Option<TextSize> {
        self.raw()?.strip_prefix('"')?.strip_suffix('"').map(size_of)
    }
}

/// The size of a text between its quotes.
fn size_of(written: &str) -> TextSize {
    let mut size = TextSize::default();
    let mut rest = written.as_bytes();
    let mut after_high = false;
    while let [first, more @ ..] = rest {
        let escape = if *first == b'\\' { more.first() } else { None };
        let (read, bytes, chars) = match escape {
            None => (1, 1, u64::from(first & 0b1100_0000 != 0b1000_0000)),
            Some(b'u') => {
                let code = code_of(more);
                // Half of a pair that is whole: together they are four bytes and one character.
                let low = after_high && (0xdc00..0xe000).contains(&code);
                after_high = !low && (0xd800..0xdc00).contains(&code);
                let (bytes, chars) = if low { (1, 0) } else { (utf8_bytes(code), 1) };
                (6, bytes, chars)
            }
            Some(_) => (2, 1, 1),
        };
        after_high &= escape == Some(&b'u');
        size.bytes += bytes;
        size.chars += chars;
        rest = rest.get(read..).unwrap_or_default();
    }
    size
}

/// The number in `uXXXX`. JSON that was read as such has no other digits there.
fn code_of(escape: &[u8]) -> u32 {
    let digits = escape.get(1..5).and_then(|digits| std::str::from_utf8(digits).ok());
    digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0)
}

fn utf8_bytes(code: u32) -> u64 {
    match code {
        0..0x80 => 1,
        0x80..0x800 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(json: &str) -> Written<'_> {
        serde_json::from_str(json).expect("JSON")
    }

    /// Scenario: numbers as integers, doubles and none; texts plain, escaped and none; a very long one.
    /// Guarantees: each is read where it is of the type asked for, and nothing else is an error.
    #[test]
    fn values_are_read_as_asked_for() {
        for (json, count) in [
            ("7", Some(7)),
            ("7.0", Some(7)),
            ("2e5", Some(200_000)),
            ("7.5", None),
            ("-1", None),
            ("1e99", None),
            ("null", None),
            ("\"7\"", None),
            ("[7]", None),
            ("true", None),
        ] {
            assert_eq!(written(json).count(), count, "{json}");
        }
        assert_eq!(written("23.5").number(), Some(23.5));
        assert_eq!(written("null").number(), None);
        assert_eq!(written(r#""a b""#).text().as_deref(), Some("a b"));
        assert_eq!(written(r#""C:\\work""#).text().as_deref(), Some(r"C:\work"));
        assert_eq!(written("7").text(), None);
        assert_eq!(written(&format!("\"{}\"", "x".repeat(LONGEST))).text(), None);
    }

    /// Scenario: sizes of values of every type, of a pair of surrogates and of halves of one, which the client
    /// writes where it cut a text.
    /// Guarantees: values by their JSON, texts by what they say; half a character counts as one.
    #[test]
    fn sizes_are_told() {
        assert_eq!(written(r#"{"a":[1,"\n"]}"#).json_bytes(), Some(14));
        assert_eq!(written("null").json_bytes(), None);
        assert_eq!(written("{}").text_size(), None);
        for (json, bytes, chars) in [
            (r#""\ud83d\ude00""#, 4, 1),
            (r#""\ud83d""#, 3, 1),
            (r#""\ude00\ud83d""#, 6, 2),
            (r#""\ud83dx\ude00""#, 7, 3),
            (r#""\ud83d\n\ude00""#, 7, 3),
            (r#""\\ude00""#, 6, 6),
        ] {
            assert_eq!(written(json).text_size(), Some(TextSize { bytes, chars }), "{json}");
        }
    }

    proptest! {
        /// Scenario: any text, as JSON writers write it: as it is, or everything as escapes.
        /// Guarantees: its size is that of the text itself.
        #[test]
        fn texts_have_one_size(text in any::<String>()) {
            let size = TextSize { bytes: text.len() as u64, chars: text.chars().count() as u64 };
            let plain = serde_json::to_string(&text).expect("JSON");
            prop_assert_eq!(written(&plain).text_size(), Some(size));
            let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            prop_assert_eq!(written(&format!("\"{escaped}\"")).text_size(), Some(size));
        }
    }
}
