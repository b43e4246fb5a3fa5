//! What the writer does for each kind of job.

use plimsoll_domain::Revision;
use tokio::{sync::oneshot, time::Instant};

use super::{
    Book, Job, MANY_FACTS, MOST_FACTS, MOST_SETTLED, QUIET, Writer, commit, notes, pricing,
};
use crate::{
    LedgerError, Pruned, RecordError, TranscriptPart,
    keeping::{self, Piece, Pricing},
};

impl Writer {
    /// Does a job and everything of its kind that waits behind it.
    pub(super) async fn work(&mut self, book: &mut Book, first: Job) -> Result<(), LedgerError> {
        let mut next = Some(first);
        while let Some(job) = next.take() {
            match job {
                Job::Claim { alert, webhook, reply } => {
                    let claim = self.claim(book, *alert, webhook).await;
                    self.answer(book, claim, reply).await?;
                }
                Job::Acknowledge(checkpoint, reply) => {
                    let acknowledged = self.acknowledge(book, *checkpoint).await;
                    self.answer(book, acknowledged, reply).await?;
                }
                Job::Warn(warning, reply) => {
                    let claimed = self.claim_warning(book, *warning).await;
                    self.answer(book, claimed, reply).await?;
                }
                Job::Begin(outcome, reply) => {
                    let begun = notes::begin(&mut book.connection, outcome).await;
                    self.answer(book, begun, reply).await?;
                }
                Job::Note(note, reply) => {
                    let noted = notes::note(&mut book.connection, note).await;
                    self.answer(book, noted, reply).await?;
                }
                Job::Prune(piece, reply) => self.prune(book, piece, reply).await?,
                Job::Price(piece, reply) => self.price(book, piece, reply).await?,
                Job::Read(part, reply) if part.file != self.file() => {
                    let replaced = "the ledger that said how far was read was replaced";
                    let _ = reply.send(Err(RecordError::Commit(replaced.to_owned())));
                }
                Job::Read(part, reply) => {
                    if part.facts.len() > MANY_FACTS {
                        self.widen(book).await?;
                    }
                    self.record(book, part, vec![reply]).await?;
                }
                Job::Record(mut facts, reply) => {
                    let mut replies = vec![reply];
                    while facts.len() < MOST_FACTS {
                        match self.jobs.try_recv() {
                            Ok(Job::Record(more, reply)) => {
                                facts.extend(more);
                                replies.push(reply);
                            }
                            Ok(other) => {
                                next = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    let told = TranscriptPart { facts, ..TranscriptPart::default() };
                    self.record(book, told, replies).await?;
                }
            }
        }
        Ok(())
    }

    async fn record(
        &mut self,
        book: &mut Book,
        told: TranscriptPart,
        replies: Vec<oneshot::Sender<Result<Revision, RecordError>>>,
    ) -> Result<(), LedgerError> {
        let revision = self.revision();
        match commit::facts(&mut book.connection, &mut book.cache, revision, &told).await {
            Ok(booked) => {
                let reached = booked.commit.revision;
                self.tell(booked);
                for reply in replies {
                    let _ = reply.send(Ok(reached));
                }
                book.cache.trim();
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, facts = told.facts.len(), "commit failed");
                for reply in replies {
                    let _ = reply.send(Err(RecordError::from(&error)));
                }
                self.recover(book, error).await
            }
        }
    }

    async fn prune(
        &mut self,
        book: &mut Book,
        piece: Piece,
        reply: oneshot::Sender<Result<Pruned, RecordError>>,
    ) -> Result<(), LedgerError> {
        let removed = keeping::remove(&mut book.connection, piece).await;
        match &removed {
            Ok(removed) => {
                book.cache.has_pruned |= removed.requests > 0;
                if let Piece::Horizon(before) = piece {
                    book.cache.horizon = book.cache.horizon.max(before.nanos());
                }
            }
            Err(error) => tracing::warn!(%error, ?piece, "pruning failed"),
        }
        self.answer(book, removed, reply).await
    }

    /// Answers who asked; after a failure begins anew with the file as it is.
    async fn answer<T>(
        &mut self,
        book: &mut Book,
        done: sqlx::Result<T>,
        reply: oneshot::Sender<Result<T, RecordError>>,
    ) -> Result<(), LedgerError> {
        let (told, failure) = match done {
            Ok(done) => (Ok(done), None),
            Err(error) => (Err(RecordError::from(&error)), Some(error)),
        };
        // An error means that nobody waits for it.
        let _ = reply.send(told);
        match failure {
            None => Ok(()),
            Some(error) => self.recover(book, error).await,
        }
    }

    async fn price(
        &mut self,
        book: &mut Book,
        piece: Pricing,
        reply: oneshot::Sender<Result<u64, RecordError>>,
    ) -> Result<(), LedgerError> {
        let revision = self.revision();
        let Book { connection, cache, .. } = book;
        let priced = match piece {
            Pricing::Requests { after, to } => {
                let priced = pricing::requests(connection, cache, revision, (after, to)).await;
                priced.map(|(booked, count)| {
                    self.tell(booked);
                    count
                })
            }
            Pricing::Done(hash) => keeping::set_hash(connection, hash).await.map(|()| 0),
        };
        match &priced {
            Ok(_) => book.cache.trim(),
            Err(error) => tracing::warn!(%error, ?piece, "pricing anew failed"),
        }
        self.answer(book, priced, reply).await
    }

    pub(super) async fn settle(&mut self, book: &mut Book) -> Result<(), LedgerError> {
        let now = Instant::now();
        let due: Vec<_> = self
            .unsettled
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(session, _)| *session)
            .take(MOST_SETTLED)
            .collect();
        let revision = self.revision();
        match commit::settle(&mut book.connection, &mut book.cache, revision, &due).await {
            Ok(commit) => {
                for session in due {
                    self.unsettled.remove(&session);
                }
                self.publish(commit);
                book.cache.trim();
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, "publishing unattributed use failed");
                for session in due {
                    self.unsettled.insert(session, now + QUIET);
                }
                self.recover(book, error).await
            }
        }
    }
}
