//! What became of an action, and how the ledger is told.

use std::{sync::Arc, time::Duration};

use plimsoll_domain::{ActionKind, ActionResult, Outcome, Revision, Timestamp};
use plimsoll_ledger::{Ledger, RecordError};
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use crate::Clock;

/// The longest detail that is kept, in bytes.
pub(crate) const LONGEST_DETAIL: usize = 4096;

/// How long to wait before the ledger is told once more; after the last of them it is given up.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_secs(1), Duration::from_secs(5)];

/// What became of an action, before it belongs to an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upshot {
    /// What became of it.
    pub result: ActionResult,
    /// More of it for people, at most 4 KiB.
    pub detail: String,
}

impl Upshot {
    pub(crate) fn done(detail: impl Into<String>) -> Self {
        Self { result: ActionResult::Done, detail: detail.into() }
    }

    pub(crate) fn failed(detail: impl Into<String>) -> Self {
        Self { result: ActionResult::Failed, detail: detail.into() }
    }

    /// It was held back.
    pub(crate) fn quiet(detail: impl Into<String>) -> Self {
        Self { result: ActionResult::Quiet, detail: detail.into() }
    }

    /// It began, and this is what is known of it so far.
    pub(crate) fn begun(detail: impl Into<String>) -> Self {
        Self { result: ActionResult::Begun, detail: detail.into() }
    }
}

/// What a scribe needs of the ledger.
pub(crate) trait Outcomes: Clone + Send + Sync + 'static {
    /// Notes that an action begins; true where nothing was noted of it before.
    fn begin(&self, outcome: Outcome) -> impl Future<Output = Result<bool, RecordError>> + Send;

    /// Notes what became of an action, in the place of what was noted of it before.
    fn note(&self, outcome: Outcome) -> impl Future<Output = Result<(), RecordError>> + Send;
}

impl Outcomes for Ledger {
    async fn begin(&self, outcome: Outcome) -> Result<bool, RecordError> {
        self.begin_outcome(outcome).await
    }

    async fn note(&self, outcome: Outcome) -> Result<(), RecordError> {
        self.note_outcome(outcome).await
    }
}

/// Tells the ledger what becomes of actions. A ledger that is busy is told again, three times.
#[derive(Clone)]
pub(crate) struct Scribe<O> {
    outcomes: O,
    now: Clock,
    writing: TaskTracker,
}

impl<O: Outcomes> Scribe<O> {
    /// One that writes beside what else is done in tasks of `writing`.
    pub(crate) const fn new(outcomes: O, now: Clock, writing: TaskTracker) -> Self {
        Self { outcomes, now, writing }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Whether an action may begin: it never did before, and the ledger knows that it does.
    pub(crate) async fn begin(&self, alert: Revision, action: ActionKind) -> bool {
        self.begin_as(alert, action, Upshot::begun("")).await
    }

    async fn begin_as(&self, alert: Revision, action: ActionKind, begun: Upshot) -> bool {
        let outcome = self.outcome(alert, action, begun);
        let mut begun = self.outcomes.begin(outcome.clone()).await;
        for pause in PAUSES {
            if begun.is_ok() {
                break;
            }
            sleep(pause).await;
            begun = self.outcomes.begin(outcome.clone()).await;
        }
        begun.unwrap_or_else(|error| {
            let (alert, action) = (alert.0, action.name());
            tracing::error!(%error, alert, action, "an action was not begun, the ledger refuses");
            false
        })
    }

    /// Writes what became of an action.
    pub(crate) async fn write(&self, alert: Revision, action: ActionKind, upshot: Upshot) {
        let outcome = self.outcome(alert, action, upshot);
        let mut written = self.outcomes.note(outcome.clone()).await;
        for pause in PAUSES {
            if written.is_ok() {
                return;
            }
            sleep(pause).await;
            written = self.outcomes.note(outcome.clone()).await;
        }
        if let Err(error) = written {
            let (alert, action) = (alert.0, action.name());
            tracing::error!(%error, alert, action, "what became of an action was not written");
        }
    }

    /// Writes it without being waited for.
    pub(crate) fn note(&self, alert: Revision, action: ActionKind, upshot: Upshot) {
        let scribe = self.clone();
        self.writing.spawn(async move { scribe.write(alert, action, upshot).await });
    }

    /// Writes that an action began, without being waited for, unless anything is known of it by then.
    pub(crate) fn note_begun(&self, alert: Revision, action: ActionKind, begun: Upshot) {
        let scribe = self.clone();
        self.writing.spawn(async move { scribe.begin_as(alert, action, begun).await });
    }

    fn outcome(&self, alert: Revision, action: ActionKind, upshot: Upshot) -> Outcome {
        let detail = Some(upshot.detail).filter(|detail| !detail.is_empty());
        let detail = detail.map(|detail| Arc::from(shortened(detail, LONGEST_DETAIL)));
        Outcome { alert, action, at: self.now(), result: upshot.result, detail }
    }
}

/// A text of at most so many bytes, cut between characters.
pub(crate) fn shortened(mut text: String, bytes: usize) -> String {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Mutex;

    use tokio::sync::watch;

    use super::*;

    /// Outcomes as they were noted, and how often the ledger is still busy.
    #[derive(Clone, Default)]
    pub(crate) struct Noted {
        pub(crate) all: Arc<watch::Sender<Vec<Outcome>>>,
        busy: Arc<Mutex<u32>>,
    }

    impl Noted {
        /// The next calls fail.
        pub(crate) fn busy(&self, times: u32) {
            *self.busy.lock().unwrap() = times;
        }

        fn answer(&self) -> Result<(), RecordError> {
            let mut busy = self.busy.lock().unwrap();
            if *busy == 0 {
                return Ok(());
            }
            *busy -= 1;
            Err(RecordError::Full)
        }

        /// Result and detail of every note so far.
        pub(crate) fn said(&self) -> Vec<(ActionKind, ActionResult, String)> {
            let said = |outcome: &Outcome| {
                let detail = outcome.detail.as_deref().unwrap_or_default().to_owned();
                (outcome.action, outcome.result, detail)
            };
            self.all.borrow().iter().map(said).collect()
        }

        /// The last note, once there is one like that.
        pub(crate) async fn until(&self, is_meant: impl Fn(&Outcome) -> bool) -> Outcome {
            let mut all = self.all.subscribe();
            let found = |all: &Vec<Outcome>| all.iter().any(&is_meant);
            let all = all.wait_for(found).await.unwrap();
            all.iter().rev().find(|outcome| is_meant(outcome)).unwrap().clone()
        }
    }

    impl Outcomes for Noted {
        async fn begin(&self, outcome: Outcome) -> Result<bool, RecordError> {
            self.answer()?;
            let same = |one: &Outcome| (one.alert, one.action) == (outcome.alert, outcome.action);
            let is_first = !self.all.borrow().iter().any(same);
            if is_first {
                self.all.send_modify(|all| all.push(outcome));
            }
            Ok(is_first)
        }

        async fn note(&self, outcome: Outcome) -> Result<(), RecordError> {
            self.answer()?;
            self.all.send_modify(|all| all.push(outcome));
            Ok(())
        }
    }

    fn scribe(noted: &Noted) -> Scribe<Noted> {
        let now = Arc::new(|| Timestamp::from_millis(5));
        Scribe::new(noted.clone(), now, TaskTracker::new())
    }

    const COMMAND: ActionKind = ActionKind::Command;

    /// Scenario: an action begins, and begins once more; the ledger is busy for a while, and for too long.
    /// Guarantees: it may begin once, also where the ledger had to be told again, and never without the ledger.
    #[tokio::test(start_paused = true)]
    async fn an_action_begins_once() {
        let noted = Noted::default();
        let scribe = scribe(&noted);
        noted.busy(3);
        assert!(scribe.begin(Revision(1), COMMAND).await);
        assert!(!scribe.begin(Revision(1), COMMAND).await);
        assert!(scribe.begin(Revision(1), ActionKind::Webhook).await);
        noted.busy(4);
        assert!(!scribe.begin(Revision(2), COMMAND).await);
        assert_eq!(noted.all.borrow().len(), 2);
    }

    /// Scenario: what became of actions is written while the ledger is busy, with a detail that is too long and with
    /// none.
    /// Guarantees: it is written all the same, with its time, cut between characters; an empty detail is none.
    #[tokio::test(start_paused = true)]
    async fn outcomes_are_written() {
        let noted = Noted::default();
        let scribe = scribe(&noted);
        noted.busy(2);
        let long = format!("{}\u{e9}", "x".repeat(LONGEST_DETAIL - 1));
        scribe.write(Revision(1), COMMAND, Upshot::failed(long)).await;
        scribe.note(Revision(2), COMMAND, Upshot::done(""));
        let last = noted.until(|outcome| outcome.alert == Revision(2)).await;
        assert_eq!((last.result, last.detail), (ActionResult::Done, None));
        assert_eq!(last.at, Timestamp::from_millis(5));
        let detail = noted.all.borrow()[0].detail.clone().unwrap();
        assert_eq!(&*detail, "x".repeat(LONGEST_DETAIL - 1));
    }
}
