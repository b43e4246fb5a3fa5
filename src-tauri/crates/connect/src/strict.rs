//! Settings as the client reads them.
//!
//! Claude Code 2.1.330 loads plain JSON, with a byte order mark too; an empty file is as none. A comment or a comma too
//! many, and it says "Invalid or malformed JSON" and heeds nothing of the file (measured).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

/// What the client reads in a settings file.
///
/// # Errors
/// The line, from 1, from which on it is no JSON.
pub(crate) fn read(text: &str) -> Result<Value, usize> {
    let text = without_mark(text);
    if text.trim().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_str(text).map_err(|error| error.line().max(1))
}

/// The same of a few keys alone, so that of a large file nothing else takes memory; `None` where it is no JSON object.
pub(crate) fn keys(text: &str, wanted: &[&str]) -> Option<Map<String, Value>> {
    let text = without_mark(text);
    if text.trim().is_empty() {
        return Some(Map::new());
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let found = Wanted(wanted).deserialize(&mut reader).ok()?;
    reader.end().ok().map(|()| found)
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The keys of an object to keep. Of equal ones the last holds.
struct Wanted<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = Map<String, Value>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut kept = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            if self.0.contains(&key.as_str()) {
                kept.insert(key, object.next_value()?);
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: texts that the client was given, and what it made of them.
    /// Guarantees: what it loads is read, what it does not load is refused with its line.
    #[test]
    fn texts_are_read_as_the_client_reads_them() {
        for loaded in ["", " \n", "{}", "\u{feff}{\"a\": 1}", "{\"a\": 1, \"a\": 2}"] {
            assert!(read(loaded).is_ok(), "{loaded:?}");
        }
        for (refused, line) in
            [("{\n // c\n}", 2), ("{ /* c */ }", 1), ("{\"a\": 1,\n}", 2), ("{\n\"env\": {", 2)]
        {
            assert_eq!(read(refused), Err(line), "{refused:?}");
        }
    }

    /// Scenario: the same texts read for one key, and one that holds a list.
    /// Guarantees: what is loaded is the same, of equal keys the last; nothing else is kept.
    #[test]
    fn a_few_keys_are_read_alike() {
        let a = |text| keys(text, &["a"]).map(|found| (found.len(), found.get("a").cloned()));
        for (text, found) in [
            ("", Some((0, None))),
            ("\u{feff}{\"b\": {\"a\": 1}}", Some((0, None))),
            ("{\"a\": 1, \"b\": [2], \"a\": 3}", Some((1, Some(Value::from(3))))),
        ] {
            assert_eq!(a(text), found, "{text:?}");
        }
        for refused in ["{\n // c\n}", "{\"a\": 1,\n}", "{\"a\": 1} x", "[]"] {
            assert_eq!(a(refused), None, "{refused:?}");
        }
    }
}
