//! The side door: what the client's hooks and status line hand over, on its way to whoever reads it.

/// What is handed over: JSON as the client wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Handed {
    /// The input of a hook.
    Hook,
    /// The input of the status line command.
    StatusLine,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Taken {
    /// It was read and waits to be entered.
    Accepted,
    /// It is no JSON of a form that is known.
    Malformed,
    /// Too much waits already; it is not entered.
    Full,
}

/// What became of it, and what the client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// What became of it.
    pub taken: Taken,
    /// What the client is told, as JSON in its own words; `None`: nothing.
    pub answer: Option<String>,
}

impl From<Taken> for Handled {
    fn from(taken: Taken) -> Self {
        Self { taken, answer: None }
    }
}

/// The port through which the API hands over what hooks and the status line said.
pub trait Door: Send + Sync + 'static {
    /// Reads it and queues what it says. Returns at once, and never waits for the books: a client waits for the
    /// answer.
    fn take(&self, kind: Handed, body: &[u8]) -> Handled;

    /// Counts one that is larger than any that is taken.
    fn refuse(&self);
}
