//! A disk that fills up and gets room again.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use plimsoll_replay::{Capture, Order, SendError};
use plimsoll_testkit::TestResident;
use serde_json::Value;

use crate::house::{books, capture, expected, replay, send, start, until};

/// A disk of a few megabytes.
struct Disk(PathBuf);

impl Disk {
    /// `None` where the system does not let us; that is said on the terminal.
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(at).output();
        if mount.is_ok_and(|done| done.status.success()) {
            return Some(Self(at.to_owned()));
        }
        // Not by a macro, whose output the test runner keeps to itself.
        let skipped = "SKIPPED: a full disk is not tested: mounting one needs root\n";
        io::stderr().write_all(skipped.as_bytes()).unwrap();
        None
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        let mut file = fs::File::options().create(true).append(true).open(self.filler()).unwrap();
        for size in [65_536, 4_096, 1] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

async fn health(house: &TestResident) -> Value {
    house.api().unwrap().json("/api/v1/health").await.unwrap()
}

fn codes(health: &Value) -> Vec<&str> {
    health["problems"].as_array().unwrap().iter().filter_map(|one| one["code"].as_str()).collect()
}

/// Sends what is left of a capture, one request after the other, and keeps what was not accepted, with why.
async fn offer(house: &TestResident, left: &Capture) -> (Capture, Vec<SendError>) {
    let (mut refused, mut reasons) = (Vec::new(), Vec::new());
    for entry in &left.entries {
        let one = Capture { name: left.name.clone(), entries: vec![entry.clone()] };
        let report = send(house, &one, Order::Recorded).await;
        if report.accepted == 0 {
            refused.push(entry.clone());
        }
        reasons.extend(report.failed.into_iter().map(|failure| failure.error));
    }
    (Capture { name: left.name.clone(), entries: refused }, reasons)
}

/// Scenario: the disk with the ledger fills up while captures arrive over HTTP and gRPC; what is refused is offered
/// again after there is room, without a restart, and nothing else is.
/// Guarantees: refusals are 503 and UNAVAILABLE, and a problem says that the disk is full; with room it goes, also
/// before anything is sent; then all is accepted, and the books are whole, so that nothing that was acknowledged
/// before was lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_recovers() {
    let start = start();
    let Some(disk) = Disk::mount(&start.root().join("disk")) else { return };
    let ledger = disk.0.join("ledger.db");
    let house =
        start.variable("PLIMSOLL_LEDGER_PATH", ledger.to_str().unwrap()).run().await.unwrap();
    let names = ["tools-autocompact", "simple-grpc"];
    replay(&house, &capture("temporality"), Order::Recorded).await;
    disk.fill();
    let mut left = Vec::new();
    let (mut http, mut grpc) = (0, 0);
    for name in names {
        let (refused, reasons) = offer(&house, &capture(name)).await;
        for reason in &reasons {
            match reason {
                SendError::Refused { status: 503, .. } => http += 1,
                // UNAVAILABLE.
                SendError::Grpc(status) if i32::from(status.code()) == 14 => grpc += 1,
                other => panic!("{other}"),
            }
        }
        left.push(refused);
    }
    assert!(http > 0 && grpc > 0, "{http} refused over HTTP, {grpc} over gRPC");
    let full = health(&house).await;
    assert!(codes(&full).contains(&"exports-refused"), "{full}");
    assert!(full.to_string().contains("The disk is full"), "{full}");
    assert_eq!(full["status"], "degraded");

    disk.make_room();
    until("well again", async || codes(&health(&house).await).is_empty().then_some(())).await;
    for refused in &left {
        replay(&house, refused, Order::Recorded).await;
    }
    let whole = books(&house).await;
    for name in ["temporality", "tools-autocompact", "simple-grpc"] {
        let expected = expected(name);
        for (session, told) in &expected.sessions {
            assert_eq!(whole.total(session), told.totals, "{name}: {session}");
        }
    }
    assert!(codes(&health(&house).await).is_empty());
}
