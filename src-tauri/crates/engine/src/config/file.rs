//! The configuration file: TOML into keys and texts.

use std::{io, ops::Range, path::Path};

use toml_edit::{Document, Item, TableLike, Value};

use super::{ConfigError, Given, Key, Origin};
use crate::places::ConfigFile;

/// Reads the file; where nobody named it, it may be missing.
pub(super) fn read(file: &ConfigFile) -> Result<Vec<Given>, ConfigError> {
    let text = match std::fs::read_to_string(&file.path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !file.named => String::new(),
        Err(source) => return Err(ConfigError::Read { path: file.path.clone(), source }),
    };
    let document = Document::parse(text.as_str()).map_err(|error| ConfigError::Syntax {
        path: file.path.clone(),
        reason: error.to_string(),
    })?;
    Reader { path: &file.path, text: &text }.tables(document.as_table())
}

/// Knows the file's name and text, to say where something stands.
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn tables(&self, root: &dyn TableLike) -> Result<Vec<Given>, ConfigError> {
        let mut given = Vec::new();
        for (name, item) in root.iter() {
            let at = span(root, name);
            let Some(table) = item.as_table_like().filter(|table| !table.is_empty()) else {
                // An empty table of a known name sets nothing.
                if item.is_table() && Key::ALL.iter().any(|key| is_in(*key, name)) {
                    continue;
                }
                return Err(self.unknown(name.to_owned(), at));
            };
            for (key, value) in table.iter() {
                given.push(self.key(format!("{name}.{key}"), value, span(table, key))?);
            }
        }
        Ok(given)
    }

    fn key(&self, name: String, item: &Item, at: Range<usize>) -> Result<Given, ConfigError> {
        let Some(key) = Key::ALL.into_iter().find(|key| key.name() == name) else {
            return Err(self.unknown(name, at));
        };
        let origin = self.origin(at);
        let texts = item.as_value().and_then(|value| texts(key, value));
        let Some(texts) = texts else {
            let wanted = match key {
                key if key.is_list() => "a list of texts",
                key if key.is_flag() => "true or false",
                _ => "a text",
            };
            let reason = format!("{wanted} is needed, not {}", kind(item));
            return Err(ConfigError::Value { key: key.name(), reason, origin });
        };
        Ok(Given { key, texts, origin })
    }

    fn unknown(&self, key: String, at: Range<usize>) -> ConfigError {
        let nearest = nearest(&key);
        ConfigError::UnknownKey { key, nearest, origin: self.origin(at) }
    }

    fn origin(&self, at: Range<usize>) -> Origin {
        let before = self.text.get(..at.start).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        Origin::File { path: self.path.to_owned(), line }
    }
}

fn span(table: &dyn TableLike, key: &str) -> Range<usize> {
    table.get_key_value(key).and_then(|(key, _)| key.span()).unwrap_or_default()
}

fn is_in(key: Key, table: &str) -> bool {
    key.name().split_once('.').is_some_and(|(first, _)| first == table)
}

fn kind(item: &Item) -> String {
    let article = if item.is_array() || item.is_integer() { "an" } else { "a" };
    format!("{article} {}", item.type_name())
}

/// A port may stand as a number, and a list of one without its brackets.
fn texts(key: Key, value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(list) if key.is_list() => list.iter().map(text).collect(),
        Value::Array(_) => None,
        Value::Boolean(flag) if key.is_flag() => Some(vec![flag.value().to_string()]),
        one => Some(vec![text(one)?]),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.value().clone()),
        Value::Integer(number) => Some(number.value().to_string()),
        _ => None,
    }
}

/// A name without a table is also held against tables and keys alone.
fn nearest(name: &str) -> &'static str {
    let far = |key: &Key| {
        let parts = key.name().split('.').filter(|_| !name.contains('.'));
        parts.chain([key.name()]).map(|known| distance(name, known)).min()
    };
    Key::ALL.into_iter().min_by_key(far).map_or("", Key::name)
}

/// How many bytes must be put in, taken out or replaced to turn one text into the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, wanted) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, got) in to.bytes().enumerate() {
            let replaced = diagonal + usize::from(wanted != got);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}
