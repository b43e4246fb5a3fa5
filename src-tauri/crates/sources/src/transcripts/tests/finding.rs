//! Which files are found.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{Script, answer};
use crate::transcripts::{Listing, find, folders, look};

/// A configuration folder with these files, each as long as its path.
fn config(files: &[&str]) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, file).expect("a file");
    }
    folder
}

/// The files that were found, by their paths below a folder.
fn names(listing: &Listing, folder: &Path) -> Vec<String> {
    let name = |path: &PathBuf| path.strip_prefix(folder).expect("below").display().to_string();
    listing.transcripts.iter().map(|file| name(&file.path)).collect()
}

/// Scenario: sessions, subagents, a workflow's, what tools gave back, and files of other kinds.
/// Guarantees: all transcripts however deep, the largest first, and nothing else.
#[test]
fn transcripts_are_found_however_deep() {
    let folder = config(&[
        "projects/-home-me/one.jsonl",
        "projects/-home-me/two.jsonl",
        "projects/-home-me/one/subagents/agent-a1.jsonl",
        "projects/-home-me/one/subagents/workflows/run/agent-a2.jsonl",
        "projects/-home-me/one/tool-results/copy.jsonl",
        "projects/-home-me/one/notes.txt",
        "projects/-home-me/memory/MEMORY.md",
        "history.jsonl",
    ]);
    let listing = find(&[folder.path().to_owned()]);
    assert_eq!(
        names(&listing, &folder.path().join("projects/-home-me")),
        [
            "one/subagents/workflows/run/agent-a2.jsonl",
            "one/subagents/agent-a1.jsonl",
            "one.jsonl",
            "two.jsonl",
        ]
    );
    assert!(listing.failures.is_empty());
    let largest = &listing.transcripts[0];
    assert_eq!(
        largest.bytes,
        "projects/-home-me/one/subagents/workflows/run/agent-a2.jsonl".len() as u64
    );
    assert!(largest.inode > 0 && largest.modified.nanos() > 0);
}

/// Scenario: one folder under two names, configuration folders without projects, and a file in their place.
/// Guarantees: it is read once; what is not there is no failure.
#[test]
fn a_folder_is_read_once() {
    let folder = config(&["projects/-home-me/one.jsonl"]);
    let (linked, empty, file) = (config(&[]), config(&[]), config(&["projects"]));
    symlink(folder.path().join("projects"), linked.path().join("projects")).expect("a link");
    let dirs = [&folder, &linked, &empty, &file].map(|dir| dir.path().to_owned());
    let listing = find(&dirs);
    assert_eq!((listing.transcripts.len(), listing.failures.len()), (1, 0));
    assert_eq!(folders(&dirs), [folder.path().join("projects")]);
    assert_eq!(find(&[dirs[1].clone(), dirs[0].clone()]).transcripts.len(), 1);
}

/// Scenario: links to a project's folder elsewhere, to folders above, to themselves, to nothing, and to a folder
/// from deep below.
/// Guarantees: a project may lie elsewhere; no link leads in circles, up, or out from below.
#[test]
fn links_lead_nowhere_else() {
    let elsewhere = config(&["two.jsonl", "deep/three.jsonl"]);
    let folder =
        config(&["projects/-home-me/one.jsonl", "projects/-home-me/one/x.txt", "history.jsonl"]);
    let projects = folder.path().join("projects");
    symlink(elsewhere.path(), projects.join("-elsewhere")).expect("a link");
    for (name, target) in
        [("-up", ".."), ("-same", "."), ("-root", "/"), ("-gone", "/nowhere/at/all")]
    {
        symlink(target, projects.join(name)).expect("a link");
    }
    let other = config(&["four.jsonl"]);
    symlink(other.path(), projects.join("-home-me/one/subagents")).expect("a link");
    let listing = find(&[folder.path().to_owned()]);
    let mut found = names(&listing, &projects);
    found.sort();
    assert_eq!(
        found,
        ["-elsewhere/deep/three.jsonl", "-elsewhere/two.jsonl", "-home-me/one.jsonl"]
    );
    assert!(listing.failures.is_empty(), "{:?}", listing.failures);
}

/// Scenario: a `projects` that leads to itself, beside one that can be read.
/// Guarantees: the failure is listed, and the rest is found.
#[test]
fn failures_are_listed() {
    let folder = config(&["projects/-home-me/one.jsonl"]);
    let broken = config(&[]);
    symlink("projects", broken.path().join("projects")).expect("a link");
    let listing = find(&[broken.path().to_owned(), folder.path().to_owned()]);
    assert_eq!(listing.transcripts.len(), 1);
    let paths: Vec<_> = listing.failures.iter().map(|failure| failure.path.clone()).collect();
    assert_eq!(paths, [broken.path().join("projects")]);
}

/// Scenario: a file that was read to its end, then written on, then replaced by one of the same size.
/// Guarantees: only the first is known to hold nothing new.
#[test]
fn what_is_read_is_known() {
    let folder = config(&["projects/-home-me/one.jsonl"]);
    let path = folder.path().join("projects/-home-me/one.jsonl");
    let listed = || find(&[folder.path().to_owned()]).transcripts.remove(0);
    fs::write(&path, format!("{}\n", answer())).expect("written");
    let script = Script { folder: config(&[]), path: path.clone() };
    let position = script.read(None).position().expect("a position").clone();
    assert!(listed().is_read(&position));
    script.append(b"{}\n");
    assert!(!listed().is_read(&position));
    fs::write(folder.path().join("new"), format!("{}\n", answer())).expect("written");
    fs::rename(folder.path().join("new"), &path).expect("replaced");
    assert_eq!(listed().bytes, position.offset);
    assert!(!listed().is_read(&position));
    drop((File::open(&path), script.folder));
}

/// Scenario: files that are asked for by name: one that is there, one that is not, and a folder.
/// Guarantees: the one that is there, as it is found otherwise.
#[test]
fn files_are_looked_at_by_name() {
    let folder = config(&["projects/-home-me/one.jsonl"]);
    let project = folder.path().join("projects/-home-me");
    let looked = look(&[project.join("gone.jsonl"), project.clone(), project.join("one.jsonl")]);
    assert_eq!(looked, find(&[folder.path().to_owned()]).transcripts);
}
