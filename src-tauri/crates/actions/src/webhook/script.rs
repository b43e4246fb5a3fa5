//! An outbox as a test fills it, and a network that answers as it is told.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use plimsoll_domain::Revision;
use plimsoll_ledger::{Delivery, DeliveryState, LedgerError, RecordError};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{Answer, Letter, Mail, Post, PostError};

/// How long a server takes to answer.
const SECOND: Duration = Duration::from_secs(1);

/// The ledger's outbox.
#[derive(Clone, Default)]
pub(crate) struct Mailbox(pub(crate) Arc<Mutex<Rows>>);

#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) rows: BTreeMap<Revision, Delivery>,
    pub(crate) reads: usize,
    pub(crate) refuses: bool,
    /// So many of the next readings fail.
    pub(crate) unreadable: u32,
}

impl Mail for Mailbox {
    async fn deliveries(&self) -> Result<Vec<Delivery>, LedgerError> {
        let mut rows = self.0.lock().unwrap();
        rows.reads += 1;
        if rows.unreadable > 0 {
            rows.unreadable -= 1;
            return Err(LedgerError::Read(io::Error::other("scripted").into()));
        }
        Ok(rows.rows.values().cloned().collect())
    }

    async fn note_delivery(
        &self,
        alert: Revision,
        state: DeliveryState,
    ) -> Result<(), RecordError> {
        let mut rows = self.0.lock().unwrap();
        if rows.refuses {
            return Err(RecordError::Full);
        }
        match state {
            DeliveryState::Ended => {
                rows.rows.remove(&alert);
            }
            DeliveryState::Again { attempts, next_at } => {
                let row = rows.rows.get_mut(&alert).unwrap();
                (row.attempts, row.next_at) = (attempts, next_at);
            }
        }
        Ok(())
    }
}

/// A network that answers as it is told, after a second each, and remembers what it was given.
#[derive(Clone)]
pub(crate) struct Network(pub(crate) Arc<Record>);

pub(crate) struct Record {
    began: Instant,
    pub(crate) answers: Mutex<Vec<Result<Answer, PostError>>>,
    pub(crate) posted: watch::Sender<Vec<Posted>>,
    pub(crate) on_the_way: AtomicUsize,
    pub(crate) most: AtomicUsize,
    pub(crate) rests: AtomicUsize,
}

impl Network {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Record {
            began: Instant::now(),
            answers: Mutex::default(),
            posted: watch::Sender::default(),
            on_the_way: AtomicUsize::default(),
            most: AtomicUsize::default(),
            rests: AtomicUsize::default(),
        }))
    }
}

/// What was posted, and how long after the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Posted {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) body: bytes::Bytes,
    pub(crate) second: u64,
}

impl Post for Network {
    async fn post(&self, letter: Letter) -> Result<Answer, PostError> {
        let record = &self.0;
        let now = record.on_the_way.fetch_add(1, Ordering::SeqCst) + 1;
        record.most.fetch_max(now, Ordering::SeqCst);
        let Letter { webhook, id, body, .. } = letter;
        let second = record.began.elapsed().as_secs();
        record.posted.send_modify(|all| all.push(Posted { id, url: webhook.url, body, second }));
        sleep(SECOND).await;
        record.on_the_way.fetch_sub(1, Ordering::SeqCst);
        let mut answers = record.answers.lock().unwrap();
        if answers.is_empty() {
            Ok(Answer { status: 200, retry_after: None })
        } else {
            answers.remove(0)
        }
    }

    fn rest(&self) {
        self.0.rests.fetch_add(1, Ordering::SeqCst);
    }
}
