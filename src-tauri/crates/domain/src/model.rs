//! Models: their names, and what their names tell of the window.

use std::{fmt, sync::Arc};

/// A model's name without the client's window suffix, e.g. `claude-sonnet-4-6`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Model(Arc<str>);

/// The suffix by which the client's metrics name the one-million-token window.
const MILLION: &str = "[1m]";

impl Model {
    /// Splits a name as received into the model and whether it names the one-million-token window.
    #[must_use]
    pub fn parse(name: &str) -> (Self, bool) {
        match name.strip_suffix(MILLION) {
            Some(plain) => (Self(plain.into()), true),
            None => (Self(name.into()), false),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The family and version that the name tells, e.g. `("opus", 4, 6)` of `claude-opus-4-6`; `None` for
    /// names of another form.
    #[must_use]
    pub fn family(&self) -> Option<(&str, u32, u32)> {
        let rest = self.0.strip_prefix("claude-")?;
        let mut family = None;
        let mut numbers = Vec::new();
        for part in rest.split('-') {
            match part.parse::<u32>() {
                // A date such as 20251001 ends the version.
                Ok(number) if number < 1000 => numbers.push(number),
                Ok(_) => break,
                Err(_) if family.is_none() => family = Some(part),
                Err(_) => break,
            }
        }
        Some((family?, *numbers.first()?, numbers.get(1).copied().unwrap_or(0)))
    }

    /// The model by the name under which settings know it: in lower case, without a date or the window's suffix.
    #[must_use]
    pub fn common(name: &str) -> Self {
        let model = Self::parse(&name.trim().to_ascii_lowercase()).0;
        match model.family() {
            Some((family, major, 0)) => Self(format!("claude-{family}-{major}").into()),
            Some((family, major, minor)) => Self(format!("claude-{family}-{major}-{minor}").into()),
            None => model,
        }
    }

    /// The name for people, e.g. `Opus 4.6`; the plain name where its form is not known.
    #[must_use]
    pub fn display_name(&self) -> String {
        let Some((family, major, minor)) = self.family() else { return self.0.to_string() };
        let mut letters = family.chars();
        let family: String =
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        if minor == 0 { format!("{family} {major}") } else { format!("{family} {major}.{minor}") }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: names from events, metrics, dated releases, older orders of words, and gateways.
    /// Guarantees: the window suffix is split off; names for people are short; others stay as they are.
    #[test]
    fn names_are_read() {
        let shown = |name| Model::parse(name).0.display_name();
        assert_eq!(
            Model::parse("claude-sonnet-4-6[1m]"),
            (Model("claude-sonnet-4-6".into()), true)
        );
        assert_eq!(shown("claude-opus-4-6"), "Opus 4.6");
        assert_eq!(shown("claude-haiku-4-5-20251001"), "Haiku 4.5");
        assert_eq!(shown("claude-3-5-sonnet-20241022"), "Sonnet 3.5");
        assert_eq!(shown("claude-opus-5"), "Opus 5");
        assert_eq!(shown("my-gateway/model"), "my-gateway/model");
    }
}
