//! A signal as people may see it.

use plimsoll_domain::Timestamp;

/// One record or data point as it arrived, without any text that people or models wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// When it happened, by the client's clock.
    pub at: Timestamp,
    /// `event`, `metric` or `span`.
    pub kind: &'static str,
    /// Its instrumentation scope.
    pub scope: String,
    /// Its name.
    pub name: String,
    /// The session it names.
    pub session: Option<String>,
    /// Its attributes and values for display, in their order: what the allow-list knows as it is, numbers as
    /// they are, other text as `<N chars>`.
    pub attributes: Vec<(String, String)>,
    /// How it was understood, in a few words.
    pub understood: String,
}
