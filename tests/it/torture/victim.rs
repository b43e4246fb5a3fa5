//! The resident that is killed, and what was sent to it.

use std::{ffi::OsString, path::PathBuf, pin::pin, time::Duration};

use plimsoll_replay::{Capture, Entry, Pace, Replayer};
use plimsoll_testkit::{Start, TestResident};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{
    audit::Booked,
    dice::Dice,
    plan::{Lock, Plan, SHORT},
    tally::Tally,
    traffic::{Fate, Parcel, settle, traffic},
};
use crate::house::{PATIENCE, until};

/// One in so many acknowledged exports is sent once more.
const REPEATED: usize = 12;

/// The resident, with a ledger of its own.
pub(super) struct Victim {
    resident: TestResident,
    /// How long each client waits between two exports, on average.
    pause: Duration,
    /// Every export so far, in order.
    sent: Vec<Parcel>,
}

impl Victim {
    /// A new one; the one before it was killed while it made the ledger.
    pub(super) async fn new(pause: Duration, dice: &mut Dice) -> Self {
        let binary = std::env::var_os("PLIMSOLL_BIN");
        let binary = binary.unwrap_or_else(|| OsString::from(env!("CARGO_BIN_EXE_plimsoll")));
        let start = Start::new(binary).unwrap();
        // Dropped, it is killed.
        let _ = timeout(dice.within(SHORT), start.beside().run()).await;
        Self { resident: start.run().await.unwrap(), pause, sent: Vec::new() }
    }

    /// Everything that it and those before it said.
    pub(super) fn said(&self) -> String {
        self.resident.said()
    }

    /// One round; what is wrong after it.
    pub(super) async fn round(
        &mut self,
        number: usize,
        dice: &mut Dice,
        tally: &mut Tally,
    ) -> Vec<String> {
        let plan = Plan::of(number, dice);
        let mut parcels = traffic(number, plan.length(), self.pause, dice);
        let repeated = self.repeated();
        tally.repeated += repeated.len();
        let load = parcels.iter().map(|parcel| parcel.entry.clone()).chain(repeated).collect();
        let clients = self.clients(Pace::AsRecorded);
        let load = tokio::spawn(async move { clients.run(&capture(load)).await });
        self.suffer(&plan, tally).await;
        settle(&mut parcels, &load.await.unwrap());
        tally.add(&parcels);
        self.sent.append(&mut parcels);
        let mut faults = self.faults("after the last start").await;
        self.send_again(tally).await;
        faults.extend(self.faults("after the repetition").await);
        faults
    }

    /// Some of the latest exports, each over a connection of its own.
    fn repeated(&self) -> Vec<Entry> {
        let again =
            |(connection, parcel): (u32, &Parcel)| Entry { connection, ..parcel.entry.clone() };
        (100..).zip(self.sent.iter().rev().step_by(REPEATED).take(50)).map(again).collect()
    }

    /// Is killed and started as planned; ends with a complete start.
    async fn suffer(&mut self, plan: &Plan, tally: &mut Tally) {
        match plan.lock {
            Some(lock) => return self.suffer_locked(plan.kill, lock, tally).await,
            None => sleep(plan.kill).await,
        }
        self.kill(tally);
        if let Some(moment) = plan.again {
            let complete = self.start_until(moment).await;
            tally.kills_while_starting += usize::from(!complete);
            self.kill(tally);
        }
        self.resident.start_again().await.unwrap();
    }

    /// Is killed so long after the first export went to the spool, because another program has locked the ledger.
    async fn suffer_locked(&mut self, kill: Duration, lock: Lock, tally: &mut Tally) {
        let mut other = open(self.ledger()).await;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        until("using the spool", async || (self.spooled() > 0).then_some(())).await;
        sleep(kill).await;
        match lock {
            Lock::Shorter(before) => {
                other.close().await.unwrap();
                sleep(before).await;
                self.kill(tally);
                self.resident.start_again().await.unwrap();
            }
            Lock::Longer(after) => {
                self.kill(tally);
                assert!(self.spooled() > 0, "the spool was emptied into a locked ledger");
                let freed = async {
                    sleep(after).await;
                    other.close().await.unwrap();
                };
                let (started, ()) = tokio::join!(self.resident.start_again(), freed);
                started.unwrap();
            }
        }
    }

    fn kill(&mut self, tally: &mut Tally) {
        self.resident.kill9().unwrap();
        tally.kills += 1;
        tally.kills_with_spooled += usize::from(self.spooled() > 0);
    }

    /// Starts it; returns at this moment after its port answered, and says whether the start was complete by then.
    async fn start_until(&mut self, moment: Duration) -> bool {
        let port = self.resident.http().unwrap();
        let mut over = pin!(async {
            until("listening", async || TcpStream::connect(port).await.ok()).await;
            sleep(moment).await;
        });
        tokio::select! {
            biased;
            () = &mut over => false,
            started = self.resident.start_again() => {
                started.unwrap();
                over.await;
                true
            }
        }
    }

    /// Sends what was not acknowledged, and some of what was, until it is.
    async fn send_again(&mut self, tally: &mut Tally) {
        let mut again = self.repeated();
        tally.repeated += again.len();
        for parcel in &mut self.sent {
            if parcel.fate != Fate::Acknowledged {
                tally.resent += 1;
                parcel.fate = Fate::Acknowledged;
                again.push(parcel.entry.clone());
            }
        }
        let report = self.clients(Pace::AtOnce).run(&capture(again)).await;
        assert!(report.failed.is_empty() && report.rejected == 0, "{report:?}");
    }

    fn clients(&self, pace: Pace) -> Replayer {
        Replayer {
            http: self.resident.http().ok(),
            grpc: self.resident.grpc().ok(),
            pace,
            ..Replayer::default()
        }
    }

    /// What is wrong with ledger and books once the spool is empty.
    async fn faults(&self, when: &str) -> Vec<String> {
        until("done with the spool", async || (self.spooled() == 0).then_some(())).await;
        let booked = Booked::read(&self.resident.api().unwrap()).await;
        let mut faults = booked.faults(&self.sent);
        let integrity = integrity(self.ledger()).await;
        faults.extend((integrity != "ok").then_some(integrity));
        faults.iter().map(|fault| format!("{when}: {fault}")).collect()
    }

    fn ledger(&self) -> PathBuf {
        self.resident.runtime().ledger.clone()
    }

    /// Bytes in the spool.
    fn spooled(&self) -> u64 {
        let spool = self.ledger().with_added_extension("spool");
        std::fs::metadata(spool).unwrap().len()
    }
}

fn capture(entries: Vec<Entry>) -> Capture {
    Capture { name: "torture".to_owned(), entries }
}

/// Opens the ledger as another program would.
async fn open(ledger: PathBuf) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(ledger).busy_timeout(PATIENCE);
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// What SQLite says of the file's soundness: `ok`, or what is wrong.
async fn integrity(ledger: PathBuf) -> String {
    let mut connection = open(ledger).await;
    let said = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await;
    connection.close().await.unwrap();
    said.unwrap()
}
