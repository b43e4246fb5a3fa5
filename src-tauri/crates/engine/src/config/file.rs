//! The configuration file: TOML into keys and texts.

use std::{io, ops::Range, path::Path};

use toml_edit::{Document, Item, TableLike, Value};

use super::{
    ConfigError, Given, Key, Origin,
    given::Kind,
    key::Named,
    nearest::nearest,
    overriding::{self, OverrideKey},
};
use crate::places::ConfigFile;

/// What the file says.
#[derive(Default)]
pub(super) struct Contents {
    /// Keys, in the order in which they stand.
    pub(super) given: Vec<Given<Key>>,
    /// Each `[[override]]`, in the order in which they stand.
    pub(super) overrides: Vec<Entry>,
}

/// One `[[override]]`.
pub(super) struct Entry {
    pub(super) given: Vec<Given<OverrideKey>>,
    pub(super) origin: Origin,
}

/// Reads the file; where nobody named it, it may be missing.
pub(super) fn read(file: &ConfigFile) -> Result<Contents, ConfigError> {
    let text = match std::fs::read_to_string(&file.path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !file.named => String::new(),
        Err(source) => return Err(ConfigError::Read { path: file.path.clone(), source }),
    };
    let reader = Reader { path: &file.path, text: &text };
    // Not the whole error: it shows the line, which may hold a secret.
    let document = Document::parse(text.as_str()).map_err(|error| ConfigError::Syntax {
        origin: reader.origin(error.span()),
        reason: error.message().to_owned(),
    })?;
    reader.root(document.as_table())
}

/// Knows the file's name and text, to say where something stands.
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn root(&self, root: &dyn TableLike) -> Result<Contents, ConfigError> {
        let known: Vec<Key> = Key::every().collect();
        let mut contents = Contents::default();
        for (name, item) in root.iter() {
            if name == overriding::TABLE {
                contents.overrides = self.overrides(item, span(root, name))?;
            } else {
                self.item(&known, name.to_owned(), (item, span(root, name)), &mut contents.given)?;
            }
        }
        Ok(contents)
    }

    fn overrides(&self, item: &Item, at: At) -> Result<Vec<Entry>, ConfigError> {
        let Some(tables) = tables(item) else {
            let reason = format!("a list of tables is needed, [[override]], not {}", kind(item));
            return Err(ConfigError::Value {
                key: overriding::TABLE.to_owned(),
                reason,
                origin: self.origin(at),
            });
        };
        let known: Vec<OverrideKey> = OverrideKey::every().collect();
        let entry = |(table, at): (&dyn TableLike, At)| {
            let mut given = Vec::new();
            self.table(&known, overriding::TABLE, table, &mut given)?;
            Ok(Entry { given, origin: self.origin(at) })
        };
        tables.into_iter().map(entry).collect()
    }

    /// Everything in a table of this name.
    fn table<K: Named>(
        &self,
        known: &[K],
        name: &str,
        table: &dyn TableLike,
        given: &mut Vec<Given<K>>,
    ) -> Result<(), ConfigError> {
        for (key, item) in table.iter() {
            self.item(known, format!("{name}.{key}"), (item, span(table, key)), given)?;
        }
        Ok(())
    }

    /// A value of a known key, or a table of known ones. An empty table of a known name sets nothing.
    fn item<K: Named>(
        &self,
        known: &[K],
        name: String,
        (item, at): (&Item, At),
        given: &mut Vec<Given<K>>,
    ) -> Result<(), ConfigError> {
        if let Some(table) = item.as_table_like() {
            let is_below =
                |key: &K| key.name().strip_prefix(&name).is_some_and(|rest| rest.starts_with('.'));
            if known.iter().any(is_below) {
                return self.table(known, &name, table, given);
            }
            if let Some((key, _)) = table.iter().next() {
                return Err(self.unknown(format!("{name}.{key}"), span(table, key)));
            }
        }
        let Some(key) = known.iter().copied().find(|key| key.name() == name) else {
            return Err(self.unknown(name, at));
        };
        let origin = self.origin(at);
        match item.as_value().and_then(|value| texts(key.kind(), value)) {
            Some(texts) => given.push(Given { key, name, texts, origin }),
            None => {
                let reason = format!("{} is needed, not {}", key.kind().wanted(), kind(item));
                return Err(ConfigError::Value { key: name, reason, origin });
            }
        }
        Ok(())
    }

    fn unknown(&self, key: String, at: At) -> ConfigError {
        let names = Key::every().map(Key::name).chain(OverrideKey::every().map(Named::name));
        let nearest = nearest(&key, names);
        ConfigError::UnknownKey { key, nearest, origin: self.origin(at) }
    }

    fn origin(&self, at: At) -> Origin {
        let start = at.unwrap_or_default().start;
        let before = self.text.get(..start).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        Origin::File { path: self.path.to_owned(), line }
    }
}

/// A place in the file, in bytes.
type At = Option<Range<usize>>;

fn span(table: &dyn TableLike, key: &str) -> At {
    table.get_key_value(key).and_then(|(key, _)| key.span())
}

/// The tables of a list, in either form of TOML.
fn tables(item: &Item) -> Option<Vec<(&dyn TableLike, At)>> {
    if let Some(list) = item.as_array_of_tables() {
        return Some(list.iter().map(|table| (table as &dyn TableLike, table.span())).collect());
    }
    let inline = item.as_array()?.iter().map(|value| {
        let table = value.as_inline_table()?;
        Some((table as &dyn TableLike, table.span()))
    });
    inline.collect()
}

fn kind(item: &Item) -> String {
    let name = item.type_name();
    let article = if name.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {name}")
}

/// A number may stand for its text, and a list of one without its brackets.
fn texts(kind: Kind, value: &Value) -> Option<Vec<String>> {
    match (kind, value) {
        (Kind::List | Kind::Words, Value::Array(list)) => list.iter().map(text).collect(),
        (Kind::Words, _) | (_, Value::Array(_)) => None,
        (Kind::Flag | Kind::Off, Value::Boolean(flag)) => Some(vec![flag.value().to_string()]),
        (_, one) => Some(vec![text(one)?]),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.value().clone()),
        Value::Integer(number) => Some(number.value().to_string()),
        Value::Float(number) => Some(number.value().to_string()),
        _ => None,
    }
}
