//! The launcher of the engine, with an engine.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::sync::Arc;

use plimsoll_domain::{Timestamp, Tokens};
use plimsoll_testkit::{ApiCall, Books, EngineSetup, Events, Loopback, TestEngine};
use prost::Message;
use serde_json::Value;

async fn books(engine: &TestEngine) -> Books {
    let page = engine.api().unwrap().json("/api/v1/usage-records").await.unwrap();
    Books::from_api(page["records"].as_array().map_or(&[] as &[Value], Vec::as_slice))
}

/// Scenario: an engine with a clock of the test's own gets an event, is drained, and started again.
/// Guarantees: it serves on ports of its own, goes by that clock, and keeps its books over the restart.
#[tokio::test]
async fn an_engine_of_its_own() {
    let time = Timestamp::from_millis(1_795_409_023_445);
    let mut setup = EngineSetup::new().unwrap();
    setup.around.now = Arc::new(move || time);
    let engine = setup.start().await.unwrap();
    let call = ApiCall::new("req_1").tokens(Tokens { input: 3, output: 4, ..Tokens::ZERO });
    let export = Events::of("s-1", time).api_request(&call).build().encode_to_vec();
    let receiver = Loopback::new(engine.http.unwrap());
    let kind = [("content-type", "application/x-protobuf")];
    let answer = receiver.post("/v1/logs", &kind, export).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(books(&engine).await.total("s-1"), call.tokens);
    let snapshot = engine.api().unwrap().json("/api/v1/snapshot").await.unwrap();
    assert_eq!(snapshot["startedAt"], "2026-11-23T04:43:43.445Z");

    let engine = engine.drain().await.start().await.unwrap();
    assert_eq!(books(&engine).await.total("s-1"), call.tokens);
    engine.drain().await;
}
