//! What levels set going, in the whole program: commands, webhooks, texts in sessions, and what orchestrators ask.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::StatusCode;
use plimsoll_domain::{Timestamp, Tokens};
use plimsoll_testkit::{ApiCall, Events, Loopback, TestResident};
use prost::Message as _;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::{
    desk::{CALM, CHECKPOINT, NOTICE, URGENT, turn},
    house::{PATIENCE, resident, start, until},
};

const SECRET: &str = "a secret of a test";

/// One message as a web server took it.
#[derive(Debug, Clone)]
struct Letter {
    headers: BTreeMap<String, String>,
    body: String,
}

impl Letter {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether it is signed with the secret.
    fn is_signed(&self) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(self.body.as_bytes());
        let hex: String =
            mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        self.headers["x-plimsoll-signature"] == format!("sha256={hex}")
    }
}

/// A web server on a port of its own, which answers as the test wants.
#[derive(Clone, Default)]
struct WebServer {
    letters: Arc<Mutex<Vec<Letter>>>,
    status: Arc<Mutex<u16>>,
}

impl WebServer {
    async fn start() -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self::default();
        server.answer(200);
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = serving.clone();
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        (server, port)
    }

    fn answer(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }

    async fn serve(self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok()?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(": ") {
                headers.insert(name.to_ascii_lowercase(), value.to_owned());
            }
        }
        let length = headers.get("content-length")?.parse().ok()?;
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let body = String::from_utf8(body).ok()?;
        self.letters.lock().unwrap().push(Letter { headers, body });
        let status = *self.status.lock().unwrap();
        let answer = format!(
            "HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
        );
        stream.get_mut().write_all(answer.as_bytes()).await.ok()
    }
}

async fn until_told(server: &WebServer, count: usize) -> Vec<Letter> {
    until(&format!("{count} messages"), async || {
        Some(server.letters()).filter(|letters| letters.len() >= count)
    })
    .await
}

/// What became of a session's alerts: level, and results by action, the newest first.
async fn outcomes(house: &TestResident, session: &str) -> Vec<(String, Vec<(String, String)>)> {
    let api = house.api().unwrap();
    let page = api.json(&format!("/api/v1/alerts?session={session}")).await.unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let alert = |alert: &Value| {
        let outcomes = alert["outcomes"].as_array().unwrap();
        let outcomes = outcomes.iter().map(|one| (text(&one["action"]), text(&one["result"])));
        (text(&alert["level"]), outcomes.collect())
    };
    page["alerts"].as_array().unwrap().iter().map(alert).collect()
}

/// Scenario: levels are reached while the web server is down: two of one session, one of another; it refuses for a
/// while after that; Plimsoll is killed and started again in between; another level follows.
/// Guarantees: each message is delivered, those of a session in order, every one with the right signature and one
/// idempotency key however often it was sent; what became of it is known.
#[tokio::test]
async fn webhooks_outlast_the_receiver_and_a_restart() {
    let (server, port) = WebServer::start().await;
    server.answer(503);
    let mut house = start()
        .variable("PLIMSOLL_ACTIONS_WEBHOOK_URL", &format!("http://127.0.0.1:{port}/hook"))
        .variable("PLIMSOLL_ACTIONS_WEBHOOK_SECRET", SECRET)
        .run()
        .await
        .unwrap();
    for (number, occupancy) in (0..).zip([CALM, NOTICE, CHECKPOINT]) {
        turn(&house, "s-1", number, occupancy).await;
    }
    turn(&house, "s-2", 0, CHECKPOINT).await;
    until_told(&server, 2).await;
    house.kill9().unwrap();
    house.start_again().await.unwrap();
    until_told(&server, 4).await;
    server.answer(200);
    turn(&house, "s-1", 3, URGENT).await;
    let done = ("webhook".to_owned(), "done".to_owned());
    let delivered = async |session, count| {
        until("every message is delivered", async || {
            let alerts = outcomes(&house, session).await;
            let all = alerts.len() == count && alerts.iter().all(|(_, all)| all.contains(&done));
            all.then_some(())
        })
        .await;
    };
    delivered("s-1", 3).await;
    delivered("s-2", 1).await;

    let letters = server.letters();
    assert!(letters.iter().all(Letter::is_signed));
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    for letter in &letters {
        let key = letter.headers["idempotency-key"].clone();
        assert_eq!(letter.json()["id"], key);
        let body = keys.entry(key).or_insert_with(|| letter.body.clone());
        assert_eq!(*body, letter.body, "the same message, to the byte");
    }
    assert_eq!(keys.len(), 4);
    let of_first = letters.iter().map(Letter::json).filter(|told| told["sessionId"] == "s-1");
    let mut levels: Vec<String> =
        of_first.map(|told| told["level"].as_str().unwrap().to_owned()).collect();
    levels.dedup();
    assert_eq!(levels, ["notice", "checkpoint", "urgent"]);
}

/// Scenario: a level runs a command that prints, one that fails, and one that hangs beyond its time; everything is sent
/// again, and after a restart once more.
/// Guarantees: each runs once, without a shell, with the numbers as JSON and as variables; its output and end are kept.
#[tokio::test]
async fn commands_run_once() {
    let start = start();
    let said = start.root().join("said");
    let script = format!(
        "{{ cat; echo \" $PLIMSOLL_LEVEL $PLIMSOLL_OCCUPANCY\"; }} >> '{}.'$PLIMSOLL_LEVEL; \
         case $PLIMSOLL_LEVEL in notice) echo saved;; checkpoint) exit 3;; *) sleep 600;; esac",
        said.display()
    );
    let command = serde_json::to_string(&["/bin/sh", "-c", &script]).unwrap();
    let mut house = start
        .variable("PLIMSOLL_ACTIONS_COMMAND", &command)
        .variable("PLIMSOLL_ACTIONS_URGENT_COMMAND_TIMEOUT", "1s")
        .run()
        .await
        .unwrap();
    let grow = async |house: &TestResident| {
        for (number, occupancy) in (0..).zip([NOTICE, CHECKPOINT, URGENT]) {
            turn(house, "s-1", number, occupancy).await;
        }
    };
    grow(&house).await;
    grow(&house).await;
    let wished = [("urgent", "failed"), ("checkpoint", "failed"), ("notice", "done")];
    until("every command has ended", async || {
        let alerts = outcomes(&house, "s-1").await;
        let results = alerts.iter().map(|(level, all)| {
            let command = all.iter().find(|(action, _)| action == "command");
            (level.as_str(), command.map_or("", |(_, result)| result))
        });
        results.eq(wished).then_some(())
    })
    .await;
    house.terminate(PATIENCE).await.unwrap();
    house.start_again().await.unwrap();
    grow(&house).await;
    turn(&house, "s-2", 0, CALM).await;
    for (level, occupancy) in [("notice", NOTICE), ("checkpoint", CHECKPOINT), ("urgent", URGENT)] {
        let told = fs::read_to_string(said.with_extension(level)).unwrap();
        let (message, variables) = told.rsplit_once("} ").unwrap();
        let message: Value = serde_json::from_str(&format!("{message}}}")).unwrap();
        assert_eq!(
            (&message["event"], &message["dryRun"]),
            (&json!("session.level"), &json!(false))
        );
        assert_eq!(
            (&message["level"], &message["occupancyTokens"]),
            (&json!(level), &json!(occupancy))
        );
        assert_eq!(variables, format!("{level} {occupancy}\n"), "once");
    }
}

/// Scenario: the client's settings of a project draw its line at 120,000; a session there grows past every level; Plimsoll is
/// restarted, and the session goes on. Then another one reaches a level.
/// Guarantees: the line is the project's before and after, and no level of the first speaks again.
#[tokio::test]
async fn a_restart_judges_the_past_by_the_projects_settings() {
    let mut house = resident().await;
    let project = house.start().root().join("narrow");
    fs::create_dir_all(project.join(".claude")).unwrap();
    let settings = json!({"autoCompactWindow": 153_000}).to_string();
    fs::write(project.join(".claude/settings.json"), settings).unwrap();
    let begins = json!({"session_id": "s-1", "cwd": project, "hook_event_name": "SessionStart"});
    hook(&house.api().unwrap(), &begins).await;
    turn(&house, "s-1", 0, CALM).await;
    let until_at = async |house: &TestResident, occupancy: u64| {
        until("there, with the project's line", async || {
            let context = house.api().unwrap().json("/api/v1/sessions/s-1/context").await.ok()?;
            let found = (&context["line"]["tokens"], &context["occupancyTokens"]);
            (found == (&json!(120_000), &json!(occupancy))).then_some(())
        })
        .await;
    };
    let until_spoken = async |house: &TestResident, count: usize| {
        until("spoken", async || {
            let alerts = house.api().unwrap().json("/api/v1/alerts").await.unwrap();
            let spoken = alerts["alerts"].as_array().unwrap().len();
            assert!(spoken <= count, "{alerts:#}");
            (spoken == count).then_some(())
        })
        .await;
    };
    until_at(&house, CALM).await;
    for (number, occupancy) in (1..).zip([75_000, 97_000, 112_000]) {
        turn(&house, "s-1", number, occupancy).await;
        until_spoken(&house, usize::try_from(number).unwrap()).await;
    }
    house.terminate(PATIENCE).await.unwrap();
    house.start_again().await.unwrap();
    until_at(&house, 112_000).await;
    turn(&house, "s-1", 4, 113_000).await;
    until_at(&house, 113_000).await;
    turn(&house, "s-2", 0, URGENT).await;
    until_spoken(&house, 4).await;
}

/// Posts a hook's input as the client does; the text that the agent is told, if any.
async fn hook(api: &Loopback, body: &Value) -> Option<String> {
    let json = [("content-type", "application/json")];
    let answer = api.post("/hooks/claude-code", &json, body.to_string()).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    if answer.body.is_empty() {
        return None;
    }
    let told = answer.json().unwrap();
    assert_eq!(told["hookSpecificOutput"]["hookEventName"], body["hook_event_name"]);
    told["hookSpecificOutput"]["additionalContext"].as_str().map(str::to_owned)
}

/// Scenario: a session reaches a level while its hooks come, as the real client's: after a tool within a subagent, after
/// a tool, at a prompt, at the end; another level follows; a checkpoint is acknowledged and the session compacted.
/// Guarantees: the agent of the main thread is told the numbers and the user's own words once per level; after the
/// compaction it is given the checkpoint's note; what became of it is known.
#[tokio::test]
async fn the_agent_is_told_in_its_session() {
    let house = start()
        .variable("PLIMSOLL_ACTIONS_IN_SESSION", "true")
        .variable("PLIMSOLL_ACTIONS_INSTRUCTION", "Save {project} now, {left} left.")
        .run()
        .await
        .unwrap();
    let api = house.api().unwrap();
    let of = |event: &str| {
        json!({"session_id": "s-1", "hook_event_name": event, "cwd": "/home/ada/work/engine",
               "transcript_path": "/home/ada/none.jsonl", "tool_name": "Bash", "tool_input": {"command": "ls"},
               "tool_response": {"stdout": "a"}, "prompt": "go on", "stop_hook_active": false})
    };
    assert_eq!(hook(&api, &of("PostToolUse")).await, None);
    turn(&house, "s-1", 0, CHECKPOINT).await;
    let began = ("inSession".to_owned(), "begun".to_owned());
    until("the text waits", async || {
        let alerts = outcomes(&house, "s-1").await;
        alerts.iter().any(|(_, all)| all.contains(&began)).then_some(())
    })
    .await;
    let mut within = of("PostToolUse");
    within["agent_id"] = "a1".into();
    assert_eq!(hook(&api, &within).await, None);
    let told = hook(&api, &of("PostToolUse")).await.unwrap();
    assert!(told.contains("of the 167,000 at which the client compacts it"), "{told}");
    assert!(told.contains("Save engine now, 3"), "{told}");
    for event in ["PostToolUse", "UserPromptSubmit", "Stop"] {
        assert_eq!(hook(&api, &of(event)).await, None);
    }
    turn(&house, "s-1", 1, URGENT).await;
    let told = until("the next level waits", async || hook(&api, &of("UserPromptSubmit")).await);
    assert!(told.await.contains("154,"));

    let key = house.runtime().key.clone();
    let headers = [("content-type", "application/json"), ("x-plimsoll-key", key.as_str())];
    let note = json!({"note": "Step 3 of 5 is done."}).to_string();
    let answer = api.post("/api/v1/sessions/s-1/checkpoints", &headers, note).await.unwrap();
    assert_eq!(answer.status, StatusCode::CREATED);
    let mut compacted = of("SessionStart");
    compacted["source"] = "compact".into();
    assert!(hook(&api, &compacted).await.unwrap().contains("Step 3 of 5 is done."));
    let done = ("inSession".to_owned(), "done".to_owned());
    until("it is noted", async || {
        let alerts = outcomes(&house, "s-1").await;
        (alerts.len() == 2 && alerts.iter().all(|(_, all)| all.contains(&done))).then_some(())
    })
    .await;
}

/// Scenario: Plimsoll ends while a text waits for a session; it starts, the agent is told, and it ends at once and starts
/// once more.
/// Guarantees: the agent is told, once; what became of it is known.
#[tokio::test]
async fn a_text_outlasts_a_restart() {
    let mut house = start().variable("PLIMSOLL_ACTIONS_IN_SESSION", "true").run().await.unwrap();
    let became = async |house: &TestResident, result: &str| {
        let wished = ("inSession".to_owned(), result.to_owned());
        until(result, async || {
            let alerts = outcomes(house, "s-1").await;
            alerts.iter().any(|(_, all)| all.contains(&wished)).then_some(())
        })
        .await;
    };
    turn(&house, "s-1", 0, CHECKPOINT).await;
    became(&house, "begun").await;
    house.terminate(PATIENCE).await.unwrap();
    house.start_again().await.unwrap();
    let prompt = json!({"session_id": "s-1", "hook_event_name": "UserPromptSubmit"});
    let api = house.api().unwrap();
    let told = until("the text waits again", async || hook(&api, &prompt).await).await;
    assert!(told.contains("of the 167,000 at which the client compacts it"), "{told}");
    house.terminate(PATIENCE).await.unwrap();
    house.start_again().await.unwrap();
    became(&house, "done").await;
    turn(&house, "s-2", 0, CHECKPOINT).await;
    let api = house.api().unwrap();
    let other = json!({"session_id": "s-2", "hook_event_name": "UserPromptSubmit"});
    until("another text waits", async || hook(&api, &other).await).await;
    assert_eq!(hook(&api, &prompt).await, None);
}

/// Scenario: a session compacts far below the line of its window, with nothing set that says so; Plimsoll is restarted;
/// another session of the project begins, and a third of another project.
/// Guarantees: the line is learned, and known after the restart, for the project alone.
#[tokio::test]
async fn a_line_is_learned_and_remembered() {
    let mut house = resident().await;
    let api = house.api().unwrap();
    let place = async |api: &Loopback, session: &str, project: &str| {
        let body =
            json!({"session_id": session, "hook_event_name": "SessionStart", "cwd": project});
        assert_eq!(hook(api, &body).await, None);
    };
    let line = async |api: Loopback, session: &'static str| {
        let path = format!("/api/v1/sessions/{session}/context");
        until("the context is known", async || api.json(&path).await.ok()).await["line"].clone()
    };
    place(&api, "s-1", "/work/early").await;
    for (number, occupancy) in (0..).zip([60_000, 80_000, 88_000]) {
        turn(&house, "s-1", number, occupancy).await;
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = Timestamp::EPOCH.after(now + Duration::from_millis(50));
    let summary = Tokens { input: 90_000, output: 2_000, ..Tokens::ZERO };
    let export = Events::of("s-1", now)
        .sequence(3)
        .api_request(&ApiCall::new("req_compact").tokens(summary).auxiliary("compact"))
        .compaction("auto", 90_500, 3_000);
    let protobuf = [("content-type", "application/x-protobuf")];
    let receiver = Loopback::new(house.http().unwrap());
    receiver.post("/v1/logs", &protobuf, export.build().encode_to_vec()).await.unwrap();
    let learned = until("the line is learned", async || {
        let context = api.json("/api/v1/sessions/s-1/context").await.ok()?;
        (context["line"]["kind"] == "learned").then(|| context["line"].clone())
    })
    .await;
    let tokens = learned["tokens"].as_u64().unwrap();
    assert!(tokens > 80_000 && tokens <= 90_500, "{learned}");

    house.terminate(PATIENCE).await.unwrap();
    house.start_again().await.unwrap();
    let api = house.api().unwrap();
    place(&api, "s-2", "/work/early").await;
    place(&api, "s-3", "/work/other").await;
    turn(&house, "s-2", 50, CALM).await;
    turn(&house, "s-3", 60, CALM).await;
    assert_eq!(line(api, "s-2").await["tokens"], tokens);
    assert_eq!(line(api, "s-3").await["tokens"], 167_000);
    let compactions = api.json("/api/v1/compactions").await.unwrap();
    let one = &compactions["compactions"][0];
    assert_eq!((&one["beforeTokens"], &one["requestId"]), (&json!(88_000), &json!("req_compact")));
}
