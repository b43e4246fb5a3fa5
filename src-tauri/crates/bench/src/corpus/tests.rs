//! The corpus, read by the plainest reader there can be.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use xxhash_rust::xxh3::Xxh3;

use super::*;

const PLAN: Plan = Plan { files: 300, mib: 6, seed: 1 };

fn written(plan: Plan) -> (tempfile::TempDir, Corpus) {
    let folder = tempfile::tempdir().unwrap();
    let corpus = Corpus::write(plan, folder.path()).unwrap();
    (folder, corpus)
}

/// All files with their paths below `projects`, in order.
fn files(home: &Path) -> BTreeMap<PathBuf, String> {
    let root = home.join(".claude/projects");
    let (mut files, mut folders) = (BTreeMap::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(&root).unwrap().to_owned();
                files.insert(below, fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

fn hash(home: &Path) -> u64 {
    let mut hash = Xxh3::new();
    for (path, content) in files(home) {
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update(content.as_bytes());
    }
    hash.digest()
}

/// The answers of all lines that tell of use, each as its last line has it.
fn answers<'a>(lines: impl Iterator<Item = &'a Value>) -> HashMap<(String, String), &'a Value> {
    let mut answers: HashMap<_, &Value> = HashMap::new();
    for line in lines {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let key = (text(&line["message"]["id"]), text(&line["requestId"]));
        let output = |line: &Value| line["message"]["usage"]["output_tokens"].as_u64();
        let known = answers.entry(key).or_insert(line);
        if output(line) > output(known) {
            *known = line;
        }
    }
    answers
}

fn is_use(line: &Value) -> bool {
    line["message"]["usage"].is_object() && line["message"]["model"] != "<synthetic>"
}

/// Scenario: a corpus, every line of it parsed, each answer counted once by its largest telling.
/// Guarantees: that is what the truth says, by model, of tokens, one-hour cache writes, answers and lines.
#[test]
fn the_truth_is_what_the_files_say() {
    let (folder, corpus) = written(PLAN);
    let files = files(folder.path());
    let lines = files.values().flat_map(|content| content.lines());
    let lines: Vec<Value> = lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut models: BTreeMap<String, Sums> = BTreeMap::new();
    for line in answers(lines.iter().filter(|line| is_use(line))).values() {
        let usage = &line["message"]["usage"];
        let count = |name: &str| usage[name].as_u64().unwrap();
        let hour = usage["cache_creation"]["ephemeral_1h_input_tokens"].as_u64().unwrap();
        let tokens = plimsoll_domain::Tokens {
            input: count("input_tokens"),
            output: count("output_tokens"),
            cache_read: count("cache_read_input_tokens"),
            cache_creation: count("cache_creation_input_tokens"),
        };
        let model = line["message"]["model"].as_str().unwrap().to_owned();
        models.entry(model).or_default().add(&Sums { tokens, hour, requests: 1, cost: 0 });
    }
    let told: BTreeMap<_, _> =
        corpus.truth.models.iter().map(|(name, sums)| (name, Sums { cost: 0, ..*sums })).collect();
    assert_eq!(told, models.iter().map(|(name, sums)| (name, *sums)).collect());
    let usage_lines = lines.iter().filter(|line| is_use(line)).count();
    assert_eq!(corpus.truth.usage_lines, usage_lines as u64);
    assert_eq!(corpus.truth.lines, lines.len() as u64);
    assert_eq!(corpus.truth.files, 300);
    assert_eq!(corpus.truth.bytes, files.values().map(|file| file.len() as u64).sum::<u64>());
    assert!((3 << 20..9 << 20).contains(&corpus.truth.bytes), "{}", corpus.truth.bytes);
}

/// Scenario: the same corpus, looked through for what makes readers wrong.
/// Guarantees: provisional counts, answers that two files tell of, subagents below their session, answers that
/// cost nothing, last lines that are cut off, and quoted use are all there.
#[test]
fn what_makes_readers_wrong_is_there() {
    let (folder, _) = written(PLAN);
    let files = files(folder.path());
    assert!(files.keys().any(|path| path.to_str().unwrap().contains("/subagents/agent-")));
    let cut: Vec<_> = files.values().filter(|content| !content.ends_with('\n')).collect();
    assert!(!cut.is_empty() && cut.iter().all(|content| content.contains("msg_01cut")));
    assert!(
        files.values().any(|content| content.contains(r#"\"usage\":{\"input_tokens\":999999"#))
    );
    assert!(files.values().any(|content| content.contains(r#""model":"<synthetic>""#)));
    let mut tellings: HashMap<String, Vec<(&Path, Value)>> = HashMap::new();
    for (path, content) in &files {
        for line in content.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            if is_use(&line) {
                let id = line["requestId"].as_str().unwrap().to_owned();
                tellings.entry(id).or_default().push((path, line));
            }
        }
    }
    let copied = |told: &&Vec<(&Path, Value)>| {
        told.iter().any(|(path, line)| {
            let (other, before) = &told[0];
            path != other && line["sessionId"] != before["sessionId"]
        })
    };
    assert!(tellings.values().find(copied).is_some());
    let provisional = |told: &Vec<(&Path, Value)>| {
        let output = |line: &Value| line["message"]["usage"]["output_tokens"].as_u64().unwrap();
        told.len() > 1 && output(&told[0].1) <= 12 && output(&told[told.len() - 1].1) > 12
    };
    assert!(tellings.values().any(provisional));
}

/// Scenario: the same plan twice, another seed, and a corpus opened that was written before.
/// Guarantees: the bytes are the same whichever thread writes which file, and those that figures were taken with;
/// another seed gives others; what is opened is what was written.
#[test]
fn a_plan_always_gives_the_same_bytes() {
    let (folder, corpus) = written(PLAN);
    let (again, _) = written(PLAN);
    let (other, _) = written(Plan { seed: 2, ..PLAN });
    assert_eq!(hash(folder.path()), hash(again.path()));
    assert_ne!(hash(folder.path()), hash(other.path()));
    assert_eq!(
        hash(folder.path()),
        3_556_472_675_228_686_410,
        "figures before and after this change cannot be compared"
    );
    assert_eq!(Corpus::open(folder.path()).unwrap().truth, corpus.truth);
}
