//! A client of another version, which tells under other names or in other forms what the books rely on.

use plimsoll_replay::{Capture, Order};
use serde_json::Value;

use crate::{
    house::{books, capture, expected, records, send, until},
    transcripts::beside_transcripts,
};

const CAPTURE: &str = "simple-http-json";

/// The capture with a text changed in every body.
fn changed(from: &str, to: &str) -> Capture {
    let mut told = capture(CAPTURE);
    let mut count = 0;
    for entry in &mut told.entries {
        let body = std::str::from_utf8(&entry.body).unwrap();
        count += body.matches(from).count();
        entry.body = body.replace(from, to).into();
    }
    assert!(count > 0, "{from} is nowhere in {CAPTURE}");
    told
}

async fn health(house: &plimsoll_testkit::TestResident) -> Value {
    house.api().unwrap().json("/api/v1/health").await.unwrap()
}

/// Scenario: beside transcripts a client sends the events of its requests with token counts under another name, as
/// texts that are no numbers, and its metrics under another name.
/// Guarantees: a problem or the list of unknown signals says so; every request is in the books, as the transcript
/// tells it, and no zero is taken from what could not be read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transcripts_take_over_from_signals_that_changed() {
    let renamed = "\"key\":\"tokens_in\"";
    for (from, to, is_problem) in [
        ("\"key\":\"input_tokens\"", renamed, true),
        (
            "\"key\":\"output_tokens\",\"value\":{\"intValue\":113}",
            "\"key\":\"output_tokens\",\"value\":{\"stringValue\":\"many\"}",
            true,
        ),
        ("api_request\"", "model_request\"", false),
    ] {
        let house = beside_transcripts(CAPTURE).await;
        let told = changed(from, to);
        let told = Capture { entries: changed_metrics(told).entries, name: CAPTURE.to_owned() };
        send(&house, &told, Order::Recorded).await;
        if is_problem {
            until("the problem", async || {
                let problems = health(&house).await["problems"].as_array().unwrap().clone();
                problems.iter().any(|one| one["code"] == "signal-changed").then_some(())
            })
            .await;
        }
        let unknown = health(&house).await["unknownSignals"].as_array().unwrap().clone();
        assert!(!unknown.is_empty(), "{from}");
        let differences = expected(CAPTURE).differences(&books(&house).await);
        assert!(differences.is_empty(), "{from}: {}", differences.join("\n"));
        for record in records(&house.api().unwrap()).await {
            assert_eq!(record["provenance"], serde_json::json!(["transcript"]), "{from}: {record}");
        }
    }
}

/// The same with metrics of use under another name.
fn changed_metrics(told: Capture) -> Capture {
    let entries = told.entries.into_iter().map(|mut entry| {
        let body = std::str::from_utf8(&entry.body).unwrap();
        entry.body = body.replace("claude_code.token.usage", "claude_code.tokens.used").into();
        entry
    });
    Capture { entries: entries.collect(), name: told.name }
}
