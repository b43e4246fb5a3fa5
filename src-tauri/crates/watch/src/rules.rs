//! What threads are judged by, beside what happened in them.

use std::{collections::HashMap, sync::Arc};

use plimsoll_domain::{
    Compacting, Interval, Line, LineEvidence, Model, Policy, SessionId, Terms, Timestamp, Window,
};

use plimsoll_ledger::SessionSummary;

use crate::{
    lessons::{Case, Lessons, Taught},
    limits::PATIENCE,
    window::Named,
};

/// What the client's settings say of compaction, by project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientSettings {
    /// Where nothing is known of a session's project.
    pub user: Arc<Compacting>,
    /// By the path of the project.
    pub projects: HashMap<Arc<str>, Arc<Compacting>>,
}

impl ClientSettings {
    /// What holds in a project.
    pub(crate) fn of(&self, project: Option<&str>) -> &Compacting {
        project.and_then(|project| self.projects.get(project)).unwrap_or(&self.user)
    }
}

/// What all sessions are judged by.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) policy: Arc<Policy>,
    pub(crate) settings: Arc<ClientSettings>,
    pub(crate) lessons: Lessons,
    /// Since then it is known what was set when something happened.
    pub(crate) began: Timestamp,
}

impl Shared {
    /// From here on what arrives as it happened, happened while Plimsoll listened.
    pub(crate) fn listening(&self) -> Timestamp {
        self.began.after(PATIENCE)
    }

    /// What the threads of a session are judged by.
    pub(crate) fn rules<'a>(&'a self, books: &'a SessionSummary, named: &'a Named) -> Rules<'a> {
        let project = books.project.as_deref();
        Rules {
            policy: &self.policy,
            client: self.settings.of(project),
            lessons: &self.lessons,
            began: self.began,
            own: &[],
            session: &books.session,
            project,
            version: books.client_version.as_ref(),
            named,
        }
    }
}

/// What the threads of one session are judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    policy: &'a Policy,
    client: &'a Compacting,
    /// What other sessions taught.
    lessons: &'a Lessons,
    began: Timestamp,
    /// What the session's own compactions taught up to the moment that is judged: however late they were told.
    own: &'a [Taught],
    session: &'a SessionId,
    project: Option<&'a str>,
    /// The client's version.
    pub(crate) version: Option<&'a Arc<str>>,
    /// What the client named of windows.
    pub(crate) named: &'a Named,
}

impl<'a> Rules<'a> {
    /// The same, and what the session's own compactions taught.
    pub(crate) fn having_seen<'b>(self, own: &'b [Taught]) -> Rules<'b>
    where
        'a: 'b,
    {
        Rules { own, ..self }
    }

    /// Where the session was seen to compact with such a model and window.
    pub(crate) fn seen(&self, model: &Model, window: Window) -> Interval {
        let set = self.set(model, window);
        let meant = |one: &&Taught| one.is_of(model, window, &set);
        Interval::of(self.own.iter().filter(meant).map(|one| &one.lesson))
    }

    /// Levels, and the line where the user set one.
    pub(crate) fn terms(&self, model: &Model) -> Terms {
        self.policy.terms(self.project, Some(model))
    }

    /// The line by what is set, before anything was seen.
    fn set(&self, model: &Model, window: Window) -> Line {
        Line::by_settings(model, window, Some(self.client))
    }

    /// Where the line was by what was set then, in tokens, where that is known.
    pub(crate) fn believed(&self, model: &Model, window: Window, at: Timestamp) -> Option<u64> {
        (at >= self.began).then(|| self.set(model, window).tokens)
    }

    /// The line of a thread of whose session `own` was seen, which counts before what others saw.
    pub(crate) fn line(
        &self,
        model: &Model,
        window: Window,
        user: Option<u64>,
        own: Interval,
    ) -> Line {
        let learned = if own.up_to.is_some() {
            own
        } else {
            let set = &self.set(model, window);
            let case = Case { session: self.session, project: self.project, model, window, set };
            let taught = self.lessons.interval(&case);
            let passed = taught.up_to.is_some_and(|up_to| own.above >= up_to);
            let above = own.above.max(if passed { 0 } else { taught.above });
            if passed { own } else { Interval { above, ..taught } }
        };
        Line::resolve(model, window, LineEvidence { user, client: Some(self.client), learned })
    }
}
