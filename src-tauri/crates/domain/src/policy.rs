//! The policy: where the levels lie and what each of them does, by project and model.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use crate::{Key, Level, Levels, Model, Threshold};

/// What the user set of levels, lines and actions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Where the levels lie unless an override says otherwise.
    pub levels: Levels,
    /// What each level does unless an override says otherwise.
    pub actions: Actions,
    /// Overrides, in the order in which they stand; of two that match the later wins.
    pub overrides: Vec<Override>,
}

/// What holds for one project or model, or both. What is `None` stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Override {
    /// The project's folder, absolute: it and everything below.
    pub project: Option<Arc<Path>>,
    /// A pattern of the model's name; `*` stands for anything.
    pub model: Option<Arc<str>>,
    /// The line in tokens.
    pub line: Option<u64>,
    /// The levels, lowest first.
    pub levels: [Option<Arc<[Threshold]>>; 3],
    /// What the levels do, lowest first.
    pub actions: [ActionChange; 3],
}

/// What holds for one thread.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// The line that the user set, in tokens.
    pub line: Option<u64>,
    /// Where the levels lie.
    pub levels: Levels,
    /// What they do.
    pub actions: Actions,
}

/// What each level does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actions {
    /// [`Level::Notice`].
    pub notice: Action,
    /// [`Level::Checkpoint`].
    pub checkpoint: Action,
    /// [`Level::Urgent`].
    pub urgent: Action,
}

/// What one level does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Shows a notification.
    pub notify: bool,
    /// Runs a command.
    pub command: Option<Arc<CommandLine>>,
    /// Posts to a web address.
    pub webhook: Option<Arc<Webhook>>,
    /// Tells the agent itself, in its session.
    pub in_session: bool,
    /// What the agent is told to do, after the numbers.
    pub instruction: Option<Arc<str>>,
}

/// What an override changes of [`Action`]; the outer `None` changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActionChange {
    /// [`Action::notify`].
    pub notify: Option<bool>,
    /// [`Action::command`].
    pub command: Option<Option<Arc<CommandLine>>>,
    /// [`Action::webhook`].
    pub webhook: Option<Option<Arc<Webhook>>>,
    /// [`Action::in_session`].
    pub in_session: Option<bool>,
    /// [`Action::instruction`].
    pub instruction: Option<Option<Arc<str>>>,
}

/// A command, run directly and not by a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// The program, absolute or looked for on the path.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// How long it may run before it is ended.
    pub limit: Duration,
}

/// A web address that alerts are posted to. Never logged as a whole: many are secrets by themselves.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// `http://` or `https://`.
    pub url: String,
    /// What its messages are signed with; `None`: they are not.
    pub secret: Option<Key>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook(..)")
    }
}

impl Default for Action {
    fn default() -> Self {
        Self { notify: true, command: None, webhook: None, in_session: false, instruction: None }
    }
}

impl Action {
    /// Takes a change in.
    pub fn change(&mut self, change: &ActionChange) {
        fn set<T: Clone>(place: &mut T, change: Option<&T>) {
            if let Some(value) = change {
                place.clone_from(value);
            }
        }
        set(&mut self.notify, change.notify.as_ref());
        set(&mut self.command, change.command.as_ref());
        set(&mut self.webhook, change.webhook.as_ref());
        set(&mut self.in_session, change.in_session.as_ref());
        set(&mut self.instruction, change.instruction.as_ref());
    }
}

impl Actions {
    /// What a level does.
    #[must_use]
    pub const fn at(&self, level: Level) -> &Action {
        match level {
            Level::Notice => &self.notice,
            Level::Checkpoint => &self.checkpoint,
            Level::Urgent => &self.urgent,
        }
    }

    /// What a level does, to be changed.
    pub const fn at_mut(&mut self, level: Level) -> &mut Action {
        match level {
            Level::Notice => &mut self.notice,
            Level::Checkpoint => &mut self.checkpoint,
            Level::Urgent => &mut self.urgent,
        }
    }
}

impl Override {
    /// Whether it is meant for such a thread. What is not known matches nothing.
    #[must_use]
    pub fn matches(&self, project: Option<&str>, model: Option<&Model>) -> bool {
        let here =
            |folder: &Arc<Path>| project.is_some_and(|path| Path::new(path).starts_with(folder));
        let like = |pattern: &Arc<str>| model.is_some_and(|model| is_like(model.as_str(), pattern));
        self.project.as_ref().is_none_or(here) && self.model.as_ref().is_none_or(like)
    }
}

impl Policy {
    /// Whether some level tells the agent in its session, anywhere.
    #[must_use]
    pub fn tells_agents(&self) -> bool {
        let everywhere = Level::ALL.iter().any(|level| self.actions.at(*level).in_session);
        let changes = self.overrides.iter().flat_map(|one| &one.actions);
        everywhere || changes.into_iter().any(|change| change.in_session == Some(true))
    }

    /// What holds for a thread.
    #[must_use]
    pub fn terms(&self, project: Option<&str>, model: Option<&Model>) -> Terms {
        let mut terms =
            Terms { line: None, levels: self.levels.clone(), actions: self.actions.clone() };
        for one in self.overrides.iter().filter(|one| one.matches(project, model)) {
            terms.line = one.line.or(terms.line);
            let Levels { notice, checkpoint, urgent } = &mut terms.levels;
            for (place, set) in [notice, checkpoint, urgent].into_iter().zip(&one.levels) {
                if let Some(thresholds) = set {
                    place.clone_from(thresholds);
                }
            }
            for (level, change) in Level::ALL.into_iter().zip(&one.actions) {
                terms.actions.at_mut(level).change(change);
            }
        }
        terms
    }
}

/// Whether a text is like a pattern in which `*` stands for any text, also none.
#[must_use]
pub fn is_like(text: &str, pattern: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return text == pattern };
    let Some(mut rest) = text.strip_prefix(head) else { return false };
    let mut parts = tail.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: patterns of model names with stars in all places.
    /// Guarantees: a star stands for anything, also nothing; the rest must be there in its order, once.
    #[test]
    fn stars_stand_for_anything() {
        let name = "claude-opus-4-6";
        for yes in ["*", name, "claude-*", "*opus*", "*-4-6", "claude-*-4-*", "claude*opus-4-6*"] {
            assert!(is_like(name, yes), "{yes}");
        }
        for no in ["", "claude", "opus*", "*opus", "*4-6*4-6", "claude-*-5-*"] {
            assert!(!is_like(name, no), "{no}");
        }
    }

    /// Scenario: an override by project, one by model, one by both; threads of which some is not known.
    /// Guarantees: each holds where it matches; the later wins; a folder's name that merely begins alike is another
    /// folder; what nothing overrides stays.
    #[test]
    fn overrides_hold_where_they_match() {
        let at = |percent: u16| -> Arc<[Threshold]> { Arc::new([Threshold::Way(percent * 10)]) };
        let quiet = ActionChange { notify: Some(false), ..ActionChange::default() };
        let by_project = Override {
            project: Some(Path::new("/home/me/big").into()),
            levels: [None, Some(at(50)), None],
            line: Some(120_000),
            ..Override::default()
        };
        let by_model = Override {
            model: Some("claude-opus-*".into()),
            levels: [None, Some(at(70)), None],
            actions: [quiet, ActionChange::default(), ActionChange::default()],
            ..Override::default()
        };
        let policy = Policy { overrides: vec![by_project, by_model], ..Policy::default() };
        let opus = Model::parse("claude-opus-4-6").0;
        let terms = |project, model| policy.terms(project, model);
        assert_eq!(terms(None, None), Terms::default());
        assert!(!policy.tells_agents());
        assert_eq!(terms(Some("/home/me/bigger"), None), Terms::default());
        let project = terms(Some("/home/me/big/part"), None);
        assert_eq!((project.levels.checkpoint, project.line), (at(50), Some(120_000)));
        assert!(project.actions.notice.notify);
        let both = terms(Some("/home/me/big"), Some(&opus));
        assert_eq!((both.levels.checkpoint, both.line), (at(70), Some(120_000)));
        assert_eq!(both.levels.urgent, Levels::default().urgent);
        assert!(!both.actions.notice.notify && both.actions.checkpoint.notify);
        let telling = ActionChange { in_session: Some(true), ..ActionChange::default() };
        let actions = [ActionChange::default(), telling, ActionChange::default()];
        let overrides = vec![Override { actions, ..Override::default() }];
        assert!(Policy { overrides, ..Policy::default() }.tells_agents());
    }
}
