//! Files that grow, are cut short, replaced and deleted.

use std::{
    fs::{self, File},
    ops::ControlFlow,
};

use plimsoll_domain::{Position, Statement};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    ARRIVED, Books, Read, SESSION, Script, answer, boundary, captures::transcripts, cost_state,
    with,
};
use crate::transcripts::{Outcome, Reader};

fn numbered(number: usize) -> Value {
    with(answer(), &[("/requestId", json!(format!("req_{number:06}")))])
}

fn requests(read: &Read) -> Vec<String> {
    read.books().requests.into_keys().collect()
}

/// Scenario: a file that is created, gets half a line, the rest of it, and more.
/// Guarantees: a line is read when it is whole, once, and not before, even where the half is whole JSON.
#[test]
fn half_lines_wait() {
    let script = Script::new();
    let empty = script.read(None);
    assert_eq!((empty.outcome, empty.position()), (Some(Outcome::Complete), None));
    script.append(numbered(1).to_string().as_bytes());
    assert!(script.read(None).batches.is_empty());
    script.append(b"\n");
    let first = script.read(None);
    assert_eq!(requests(&first), ["req_000001"]);
    let position = first.position().expect("a position").clone();
    assert_eq!(position.offset, script.size());
    script.append(numbered(2).to_string().as_bytes());
    assert!(script.read(Some(&position)).batches.is_empty());
    script.append(b"\n");
    let second = script.read(Some(&position));
    assert_eq!(requests(&second), ["req_000002"]);
    assert_eq!(second.batches[0].bytes, script.size() - position.offset);
    let nothing = script.read(second.position());
    assert_eq!((nothing.outcome, nothing.batches.len()), (Some(Outcome::Complete), 0));
}

/// A file of three lines, read to its end, and its position.
fn read_script() -> (Script, Position) {
    let script = Script::of(&[numbered(1), numbered(2), numbered(3)]);
    let position = script.read(None).position().expect("a position").clone();
    (script, position)
}

/// Scenario: a file that was cut short: to less lines, to nothing, and to less and then written on.
/// Guarantees: it is read from its start.
#[test]
fn a_shorter_file_is_read_anew() {
    let (script, position) = read_script();
    let file = File::options().write(true).open(&script.path).expect("the file");
    file.set_len(position.offset / 3).expect("cut");
    assert_eq!(requests(&script.read(Some(&position))), ["req_000001"]);
    file.set_len(0).expect("cut");
    assert!(script.read(Some(&position)).batches.is_empty());
    script.line(&numbered(4));
    assert_eq!(requests(&script.read(Some(&position))), ["req_000004"]);
}

/// Scenario: a file that was replaced by one of the same size, by one that begins the same, and written anew in
/// place: from its first line, and behind it, so that the place it was read to lies within a line.
/// Guarantees: it is read from its start.
#[test]
fn another_file_is_read_anew() {
    let (script, position) = read_script();
    let write = |lines: &[Value]| {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(&script.path, text).expect("written");
        requests(&script.read(Some(&position)))
    };
    let all = ["req_000001", "req_000002", "req_000003", "req_000004"];
    let other = Script::of(&[numbered(1), numbered(5), numbered(6)]);
    assert_eq!(write(&[numbered(1), numbered(2), numbered(3), numbered(4)]), all[3..]);
    assert_eq!(write(&[numbered(7), numbered(8), numbered(9)]).len(), 3);
    let long = with(numbered(8), &[("/slug", json!("x".repeat(9000)))]);
    assert_eq!(write(&[numbered(1), long]).len(), 2);
    fs::rename(&other.path, &script.path).expect("replaced");
    assert_eq!(script.size(), position.offset);
    assert_eq!(requests(&script.read(Some(&position))), ["req_000001", "req_000005", "req_000006"]);
}

/// Scenario: a file that is deleted, one whose folder is, and a folder in a file's place.
/// Guarantees: what is gone is said to be gone; what cannot be read is an error that names the file.
#[test]
fn deleted_files_are_gone() {
    let (script, position) = read_script();
    fs::remove_file(&script.path).expect("deleted");
    let gone = script.read(Some(&position));
    assert_eq!((gone.outcome, gone.batches.len()), (Some(Outcome::Gone), 0));
    let below = script.path.join("deeper.jsonl");
    assert_eq!(Read::of(&below, None).outcome, Some(Outcome::Gone));
    let folder = script.folder.path();
    let error = Reader::default().read(folder, None, ARRIVED, &mut |_| ControlFlow::Continue(()));
    assert!(error.expect_err("no file").to_string().contains(&*folder.to_string_lossy()));
}

/// Scenario: a file of 4,500 requests whose reader takes one batch and stops, over and over.
/// Guarantees: batches of at most 2,000 facts and one place; what follows a batch is read from its position.
#[test]
fn batches_are_bounded_in_facts() {
    let script = Script::new();
    let lines: String = (0..4500).map(|number| format!("{}\n", numbered(number))).collect();
    script.append(lines.as_bytes());
    let (mut sizes, mut books, mut position) = (Vec::new(), Books::default(), None);
    while position.as_ref().is_none_or(|known: &Position| known.offset < script.size()) {
        let from = position.clone();
        let outcome = Reader::default().read(&script.path, from.as_ref(), ARRIVED, &mut |batch| {
            let is_request = |fact: &&_| matches!(fact, Statement::Request(_));
            sizes.push(batch.facts.iter().map(|fact| &fact.statement).filter(is_request).count());
            batch.facts.iter().for_each(|fact| books.enter(fact));
            position = Some(batch.position);
            ControlFlow::Break(())
        });
        assert_eq!(outcome.expect("readable"), Outcome::Stopped);
    }
    assert_eq!(sizes, [2000, 2000, 500]);
    assert_eq!(books, script.read(None).books());
    assert_eq!(books.requests.len(), 4500);
}

/// Scenario: 20 MiB of lines that tell nothing, then a request.
/// Guarantees: positions on the way, every 8 MiB.
#[test]
fn batches_are_bounded_in_bytes() {
    let script = Script::new();
    let line = format!("{{\"content\":\"{}\"}}\n", "x".repeat(500_000));
    (0..42).for_each(|_| script.append(line.as_bytes()));
    script.line(&numbered(1));
    let read = script.read(None);
    let sizes: Vec<u64> = read.batches.iter().map(|batch| batch.bytes >> 20).collect();
    assert_eq!(sizes, [8, 8, 3]);
    assert_eq!(read.batches.iter().map(|batch| batch.bytes).sum::<u64>(), script.size());
    assert_eq!(requests(&read), ["req_000001"]);
}

/// Scenario: a line longer than is read, between two others, and one without end.
/// Guarantees: it is counted and passed over, and waits while it has no end.
#[test]
fn a_line_too_long_is_passed_over() {
    let script = Script::of(&[numbered(1)]);
    let before = script.size();
    let file = File::options().write(true).open(&script.path).expect("the file");
    file.set_len(before + (66 << 20)).expect("a hole");
    let read = script.read(None);
    assert_eq!(
        (read.position().map(|position| position.offset), read.malformed()),
        (Some(before), 0)
    );
    script.append(b"\n");
    script.line(&numbered(2));
    let read = script.read(read.position());
    assert_eq!((requests(&read), read.malformed()), (vec!["req_000002".to_owned()], 1));
    assert_eq!(read.position().map(|position| position.offset), Some(script.size()));
}

/// Lines of every kind, and of none.
fn unusual() -> Vec<u8> {
    let mut content = format!("\u{feff}{}\r\n", numbered(1)).into_bytes();
    content.extend(b"\0\0\0");
    for number in [2, 3, 2] {
        let output = ("/message/usage/output_tokens", json!(number));
        content.extend(format!("{}\n", with(numbered(number), &[output])).bytes());
    }
    content.extend(b"\xff\xfe\"assistant\"\"usage\"\n\n{\"type\":\"cost-state\"\n");
    content.extend(format!("{}\n{}\n{}\n", boundary(), cost_state(), cost_state()).bytes());
    content.extend(numbered(9).to_string().bytes());
    content
}

/// Reads a file that is written in pieces, each after the one before was read.
fn read_growing(name: &str, content: &[u8], cuts: &[usize]) -> (Books, Option<u64>, u64) {
    let script = Script::named(name);
    let (mut books, mut position, mut malformed) = (Books::default(), None::<Position>, 0);
    let mut begin = 0;
    for end in cuts.iter().copied().chain([content.len()]) {
        script.append(&content[begin..end]);
        begin = end;
        let read = script.read(position.as_ref());
        read.facts().into_iter().for_each(|fact| books.enter(fact));
        malformed += read.malformed();
        position = read.position().cloned().or(position);
    }
    (books, position.map(|position| position.offset), malformed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Scenario: recorded transcripts and one of unusual lines, written in any pieces and read after each.
    /// Guarantees: in the end the same is known, up to the same place, as when they are read at once.
    #[test]
    fn pieces_do_not_matter(file: prop::sample::Index, cuts: Vec<prop::sample::Index>) {
        let mut files = transcripts(&["interactive", "resume", "user-abort", "tools-autocompact"]);
        files.push((format!("{SESSION}.jsonl"), unusual()));
        let (name, content) = file.get(&files);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(content.len())).collect();
        cuts.sort_unstable();
        let at_once = read_growing(name, content, &[]);
        prop_assert!(!at_once.0.requests.is_empty());
        prop_assert_eq!(read_growing(name, content, &cuts), at_once);
    }
}
