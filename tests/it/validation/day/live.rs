//! The day as it happens to one resident.

use std::{collections::BTreeSet, path::Path, time::Duration};

use plimsoll_domain::Timestamp;
use plimsoll_replay::{Capture, Entry, Pace, Replayer};
use plimsoll_testkit::TestResident;
use serde_json::Value;

use super::{
    files,
    plan::{Plan, Role},
    traffic::{Export, Fate, shift},
};
use crate::{
    house::{records, until},
    validation::record::{Record, history_is_read, start},
};

/// So many times faster than the day is.
const PACE: f64 = 8.0;

/// What the resident left, and what it knew of each request.
pub(super) struct Lived {
    pub(super) record: Record,
    pub(super) records: Vec<Value>,
}

/// Lives the day that begins at `day`. `late` are the requests that the late transcripts tell.
pub(super) async fn live(
    plan: &Plan,
    exports: &[Export],
    day: Timestamp,
    late: &BTreeSet<String>,
) -> Lived {
    let start = start();
    let projects = start.home().join(".claude/projects");
    write(plan, day, &projects, &[Role::TelemetryOff, Role::TranscriptsFirst]);
    let mut house = start.run().await.unwrap();
    history_is_read(&house).await;
    let (killed, back) = (plan.outage.start, plan.outage.end);
    send(&house, exports, Duration::ZERO, |arrived| arrived < killed).await;
    house.kill9().unwrap();
    refuse(&house, exports).await;
    house.start_again().await.unwrap();
    send(&house, exports, back, |arrived| arrived >= back).await;
    write(plan, day, &projects, &[Role::TranscriptsLate]);
    let records = until("all transcripts read", async || {
        let records = records(&house.api().unwrap()).await;
        let told: BTreeSet<_> = told_by(&records, "transcript").collect();
        late.iter().all(|request| told.contains(&**request)).then_some(records.clone())
    })
    .await;
    Lived { record: Record::of(house).await, records }
}

/// The requests that a witness told of.
pub(super) fn told_by<'a>(records: &'a [Value], witness: &'a str) -> impl Iterator<Item = &'a str> {
    let told = move |record: &&Value| {
        record["provenance"].as_array().unwrap().iter().any(|one| one == witness)
    };
    records.iter().filter(told).filter_map(|record| record["requestId"].as_str())
}

fn write(plan: &Plan, day: Timestamp, projects: &Path, roles: &[Role]) {
    for (name, (_, role)) in &plan.captures {
        if roles.contains(role) {
            files::write(name, projects, shift(name, plan, day));
        }
    }
}

/// Sends what arrives in a part of the day that begins at `from`, side by side over all connections.
async fn send(
    house: &TestResident,
    exports: &[Export],
    from: Duration,
    part: impl Fn(Duration) -> bool,
) {
    let mut entries = Vec::new();
    for export in exports.iter().filter(|export| part(export.entry.arrived)) {
        let arrived = export.entry.arrived - from;
        let entry = Entry { arrived, ..export.entry.clone() };
        match export.fate {
            Fate::Sent => entries.push(entry),
            Fate::SentTwice => {
                let again = Entry { file: format!("{} again", entry.file), ..entry.clone() };
                entries.extend([entry, again]);
            }
            Fate::Lost | Fate::Refused | Fate::Never => {}
        }
    }
    let count = entries.len();
    let report = clients(house).run(&of(entries)).await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!((report.accepted, report.rejected), (count, 0));
}

/// What clients try to send while nobody listens.
async fn refuse(house: &TestResident, exports: &[Export]) {
    let refused = exports.iter().filter(|export| export.fate == Fate::Refused);
    let entries = refused.map(|export| Entry { arrived: Duration::ZERO, ..export.entry.clone() });
    let report = clients(house).run(&of(entries.collect())).await;
    assert_eq!(report.accepted, 0);
}

fn clients(house: &TestResident) -> Replayer {
    Replayer {
        http: house.http().ok(),
        grpc: house.grpc().ok(),
        pace: Pace::Times(PACE),
        ..Replayer::default()
    }
}

fn of(entries: Vec<Entry>) -> Capture {
    Capture { name: "day".to_owned(), entries }
}
