//! Sessions for tests, as the API tells of them.

use serde_json::{Value, json};

use super::snapshot::Session;

/// A context with a line of 167,000 tokens.
pub(crate) fn context(occupancy: u64, level: &str) -> Value {
    json!({
        "occupancyTokens": occupancy, "estimated": false, "windowTokens": 200_000,
        "windowKind": "table",
        "line": {"tokens": 167_000, "kind": "learned", "observations": 3, "compacts": true},
        "headroomTokens": 167_000_u64.saturating_sub(occupancy), "level": level, "levels": [],
        "forecast": {"turns": 4, "minutes": 11, "turnsBand": [3, 6], "minutesBand": [8, 15]},
        "asOf": "2026-11-23T11:59:48.000Z"
    })
}

/// A session of the project `harbour-api`, active twelve seconds before noon of 23 November 2026.
pub(crate) fn json(id: &str, context: &Value) -> Value {
    json!({
        "sessionId": id, "project": "harbour-api", "projectPath": "/home/ada/harbour-api",
        "modelName": "Opus 4.6", "state": "working", "context": context, "subagents": [],
        "usage": {"tokens": {"input": 1, "output": 1, "cacheRead": 1, "cacheCreation": 1,
                             "total": 4}, "costNanoUsd": null},
        "source": {"kind": "exact", "reason": null, "since": null},
        "lastActivityAt": "2026-11-23T11:59:48.000Z", "endedAt": null
    })
}

/// The same near its line.
pub(crate) fn session(id: &str) -> Session {
    serde_json::from_value(json(id, &context(151_203, "checkpoint"))).expect("a session")
}

/// A snapshot of sessions.
pub(crate) fn snapshot(sessions: &Value) -> Value {
    let tokens = json!({"input": 12_000, "output": 20_000, "cacheRead": 1_100_000,
                        "cacheCreation": 80_000, "total": 1_212_000});
    json!({
        "revision": 4, "version": 2, "sessions": sessions,
        "today": {"from": "2026-11-23T00:00:00.000Z", "timeZone": "UTC",
                  "usage": {"tokens": tokens, "requests": 4, "costNanoUsd": 3_451_000_000_i64}},
        "limits": {"fiveHour": null, "sevenDay": null},
        "lastArrivalAt": "2026-11-23T11:59:57.000Z", "listeners": [], "problems": []
    })
}
