//! The loop that delivers what the ledger's outbox holds. It sleeps without a timer while there is nothing.

use std::{convert::Infallible, future::pending, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use plimsoll_domain::{ActionKind, Policy, Revision, Timestamp, Webhook};
use plimsoll_ledger::{Delivery, DeliveryState, Ledger, LedgerError, RecordError};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, sleep_until},
};

use super::{
    Letter, Post,
    attempt::{Next, next},
    backoff::pause,
    queue::Queue,
};
use crate::{
    Clock, Upshot,
    message::Message,
    outcome::{Outcomes, Scribe},
};

/// Messages on their way at the same time, at most.
const ON_THEIR_WAY: usize = 4;

/// How long after its alert a message is given up.
const GIVEN_UP: Duration = Duration::from_secs(24 * 60 * 60);

/// What an outbox needs of the ledger.
pub(crate) trait Mail: Clone + Send + Sync + 'static {
    /// What was not delivered yet, in order of revision.
    fn deliveries(&self) -> impl Future<Output = Result<Vec<Delivery>, LedgerError>> + Send;

    /// Notes how far a message is.
    fn note_delivery(
        &self,
        alert: Revision,
        state: DeliveryState,
    ) -> impl Future<Output = Result<(), RecordError>> + Send;
}

impl Mail for Ledger {
    async fn deliveries(&self) -> Result<Vec<Delivery>, LedgerError> {
        Self::deliveries(self).await
    }

    async fn note_delivery(
        &self,
        alert: Revision,
        state: DeliveryState,
    ) -> Result<(), RecordError> {
        Self::note_delivery(self, alert, state).await
    }
}

/// What an outbox knows of and is told.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) policy: watch::Receiver<Arc<Policy>>,
    /// Rings when there may be a new message.
    pub(crate) bell: Arc<Notify>,
    pub(crate) now: Clock,
}

/// Delivers messages.
pub(crate) struct Outbox<M, O, P> {
    mail: M,
    scribe: Scribe<O>,
    post: P,
    around: Surroundings,
}

/// That the ledger could not be read.
struct Unread {
    /// How often, one after the other.
    failures: u32,
    /// When to read it again.
    again: Instant,
}

/// What became of a message for now: when to send it again, or never.
type Fate = Option<(u32, Timestamp)>;

impl<M: Mail, O: Outcomes, P: Post> Outbox<M, O, P> {
    pub(crate) const fn new(mail: M, scribe: Scribe<O>, post: P, around: Surroundings) -> Self {
        Self { mail, scribe, post, around }
    }

    /// Never ends. What is on its way when it is dropped is sent again by the next.
    pub(crate) async fn run(&self) -> Infallible {
        let mut queue = Queue::default();
        let mut on_their_way = FuturesUnordered::new();
        let mut unread = self.read(&mut queue, None).await;
        loop {
            while on_their_way.len() < ON_THEIR_WAY
                && let Some(delivery) = queue.send_off(self.now())
            {
                on_their_way.push(self.deliver(delivery));
            }
            if queue.is_empty() {
                self.post.rest();
            }
            let next_at = queue.next_at().filter(|_| on_their_way.len() < ON_THEIR_WAY);
            tokio::select! {
                () = self.around.bell.notified() => unread = self.read(&mut queue, unread).await,
                () = again(unread.as_ref()) => unread = self.read(&mut queue, unread).await,
                Some((revision, fate)) = on_their_way.next() => queue.come_back(revision, fate),
                () = self.until(next_at) => {}
            }
        }
    }

    /// Reads what the ledger has. Where that fails the answer tells when to read again: what waits already is sent
    /// meanwhile, and no other action suffers.
    async fn read(&self, queue: &mut Queue, before: Option<Unread>) -> Option<Unread> {
        match self.mail.deliveries().await {
            Ok(deliveries) => {
                queue.take_in(deliveries);
                None
            }
            Err(error) => {
                tracing::warn!(%error, "the outbox of webhooks was not read");
                let failures = before.map_or(0, |unread| unread.failures).saturating_add(1);
                let pause = pause(failures, None, fastrand::u32(0..1000));
                Some(Unread { failures, again: Instant::now() + pause })
            }
        }
    }

    fn now(&self) -> Timestamp {
        (self.around.now)()
    }

    /// Waits for a time; without one for ever.
    async fn until(&self, time: Option<Timestamp>) {
        let Some(time) = time else { return pending().await };
        // Not less, or it would not be over by the clock when it is by the timer.
        sleep(time.since(self.now()) + Duration::from_millis(1)).await;
    }

    /// Sends a message once, and writes down what came of it.
    async fn deliver(&self, delivery: Delivery) -> (Revision, Fate) {
        let revision = delivery.alert.revision.unwrap_or_default();
        let attempts = delivery.attempts.saturating_add(1);
        let deadline = delivery.alert.at.after(GIVEN_UP);
        let next = match self.webhook(&delivery) {
            None => Next::Refused(Upshot::failed("no webhook is set any more")),
            Some(_) if self.now() >= deadline => Next::Refused(given_up("it was never reached")),
            Some(webhook) => self.attempt(&delivery, &webhook).await,
        };
        let (why, asked) = match next {
            Next::Delivered(upshot) | Next::Refused(upshot) => {
                return (revision, self.end(revision, upshot).await);
            }
            Next::Again { why, asked } => (why, asked),
        };
        let next_at = self.now().after(pause(attempts, asked, fastrand::u32(0..1000)));
        if next_at >= deadline {
            return (revision, self.end(revision, given_up(&why)).await);
        }
        let state = DeliveryState::Again { attempts, next_at };
        if let Err(error) = self.mail.note_delivery(revision, state).await {
            // The next run would try it once more.
            tracing::warn!(%error, alert = revision.0, "an attempt of a webhook was not written");
        }
        let times = if attempts == 1 { "once".to_owned() } else { format!("{attempts} times") };
        let so_far = Upshot::begun(format!("tried {times}: {why}"));
        self.scribe.write(revision, ActionKind::Webhook, so_far).await;
        (revision, Some((attempts, next_at)))
    }

    /// Where a message goes by the policy as it is now.
    fn webhook(&self, Delivery { alert, project, .. }: &Delivery) -> Option<Arc<Webhook>> {
        let policy = Arc::clone(&self.around.policy.borrow());
        let terms = policy.terms(project.as_deref(), alert.model.as_ref());
        terms.actions.at(alert.level).webhook.clone()
    }

    async fn attempt(&self, delivery: &Delivery, webhook: &Webhook) -> Next {
        let Delivery { alert, project, .. } = delivery;
        let message = Message::of(alert, project.as_deref(), false);
        let outcome = self.post.post(Letter::of(&message, alert, webhook, self.now())).await;
        if let Err(error) = &outcome {
            tracing::debug!(%error, id = message.id, "a webhook was not reached");
        }
        next(&outcome)
    }

    /// The message is not sent again.
    async fn end(&self, revision: Revision, upshot: Upshot) -> Fate {
        self.scribe.write(revision, ActionKind::Webhook, upshot).await;
        if let Err(error) = self.mail.note_delivery(revision, DeliveryState::Ended).await {
            tracing::warn!(%error, alert = revision.0, "a webhook's end was not written");
        }
        None
    }
}

/// Waits until the ledger is to be read again; for ever where it was read.
async fn again(unread: Option<&Unread>) {
    let Some(unread) = unread else { return pending().await };
    sleep_until(unread.again).await;
}

fn given_up(why: &str) -> Upshot {
    Upshot::failed(format!("gave up after 24 h: {why}"))
}

#[cfg(test)]
mod tests;
