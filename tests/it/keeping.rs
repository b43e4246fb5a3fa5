//! Copies, exports and pruning of a ledger, by the commands, while the resident runs and when it does not; ledgers that
//! are damaged or of another version; a full disk.

mod damage;
mod disk;

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use plimsoll_domain::{Timestamp, calendar::parse_rfc3339};
use plimsoll_replay::{Capture, Order, Shift};
use plimsoll_testkit::{Ended, Start, TestResident};
use serde_json::Value;

use crate::house::{PATIENCE, books, capture, records, replay, resident, start};

/// The ledger of a resident that was told nothing else.
fn ledger(start: &Start) -> PathBuf {
    start.root().join("data/plimsoll/ledger.db")
}

/// Runs a command in a resident's surroundings, whether that runs or not.
async fn command(house: &TestResident, words: &[&str]) -> Ended {
    house.start().beside().command(words).run_to_end(PATIENCE).await.unwrap()
}

/// As [`command`], which has to end well; what it prints.
async fn done(house: &TestResident, words: &[&str]) -> String {
    let ended = command(house, words).await;
    assert!(ended.status.success(), "{words:?}: {}{}", ended.out, ended.err);
    ended.out
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Tokens of rows of the table, as the API names them in a report.
fn sum(rows: &[Value]) -> Value {
    let add = |name: &str| rows.iter().map(|row| row[name].as_u64().unwrap()).sum::<u64>();
    serde_json::json!({
        "requests": add("requests"),
        "input": add("inputTokens"),
        "output": add("outputTokens"),
        "cacheRead": add("cacheReadTokens"),
        "cacheCreation": add("cacheCreationTokens"),
        "costNanoUsd": rows.iter().filter_map(|row| row["costNanoUsd"].as_i64()).sum::<i64>(),
    })
}

/// The total of a report, in the same terms.
async fn report(house: &TestResident, span: &str) -> Value {
    let report = house.api().unwrap().json(&format!("/api/v1/usage?{span}")).await.unwrap();
    let total = &report["total"];
    let tokens = &total["tokens"];
    serde_json::json!({
        "requests": total["requests"],
        "input": tokens["input"],
        "output": tokens["output"],
        "cacheRead": tokens["cacheRead"],
        "cacheCreation": tokens["cacheCreation"],
        "costNanoUsd": total["costNanoUsd"],
    })
}

/// Scenario: a ledger is copied while the resident runs and after it ended; the copies take the ledger's place.
/// Guarantees: each opens as a ledger with exact sums; a file that is there is replaced only with `--force`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_a_ledger() {
    let mut house = resident().await;
    replay(&house, &capture("temporality"), Order::Recorded).await;
    let whole = books(&house).await;
    let said = done(&house, &["backup", "while.db"]).await;
    assert!(said.starts_with("Copied ") && said.contains("revision"), "{said}");
    house.terminate(PATIENCE).await.unwrap();
    done(&house, &["backup", "after.db"]).await;
    let refused = command(&house, &["backup", "after.db"]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.err.contains("--force"), "{}", refused.err);
    done(&house, &["backup", "after.db", "--force"]).await;

    let path = ledger(house.start());
    for copy in ["while.db", "after.db"] {
        fs::copy(house.start().root().join(copy), &path).unwrap();
        house.start_again().await.unwrap();
        assert_eq!(format!("{:?}", books(&house).await), format!("{whole:?}"), "{copy}");
        house.terminate(PATIENCE).await.unwrap();
    }
}

/// Scenario: what several captures used is exported in every format, all of it and of one day, while the resident
/// runs and after it ended.
/// Guarantees: the rows add up to the report of the same span; all formats tell the same; usage records are those of
/// the API; costs are exact decimals.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exports_add_up_to_the_report() {
    let mut house = resident().await;
    for name in ["temporality", "user-abort", "api-errors"] {
        replay(&house, &capture(name), Order::Recorded).await;
    }
    let all = report(&house, "from=2020-01-01&to=2029-01-01").await;
    let rows = lines(&done(&house, &["export", "--format", "jsonl"]).await);
    assert_eq!(sum(&rows), all);
    for row in &rows {
        let nano = row["costNanoUsd"].as_i64().map(|cost| format!("{cost:010}"));
        let exact =
            nano.map(|nano| format!("{}.{}", &nano[..nano.len() - 9], &nano[nano.len() - 9..]));
        assert_eq!(row["costUsd"].as_str(), exact.as_deref());
    }
    let unattributed = rows.iter().filter(|row| row["kind"] == "unattributed").count();
    assert!(unattributed > 0, "the aborted answers are known to metrics only");

    let day = rows[0]["timestamp"].as_str().unwrap()[..10].to_owned();
    let (from, to) = (format!("{day}T00:00:00Z"), format!("{day}T23:45:00Z"));
    let span = ["export", "--format", "json", "--from", &from, "--to", &to];
    let of_day: Vec<Value> = serde_json::from_str(&done(&house, &span).await).unwrap();
    assert_eq!(sum(&of_day), report(&house, &format!("from={from}&to={to}")).await);

    let given = records(&house.api().unwrap()).await;
    house.terminate(PATIENCE).await.unwrap();
    assert_eq!(lines(&done(&house, &["export", "--format", "usage-records"]).await), given);
    assert_eq!(done(&house, &["export", "--output", "use.csv"]).await, "");
    let table = fs::read_to_string(house.start().root().join("use.csv")).unwrap();
    assert_csv(&table, &rows);
}

/// No value of these captures needs quotes.
fn assert_csv(table: &str, rows: &[Value]) {
    let mut lines = table.lines();
    let head: Vec<_> = lines.next().unwrap().split(',').collect();
    let read: Vec<BTreeMap<_, _>> = lines
        .map(|line| head.iter().copied().zip(line.split(',').map(str::to_owned)).collect())
        .collect();
    assert_eq!(read.len(), rows.len());
    for (read, row) in read.iter().zip(rows) {
        for (name, value) in row.as_object().unwrap() {
            let text = match value {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(read[name.as_str()], text, "{name}");
        }
    }
}

/// Scenario: the resident uses another ledger than the configured one; then it is killed, so that its `runtime.json` is
/// left over; each command that reads a ledger, by itself and with `--ledger`; then none has a ledger to read.
/// Guarantees: all read the running one's, when it is gone the configured one, and any that is named; where there is
/// none each says so in one sentence, and ends with 69.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_reads_the_same_ledger() {
    let start = start();
    let other = start.root().join("other.db").to_str().unwrap().to_owned();
    let mut house = start.argument("--ledger").argument(&other).run().await.unwrap();
    replay(&house, &ten_days_old("simple-http-json"), Order::Recorded).await;
    for named in [&[][..], &["--ledger", &other]] {
        for (words, told) in READERS {
            let told_of = done(&house, &[words, named].concat()).await;
            assert!(told_of.contains(told), "{words:?} {named:?}: {told_of}");
        }
    }
    let words = ["prune", "--older-than", "1", "--ledger", &other];
    assert_eq!(command(&house, &words).await.status.code(), Some(2));

    house.kill9().unwrap();
    assert!(house.start().runtime_file().exists());
    let configured = ledger(house.start()).to_str().unwrap().to_owned();
    for (named, path) in
        [(&[][..], &configured), (&["--ledger", "/none.db"], &"/none.db".to_owned())]
    {
        for (words, _) in READERS {
            let ended = command(&house, &[words, named].concat()).await;
            let sentence = format!("plimsoll: cannot open the ledger {path}: there is none yet\n");
            assert_eq!((ended.status.code(), &ended.err), (Some(69), &sentence), "{words:?}");
        }
    }
}

/// The commands that read a ledger, and what each prints of the one request and the three metrics of `simple-http-json`.
const READERS: [(&[&str], &str); 4] = [
    (&["audit"], "Exact: "),
    (&["export", "--format", "jsonl"], "\"kind\":\"request\""),
    (&["backup", "copy.db", "--force"], "Copied 1 requests"),
    (&["prune", "--older-than", "1", "--dry-run"], " 3 metric readings,"),
];

/// A capture as if it were ten days old.
fn ten_days_old(name: &str) -> Capture {
    let now = Timestamp::EPOCH.after(SystemTime::UNIX_EPOCH.elapsed().unwrap());
    let to = now.before(Duration::from_secs(10 * 86_400));
    let from = parse_rfc3339("2026-11-23T00:00:00Z").unwrap();
    Shift { from, to, stretch: 1, seed: 7 }.capture(&capture(name)).unwrap()
}

/// Scenario: an old capture is pruned by the command, after it said what would go; then it is sent again.
/// Guarantees: what it said is removed; no sum changes by either; without a resident, or without the key, nothing is
/// pruned.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pruning_changes_no_sum() {
    let mut house = resident().await;
    let traffic = ten_days_old("temporality");
    replay(&house, &traffic, Order::Recorded).await;
    let span = "from=2020-01-01&to=2029-01-01&by=session";
    let before = report(&house, span).await;
    let api = house.api().unwrap();
    let json = [("content-type", "application/json")];
    let refused = api.post("/api/v1/prune", &json, "{\"olderThanDays\": 1}").await;
    assert_eq!(refused.unwrap().status.as_u16(), 401);

    let told = done(&house, &["prune", "--older-than", "1", "--dry-run"]).await;
    assert!(!records(&api).await.is_empty());
    let done_so = done(&house, &["prune", "--older-than", "1"]).await;
    assert_eq!(done_so.replace("Removed", "Would remove"), told);
    assert!(!told.contains("remove 0 requests"), "{told}");
    assert_eq!(report(&house, span).await, before);
    replay(&house, &traffic, Order::Shuffled(1)).await;
    assert_eq!(report(&house, span).await, before);
    let left = records(&api).await;
    let requests = left.iter().filter(|record| record["unattributed"] == false).count();
    assert!(requests <= 1, "the last one stays, so that its revision is not given twice: {left:?}");
    let rows = lines(&done(&house, &["export", "--format", "jsonl"]).await);
    assert_eq!(sum(&rows), before);

    house.terminate(PATIENCE).await.unwrap();
    let refused = command(&house, &["prune", "--older-than", "1"]).await;
    assert_eq!(refused.status.code(), Some(3), "{}", refused.err);
}
