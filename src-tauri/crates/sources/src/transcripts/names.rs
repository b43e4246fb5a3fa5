//! Names that repeat from line to line, allocated once.

use std::sync::Arc;

use plimsoll_domain::{AgentId, Model, SessionId};

use crate::{attributes::kept, project::is_file_name};

/// The last name of each kind.
#[derive(Debug, Default)]
pub(super) struct Names {
    session: Last<SessionId>,
    model: Last<Model>,
    agent: Last<AgentId>,
    agent_name: Last<Arc<str>>,
    effort: Last<Arc<str>>,
    version: Last<Arc<str>>,
}

impl Names {
    /// A session; `None` where the text is not the name of one.
    pub(super) fn session(&mut self, text: &str) -> Option<SessionId> {
        self.session.get(text, |text| is_file_name(text).then(|| SessionId::new(text)))
    }

    pub(super) fn model(&mut self, text: Option<&str>) -> Option<Model> {
        self.model.get(text?, |text| Some(Model::parse(kept(text)?).0))
    }

    pub(super) fn agent(&mut self, text: Option<&str>) -> Option<AgentId> {
        self.agent.get(text?, |text| kept(text).map(AgentId::new))
    }

    pub(super) fn agent_name(&mut self, text: Option<&str>) -> Option<Arc<str>> {
        self.agent_name.get(text?, |text| kept(text).map(Arc::from))
    }

    pub(super) fn effort(&mut self, text: Option<&str>) -> Option<Arc<str>> {
        self.effort.get(text?, |text| kept(text).map(Arc::from))
    }

    pub(super) fn version(&mut self, text: Option<&str>) -> Option<Arc<str>> {
        self.version.get(text?, |text| kept(text).map(Arc::from))
    }
}

/// The last text, and what was made of it.
#[derive(Debug)]
struct Last<T> {
    text: String,
    value: Option<T>,
}

impl<T> Default for Last<T> {
    fn default() -> Self {
        Self { text: String::new(), value: None }
    }
}

impl<T: Clone> Last<T> {
    fn get(&mut self, text: &str, make: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        if self.value.is_none() || self.text != text {
            self.value = make(text);
            text.clone_into(&mut self.text);
        }
        self.value.clone()
    }
}
