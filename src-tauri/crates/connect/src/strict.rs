//! Settings as the client reads them.
//!
//! Claude Code 2.1.330 loads plain JSON, with a byte order mark too; an empty file is as none. A comment or a comma too
//! many, and it says "Invalid or malformed JSON" and heeds nothing of the file (measured).

use serde_json::{Map, Value};

/// What the client reads in a settings file.
///
/// # Errors
/// The line, from 1, from which on it is no JSON.
pub(crate) fn read(text: &str) -> Result<Value, usize> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_str(text).map_err(|error| error.line().max(1))
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
}
