//! Actions, as people write them: what every level does, and what one of them does otherwise.

use std::{path::Path, sync::Arc, time::Duration};

use axum::http::Uri;
use plimsoll_domain::{ActionChange, Actions, CommandLine, Key as Secret, Level, Webhook};

use super::{ConfigError, Given, amount, key::ActionKey};

/// How long a command may run where nothing is set.
const USUAL_LIMIT: Duration = Duration::from_secs(60);
/// How long an instruction may be, in bytes.
const LONGEST_INSTRUCTION: usize = 4_096;

/// A table of actions, with the tables of single levels in it.
#[derive(Default)]
pub(super) struct Table {
    all: Said,
    levels: [Said; 3],
}

/// What one table says; what is `None` it leaves as it is.
#[derive(Clone, Default)]
struct Said {
    notify: Option<bool>,
    /// Program and arguments; empty: none.
    command: Option<Vec<String>>,
    limit: Option<Duration>,
    webhook: Hook,
    in_session: Option<bool>,
    /// Empty: none.
    instruction: Option<Arc<str>>,
}

#[derive(Clone, Default)]
struct Hook {
    is_off: bool,
    url: Option<String>,
    secret: Option<Secret>,
}

impl Table {
    /// Takes a key in, of all levels or of one.
    pub(super) fn set<K>(
        &mut self,
        level: Option<Level>,
        key: ActionKey,
        given: &Given<K>,
        home: &Path,
    ) -> Result<(), String> {
        let said = level.map_or(&mut self.all, |level| &mut self.levels[level as usize]);
        match key {
            ActionKey::Notify => said.notify = Some(given.flag()?),
            ActionKey::Command => said.command = Some(command(&given.texts, home)?),
            ActionKey::CommandTimeout => said.limit = Some(amount::time(given.single()?)?),
            ActionKey::Webhook => {
                off(given.single()?)?;
                said.webhook = Hook { is_off: true, ..Hook::default() };
            }
            ActionKey::WebhookUrl => {
                said.webhook.url = url(given.single()?)?;
                said.webhook.is_off = said.webhook.url.is_none();
            }
            ActionKey::WebhookSecret => {
                let secret = given.single()?;
                said.webhook.secret = (!secret.is_empty()).then(|| Secret::new(secret));
            }
            ActionKey::InSession => said.in_session = Some(given.flag()?),
            ActionKey::Instruction => said.instruction = Some(instruction(given.single()?)?),
        }
        Ok(())
    }

    /// Refuses a secret without an address: it would sign nothing. `action` tells what a key is of actions.
    pub(super) fn check<K>(
        &self,
        given: &[Given<K>],
        action: impl Fn(&K) -> Option<(Option<Level>, ActionKey)>,
    ) -> Result<(), ConfigError> {
        let is_lonely = |given: &&Given<K>| match action(&given.key) {
            Some((level, ActionKey::WebhookSecret)) => self.said(level).webhook.is_lonely(),
            _ => false,
        };
        match given.iter().rev().find(is_lonely) {
            Some(given) => Err(given.refuse("it needs `url` beside it".to_owned())),
            None => Ok(()),
        }
    }

    /// Changes what is done.
    pub(super) fn apply(&self, actions: &mut Actions) {
        let changes = self.changes(actions, &Self::default());
        for (level, change) in Level::ALL.into_iter().zip(changes) {
            actions.at_mut(level).change(&change);
        }
    }

    /// What it changes of what is done before, lowest level first. Where it sets no limit for a command of its own,
    /// that of `outer` holds.
    pub(super) fn changes(&self, before: &Actions, outer: &Self) -> [ActionChange; 3] {
        Level::ALL.map(|level| {
            let usual = outer.merged(level).limit.unwrap_or(USUAL_LIMIT);
            self.merged(level).change(before.at(level).command.as_deref(), usual)
        })
    }

    fn said(&self, level: Option<Level>) -> &Said {
        level.map_or(&self.all, |level| &self.levels[level as usize])
    }

    /// What it says of a level.
    fn merged(&self, level: Level) -> Said {
        let (all, own) = (self.all.clone(), self.said(Some(level)).clone());
        Said {
            notify: own.notify.or(all.notify),
            command: own.command.or(all.command),
            limit: own.limit.or(all.limit),
            webhook: if own.webhook.is_set() { own.webhook } else { all.webhook },
            in_session: own.in_session.or(all.in_session),
            instruction: own.instruction.or(all.instruction),
        }
    }
}

impl Said {
    fn change(self, before: Option<&CommandLine>, usual: Duration) -> ActionChange {
        let line = |mut words: Vec<String>| {
            let limit = self.limit.unwrap_or(usual);
            let arguments = words.split_off(words.len().min(1));
            let program = words.pop()?;
            Some(Arc::new(CommandLine { program, arguments, limit }))
        };
        // A limit alone is one for the command that there is.
        let limited = |limit| before.map(|line| Arc::new(CommandLine { limit, ..line.clone() }));
        let instruct = |text: Arc<str>| Some(text).filter(|text| !text.is_empty());
        ActionChange {
            notify: self.notify,
            command: match self.command {
                Some(words) => Some(line(words)),
                None => self.limit.and_then(limited).map(Some),
            },
            webhook: self.webhook.change(),
            in_session: self.in_session,
            instruction: self.instruction.map(instruct),
        }
    }
}

impl Hook {
    const fn is_set(&self) -> bool {
        self.is_off || self.url.is_some()
    }

    const fn is_lonely(&self) -> bool {
        self.secret.is_some() && !self.is_set()
    }

    fn change(self) -> Option<Option<Arc<Webhook>>> {
        let Self { is_off, url, secret } = self;
        match url {
            Some(url) => Some(Some(Arc::new(Webhook { url, secret }))),
            None => is_off.then_some(None),
        }
    }
}

/// Program and arguments, in each of which `~/` at the start is the home folder. What they say is not repeated: it may
/// be a secret.
fn command(texts: &[String], home: &Path) -> Result<Vec<String>, String> {
    let words = texts.iter().map(|text| match text.strip_prefix("~/") {
        Some(below) => home.join(below).into_os_string().into_string().map_err(|_| {
            "the path of the home folder is not UTF-8, so that ~/ cannot be used".to_owned()
        }),
        None => Ok(text.clone()),
    });
    let words: Vec<String> = words.collect::<Result<_, _>>()?;
    let Some(program) = words.first() else { return Ok(words) };
    let is_name = !program.is_empty() && Path::new(program).components().count() == 1;
    if !is_name && !Path::new(program).is_absolute() {
        return Err("the program is neither absolute nor a name to look for on the path".to_owned());
    }
    if words.iter().any(|word| word.contains('\0')) {
        return Err("it contains a zero byte".to_owned());
    }
    Ok(words)
}

fn off(text: &str) -> Result<(), String> {
    match text {
        "" | "false" => Ok(()),
        _ => Err("a table with `url` is needed, or false".to_owned()),
    }
}

/// An address to post to; empty: none. It is not repeated: many are secrets by themselves.
fn url(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let uri: Option<Uri> = text.parse().ok();
    let is_web = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.filter(is_web).and_then(|uri| uri.authority().cloned());
    match host {
        Some(authority) if authority.as_str().contains('@') => {
            Err("names and passwords in an address are not sent; use `secret`".to_owned())
        }
        Some(authority) if !authority.host().is_empty() => Ok(Some(text.to_owned())),
        _ => Err("an address such as \"https://host/path\" is needed".to_owned()),
    }
}

fn instruction(text: &str) -> Result<Arc<str>, String> {
    let text = text.trim();
    if text.len() > LONGEST_INSTRUCTION {
        return Err(format!("it is longer than {LONGEST_INSTRUCTION} bytes"));
    }
    Ok(text.into())
}
