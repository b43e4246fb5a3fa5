//! Keeps the ledger while it is in use: prunes it once a day where the user wants that, says when it was damaged, and
//! notices when a full disk has room again.

use std::{convert::Infallible, path::Path, pin::Pin, sync::Arc, time::Duration};

use plimsoll_api::Pruner;
use plimsoll_domain::Timestamp;
use plimsoll_ledger::{Ledger, LedgerError, Pruned};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    board::{Board, Now, Trouble},
    spool::Spool,
};

/// How long after the start it is pruned for the first time: what came meanwhile is entered first.
const FIRST: Duration = Duration::from_secs(600);
const DAY: Duration = Duration::from_secs(86_400);
/// How long after a failure requests are priced anew.
const AGAIN: Duration = Duration::from_secs(60);
/// How often a full disk is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// What the ledger needs while it is in use. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Keeping {
    pub(crate) ledger: Ledger,
    pub(crate) spool: Spool,
    pub(crate) board: Arc<Board>,
    pub(crate) now: Now,
    /// How long requests are kept; `None`: for ever.
    pub(crate) keep: Option<Duration>,
    /// Whether a new ledger is filled from transcripts.
    pub(crate) transcripts: bool,
}

impl Keeping {
    /// Runs until stopped.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), Infallible> {
        let work = async {
            tokio::join!(self.tell_of_damage(), self.price(), self.prune(), self.find_room())
        };
        stop.run_until_cancelled(work).await;
        Ok(())
    }

    /// The problem stays until the end of the run: nothing mends it, and people have to see it.
    async fn tell_of_damage(&self) {
        let mut replaced = self.ledger.replaced();
        loop {
            let replacement = replaced.borrow_and_update().clone();
            if let Some(replacement) = replacement {
                let message = damage(&replacement.aside, &replacement.reason, self.transcripts);
                self.board.raise(Trouble::LedgerDamaged, message);
            }
            // Fails only when the ledger, which this task holds, is gone.
            if replaced.changed().await.is_err() {
                break;
            }
        }
    }

    /// Prices what was booked by another table than the present one.
    async fn price(&self) {
        loop {
            match self.ledger.price_anew().await {
                Ok(0) => return,
                Ok(changed) => return tracing::info!(changed, "requests were priced anew"),
                Err(error) => tracing::warn!(%error, "requests could not be priced anew"),
            }
            sleep(AGAIN).await;
        }
    }

    async fn prune(&self) {
        let Some(keep) = self.keep else { return };
        sleep(FIRST).await;
        loop {
            // What waits there may be older than what is kept, and must be entered first.
            let _ = self.spool.waiting().wait_for(|waiting| *waiting == 0).await;
            let before = (self.now)().before(keep);
            match self.ledger.prune(before).await {
                Ok(removed) => tracing::info!(?removed, "the ledger was pruned"),
                Err(error) => tracing::warn!(%error, "the ledger could not be pruned"),
            }
            sleep(DAY).await;
        }
    }

    /// Takes the problem down when there is room, also where nobody sends anything.
    async fn find_room(&self) {
        let mut status = self.board.status();
        let refusing = |status: &Arc<plimsoll_domain::health::Status>| {
            status.problems.iter().any(|problem| problem.code == Trouble::Refusing.code())
        };
        while status.wait_for(refusing).await.is_ok() {
            sleep(LOOK).await;
            if self.spool.has_room().await {
                self.board.clear(Trouble::Refusing);
            }
        }
    }
}

fn damage(aside: &Path, reason: &str, transcripts: bool) -> String {
    let rest = if transcripts {
        "a new one is being filled from Claude Code's transcripts, and what only telemetry told before is missing"
    } else {
        "a new one was begun; transcripts are not read, so what was counted before is missing"
    };
    format!("The ledger was damaged ({reason}). It was set aside as {}; {rest}.", aside.display())
}

/// Prunes on request.
pub(crate) struct OnRequest(pub(crate) Ledger);

impl Pruner for OnRequest {
    fn prune(
        &self,
        before: Timestamp,
    ) -> Pin<Box<dyn Future<Output = Result<Pruned, LedgerError>> + Send + '_>> {
        Box::pin(self.0.prune(before))
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_domain::{
        ApiRequest, Envelope, Fact, Model, QuerySource, RequestId, SessionId, Statement, Tokens,
        Witness,
    };
    use plimsoll_ledger::{LedgerOptions, RecordFilter};

    use super::*;
    use crate::spool::LIMIT;

    const KEEP: Duration = Duration::from_secs(30 * 86_400);

    /// What keeps a fresh ledger in this folder.
    async fn keeping(folder: &Path) -> Keeping {
        let options = LedgerOptions {
            path: folder.join("ledger.db"),
            queue: 4,
            busy: Duration::from_secs(1),
            prices: Arc::default(),
        };
        let (ledger, mut writer) = Ledger::open(options).await.unwrap();
        tokio::spawn(async move { writer.run(CancellationToken::new()).await });
        Keeping {
            ledger,
            spool: Spool::open(&folder.join("spool"), Timestamp::EPOCH, LIMIT).unwrap(),
            board: Arc::new(Board::new(Arc::new(|| Timestamp::EPOCH))),
            now: Arc::new(|| Timestamp::EPOCH.after(KEEP * 2)),
            keep: Some(KEEP),
            transcripts: true,
        }
    }

    fn request(id: &str, at: Timestamp) -> Fact {
        let model = Model::parse("claude-sonnet-4-6").0;
        let tokens = Tokens { output: 1, ..Tokens::ZERO };
        let request = ApiRequest::new(Some(RequestId::new(id)), model, QuerySource::Main, tokens);
        let envelope = Envelope {
            witness: Witness::Event,
            at,
            arrived: at,
            connection: None,
            client_version: None,
            sequence: None,
        };
        let session = Some(SessionId::new("s"));
        Fact { envelope, session, statement: Statement::Request(request) }
    }

    async fn names(ledger: &Ledger) -> Vec<String> {
        let all = RecordFilter { limit: 10, ..RecordFilter::default() };
        let records = ledger.usage_records(all).await.unwrap();
        records.iter().map(|record| record.key.to_string()).collect()
    }

    /// Scenario: a request is older than what the user keeps, another is not; ten minutes pass, then a day in which the
    /// other becomes too old.
    /// Guarantees: after the minutes the first is gone, after the day the second; their sums are not.
    #[tokio::test]
    async fn old_requests_go_once_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let mut keeping = keeping(folder.path()).await;
        let ledger = keeping.ledger.clone();
        let clock = Arc::new(std::sync::Mutex::new(Timestamp::EPOCH.after(KEEP * 2)));
        let now = Arc::clone(&clock);
        keeping.now = Arc::new(move || *now.lock().unwrap());
        let at = |days: u32| Timestamp::EPOCH.after(DAY * days);
        ledger
            .record(vec![request("a", at(29)), request("b", at(31)), request("c", at(60))])
            .await
            .unwrap();
        let task = tokio::spawn(keeping.run(CancellationToken::new()));
        for (pause, left) in [(FIRST, vec!["b", "c"]), (DAY, vec!["c"])] {
            while names(&ledger).await != left {
                // The task may not have come to its pause yet: then the next round ends it.
                tokio::task::yield_now().await;
                tokio::time::pause();
                tokio::time::advance(pause).await;
                tokio::time::resume();
            }
            *clock.lock().unwrap() = at(62);
        }
        let session = ledger.session(&SessionId::new("s")).await.unwrap().unwrap();
        assert_eq!(session.usage.requests, 3);
        task.abort();
    }

    /// Scenario: exports are refused, and nobody sends anything any more; there is room.
    /// Guarantees: the problem goes by itself, within seconds.
    #[tokio::test]
    async fn room_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let keeping = keeping(folder.path()).await;
        let board = Arc::clone(&keeping.board);
        board.raise(Trouble::Refusing, "full".to_owned());
        let task = tokio::spawn(keeping.run(CancellationToken::new()));
        let mut status = board.status();
        tokio::time::pause();
        let cleared = status.wait_for(|status| status.problems.is_empty());
        assert!(tokio::time::timeout(LOOK * 3, cleared).await.is_ok());
        task.abort();
    }

    /// Scenario: a damaged ledger was set aside, with and without transcripts to fill the new one from.
    /// Guarantees: people learn what happened, where the old file is, and what is missing.
    #[test]
    fn damage_is_said_in_full() {
        let told = |transcripts| damage(Path::new("/l.db.damaged-1"), "page 3", transcripts);
        assert_eq!(
            told(true),
            "The ledger was damaged (page 3). It was set aside as /l.db.damaged-1; a new one is being filled from \
             Claude Code's transcripts, and what only telemetry told before is missing."
        );
        assert!(
            told(false)
                .ends_with("transcripts are not read, so what was counted before is missing.")
        );
    }
}
