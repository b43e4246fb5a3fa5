//! What single lines tell.

use plimsoll_domain::{
    CompactionTrigger, NanoUsd, QuerySource, Statement, Timestamp, Tokens, Witness,
};
use serde_json::{Value, json};

use super::{ARRIVED, Read, SESSION, Script, answer, at, boundary, cost_state, with};

fn read(lines: &[Value]) -> Read {
    Script::of(lines).read(None)
}

/// Scenario: one line of an answer.
/// Guarantees: the request with all that the line tells of it, in the envelope of a transcript.
#[test]
fn an_answer_is_a_request() {
    let read = read(&[answer()]);
    let request = read.request();
    assert_eq!(request.id.as_ref().map(|id| id.as_str()), Some("req_1"));
    assert_eq!(request.model.as_str(), "claude-sonnet-4-6");
    let tokens = Tokens { input: 17, output: 113, cache_read: 12_011, cache_creation: 3_307 };
    assert_eq!(request.tokens, tokens);
    assert_eq!((request.cache_creation_1h, request.web_searches), (Some(7), Some(2)));
    assert_eq!(
        (request.finished, request.fast, request.side_log),
        (Some(true), Some(false), false)
    );
    assert_eq!((request.source, &request.agent), (QuerySource::Main, &None));
    assert_eq!(request.effort.as_deref(), Some("high"));
    assert!(request.message.is_some() && request.cost.is_none());
    let envelope = &read.facts()[0].envelope;
    assert_eq!((envelope.witness, envelope.arrived), (Witness::Transcript, ARRIVED));
    assert_eq!(envelope.at, at("2026-11-23T04:43:43.445Z"));
    assert_eq!(envelope.client_version.as_deref(), Some("2.1.330"));
    assert_eq!((envelope.connection, envelope.sequence), (None, None));
    assert_eq!(read.facts()[0].session.as_ref().map(|id| id.as_str()), Some(SESSION));
    assert_eq!((read.batches[0].lines, read.batches[0].usage_lines), (1, 1));
}

/// Scenario: three lines of one answer whose counts grow, the largest in the middle, and the end before the last.
/// Guarantees: one request with the largest counts and the earliest time, finished because one line says so.
#[test]
fn lines_of_one_answer_are_one_request() {
    let line = |second: u32, output: u64, stop: Value| {
        let time = format!("2026-11-23T04:43:{second:02}.000Z");
        let output = ("/message/usage/output_tokens", json!(output));
        with(answer(), &[("/timestamp", json!(time)), output, ("/message/stop_reason", stop)])
    };
    let lines =
        [line(12, 3, json!(null)), line(11, 113, json!("tool_use")), line(13, 5, json!(null))];
    let read = read(&lines);
    assert_eq!((read.request().tokens.output, read.request().finished), (113, Some(true)));
    assert_eq!(read.facts()[0].envelope.at, at("2026-11-23T04:43:11Z"));
    assert_eq!(read.batches[0].usage_lines, 3);
}

/// Scenario: an answer that was aborted: no line has a reason for its end.
/// Guarantees: the request is told as not finished.
#[test]
fn an_aborted_answer_is_not_finished() {
    let line = with(answer(), &[("/message/stop_reason", json!(null))]);
    assert_eq!(read(&[line.clone(), line]).request().finished, Some(false));
}

/// Scenario: answers without the request's id, without the message's, without either, and with empty ones.
/// Guarantees: each is known by what it has, so that reading it twice gives the same; ids that differ are not merged.
#[test]
fn requests_are_known_by_what_ids_there_are() {
    let (request, message, uuid) = ("/requestId", "/message/id", "/uuid");
    let ids = |changes: &[(&str, Value)]| {
        let read = read(&[with(answer(), changes), with(answer(), changes)]);
        let told = read.request();
        (told.id.as_ref().map(ToString::to_string), told.message)
    };
    let (usual, known_message) = ids(&[]);
    assert_eq!(usual.as_deref(), Some("req_1"));
    assert_eq!(ids(&[(request, json!(null))]), (None, known_message));
    assert_eq!(ids(&[(request, json!(""))]), (None, known_message));
    assert_eq!(ids(&[(message, json!(null))]), (usual.clone(), None));
    assert_eq!(ids(&[(message, json!(""))]), (usual, None));
    let by_line = ids(&[(request, json!(null)), (message, json!(null))]);
    assert!(by_line.0.is_none() && by_line.1.is_some() && by_line.1 != known_message);
    let other = ids(&[(request, json!(null)), (message, json!("")), (uuid, json!("other"))]);
    assert_ne!(other, by_line);
    let two = read(&[answer(), with(answer(), &[(request, json!("req_2"))])]);
    assert_eq!(two.books().requests.len(), 2);
}

/// Scenario: lines of the conversation, of subagents with and without an id, and of the client's own helpers.
/// Guarantees: each is of its class; only subagents are named as such.
#[test]
fn sources_are_told_apart() {
    let source = |side: bool, agent: Value| {
        let agent = ("/agentId", agent);
        let name = ("/attributionAgent", json!("Explore"));
        let read = read(&[with(answer(), &[("/isSidechain", json!(side)), agent, name])]);
        let told = read.request();
        assert_eq!(told.side_log, side);
        assert_eq!(told.agent_name.as_deref(), Some("Explore"));
        (told.source, told.agent.as_ref().map(ToString::to_string))
    };
    assert_eq!(source(false, json!(null)), (QuerySource::Main, None));
    let agent = "a9e334a88f4716ba3";
    assert_eq!(source(true, json!(agent)), (QuerySource::Subagent, Some(agent.to_owned())));
    assert_eq!(source(true, json!(null)), (QuerySource::Subagent, None));
    for helper in ["acompact-0c1d2e3f", "aside_question-0c1d2e3f"] {
        assert_eq!(source(true, json!(helper)), (QuerySource::Auxiliary, None));
    }
}

/// Scenario: a copied line, which names the session that made the request.
/// Guarantees: the request is that session's.
#[test]
fn copies_are_booked_to_their_maker() {
    let copy = with(answer(), &[("/requestSessionId", json!("maker"))]);
    let read = read(&[copy]);
    assert_eq!(read.facts()[0].session.as_ref().map(|id| id.as_str()), Some("maker"));
}

/// Scenario: the fast mode, an unknown one, answers from a named place and from any, and counts that are missing
/// where they may be.
/// Guarantees: what is not told stays unknown; a cache that is not told of is none.
#[test]
fn what_is_not_told_stays_unknown() {
    let usage = json!({"input_tokens": 3, "output_tokens": 4.0, "speed": "fast"});
    let told = read(&[with(answer(), &[("/message/usage", usage), ("/effort", json!(3))])]);
    let request = told.request();
    assert_eq!(request.tokens, Tokens { input: 3, output: 4, ..Tokens::ZERO });
    assert_eq!((request.cache_creation_1h, request.web_searches), (None, None));
    assert_eq!((request.fast, &request.effort), (Some(true), &None));
    let other = read(&[with(answer(), &[("/message/usage/speed", json!("warp"))])]);
    assert_eq!((other.request().fast, other.request().us_only), (None, None));
    for (place, us_only) in [("us", Some(true)), ("", Some(false)), ("global", Some(false))] {
        let line = with(answer(), &[("/message/usage/inference_geo", json!(place))]);
        assert_eq!(read(&[line]).request().us_only, us_only, "{place}");
    }
}

/// Scenario: a time in the future.
/// Guarantees: it is dated when it was read.
#[test]
fn no_fact_is_from_the_future() {
    let read = read(&[with(answer(), &[("/timestamp", json!("2100-01-01T00:00:00Z"))])]);
    assert!(read.facts().iter().all(|fact| fact.envelope.at == ARRIVED));
}

/// Scenario: answers that the client made up, errors of the API, answers without use, and other kinds of lines that
/// hold an answer's use.
/// Guarantees: none is a request, and none a fault.
#[test]
fn what_is_no_answer_is_passed_over() {
    let passed = [
        with(answer(), &[("/message/model", json!("<synthetic>"))]),
        with(answer(), &[("/isApiErrorMessage", json!(true))]),
        with(answer(), &[("/message/usage", json!(null)), ("/usage", json!({}))]),
        with(
            answer(),
            &[("/type", json!("progress")), ("/message/usage/input_tokens", json!("x"))],
        ),
        json!({"type": "progress", "data": {"message": answer()}}),
        json!({"type": "user", "message": "x", "toolUseResult": {"usage": {}, "x": "assistant"}}),
        json!({"type": "user", "message": {"content": answer().to_string()}}),
        with(
            boundary(),
            &[("/subtype", json!("local_command")), ("/x", json!("compact_boundary"))],
        ),
        with(cost_state(), &[("/type", json!("mode")), ("/x", json!("cost-state"))]),
    ];
    for line in passed {
        let read = read(std::slice::from_ref(&line));
        assert_eq!((read.malformed(), read.batches[0].lines), (0, 1), "{line}");
        assert!(read.books().requests.is_empty() && read.books().totals.is_empty(), "{line}");
        assert!(read.books().compactions.is_empty(), "{line}");
    }
}

/// Scenario: lines of use of which something needed is missing or impossible, between two that are whole.
/// Guarantees: each is counted, and spoils nothing beside it.
#[test]
fn lines_that_cannot_be_used_are_counted() {
    let usage =
        |name: &str, value: Value| with(answer(), &[(&format!("/message/usage/{name}"), value)]);
    let answer = |name: &str, value: Value| with(answer(), &[(name, value)]);
    let bad = [
        usage("input_tokens", json!(-1)),
        usage("output_tokens", json!(1.5)),
        usage("output_tokens", json!(null)),
        usage("cache_read_input_tokens", json!(Tokens::LIMIT + 1)),
        usage("cache_creation_input_tokens", json!("12")),
        answer("/message/usage", json!([])),
        answer("/message", json!("usage")),
        answer("/message/model", json!(null)),
        answer("/message/model", json!("a\nb")),
        answer("/timestamp", json!("yesterday")),
        answer("/timestamp", json!("1969-12-31T23:59:59Z")),
        answer("/sessionId", json!("../../etc/passwd")),
        answer("/sessionId", json!(null)),
        with(boundary(), &[("/compactMetadata/trigger", json!("other"))]),
        with(boundary(), &[("/sessionId", json!(7))]),
        with(cost_state(), &[("/modelUsage", json!(7))]),
        with(cost_state(), &[("/modelUsage/claude-sonnet-4-6/inputTokens", json!(-1))]),
        with(cost_state(), &[("/sessionId", json!(""))]),
    ];
    for line in bad {
        let first = answer("/requestId", json!("first"));
        let last = answer("/requestId", json!("last"));
        let line = with(line, &[("/requestId", json!("bad"))]);
        let read = read(&[first, line.clone(), last]);
        assert_eq!(read.malformed(), 1, "{line}");
        let requests: Vec<_> = read.books().requests.into_keys().collect();
        assert_eq!(requests, ["first", "last"], "{line}");
    }
}

/// Scenario: lines of bytes that are no JSON, with the words of those that are read.
/// Guarantees: they are counted; the same bytes in a text that is not read do no harm.
#[test]
fn broken_bytes_are_counted() {
    let script = Script::new();
    script.append(b"{\"type\":\"assistant\",\"usage\":{\n");
    script.append(b"\xff\xfe\"assistant\"\"usage\"\n\0\0\0\n\n[]\n");
    let text = answer().to_string();
    script.append(text.replace("req_1", "req_\u{1}").replace("\\u0001", "\u{1}").as_bytes());
    script.append(b"\n");
    let mut invalid = text.replace("<text of 12", "MARK").into_bytes();
    let place = invalid.windows(4).position(|bytes| bytes == b"MARK").expect("the text");
    invalid[place..place + 4].copy_from_slice(b"\xff\xc0\x80\xfe");
    script.append(&invalid);
    script.append(b"\r\n");
    let read = script.read(None);
    assert_eq!(read.malformed(), 3);
    assert_eq!(read.request().tokens.output, 113);
    assert_eq!(read.batches[0].lines, 7);
    assert_eq!(read.batches[0].bytes, script.size());
}

/// Scenario: a mark of the byte order at the start, Windows' ends of lines, zero bytes that a crash left, and a line
/// of 100 KB.
/// Guarantees: every line is read all the same.
#[test]
fn unusual_files_are_read() {
    let line = |id: &str| with(answer(), &[("/requestId", json!(id))]).to_string();
    let script = Script::new();
    script.append(format!("\u{feff}{}\r\n", line("marked")).as_bytes());
    script.append(format!("{}{}\r\n", "\0".repeat(4096), line("after zeros")).as_bytes());
    let long = line("long").replace("<text of 12 characters>", &"x".repeat(100 * 1024));
    script.append(format!("{long}\n{}\n", line("last")).as_bytes());
    let read = script.read(None);
    let requests: Vec<_> = read.books().requests.into_keys().collect();
    assert_eq!(requests, ["after zeros", "last", "long", "marked"]);
    assert_eq!(read.malformed(), 0);
}

/// Scenario: compactions by the client and by the user, and one of a client that tells no sizes.
/// Guarantees: a compaction that succeeded, with the client's estimates.
#[test]
fn compactions_are_told() {
    let told = |line: Value| match &read(&[line]).facts()[..] {
        [fact] => match &fact.statement {
            Statement::Compaction(told) => (fact.envelope.at, told.clone()),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    let (time, auto) = told(boundary());
    assert_eq!(time, at("2026-11-23T04:44:59.713Z"));
    assert_eq!((auto.trigger, auto.success), (CompactionTrigger::Auto, true));
    assert_eq!((auto.before, auto.after), (Some(167_245), Some(2_720)));
    let (_, manual) = told(with(boundary(), &[("/compactMetadata", json!({"trigger": "manual"}))]));
    assert_eq!(
        (manual.trigger, manual.before, manual.after),
        (CompactionTrigger::Manual, None, None)
    );
}

/// Scenario: the client's sums of two models, of which one has two names, after lines with and without a time.
/// Guarantees: one sum per model, dated by the last line before that has a time.
#[test]
fn the_clients_sums_are_told_by_model() {
    let usage = cost_state()["modelUsage"]["claude-sonnet-4-6"].clone();
    let names = [("claude-sonnet-4-6", 1), ("claude-sonnet-4-6[1m]", 1), ("claude-haiku-5-5", 1)];
    let models: Value = names.iter().map(|(name, _)| ((*name).to_owned(), usage.clone())).collect();
    let sums = with(cost_state(), &[("/modelUsage", models)]);
    let prompt = json!({"type": "last-prompt", "lastPrompt": "x", "sessionId": SESSION});
    let later = json!({"type": "user", "timestamp": "2026-11-23T05:00:00Z"});
    let books = read(&[answer(), later, prompt, sums]).books();
    let told: Vec<_> =
        books.totals.iter().map(|((_, model), told)| (model.as_str(), told)).collect();
    let [("claude-haiku-5-5", haiku), ("claude-sonnet-4-6", sonnet)] = told[..] else {
        panic!("{told:?}")
    };
    assert_eq!((haiku.0, sonnet.0), (at("2026-11-23T05:00:00Z"), at("2026-11-23T05:00:00Z")));
    assert_eq!(haiku.1.tokens.output * 2, sonnet.1.tokens.output);
    assert_eq!(
        (haiku.1.cost, sonnet.1.cost),
        (Some(NanoUsd(8_350_950)), Some(NanoUsd(16_701_900)))
    );
}

/// Scenario: the client's sums in a file without any time, and one without use.
/// Guarantees: they are dated when they were read; no use is no fact and no fault.
#[test]
fn sums_without_a_time_are_dated_when_read() {
    let read_at: Vec<Timestamp> =
        read(&[cost_state()]).facts().iter().map(|fact| fact.envelope.at).collect();
    assert_eq!(read_at, [ARRIVED]);
    let none = read(&[with(cost_state(), &[("/modelUsage", json!({}))])]);
    assert_eq!((none.facts().len(), none.malformed()), (0, 0));
}

/// Scenario: a session that is started on one branch, walks into another folder and changes its branch.
/// Guarantees: it belongs to where it was started, on the branch where it was last seen, dated by that line.
#[test]
fn a_session_belongs_to_where_it_was_started() {
    let queue = json!({"type": "queue-operation", "content": "x", "sessionId": SESSION});
    let moved = with(
        answer(),
        &[
            ("/cwd", json!("/home/me/work/deep")),
            ("/gitBranch", json!("fix")),
            ("/timestamp", json!("2026-11-23T05:00:00Z")),
        ],
    );
    let books = read(&[queue.clone(), answer(), moved]).books();
    let (time, place) = &books.projects[SESSION];
    assert_eq!((&*place.path, place.branch.as_deref()), ("/home/me/work", Some("fix")));
    assert_eq!(*time, at("2026-11-23T05:00:00Z"));
    let user = json!({"type": "user", "cwd": "/home/me/work", "gitBranch": "HEAD", "sessionId": SESSION,
        "timestamp": "2026-11-23T05:00:00Z"});
    let books = read(&[queue, user]).books();
    assert_eq!(books.projects[SESSION].1.branch, None);
}

/// Scenario: files that are not the session's own: a subagent's, and one whose lines are of another session.
/// Guarantees: they do not tell where the session works.
#[test]
fn only_a_sessions_own_file_tells_its_place() {
    let script = Script::named("agent-a9e334a88f4716ba3.jsonl");
    script.line(&with(answer(), &[("/isSidechain", json!(true))]));
    assert!(script.read(None).books().projects.is_empty());
    let other = read(&[with(answer(), &[("/sessionId", json!("other"))])]);
    assert!(other.books().projects.is_empty());
}

/// Scenario: lines with marked text wherever a person or a model may have written.
/// Guarantees: no fact and no position holds any of it.
#[test]
fn no_text_passes() {
    const MARK: &str = "MARKER has a secret";
    let spoken = json!([{"type": "text", "text": MARK, "input": {"x": MARK, "usage": MARK}}]);
    let speak = |line: Value| {
        let more = [
            ("/slug", json!(MARK)),
            ("/toolUseResult", json!({MARK: MARK})),
            ("/content", json!(MARK)),
        ];
        with(line, &more)
    };
    let lines = [
        json!({"type": "queue-operation", "content": MARK, "sessionId": SESSION}),
        json!({"type": "summary", "summary": MARK}),
        speak(with(
            answer(),
            &[("/message/content", spoken.clone()), ("/message/stop_reason", json!(MARK))],
        )),
        speak(with(answer(), &[("/requestId", json!("req_2")), ("/type", json!("user"))])),
        speak(with(boundary(), &[("/compactMetadata/summary", json!(MARK))])),
        speak(with(cost_state(), &[("/modelUsage/claude-sonnet-4-6/note", json!(MARK))])),
        with(answer(), &[("/message/usage/input_tokens", json!(MARK))]),
    ];
    let read = read(&lines);
    assert_eq!((read.facts().len(), read.malformed()), (4, 1));
    assert!(!format!("{read:?}").contains("MARKER"));
}
