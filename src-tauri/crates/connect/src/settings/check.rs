//! What settings must be to be edited.

use std::collections::HashSet;

use jsonc_parser::{
    CollectOptions, CommentCollectionStrategy, ParseOptions,
    ast::{Object, ObjectProp, ObjectPropName, Value},
    common::Ranged,
    parse_to_ast,
};

use super::error::{Place, SettingsError};

/// JSON with comments and trailing commas, and nothing else beyond the standard.
pub(super) const STRICT: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The value of a text; `None` where it holds none.
pub(super) fn parse(text: &str) -> Result<Option<Value<'_>>, SettingsError> {
    let collect = CollectOptions { comments: CommentCollectionStrategy::Off, tokens: false };
    let parsed = parse_to_ast(text, &collect, &STRICT).map_err(|error| SettingsError::Invalid {
        reason: error.kind().to_string(),
        place: Place { line: error.line_display(), column: error.column_display() },
    })?;
    Ok(parsed.value)
}

/// Whether a text can be edited: its root, `env`, `hooks`, the hooks of each event and `statusLine` are what the
/// client takes, and none of their keys stands twice.
pub(super) fn check(text: &str) -> Result<(), SettingsError> {
    let Some(root) = parse(text)? else { return Ok(()) };
    let checked = Checked { text };
    checked.strings(&root)?;
    let root = checked.object("the whole", &root)?;
    checked.once(root, "", |key| matches!(key, "env" | "hooks" | "statusLine"))?;
    for part in ["env", "hooks", "statusLine"] {
        let Some(found) = root.get(part) else { continue };
        let found = checked.object(part, &found.value)?;
        checked.once(found, part, |_| true)?;
        let events = if part == "hooks" { found.properties.as_slice() } else { &[] };
        for event in events {
            checked.array(event)?;
        }
    }
    Ok(())
}

struct Checked<'t> {
    text: &'t str,
}

impl Checked<'_> {
    fn place(&self, of: &impl Ranged) -> Place {
        Place::of(self.text, of.start())
    }

    fn shape(&self, key: &str, expected: &'static str, of: &impl Ranged) -> SettingsError {
        SettingsError::Shape { key: key.to_owned(), expected, place: self.place(of) }
    }

    fn object<'v, 'a>(
        &self,
        key: &str,
        value: &'v Value<'a>,
    ) -> Result<&'v Object<'a>, SettingsError> {
        value.as_object().ok_or_else(|| self.shape(key, "an object", value))
    }

    fn array(&self, event: &ObjectProp<'_>) -> Result<(), SettingsError> {
        let key = || format!("hooks.{}", event.name.as_str());
        let array = event.value.as_array();
        array.map(drop).ok_or_else(|| self.shape(&key(), "a list", &event.value))
    }

    fn once(
        &self,
        object: &Object<'_>,
        within: &str,
        counts: impl Fn(&str) -> bool,
    ) -> Result<(), SettingsError> {
        let mut seen = HashSet::new();
        let mut twice = object.properties.iter().filter(|property| {
            counts(property.name.as_str()) && !seen.insert(property.name.as_str())
        });
        let Some(second) = twice.next() else { return Ok(()) };
        let key = [within, second.name.as_str()].join(".");
        let key = key.trim_start_matches('.').to_owned();
        Err(SettingsError::Twice { key, place: self.place(second) })
    }

    /// The parser lets control characters pass in strings; JSON, and the client, do not.
    fn strings(&self, value: &Value<'_>) -> Result<(), SettingsError> {
        match value {
            Value::StringLit(string) => self.string(string.range.start, string.range.end),
            Value::Array(array) => array.elements.iter().try_for_each(|each| self.strings(each)),
            Value::Object(object) => object.properties.iter().try_for_each(|property| {
                if let ObjectPropName::String(name) = &property.name {
                    self.string(name.range.start, name.range.end)?;
                }
                self.strings(&property.value)
            }),
            _ => Ok(()),
        }
    }

    fn string(&self, start: usize, end: usize) -> Result<(), SettingsError> {
        let raw = self.text.get(start..end).unwrap_or_default();
        match raw.find(|character: char| character < ' ') {
            None => Ok(()),
            Some(at) => Err(SettingsError::Invalid {
                reason: "Control characters are not allowed in strings".to_owned(),
                place: Place::of(self.text, start + at),
            }),
        }
    }
}
