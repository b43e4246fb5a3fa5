//! `[[override]]`: what holds for one project or model.

use std::path::{Path, PathBuf};

use plimsoll_domain::{Level, Override, Policy};

use super::{
    ConfigError, Given, action, amount,
    file::Entry,
    given::Kind,
    key::{self, ActionKey, Named},
    level,
};

/// The name of the tables.
pub(super) const TABLE: &str = "override";

/// A key of `[[override]]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OverrideKey {
    Project,
    Model,
    Line,
    Level(Level),
    Action(Option<Level>, ActionKey),
}

impl OverrideKey {
    /// All of them.
    pub(super) fn every() -> impl Iterator<Item = Self> {
        let levels = [None].into_iter().chain(Level::ALL.map(Some));
        let actions = levels.flat_map(|level| ActionKey::ALL.map(|key| Self::Action(level, key)));
        let plain = [Self::Project, Self::Model, Self::Line].into_iter();
        plain.chain(Level::ALL.map(Self::Level)).chain(actions)
    }
}

impl Named for OverrideKey {
    fn name(self) -> String {
        let name = match self {
            Self::Project => "project".to_owned(),
            Self::Model => "model".to_owned(),
            Self::Line => "line".to_owned(),
            Self::Level(level) => format!("levels.{}", level.name()),
            Self::Action(level, key) => key::action(level, key),
        };
        format!("{TABLE}.{name}")
    }

    fn kind(self) -> Kind {
        match self {
            Self::Project | Self::Model | Self::Line => Kind::Text,
            Self::Level(_) => Kind::List,
            Self::Action(_, key) => key.kind(),
        }
    }
}

/// Reads one, beside what holds without it; `outer` is the table that the policy's actions are from.
pub(super) fn read(
    entry: &Entry,
    policy: &Policy,
    outer: &action::Table,
    home: &Path,
) -> Result<Override, ConfigError> {
    let mut one = Override::default();
    let mut actions = action::Table::default();
    for given in &entry.given {
        let set = match given.key {
            OverrideKey::Action(level, key) => actions.set(level, key, given, home),
            _ => set(&mut one, given, home),
        };
        set.map_err(|reason| given.refuse(reason))?;
    }
    if one.project.is_none() && one.model.is_none() {
        return Err(entry.refuse("it needs `project` or `model`, or both".to_owned()));
    }
    check_order(&one, policy).map_err(|reason| entry.refuse(reason))?;
    actions.check(&entry.given, |key| match key {
        OverrideKey::Action(level, key) => Some((*level, *key)),
        _ => None,
    })?;
    one.actions = actions.changes(&policy.actions, outer);
    Ok(one)
}

fn set(one: &mut Override, given: &Given<OverrideKey>, home: &Path) -> Result<(), String> {
    match given.key {
        OverrideKey::Project => one.project = Some(folder(given.single()?, home)?.into()),
        OverrideKey::Model => one.model = Some(pattern(given.single()?)?.into()),
        OverrideKey::Line => one.line = Some(line(given.single()?)?),
        OverrideKey::Level(level) => {
            one.levels[level as usize] = Some(level::read(&given.texts)?);
        }
        // They are put together when all of them are known.
        OverrideKey::Action(..) => {}
    }
    Ok(())
}

/// The levels that it changes have to rise with those that it leaves.
fn check_order(one: &Override, policy: &Policy) -> Result<(), String> {
    let mut levels = policy.levels.clone();
    for (level, set) in Level::ALL.into_iter().zip(&one.levels) {
        if let Some(thresholds) = set {
            level::place(&mut levels, level).clone_from(thresholds);
        }
    }
    level::check_order(&levels)
}

fn folder(text: &str, home: &Path) -> Result<PathBuf, String> {
    let path = match text.strip_prefix('~') {
        Some("" | "/") => home.to_owned(),
        Some(below) if below.starts_with('/') => home.join(below.trim_start_matches('/')),
        _ => PathBuf::from(text),
    };
    let is_absolute = path.is_absolute();
    is_absolute
        .then_some(path)
        .ok_or_else(|| format!("\"{text}\" is no folder such as \"/home/me/work\" or \"~/work\""))
}

fn pattern(text: &str) -> Result<&str, String> {
    let text = text.trim();
    let is_pattern = !text.is_empty() && !text.contains(char::is_whitespace);
    is_pattern
        .then_some(text)
        .ok_or_else(|| format!("\"{text}\" is no name of a model such as \"claude-opus-*\""))
}

fn line(text: &str) -> Result<u64, String> {
    amount::tokens(text)
        .ok_or_else(|| format!("\"{text}\" is no number of tokens such as 150000 or \"150k\""))
}

impl Entry {
    fn refuse(&self, reason: String) -> ConfigError {
        ConfigError::Value { key: TABLE.to_owned(), reason, origin: self.origin.clone() }
    }
}
