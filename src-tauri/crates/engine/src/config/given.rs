//! A key as somebody set it.

use super::{ConfigError, Origin, key::Named};

/// One key as somebody set it.
#[derive(Clone)]
pub(super) struct Given<K> {
    pub(super) key: K,
    /// The key for people.
    pub(super) name: String,
    /// One text, or of lists any number.
    pub(super) texts: Vec<String>,
    pub(super) origin: Origin,
}

/// How the values of a key are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text or a number.
    Text,
    /// `true` or `false`.
    Flag,
    /// A list of texts, or one text; outside the file separated by commas.
    List,
    /// A list of texts; outside the file as JSON, or separated by spaces.
    Words,
    /// `false` or nothing, in the place of a table.
    Off,
}

impl Kind {
    /// What is needed, for people.
    pub(super) const fn wanted(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Flag => "true or false",
            Self::List | Self::Words => "a list of texts",
            Self::Off => "a table, or false",
        }
    }

    fn texts(self, text: &str) -> Result<Vec<String>, String> {
        match self {
            Self::List => Ok(text.split(',').map(|part| part.trim().to_owned()).collect()),
            Self::Words if text.trim_start().starts_with('[') => serde_json::from_str(text)
                .map_err(|_| "it begins like a JSON list, but is no list of texts".to_owned()),
            Self::Words => Ok(text.split_whitespace().map(str::to_owned).collect()),
            Self::Text | Self::Flag | Self::Off => Ok(vec![text.to_owned()]),
        }
    }
}

impl<K: Named> Given<K> {
    /// A key that was set outside the file.
    pub(super) fn outside(key: K, text: &str, origin: Origin) -> Result<Self, ConfigError> {
        match key.kind().texts(text) {
            Ok(texts) => Ok(Self { key, name: key.name(), texts, origin }),
            Err(reason) => Err(ConfigError::Value { key: key.name(), reason, origin }),
        }
    }
}

impl<K> Given<K> {
    /// The one text.
    pub(super) fn single(&self) -> Result<&str, String> {
        match self.texts.as_slice() {
            [text] => Ok(text),
            texts => Err(format!("one value is needed, not {}", texts.len())),
        }
    }

    /// The one text as `true` or `false`.
    pub(super) fn flag(&self) -> Result<bool, String> {
        let text = self.single()?;
        text.parse().map_err(|_| format!("\"{text}\" is neither true nor false"))
    }

    /// Why it cannot be used.
    pub(super) fn refuse(&self, reason: String) -> ConfigError {
        ConfigError::Value { key: self.name.clone(), reason, origin: self.origin.clone() }
    }
}
