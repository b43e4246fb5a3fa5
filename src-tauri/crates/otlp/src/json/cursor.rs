//! A place in a JSON text: what stands there, and stepping over it.

use std::borrow::Cow;

/// How deep arrays and objects may nest.
const DEEPEST: u8 = 128;

/// The body is not JSON, or not an export request at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed JSON at byte {offset}: {what}")]
pub struct Malformed {
    /// Where in the body.
    pub offset: usize,
    /// What is wrong there.
    pub what: &'static str,
}

/// What kind of value stands at the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

/// Reads values one after another. Every method first skips white space; one that fails leaves the
/// cursor where reading cannot go on.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: u8,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(body: &'a [u8]) -> Result<Self, Malformed> {
        match str::from_utf8(body) {
            Ok(text) => Ok(Self { text, at: 0, depth: 0 }),
            Err(error) => Err(Malformed { offset: error.valid_up_to(), what: "not UTF-8" }),
        }
    }

    /// The kind of the next value, by its first byte.
    pub(super) fn peek(&mut self) -> Result<Kind, Malformed> {
        match self.next_byte() {
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'n') => Ok(Kind::Null),
            Some(b't' | b'f') => Ok(Kind::Bool),
            _ => Err(self.malformed("expected a value")),
        }
    }

    pub(super) fn null(&mut self) -> Result<(), Malformed> {
        self.word("null")
    }

    pub(super) fn bool(&mut self) -> Result<bool, Malformed> {
        let value = self.next_byte() == Some(b't');
        self.word(if value { "true" } else { "false" })?;
        Ok(value)
    }

    /// The number's text, of valid form.
    pub(super) fn number(&mut self) -> Result<&'a str, Malformed> {
        self.space();
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    /// The string's content; borrowed where nothing was escaped.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Malformed> {
        self.expect(b'"', "expected a string")?;
        let plain = self.plain()?;
        if self.take(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut content = plain.to_owned();
        while !self.take(b'"') {
            self.escape(&mut content)?;
            content.push_str(self.plain()?);
        }
        Ok(Cow::Owned(content))
    }

    /// Enters an object, or an array: `next_key` or `next_element` then step through it.
    pub(super) fn open(&mut self) -> Result<(), Malformed> {
        if self.depth == DEEPEST {
            return Err(self.malformed("nested too deeply"));
        }
        self.space();
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// The next member's key, with the cursor before its value; `None` after the object's end.
    pub(super) fn next_key(&mut self, first: bool) -> Result<Option<Cow<'a, str>>, Malformed> {
        if !self.more(first, b'}', "expected ',' or '}'")? {
            return Ok(None);
        }
        let key = self.string()?;
        self.expect(b':', "expected ':'")?;
        Ok(Some(key))
    }

    /// Whether the cursor is before another element; otherwise it is after the array's end.
    pub(super) fn next_element(&mut self, first: bool) -> Result<bool, Malformed> {
        self.more(first, b']', "expected ',' or ']'")
    }

    /// Steps over any value.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        match self.peek()? {
            Kind::Null => self.null(),
            Kind::Bool => self.bool().map(drop),
            Kind::Number => self.number().map(drop),
            Kind::String => self.string().map(drop),
            Kind::Array => {
                self.open()?;
                let mut first = true;
                while self.next_element(first)? {
                    first = false;
                    self.skip()?;
                }
                Ok(())
            }
            Kind::Object => {
                self.open()?;
                let mut first = true;
                while self.next_key(first)?.is_some() {
                    first = false;
                    self.skip()?;
                }
                Ok(())
            }
        }
    }

    /// Nothing may follow.
    pub(super) fn end(&mut self) -> Result<(), Malformed> {
        match self.next_byte() {
            None => Ok(()),
            Some(_) => Err(self.malformed("text after the end")),
        }
    }

    pub(super) fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { offset: self.at, what }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn next_byte(&mut self) -> Option<u8> {
        self.space();
        self.byte()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.byte() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Malformed> {
        self.space();
        if self.take(byte) { Ok(()) } else { Err(self.malformed(what)) }
    }

    fn word(&mut self, word: &'static str) -> Result<(), Malformed> {
        self.space();
        if !self.text[self.at..].starts_with(word) {
            return Err(self.malformed("expected a value"));
        }
        self.at += word.len();
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.malformed("expected a digit")) } else { Ok(()) }
    }

    fn more(&mut self, first: bool, end: u8, what: &'static str) -> Result<bool, Malformed> {
        self.space();
        if self.take(end) {
            self.depth -= 1;
            return Ok(false);
        }
        if !first {
            self.expect(b',', what)?;
        }
        Ok(true)
    }

    /// The text up to the next quote or backslash.
    fn plain(&mut self) -> Result<&'a str, Malformed> {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
        self.at = length.map_or(self.text.len(), |length| start + length);
        match self.byte() {
            Some(b'"' | b'\\') => Ok(&self.text[start..self.at]),
            Some(_) => Err(self.malformed("control character in a string")),
            None => Err(self.malformed("string without an end")),
        }
    }

    fn escape(&mut self, content: &mut String) -> Result<(), Malformed> {
        self.at += 1;
        let character = match self.byte() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                content.push(self.unicode()?);
                return Ok(());
            }
            _ => return Err(self.malformed("unknown escape")),
        };
        self.at += 1;
        content.push(character);
        Ok(())
    }

    /// The character of `\uXXXX`, or of two that make a surrogate pair; U+FFFD for half a pair.
    fn unicode(&mut self) -> Result<char, Malformed> {
        let high = self.four_hex_digits()?;
        if (0xD800..0xDC00).contains(&high) && self.text[self.at..].starts_with("\\u") {
            let resume = self.at;
            self.at += 2;
            let low = self.four_hex_digits()?;
            if (0xDC00..0xE000).contains(&low) {
                let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = resume;
        }
        Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_hex_digits(&mut self) -> Result<u32, Malformed> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.byte().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.malformed("expected a hex digit"))?;
            self.at += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_json(text: &[u8]) -> bool {
        let check = |text| -> Result<(), Malformed> {
            let mut cursor = Cursor::new(text)?;
            cursor.skip()?;
            cursor.end()
        };
        check(text).is_ok()
    }

    fn string(text: &str) -> Result<String, Malformed> {
        Cursor::new(text.as_bytes())?.string().map(Cow::into_owned)
    }

    /// JSON texts that were damaged in one place.
    fn nearly_json() -> impl Strategy<Value = Vec<u8>> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            any::<i64>().prop_map(|number| number.to_string()),
            any::<f64>().prop_map(|number| format!("{number:?}")),
            "[ -~\\n\u{e9}\u{1F600}]{0,8}".prop_map(|text| format!("{text:?}")),
            "\\\\u[0-9a-fA-F]{3,4}".prop_map(|text| format!("\"{text}\"")),
        ];
        let value = leaf.prop_recursive(4, 32, 4, |inner| {
            let list = proptest::collection::vec(inner.clone(), 0..4);
            let members = proptest::collection::vec(("[a-z]{0,3}", inner), 0..4);
            prop_oneof![
                list.prop_map(|list| format!("[{}]", list.join(" , "))),
                members.prop_map(|members| {
                    let members = members.iter().map(|(key, value)| format!("\"{key}\":{value}"));
                    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
                }),
            ]
        });
        (value, any::<prop::sample::Index>(), proptest::option::of(any::<u8>())).prop_map(
            |(text, place, damage)| {
                let mut bytes = text.into_bytes();
                if let Some(byte) = damage {
                    let place = place.index(bytes.len());
                    bytes[place] = byte;
                }
                bytes
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Scenario: JSON texts, sound and damaged.
        /// Guarantees: exactly those are accepted that a general JSON library accepts, apart from
        /// half surrogate pairs and numbers beyond the range of a double, which only we accept.
        #[test]
        fn the_grammar_is_that_of_json(text in nearly_json()) {
            let ours = is_json(&text);
            match serde_json::from_slice::<serde_json::Value>(&text) {
                Ok(_) => prop_assert!(ours),
                Err(error) if ours => {
                    let half = String::from_utf8_lossy(&text).to_lowercase().contains("\\ud");
                    prop_assert!(half || error.to_string().contains("out of range"), "{}", error);
                }
                Err(_) => {}
            }
        }

        /// Scenario: any text, written as a JSON string by a general library.
        /// Guarantees: it is read back the same.
        #[test]
        fn strings_are_read_back(text in any::<String>()) {
            prop_assert_eq!(string(&serde_json::to_string(&text).unwrap()).unwrap(), text);
        }
    }

    /// Scenario: escapes, whole and half surrogate pairs.
    /// Guarantees: pairs are joined; a half becomes the replacement character and nothing is
    /// swallowed.
    #[test]
    fn escapes_are_resolved() {
        let cases = [
            (r#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{c}\n\r\tz"),
            (r#""\u00e9\u20AC""#, "\u{e9}\u{20ac}"),
            (r#""\ud83d\ude00!""#, "\u{1F600}!"),
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\ud83dx""#, "\u{fffd}x"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1F600}"),
            (r#""\ude00""#, "\u{fffd}"),
        ];
        for (text, content) in cases {
            assert_eq!(string(text).as_deref(), Ok(content), "{text}");
        }
        for text in ["\"", "\"\\", "\"\\u12", "\"\\x\"", "\"\n\"", "\"\\u12g4\""] {
            assert!(string(text).is_err(), "{text}");
        }
    }

    /// Scenario: arrays in arrays, as deep as allowed and one deeper.
    /// Guarantees: the depth is bounded, and the error says where.
    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(is_json(nested(usize::from(DEEPEST)).as_bytes()));
        assert!(!is_json(nested(usize::from(DEEPEST) + 1).as_bytes()));
        let error = Cursor::new("[".repeat(1_000_000).as_bytes()).and_then(|mut text| text.skip());
        assert_eq!(error, Err(Malformed { offset: 128, what: "nested too deeply" }));
    }
}
