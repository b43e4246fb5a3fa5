//! A resident that was told of sessions and has ended, and the ledger that it left.

use std::{collections::BTreeMap, ffi::OsString, time::Duration};

use plimsoll_testkit::{Start, TestResident};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::audited::Audited;
use crate::house::{PATIENCE, until};

/// Nothing is judged before two quiet minutes are over; and some more.
const QUIET: Duration = Duration::from_secs(180);
/// How often it is looked whether they are.
const LOOK: Duration = Duration::from_secs(1);

/// What a resident left.
pub(super) struct Record(TestResident);

/// The program that is validated, with a home of its own.
pub(super) fn start() -> Start {
    let binary = std::env::var_os("PLIMSOLL_BIN");
    Start::new(binary.unwrap_or_else(|| OsString::from(env!("CARGO_BIN_EXE_plimsoll")))).unwrap()
}

/// Waits until the transcripts that lay there at the start are read.
pub(super) async fn history_is_read(house: &TestResident) {
    let api = house.api().unwrap();
    until("the end of the first reading", async || {
        let health = api.json("/api/v1/health").await.ok()?;
        health["backfill"]["endedAt"].is_string().then_some(())
    })
    .await;
}

impl Record {
    /// Ends a resident as a user would.
    pub(super) async fn of(mut house: TestResident) -> Self {
        assert!(house.terminate(PATIENCE).await.unwrap().success(), "{}", house.said());
        Self(house)
    }

    /// What the command says of each session as soon as all of them can be judged.
    pub(super) async fn audit(&self) -> BTreeMap<String, Audited> {
        let judged = async {
            loop {
                let sessions = Audited::sessions(&self.command().await);
                if !sessions.values().any(Audited::is_in_flight) {
                    return sessions;
                }
                sleep(LOOK).await;
            }
        };
        timeout(QUIET, judged).await.expect("judged in time")
    }

    async fn command(&self) -> Value {
        let audit = self.0.start().beside().command(&["audit", "--json"]);
        let ended = audit.run_to_end(PATIENCE).await.unwrap();
        // It ends with 1 where something is unexplained.
        serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{}{}", ended.out, ended.err))
    }
}
