use super::*;

fn folder(name: &str) -> PathBuf {
    let captures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures/captures");
    Path::new(captures).join(name)
}

fn tokens(input: u64, output: u64) -> Tokens {
    Tokens { input, output, ..Tokens::ZERO }
}

fn perfect_books(expected: &Expected) -> Books {
    let mut books = Books::default();
    for (id, session) in &expected.sessions {
        let [(model, _)] = session.by_model.iter().collect::<Vec<_>>()[..] else { continue };
        for (source, tokens) in &session.by_source {
            books.add(id, model, source, *tokens);
        }
    }
    books
}

/// Scenario: books that hold exactly what is expected, then one token more, and one session more.
/// Guarantees: no difference first; then each is named with session, group, kind, both numbers.
#[test]
fn differences_name_what_differs() {
    let expected = Expected::read(&folder("multiturn-manual-compact")).unwrap();
    let mut books = perfect_books(&expected);
    assert_eq!(expected.differences(&books), [""; 0]);

    let id = "dac16edd-d78a-4116-855b-b9900e3ab0c6";
    books.add(id, "claude-sonnet-4-6", "main", tokens(0, 1));
    books.add("other", "m", "main", tokens(5, 0));
    let found = expected.differences(&books);
    assert_eq!(found.len(), 4, "{found:?}");
    assert_eq!(found[0], format!("{id} total Output: expected 2065, recorded 2066"));
    assert!(found[1].starts_with(&format!("{id} model claude-sonnet-4-6 Output")), "{found:?}");
    assert!(found[2].starts_with(&format!("{id} source main Output")), "{found:?}");
    assert!(found[3].starts_with("other: not expected"), "{found:?}");
}

/// Scenario: a session with an aborted answer, in books that hold the client's estimate of it, too
/// little input, and too much output.
/// Guarantees: an estimate within its bounds is no difference; anything outside them is.
#[test]
fn aborted_answers_have_bounds() {
    let expected = Expected::read(&folder("user-abort")).unwrap();
    let id = "1f9106b1-41c1-40c3-b665-8c1cea708f32";
    let completed = perfect_books(&expected);
    let found = expected.differences(&completed);
    assert!(found[0].contains("total Input: expected 34, recorded 24"), "{found:?}");

    let mut books = completed.clone();
    let aborted = Tokens { input: 10, output: 104, cache_read: 11_000, cache_creation: 4_000 };
    books.add(id, "claude-sonnet-4-6", "main", aborted);
    assert_eq!(expected.differences(&books), [""; 0]);
    books.add(id, "claude-sonnet-4-6", "main", tokens(0, 2000));
    let found = expected.differences(&books);
    assert!(found[0].contains("Output: expected 206 to 1207, recorded 2310"), "{found:?}");
}

/// Scenario: truth narrowed to all completed requests of each exact capture, and to one request.
/// Guarantees: all of them give what `expected.json` says; one gives its own usage.
#[test]
fn truth_and_expected_agree() {
    for name in ["tools-autocompact", "subagents-parallel", "interactive", "resume", "kill9"] {
        let truth = Truth::read(&folder(name)).unwrap();
        let expected = Expected::read(&folder(name)).unwrap();
        assert_eq!(truth.told_of(&truth.completed()), expected, "{name}");
    }
    let truth = Truth::read(&folder("simple-grpc")).unwrap();
    assert_eq!(truth.told_of(&BTreeSet::new()), Expected::default());
}

/// Scenario: records as the API writes them, one of a request that appears twice.
/// Guarantees: tokens are summed by account, and the double is seen.
#[test]
fn books_are_read_from_records() {
    let record = serde_json::json!({
        "requestId": "req_1", "sessionId": "s", "model": "m", "querySource": "main",
        "inputTokens": 1, "outputTokens": 2, "cacheReadTokens": 3, "cacheCreationTokens": 4,
    });
    let books = Books::from_api(&[record.clone(), record]);
    let twice = Tokens { input: 2, output: 4, cache_read: 6, cache_creation: 8 };
    assert_eq!(books.by_source("s")["main"], twice);
    assert_eq!(books.by_model("s")["m"], twice);
    assert_eq!(books.doubles(), ["req_1"]);
    assert_eq!(books.requests().collect::<Vec<_>>(), ["req_1"]);
}
