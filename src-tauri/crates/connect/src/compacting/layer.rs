//! What one settings file says of compaction, as Claude Code 2.1.330 reads it (docs/format.md, "Where it compacts").

use std::{collections::BTreeMap, sync::Arc};

use plimsoll_domain::Model;
use serde_json::{Map, Value};

use super::number::{decimal, tokens};

/// Values that are longer are not shown, only what they come to.
const SHOWN: usize = 24;
/// The smallest window that the client takes from a setting; it ignores smaller ones.
const SMALLEST: u64 = 100_000;
/// Names of models that are longer are none.
const LONGEST_NAME: usize = 100;

const ENV: &str = "env";
const MODELS: &str = "modelSettings";

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

/// What a value comes to, tokens, thousandths of a percent or for a switch 1, and the words for people; `None`: it has no
/// effect, but hides what weaker files say.
pub(super) type Effect = Option<(u64, Arc<str>)>;

/// What one file says: of each key that it names the effect, and of each model's own window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Layer {
    told: BTreeMap<Setting, Effect>,
    models: BTreeMap<Model, Effect>,
}

impl Layer {
    /// Of a file that is shown as `place`; `None` where the client would load nothing of it.
    pub(super) fn parse(text: &str, kind: Kind, place: &str) -> Option<Self> {
        let [enabled, window] =
            [Setting::AutoCompactEnabled, Setting::AutoCompactWindow].map(Setting::name);
        let top = match kind {
            Kind::Settings => crate::strict::keys(text, &[ENV, enabled, window, MODELS])?,
            Kind::Global => crate::strict::keys(text, &[enabled])?,
        };
        let none = Map::new();
        let object = |name| top.get(name).and_then(Value::as_object).unwrap_or(&none);
        let variables = Setting::VARIABLES.into_iter().filter_map(|setting| {
            let value = scalar(object(ENV).get(setting.name())?)?;
            Some((
                setting,
                setting
                    .variable(&value)
                    .map(|effect| (effect, setting.shown(&value, effect, place))),
            ))
        });
        let off = top.get(enabled).and_then(Value::as_bool).map(|enabled| {
            let words = || Setting::AutoCompactEnabled.shown("false", 1, place);
            (Setting::AutoCompactEnabled, (!enabled).then(|| (1, words())))
        });
        let general = top.get(window).and_then(window_of).map(|tokens| {
            let words = said(window, tokens, place);
            (Setting::AutoCompactWindow, Some((tokens, words)))
        });
        Some(Self {
            told: variables.chain(off).chain(general).collect(),
            models: models(object(MODELS), place),
        })
    }

    /// What it says of a key; the outer `None`: nothing.
    pub(super) fn told(&self, setting: Setting) -> Option<Effect> {
        self.told.get(&setting).cloned()
    }

    /// The models for which it names a window.
    pub(super) fn models(&self) -> impl Iterator<Item = &Model> {
        self.models.keys()
    }

    /// What it says of a model's window in its settings: the model's own before the one for all; the outer `None`: nothing.
    pub(super) fn window_of(&self, model: &Model) -> Option<Effect> {
        self.models.get(model).cloned().or_else(|| self.told(Setting::AutoCompactWindow))
    }
}

impl Setting {
    /// Those that stand under `env`.
    const VARIABLES: [Self; 4] =
        [Self::DisableCompact, Self::DisableAutoCompact, Self::WindowVariable, Self::Percent];

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

    /// What a variable's value comes to; `None`: nothing.
    fn variable(self, value: &str) -> Option<u64> {
        match self {
            Self::WindowVariable => tokens(value).map(|tokens| tokens.max(SMALLEST)),
            Self::Percent => {
                decimal(value, 1_000).filter(|percent| (1..=100_000).contains(percent))
            }
            _ => is_true(value).then_some(1),
        }
    }

    /// The words for people.
    fn shown(self, value: &str, effect: u64, place: &str) -> Arc<str> {
        let long = value.len() > SHOWN;
        let effect = if self == Self::Percent { effect / 1_000 } else { effect };
        let value = if long { &effect.to_string() } else { value };
        format!("{}={value} in {place}", self.name()).into()
    }
}

/// The windows of single models by the models' common names. Of several spellings of one name that itself goes first.
fn models(settings: &Map<String, Value>, place: &str) -> BTreeMap<Model, Effect> {
    let mut models = BTreeMap::new();
    for (name, settings) in settings.iter().filter(|(name, _)| name.len() <= LONGEST_NAME) {
        let window = &settings["autoCompactWindow"];
        let key = format!("{MODELS}.{name}.autoCompactWindow");
        let effect = match window_of(window) {
            Some(tokens) => Some((tokens, said(&key, tokens, place))),
            None if window == "auto" => None,
            None => continue,
        };
        let model = Model::common(name);
        if model.as_str() == name || !models.contains_key(&model) {
            models.insert(model, effect);
        }
    }
    models
}

/// A window in the settings themselves: a whole number that is large enough.
fn window_of(value: &Value) -> Option<u64> {
    value.as_u64().filter(|tokens| *tokens >= SMALLEST)
}

fn said(key: &str, value: u64, place: &str) -> Arc<str> {
    format!("{key}={value} in {place}").into()
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
