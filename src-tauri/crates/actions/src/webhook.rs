//! Webhooks: each alert at least once to the address that the policy names, in order for a session.

mod attempt;
mod backoff;
mod outbox;
mod post;
mod queue;
#[cfg(test)]
pub(crate) mod script;
mod sign;

use std::time::Duration;

use bytes::Bytes;
use plimsoll_domain::{Alert, Timestamp, Webhook};

pub(crate) use outbox::{Mail, Outbox, Surroundings};
pub(crate) use post::Wire;

use crate::{Upshot, message::Message};

/// A message on its way.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) webhook: Webhook,
    /// What tells it from all others.
    pub(crate) id: String,
    /// When what it says happened.
    pub(crate) at: Timestamp,
    /// Now.
    pub(crate) sent: Timestamp,
    pub(crate) body: Bytes,
}

impl Letter {
    fn of(message: &Message<'_>, alert: &Alert, webhook: &Webhook, sent: Timestamp) -> Self {
        let (id, body) = (message.id.clone(), message.json().into());
        Self { webhook: webhook.clone(), id, at: alert.at, sent, body }
    }
}

/// What a server answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// How long it wishes not to be asked again.
    pub(crate) retry_after: Option<Duration>,
}

/// Why a message was not posted. None of it names the address, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PostError {
    /// It is no address of a web server.
    #[error("the webhook's URL cannot be used: {0}")]
    Url(String),
    /// The connection failed, or the server said nothing that can be understood.
    #[error("{0}")]
    Connection(String),
    /// No answer came in time.
    #[error("no answer within {} s", post::PATIENCE.as_secs())]
    Silent,
}

/// What posts messages: the network, or a record of it in tests.
pub(crate) trait Post: Send + Sync + 'static {
    /// Posts a message, once.
    fn post(&self, letter: Letter) -> impl Future<Output = Result<Answer, PostError>> + Send;

    /// Gives back what is only needed while there are messages.
    fn rest(&self);
}

/// Posts what an alert says to a web address, once, and tells how that ended. `dry_run` marks what did not happen.
pub async fn post_webhook(
    webhook: &Webhook,
    alert: &Alert,
    project: Option<&str>,
    dry_run: bool,
) -> Upshot {
    let message = Message::of(alert, project, dry_run);
    let letter = Letter::of(&message, alert, webhook, alert.at);
    attempt::upshot(&Wire::default().post(letter).await)
}
