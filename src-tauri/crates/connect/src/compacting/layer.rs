//! What one settings file says of compaction.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

/// Values that are longer are not shown, only what they come to.
const SHOWN: usize = 24;

/// A key that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Setting {
    /// `env.DISABLE_COMPACT`
    DisableCompact,
    /// `env.DISABLE_AUTO_COMPACT`
    DisableAutoCompact,
    /// `autoCompactEnabled`
    AutoCompactEnabled,
    /// `env.CLAUDE_CODE_AUTO_COMPACT_WINDOW`
    WindowVariable,
    /// `autoCompactWindow`
    AutoCompactWindow,
    /// `env.CLAUDE_AUTOCOMPACT_PCT_OVERRIDE`
    Percent,
}

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Settings.
    Settings,
    /// What the client keeps for itself in `.claude.json`: of it `autoCompactEnabled` alone.
    Global,
}

/// What one file says: of each key that it names the effect, and the words for people; `None`: it has no effect, but
/// hides what weaker files say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Layer(BTreeMap<Setting, Option<(u64, Arc<str>)>>);

impl Layer {
    /// Of a file that is shown as `place`; `None` where the client would load nothing of it.
    pub(super) fn parse(text: &str, kind: Kind, place: &str) -> Option<Self> {
        let (env, settings) = ("env", [Setting::AutoCompactEnabled, Setting::AutoCompactWindow]);
        let [enabled, window] = settings.map(Setting::name);
        let top = match kind {
            Kind::Settings => crate::strict::keys(text, &[env, enabled, window])?,
            Kind::Global => crate::strict::keys(text, &[enabled])?,
        };
        let named = Setting::ALL.into_iter().filter_map(|setting| {
            let map = if settings.contains(&setting) { &top } else { top.get(env)?.as_object()? };
            let value = scalar(map.get(setting.name())?)?;
            let effect = setting.effect(&value).map(|effect| {
                let shown = if value.len() <= SHOWN { value } else { effect.to_string() };
                (effect, format!("{}={shown} in {place}", setting.name()).into())
            });
            Some((setting, effect))
        });
        Some(Self(named.collect()))
    }

    /// What it says of a key; the outer `None`: nothing.
    pub(super) fn told(&self, setting: Setting) -> Option<Option<(u64, Arc<str>)>> {
        self.0.get(&setting).cloned()
    }
}

impl Setting {
    const ALL: [Self; 6] = [
        Self::DisableCompact,
        Self::DisableAutoCompact,
        Self::AutoCompactEnabled,
        Self::WindowVariable,
        Self::AutoCompactWindow,
        Self::Percent,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::DisableCompact => "DISABLE_COMPACT",
            Self::DisableAutoCompact => "DISABLE_AUTO_COMPACT",
            Self::AutoCompactEnabled => "autoCompactEnabled",
            Self::WindowVariable => "CLAUDE_CODE_AUTO_COMPACT_WINDOW",
            Self::AutoCompactWindow => "autoCompactWindow",
            Self::Percent => "CLAUDE_AUTOCOMPACT_PCT_OVERRIDE",
        }
    }

    /// What a value comes to: tokens, percent, or for a switch 1; `None`: nothing.
    fn effect(self, value: &str) -> Option<u64> {
        match self {
            Self::DisableCompact | Self::DisableAutoCompact => is_true(value).then_some(1),
            Self::AutoCompactEnabled => (value == "false").then_some(1),
            Self::WindowVariable => leading(value).filter(|tokens| *tokens > 0),
            Self::AutoCompactWindow => tokens(value).filter(|tokens| *tokens > 0),
            Self::Percent => leading(value).filter(|percent| (1..=100).contains(percent)),
        }
    }
}

/// Numbers and truth values count as their text.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// As the client reads switches in its environment.
fn is_true(text: &str) -> bool {
    ["1", "true", "yes", "on"].contains(&text.to_ascii_lowercase().as_str())
}

/// As the client reads numbers in its environment: the digits at the start, so that `500k` is 500.
fn leading(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

/// As the client takes a window: `200000`, `500k`, `1M`, and plain numbers below 1,000 as thousands.
fn tokens(text: &str) -> Option<u64> {
    let (number, unit) = match text.strip_suffix(['k', 'K']) {
        Some(number) => (number, 1_000),
        None => text.strip_suffix(['m', 'M']).map_or((text, 1), |number| (number, 1_000_000)),
    };
    let number: u64 = number.trim_end().parse().ok()?;
    let unit = if unit == 1 && number < 1_000 { 1_000 } else { unit };
    number.checked_mul(unit)
}
