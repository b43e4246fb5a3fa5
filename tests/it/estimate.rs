//! How far the estimate by sizes is from what the client really sent: its transcripts tell of each request, message by
//! message. What a token is worth cannot be measured here, because the recorded usage is scripted; so bytes are compared.

use std::{collections::HashMap, fs, path::PathBuf};

use serde_json::{Value, json};

use crate::house::{folder, resident, until};

/// Bytes of two tokens, by which the estimate counts.
const BYTES_OF_TWO_TOKENS: u64 = 7;

/// Bytes of a text as it was before the recording: longer ones are replaced by their length.
fn text_bytes(text: &str) -> u64 {
    let shortened =
        text.strip_prefix("<text of ").and_then(|rest| rest.strip_suffix(" characters>"));
    shortened.and_then(|length| length.parse().ok()).unwrap_or(text.len() as u64)
}

/// Bytes of a value as JSON.
fn bytes(value: &Value) -> u64 {
    let list =
        |sizes: Vec<u64>| 2 + sizes.iter().sum::<u64>() + sizes.len().saturating_sub(1) as u64;
    match value {
        Value::String(text) => text_bytes(text) + 2,
        Value::Array(values) => list(values.iter().map(bytes).collect()),
        Value::Object(fields) => {
            list(fields.iter().map(|(name, value)| name.len() as u64 + 3 + bytes(value)).collect())
        }
        other => other.to_string().len() as u64,
    }
}

fn lines(path: PathBuf) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The transcript of the main conversation.
fn transcript(capture: &str) -> Vec<Value> {
    let projects = fs::read_dir(folder(capture).join("transcripts")).unwrap();
    let project = projects.map(|entry| entry.unwrap().path()).next().unwrap();
    let mut files = fs::read_dir(project).unwrap().map(|entry| entry.unwrap().path());
    lines(files.find(|path| path.extension().is_some_and(|kind| kind == "jsonl")).unwrap())
}

/// How many bytes each request of the main conversation sent. A request repeats the first messages of an earlier one
/// and adds others; answers stand in the transcript on their own.
fn sent(capture: &str) -> Vec<u64> {
    let mut shapes = HashMap::new();
    let mut messages = HashMap::new();
    let mut requests: HashMap<String, Vec<u64>> = HashMap::new();
    let (mut answer, mut all) = (0, Vec::new());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for line in transcript(capture) {
        match line["type"].as_str().unwrap_or_default() {
            "api-request-shape" => {
                shapes.insert(text(&line["shapeHash"]), bytes(&line["shape"]));
            }
            "api-request-blob" => {
                messages.insert(text(&line["hash"]), bytes(&line["message"]));
            }
            "assistant" => {
                answer =
                    bytes(&json!({"role": "assistant", "content": line["message"]["content"]}));
            }
            "api-request" => {
                let kept = usize::try_from(line["keep"].as_u64().unwrap()).unwrap();
                let base = requests.get(&text(&line["base"])).into_iter().flatten().take(kept);
                let tail = line["tail"].as_array().unwrap().iter();
                let tail = tail.map(|hash| messages.get(&text(hash)).unwrap_or(&answer));
                let parts: Vec<u64> = base.chain(tail).copied().collect();
                all.push(shapes[&text(&line["shapeHash"])] + parts.iter().sum::<u64>());
                requests.insert(text(&line["id"]), parts);
            }
            _ => {}
        }
    }
    all
}

/// The hooks that ran before each of these requests: a prompt and a batch of tools lead to one.
fn heard(capture: &str) -> Vec<Vec<Value>> {
    let hooks = lines(folder(capture).join("hooks.jsonl"));
    let leads = |hook: &Value| {
        matches!(hook["hook_event_name"].as_str(), Some("UserPromptSubmit" | "PostToolBatch"))
    };
    let ends = hooks.iter().enumerate().filter(|(_, hook)| leads(hook)).map(|(at, _)| at);
    ends.map(|end| hooks[..=end].to_vec()).collect()
}

/// Scenario: of each moment before a request of the two recorded sessions with hooks, a session of its own, of which
/// nothing but these hooks is told.
/// Guarantees: each is estimated at 91 to 103 percent of the bytes that the client then sent.
#[tokio::test]
async fn sizes_are_near_what_was_sent() {
    let resident = resident().await;
    let api = resident.api().unwrap();
    let mut expected = HashMap::new();
    for capture in ["hooks-print-mode", "interactive"] {
        let (sent, heard) = (sent(capture), heard(capture));
        assert_eq!(sent.len(), heard.len(), "{capture}");
        for (at, (bytes, hooks)) in sent.into_iter().zip(heard).enumerate() {
            let session = format!("{capture}-{at}");
            for mut hook in hooks {
                hook["session_id"] = json!(session);
                hook["transcript_path"] = json!(null);
                let answer = api.post("/hooks/claude-code", &[], hook.to_string()).await;
                assert_eq!(answer.unwrap().status, 200);
            }
            expected.insert(session, bytes);
        }
    }
    assert_eq!(expected.len(), 15);

    let last = json!({"session_id": "last", "hook_event_name": "UserPromptSubmit", "prompt": "x"});
    api.post("/hooks/claude-code", &[], last.to_string()).await.unwrap();
    let sessions = until("told", async || {
        let snapshot = api.json("/api/v1/snapshot").await.unwrap();
        let sessions = snapshot["sessions"].as_array().unwrap().clone();
        sessions.iter().any(|session| session["sessionId"] == "last").then_some(sessions)
    })
    .await;
    let mut shares = Vec::new();
    for session in &sessions {
        let Some(sent) = expected.remove(session["sessionId"].as_str().unwrap()) else { continue };
        assert_eq!(session["source"]["kind"], "sizes", "{session}");
        let estimate =
            session["context"]["occupancyTokens"].as_u64().unwrap() * BYTES_OF_TWO_TOKENS / 2;
        shares.push(estimate * 1000 / sent);
    }
    assert_eq!(expected, HashMap::new());
    shares.sort_unstable();
    assert!(shares.iter().all(|share| (910..=1030).contains(share)), "{shares:?}");
}
