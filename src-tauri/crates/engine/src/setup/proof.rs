//! The first request that telemetry tells of, or why none comes.

use std::sync::Arc;

use plimsoll_api::{
    Time,
    setup::{Doctor, Finding, FirstRequest},
};
use plimsoll_domain::{Timestamp, Witness};
use plimsoll_ledger::{Change, Commit, Ledger, LedgerError, RecordFilter, UsageRecord};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Waits for the first request completed after `since` that an event told of.
pub(super) async fn first(
    ledger: &Ledger,
    since: Timestamp,
    now: &(dyn Fn() -> Timestamp + Send + Sync),
) -> Result<FirstRequest, LedgerError> {
    // Followed before the books are read, so that nothing falls between the two.
    let mut commits = ledger.commits();
    loop {
        let filter = RecordFilter { from: Some(since), limit: 1000, ..RecordFilter::default() };
        let known = ledger.usage_records(filter).await?;
        if let Some(record) = known.iter().find(|record| is_proof(record, since)) {
            return Ok(told(record, now()));
        }
        // Who lags behind reads the books again.
        while let Some(commit) = next(&mut commits).await {
            let found = commit.changes.iter().find_map(|change| match change {
                Change::Usage(record) if is_proof(record, since) => Some(record),
                _ => None,
            });
            if let Some(record) = found {
                return Ok(told(record, now()));
            }
        }
    }
}

/// The next commit; `None` where some were missed. Waits for ever once the ledger is going: nothing will come.
async fn next(commits: &mut Receiver<Arc<Commit>>) -> Option<Arc<Commit>> {
    match commits.recv().await {
        Ok(commit) => Some(commit),
        Err(RecvError::Lagged(_)) => None,
        Err(RecvError::Closed) => std::future::pending().await,
    }
}

fn is_proof(record: &UsageRecord, since: Timestamp) -> bool {
    record.at >= since && record.witnesses.contains(Witness::Event) && record.session.is_some()
}

fn told(record: &UsageRecord, now: Timestamp) -> FirstRequest {
    let session = record.session.as_ref();
    FirstRequest {
        session_id: session.map_or_else(String::new, |session| session.as_str().to_owned()),
        model: record.model.to_string(),
        at: Time(record.at),
        after_ms: u64::try_from(now.since(record.at).as_millis()).unwrap_or(u64::MAX),
    }
}

/// What is most likely wrong when nothing came.
pub(super) fn likely(doctor: &Doctor) -> Finding {
    // The client that was started last is the one that was just tried.
    let tried = doctor.clients.iter().max_by_key(|client| client.started_at.0);
    let of_client = tried.and_then(|client| client.finding.clone());
    let of_all = || doctor.findings.iter().find(|finding| finding.severity == "problem").cloned();
    let advice = |code, what: &str, remedy: &str| Finding {
        code,
        severity: "advice",
        what: what.to_owned(),
        remedy: remedy.to_owned(),
        fix: None,
    };
    of_client.or_else(of_all).unwrap_or_else(|| match tried {
        None => advice(
            "no-client",
            "No Claude Code is running.",
            "Start `claude` in a terminal and send any prompt.",
        ),
        Some(_) => advice(
            "no-request",
            "Claude Code runs, and has completed no request since.",
            "Send any prompt and wait for its answer.",
        ),
    })
}
