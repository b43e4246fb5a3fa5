//! The commands for orchestrators and people, as programs of their own beside a running resident.

use std::{
    fs,
    io::{Read as _, Write as _},
    num::NonZero,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use plimsoll_testkit::{Ended, Events, Loopback, TestResident};
use prost::Message as _;
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};

use crate::{
    desk::{CALM, CHECKPOINT, now, turn},
    house::{PATIENCE, resident, until},
};

/// Runs the program beside a resident until it ends.
async fn run(house: &TestResident, words: &[&str]) -> Ended {
    run_with(house, words, &[]).await
}

async fn run_with(house: &TestResident, words: &[&str], variables: &[(&str, &str)]) -> Ended {
    let start = house.start().beside().command(words);
    let set =
        |start: plimsoll_testkit::Start, (name, value): &(&str, &str)| start.variable(name, value);
    variables.iter().fold(start, set).run_to_end(PATIENCE).await.unwrap()
}

fn code(ended: &Ended) -> Option<i32> {
    ended.status.code()
}

/// What it says on success.
fn out(ended: &Ended) -> &str {
    assert!(ended.status.success(), "{ended:?}");
    &ended.out
}

async fn hook(house: &TestResident, session: &str, own: Value) {
    let mut body = json!({"session_id": session, "cwd": project(house)});
    body.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    let answer = house.api().unwrap().post("/hooks/claude-code", &[], body.to_string()).await;
    assert_eq!(answer.unwrap().status.as_u16(), 200);
}

/// A session that a hook tells to work on the project.
async fn begin(house: &TestResident, session: &str) {
    fs::create_dir_all(project(house)).unwrap();
    hook(house, session, json!({"hook_event_name": "SessionStart", "source": "startup"})).await;
}

async fn end(house: &TestResident, session: &str) {
    hook(house, session, json!({"hook_event_name": "SessionEnd", "reason": "other"})).await;
}

/// The folder of the project.
fn project(house: &TestResident) -> PathBuf {
    house.start().root().join("harbour")
}

/// Waits until the API tells of a session what is looked for.
async fn until_told(house: &TestResident, session: &str, look: impl Fn(&Value) -> bool) {
    let api = house.api().unwrap();
    until("told", async || {
        let told = api.json(&format!("/api/v1/sessions/{session}")).await.ok()?;
        look(&told).then_some(())
    })
    .await;
}

/// Scenario: a session that nobody knows yet is waited for; it begins, is calm, comes to its checkpoint. Then it is looked
/// at for other goals, ends, and is waited for in vain.
/// Guarantees: waiting ends when the goal is reached and says how far it is; 3 where the time is over, 4 where the session
/// has ended, 0 for a goal that an ended session had reached; as JSON the context.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_ends_when_the_goal_is_reached() {
    let house = resident().await;
    let over = run(&house, &["wait", "s-1", "--timeout", "0s"]).await;
    assert_eq!(code(&over), Some(3), "{over:?}");
    assert_eq!(over.out, "checkpoint not reached: nothing tells of its context yet\n");

    let (waited, ()) = tokio::join!(run(&house, &["wait", "s-1", "--timeout", "15s"]), async {
        turn(&house, "s-1", 0, CALM).await;
        turn(&house, "s-1", 1, CHECKPOINT).await;
    });
    assert_eq!(out(&waited), "checkpoint reached: 134k of 167k, 33k left\n");

    let json = run(&house, &["wait", "s-1", "--used-pct", "80", "--timeout", "0s", "--json"]).await;
    let context: Value = serde_json::from_str(out(&json)).unwrap();
    assert_eq!((&context["sessionId"], &context["level"]), (&json!("s-1"), &json!("checkpoint")));

    let far = ["wait", "s-1", "--tokens-left", "1000", "--turns-left", "1", "--timeout", "1s"];
    let over = run(&house, &far).await;
    assert_eq!(code(&over), Some(3));
    let said = "1k left or 1 turn left not reached in 1 s: 134k of 167k, 33k left\n";
    assert_eq!(over.out, said);

    begin(&house, "s-1").await;
    end(&house, "s-1").await;
    let ended = run(&house, &["wait", "s-1", "--level", "urgent", "--timeout", "15s"]).await;
    assert_eq!((code(&ended), ended.err.as_str()), (Some(4), ""));
    assert!(ended.out.starts_with("the session ended before urgent: 134k of"), "{}", ended.out);
    assert_eq!(code(&run(&house, &["wait", "s-1", "--timeout", "0s"]).await), Some(0));
}

/// Scenario: `wait` in a project where no session is live; one begins there and reaches its checkpoint; a second one
/// begins. `wait` in a folder that does not exist, and where Plimsoll has ended.
/// Guarantees: the session that begins is waited for; then the one that was last active counts; wrong arguments are 2,
/// any other failure is 1.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sessions_of_a_project_are_waited_for() {
    let mut house = resident().await;
    begin(&house, "elsewhere").await;
    end(&house, "elsewhere").await;
    // What hooks say is entered after they are answered.
    until_told(&house, "elsewhere", |told| !told["endedAt"].is_null()).await;
    let folder = project(&house);
    let folder = folder.to_str().unwrap();
    let nobody = run(&house, &["wait", "--project", folder, "--timeout", "0s"]).await;
    assert_eq!(code(&nobody), Some(3));
    assert_eq!(nobody.out, "no session of this project is live\n");
    let in_time = ["wait", "--project", folder, "--timeout", "15s"];

    let waiting = run(&house, &in_time);
    let (waited, ()) = tokio::join!(waiting, async {
        begin(&house, "s-1").await;
        turn(&house, "s-1", 0, CHECKPOINT).await;
    });
    assert!(out(&waited).starts_with("checkpoint reached"), "{waited:?}");

    begin(&house, "s-2").await;
    turn(&house, "s-2", 0, CALM).await;
    let newest = run(&house, &["wait", "--project", folder, "--timeout", "0s"]).await;
    assert_eq!(code(&newest), Some(3), "{newest:?}");
    let missing = run(&house, &["wait", "--project", "nowhere", "--timeout", "0s"]).await;
    assert_eq!(code(&missing), Some(2));
    house.terminate(PATIENCE).await.unwrap();
    let alone = run(&house, &["wait", "s-1", "--timeout", "15s"]).await;
    assert_eq!(code(&alone), Some(1));
    assert!(alone.err.contains("not running"), "{alone:?}");
}

/// The open connections to the dashboard's port, by the ports of those who asked, as the kernel lists them (`proc(5)`).
#[cfg(target_os = "linux")]
fn connections(house: &TestResident) -> std::collections::BTreeSet<String> {
    const ESTABLISHED: &str = "01";
    let to = format!("0100007F:{:04X}", house.runtime().dashboard.unwrap().port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let open = rows.filter(|row| row[2] == to && row[3] == ESTABLISHED);
    open.map(|row| row[1].to_owned()).collect()
}

/// Scenario: the resident ends and is started anew while `wait` waits; the session then reaches its checkpoint.
/// Guarantees: the wait goes on with the new one.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_does_not_end_the_wait() {
    let mut house = resident().await;
    turn(&house, "s-1", 0, CALM).await;
    let start = house.start().beside().command(&["wait", "s-1", "--timeout", "60s"]);
    let before = connections(&house);
    let waiting = tokio::spawn(async move { start.run_to_end(PATIENCE).await });
    until("asked", async || (!connections(&house).is_subset(&before)).then_some(())).await;
    house.terminate(PATIENCE).await.unwrap();
    house.start_again().await.unwrap();
    turn(&house, "s-1", 1, CHECKPOINT).await;
    let waited = waiting.await.unwrap().unwrap();
    assert!(out(&waited).starts_with("checkpoint reached"), "{waited:?}");
}

/// Scenario: the resident is started anew while `wait` waits, and another program locks its ledger; another wait begins.
/// The lock goes, and the session reaches its checkpoint.
/// Guarantees: neither wait ends before, and both go on with the open ledger; one that only looks says why it cannot.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_opens_late_does_not_end_the_wait() {
    let start = crate::house::start();
    let ledger = start.root().join("ledger.db");
    let start = start.variable("PLIMSOLL_LEDGER_PATH", ledger.to_str().unwrap());
    let mut house = start.run().await.unwrap();
    turn(&house, "s-1", 0, CALM).await;
    let begin = |house: &TestResident, timeout: &str| {
        let start = house.start().beside().command(&["wait", "s-1", "--timeout", timeout]);
        async move { start.run_to_end(PATIENCE).await.unwrap() }
    };
    let before = connections(&house);
    let mut first = tokio::spawn(begin(&house, "60s"));
    until("asked", async || (!connections(&house).is_subset(&before)).then_some(())).await;
    house.terminate(PATIENCE).await.unwrap();
    let mut lock =
        SqliteConnection::connect(&format!("sqlite://{}", ledger.display())).await.unwrap();
    // Readers too are kept out, which the lock of a transaction alone does not do where there is a log.
    for statement in ["PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"] {
        sqlx::query(statement).execute(&mut lock).await.unwrap();
    }
    house.start_again().await.unwrap();
    let looked = begin(&house, "0s").await;
    assert!(
        code(&looked) == Some(1) && looked.err.contains("The ledger is not open"),
        "{looked:?}"
    );
    let mut second = tokio::spawn(begin(&house, "60s"));
    tokio::select! {
        ended = &mut first => panic!("{ended:?}"),
        ended = &mut second => panic!("{ended:?}"),
        () = tokio::time::sleep(Duration::from_secs(2)) => {}
    }
    lock.close().await.unwrap();
    until("open", async || house.api().unwrap().json("/api/v1/snapshot").await.ok()).await;
    turn(&house, "s-1", 1, CHECKPOINT).await;
    for waited in [first.await.unwrap(), second.await.unwrap()] {
        assert!(out(&waited).starts_with("checkpoint reached"), "{waited:?}");
    }
}

/// Scenario: checkpoints of the session that the client runs the command in, of the last one of the project, of a named
/// one by the beginning of its id, of one that nobody knows, with a file that is not there.
/// Guarantees: each is acknowledged with note, whole path and tokens for the session meant, and nothing else is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checkpoints_are_acknowledged() {
    let house = resident().await;
    for session in ["aaaa-1", "bbbb-2"] {
        begin(&house, session).await;
        turn(&house, session, 0, CHECKPOINT).await;
        until_told(&house, session, |told| !told["context"].is_null()).await;
    }
    let state = project(&house).join("STATE.md");
    fs::write(&state, "half of it").unwrap();
    let folder = project(&house);
    let own = [("CLAUDE_CODE_SESSION_ID", "aaaa-1")];
    let inside = run_with(&house, &["checkpoint", "--note", "Go on."], &own).await;
    assert!(out(&inside).starts_with("Checkpoint of session aaaa-1 acknowledged at 134k"));
    let with_path = ["checkpoint", "--path", "harbour/STATE.md", "--tokens", "7", "--project"];
    let of_project = [&with_path[..], &[folder.to_str().unwrap()]].concat();
    assert!(out(&run_with(&house, &of_project, &own).await).contains("session bbbb-2"));
    assert!(out(&run(&house, &["checkpoint", "aaaa"]).await).contains("session aaaa-1"));
    let unknown = run(&house, &["checkpoint", "nobody"]).await;
    assert_eq!(code(&unknown), Some(1));
    assert!(unknown.err.contains("Nothing is known of session nobody"), "{unknown:?}");
    let unsaved = run(&house, &["checkpoint", "aaaa", "--path", "harbour/NOTHING.md"]).await;
    assert_eq!(code(&unsaved), Some(1));

    let told = async |session: &str| {
        let path = format!("/api/v1/sessions/{session}/checkpoints");
        let told = house.api().unwrap().json(&path).await.unwrap();
        let list = told["checkpoints"].as_array().unwrap().clone();
        let fields = |one: &Value| json!([one["note"], one["path"], one["tokens"]]);
        list.iter().map(fields).collect::<Vec<_>>()
    };
    let tokens = CHECKPOINT;
    assert_eq!(
        told("aaaa-1").await,
        [json!([null, null, tokens]), json!(["Go on.", null, tokens])]
    );
    assert_eq!(told("bbbb-2").await, [json!([null, state, 7])]);
}

/// Scenario: a session that reached its checkpoint, was acknowledged and then compacted, and one that the client left.
/// Guarantees: the tables of sessions, alerts and compactions tell it in the same words as the API; the session that was
/// left shows only where that is wished; `watch` shows the same once where there is no terminal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_and_was_is_told_in_tables() {
    let house = resident().await;
    begin(&house, "aaaa-1").await;
    turn(&house, "aaaa-1", 0, CALM).await;
    turn(&house, "aaaa-1", 1, CHECKPOINT).await;
    begin(&house, "bbbb-2").await;
    end(&house, "bbbb-2").await;
    until_told(&house, "bbbb-2", |told| !told["endedAt"].is_null()).await;
    until("alerted", async || {
        let told = run(&house, &["alerts"]).await;
        told.out.contains("checkpoint").then_some(())
    })
    .await;
    out(&run(&house, &["checkpoint", "aaaa"]).await);
    let compaction = Events::of("aaaa-1", now()).sequence(2).compaction("auto", CHECKPOINT, 20_000);
    let kind = [("content-type", "application/x-protobuf")];
    let receiver = Loopback::new(house.http().unwrap());
    receiver.post("/v1/logs", &kind, compaction.build().encode_to_vec()).await.unwrap();
    let compacted = until("compacted", async || {
        let told = run(&house, &["compactions", "--session", "aaaa"]).await.out;
        told.contains("auto").then_some(told)
    })
    .await;
    for part in ["harbour", "134k -> about 20k", "checkpoint", "yes"] {
        assert!(compacted.contains(part), "{part} is not in {compacted}");
    }
    let alerts = run(&house, &["alerts"]).await;
    let row = out(&alerts).lines().nth(1).unwrap().to_owned();
    assert!(row.contains("134k of 167k") && !row.contains(" no "), "{row}");
    for (command, list) in [("alerts", "alerts"), ("compactions", "compactions")] {
        let told = run(&house, &[command, "--json"]).await;
        let json: Value = serde_json::from_str(out(&told)).unwrap();
        assert_eq!(json[list].as_array().unwrap().len(), 1, "{json}");
    }

    let some = run(&house, &["sessions"]).await;
    assert!(out(&some).contains("aaaa-1") && !some.out.contains("bbbb-2"), "{}", some.out);
    let all: Value =
        serde_json::from_str(out(&run(&house, &["sessions", "--all", "--json"]).await)).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert_eq!(out(&run(&house, &["watch", "--project", "harbour"]).await).lines().count(), 2);
    let away = run(&house, &["watch", "--project", "."]).await;
    assert_eq!(out(&away), "No session is live.\n");
}

/// Scenario: quiet for all, a project and a session, taken back one by one; `actions test` where nothing can be shown, and
/// for a session that is not there; arguments that contradict each other.
/// Guarantees: each wish is listed with its end until it is lifted; an action that fails is 1, and so is a session that
/// nobody knows, with a sentence; wrong arguments are 2.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quiet_and_rehearsals() {
    let house = resident().await;
    begin(&house, "aaaa-1").await;
    until_told(&house, "aaaa-1", |told| !told["projectPath"].is_null()).await;
    assert_eq!(out(&run(&house, &["quiet"]).await), "No notification is held back.\n");
    out(&run(&house, &["quiet", "--all", "--for", "30m"]).await);
    out(&run(&house, &["quiet", "--project", "harbour"]).await);
    out(&run(&house, &["quiet", "--session", "aaaa", "--for", "2h"]).await);
    let told = run(&house, &["quiet"]).await;
    let path = project(&house);
    let listed = format!("project {}", path.display());
    for part in ["all sessions", &listed, "until it is lifted", "session aaaa-1"] {
        assert!(out(&told).contains(part), "{part} is not in {}", told.out);
    }
    for scope in [&["--all"][..], &["--project", "harbour"], &["--session", "aaaa-1"]] {
        out(&run(&house, &[&["quiet"], scope, &["--lift"]].concat()).await);
    }
    assert_eq!(out(&run(&house, &["quiet"]).await), "No notification is held back.\n");
    for wrong in [&["quiet", "--for", "30m"][..], &["quiet", "--all", "--lift", "--for", "1m"]] {
        assert_eq!(code(&run(&house, wrong).await), Some(2), "{wrong:?}");
    }

    let off = [("PLIMSOLL_ACTIONS_NOTIFY", "true")];
    let tried = run_with(&house, &["actions", "test", "checkpoint"], &off).await;
    assert_eq!(code(&tried), Some(1), "there is no session bus here: {tried:?}");
    assert!(tried.out.starts_with("notification  failed"), "{tried:?}");
    let unknown = run(&house, &["actions", "test", "notice", "--session", "nobody"]).await;
    assert_eq!((code(&unknown), unknown.out.as_str()), (Some(1), ""));
    assert!(unknown.err.contains("Nothing is known of session nobody."), "{unknown:?}");
}

/// A program at a terminal, as `script` makes one. Ended with its owner.
struct AtTerminal {
    child: Child,
    screen: std::sync::mpsc::Receiver<Vec<u8>>,
    drawn: vt100::Parser,
}

impl AtTerminal {
    fn run(house: &TestResident, words: &str) -> Self {
        let root = house.start().root();
        let program = env!("CARGO_BIN_EXE_plimsoll");
        let mut child = Command::new("script")
            .args(["-q", "-e", "-c"])
            .arg(format!("stty cols 80 rows 20; exec {program} {words}"))
            .arg("/dev/null")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TERM", "xterm")
            .env("HOME", root.join("home"))
            .env("XDG_RUNTIME_DIR", root.join("run"))
            .env("XDG_STATE_HOME", root.join("state"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let (sender, screen) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut part) {
                if sender.send(part[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let [rows, columns] = [20, 80].map(|count| NonZero::new(count).unwrap());
        Self { child, screen, drawn: vt100::Parser::new(rows, columns, 0) }
    }

    /// Waits until it shows a text.
    fn shows(&mut self, text: &str) {
        self.draws(text, |seen| seen.contains(text));
    }

    /// Waits until it does not show a text any more.
    fn shows_no_more(&mut self, text: &str) {
        self.draws(text, |seen| !seen.contains(text));
    }

    fn draws(&mut self, what: &str, look: impl Fn(&str) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !look(&self.drawn.screen().contents()) {
            let part = self.screen.recv_timeout(end.saturating_duration_since(Instant::now()));
            let seen = self.drawn.screen().contents();
            self.drawn.process(&part.unwrap_or_else(|_| panic!("{what}, but: {seen}")));
        }
    }

    fn press(&mut self, keys: &str) {
        self.child.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }
}

impl Drop for AtTerminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Scenario: `watch` at a terminal of 80 columns: a session is calm, comes to its checkpoint, is made quiet by a key; the
/// resident ends and comes back; `q`.
/// Guarantees: each change is drawn as it comes; the key does what it says; a loss is said and over by itself; it ends
/// with 0.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watching_at_a_terminal() {
    let mut house = resident().await;
    turn(&house, "aaaa-1", 0, CALM).await;
    let mut watch = AtTerminal::run(&house, "watch");
    watch.shows("session aaaa-1");
    turn(&house, "aaaa-1", 1, CHECKPOINT).await;
    watch.shows("33k");
    watch.press("s");
    watch.shows("quiet for 30 minutes.");
    assert!(run(&house, &["quiet"]).await.out.contains("session aaaa-1"));
    house.terminate(PATIENCE).await.unwrap();
    watch.shows("has ended");
    house.start_again().await.unwrap();
    watch.shows_no_more("has ended");
    watch.shows("session aaaa-1 is at");
    watch.press("q");
    assert!(watch.child.wait().unwrap().success());
}
