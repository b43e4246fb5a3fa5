//! Where a session works: found in the first lines of its transcript file.
//!
//! Synchronous and cheap: one look into `projects/`, one `metadata` for each folder in it, and at most 256 KiB of
//! one file in the usual case. Of each line only the working directory and the branch are taken.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

use plimsoll_domain::{ProjectPlace, SessionId};
use serde::Deserialize;

/// How much of a transcript is read.
const READ_LIMIT: u64 = 256 * 1024;
/// The longest working directory or branch that is kept, in bytes.
const LONGEST: usize = 4096;
/// The longest session id that is looked for, in bytes.
const LONGEST_SESSION: usize = 100;

/// The folders in which the client keeps its transcripts, from the environment that `lookup` tells:
/// `CLAUDE_CONFIG_DIR` (a list separated by commas), `~/.claude`, and `claude` in the user's configuration folder.
#[must_use]
pub fn config_dirs(lookup: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let told = |name| lookup(name).filter(|value| !value.is_empty());
    let mut dirs: Vec<PathBuf> = Vec::new();
    if let Some(list) = told("CLAUDE_CONFIG_DIR") {
        match list.to_str() {
            Some(list) => dirs.extend(list.split(',').map(str::trim).map(PathBuf::from)),
            None => dirs.push(list.into()),
        }
    }
    let home = told("HOME").map(PathBuf::from);
    dirs.extend(home.as_ref().map(|home| home.join(".claude")));
    let config = told("XDG_CONFIG_HOME").map(PathBuf::from);
    dirs.extend(config.or(home.map(|home| home.join(".config"))).map(|dir| dir.join("claude")));
    let mut seen: Vec<PathBuf> = Vec::new();
    for dir in dirs.into_iter().filter(|dir| dir.is_absolute()) {
        if !seen.contains(&dir) {
            seen.push(dir);
        }
    }
    seen
}

/// Finds where a session works; `None` while that is not known.
///
/// # Errors
///
/// The first thing that could not be read, when nothing was found elsewhere. What does not exist is no error.
pub fn find(config_dirs: &[PathBuf], session: &SessionId) -> io::Result<Option<ProjectPlace>> {
    if !is_file_name(session.as_str()) {
        return Ok(None);
    }
    let file = format!("{session}.jsonl");
    let mut failure = None;
    let mut transcripts = Vec::new();
    for dir in config_dirs {
        match transcripts_in(&dir.join("projects"), &file) {
            Ok(found) => transcripts.extend(found),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    // A session that was continued from another folder has a file in each: the last written one is right.
    transcripts.sort_by(|(a, _), (b, _)| b.cmp(a));
    for (_, path) in transcripts {
        match place_in(&path) {
            Ok(Some(place)) => return Ok(Some(place)),
            Ok(None) => {}
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(None), Err)
}

/// Whether a session id is safe to be a part of a path.
pub(crate) fn is_file_name(session: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !session.is_empty() && session.len() <= LONGEST_SESSION && session.bytes().all(plain)
}

/// The files of this name, one level below `projects`, with the time of their last change.
fn transcripts_in(projects: &Path, file: &str) -> io::Result<Vec<(SystemTime, PathBuf)>> {
    let mut found = Vec::new();
    let Some(folders) = existing(fs::read_dir(projects))? else { return Ok(found) };
    for folder in folders {
        let path = folder?.path().join(file);
        // Folders that cannot be entered are not the session's: the client writes as the same user.
        let Ok(metadata) = fs::metadata(&path) else { continue };
        if metadata.is_file() {
            found.push((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), path));
        }
    }
    Ok(found)
}

/// The part of a transcript's line that is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    cwd: Option<String>,
    git_branch: Option<String>,
}

fn place_in(path: &Path) -> io::Result<Option<ProjectPlace>> {
    let Some(file) = existing(File::open(path))? else { return Ok(None) };
    let mut head = Vec::new();
    file.take(READ_LIMIT).read_to_end(&mut head)?;
    // Lines that are cut off, or no JSON, or of another kind are passed over.
    let lines = head.split(|byte| *byte == b'\n');
    let mut lines = lines.filter_map(|line| serde_json::from_slice::<Line>(line).ok());
    Ok(lines.find_map(|line| place(line.cwd.as_deref(), line.git_branch.as_deref())))
}

/// The place that a line names by its working directory and branch.
pub(crate) fn place(cwd: Option<&str>, git_branch: Option<&str>) -> Option<ProjectPlace> {
    let path = cwd.filter(|cwd| is_place(cwd))?;
    Some(ProjectPlace { path: path.into(), branch: branch(git_branch).map(Into::into) })
}

/// The branch that a line names. The client writes `HEAD` where there is none: outside a repository, or detached.
pub(crate) fn branch(git_branch: Option<&str>) -> Option<&str> {
    git_branch.filter(|branch| is_plain(branch) && *branch != "HEAD")
}

/// Whether a text is the path of a place on this machine: absolute, and fit to be kept.
pub(crate) fn is_place(path: &str) -> bool {
    is_plain(path) && Path::new(path).is_absolute()
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control)
}

/// What exists of a result: nothing where there is no such file.
pub(crate) fn existing<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;

    const SESSION: &str = "1d10fde2-b1a6-4ccf-a817-cf0ed4274f0d";

    /// A folder of transcripts.
    struct Client(TempDir);

    impl Client {
        fn new() -> Self {
            Self(TempDir::new().expect("a temporary folder"))
        }

        /// Writes a transcript, last changed `age` seconds ago.
        fn transcript(&self, folder: &str, age: u64, content: &[u8]) {
            let folder = self.0.path().join("projects").join(folder);
            fs::create_dir_all(&folder).unwrap();
            let path = folder.join(format!("{SESSION}.jsonl"));
            fs::write(&path, content).unwrap();
            let changed = SystemTime::now() - Duration::from_secs(age);
            File::options().write(true).open(path).unwrap().set_modified(changed).unwrap();
        }

        fn find(&self, session: &str) -> Option<(String, Option<String>)> {
            let dirs = [PathBuf::from("/nowhere/at/all"), self.0.path().to_owned()];
            let place = find(&dirs, &SessionId::new(session)).expect("readable")?;
            Some((place.path.to_string(), place.branch.map(|branch| branch.to_string())))
        }

        fn find_after(content: &[u8]) -> Option<(String, Option<String>)> {
            let client = Self::new();
            client.transcript("-home-me-work", 0, content);
            client.find(SESSION)
        }
    }

    fn place(path: &str, branch: Option<&str>) -> Option<(String, Option<String>)> {
        Some((path.to_owned(), branch.map(str::to_owned)))
    }

    const LINE: &[u8] =
        br#"{"type":"user","message":{"content":"hi"},"cwd":"/home/me/work","gitBranch":"main"}"#;

    /// Scenario: transcripts as the client writes them: queue lines first, then lines with the place.
    /// Guarantees: working directory and branch are found; `HEAD` is no branch.
    #[test]
    fn the_place_is_found() {
        let queue = br#"{"type":"queue-operation","content":"hi","sessionId":"x"}"#;
        let head = br#"{"cwd":"/home/me/work","gitBranch":"HEAD"}"#;
        let join = |lines: &[&[u8]]| lines.join(&b'\n');
        assert_eq!(Client::find_after(&join(&[queue, LINE])), place("/home/me/work", Some("main")));
        assert_eq!(Client::find_after(&join(&[queue, head])), place("/home/me/work", None));
        assert_eq!(Client::find_after(br#"{"cwd":"/a"}"#), place("/a", None));
    }

    /// Scenario: junk, half lines, other types, places that are none, an empty file, a very long first line.
    /// Guarantees: bad lines are passed over; reading stays within its bound; nothing found is no error.
    #[test]
    fn junk_is_passed_over() {
        let mut content =
            b"\xff\xfe{\n[]\n{\"cwd\":7}\n{\"cwd\":\"relative\"}\n{\"cwd\":\"/a\\nb\"}\n".to_vec();
        assert_eq!(Client::find_after(&content), None);
        content.extend(LINE);
        assert_eq!(Client::find_after(&content), place("/home/me/work", Some("main")));
        assert_eq!(Client::find_after(b""), None);
        assert_eq!(Client::find_after(&LINE[..40]), None);
        let mut long = vec![b' '; 300 * 1024];
        long.push(b'\n');
        long.extend(LINE);
        assert_eq!(Client::find_after(&long), None);
    }

    /// Scenario: one session with transcripts in three folders, the newest without a place.
    /// Guarantees: the last written one that names a place is right.
    #[test]
    fn the_last_written_transcript_wins() {
        let client = Client::new();
        client.transcript("-old", 300, br#"{"cwd":"/old"}"#);
        client.transcript("-new", 100, br#"{"cwd":"/new"}"#);
        client.transcript("-empty", 1, b"");
        assert_eq!(client.find(SESSION), place("/new", None));
    }

    /// Scenario: unknown sessions, ids that would leave the folder, and a folder in the transcript's place.
    /// Guarantees: nothing is found, nothing outside is read, nothing fails.
    #[test]
    fn only_plain_session_ids_are_looked_for() {
        let client = Client::new();
        client.transcript("-home-me-work", 0, LINE);
        fs::write(client.0.path().join("secret.jsonl"), LINE).unwrap();
        let folder = client.0.path().join("projects").join("-other").join("folder.jsonl");
        fs::create_dir_all(folder).unwrap();
        let long = "a".repeat(101);
        for session in ["unknown", "../../secret", "..", "", "a/b", "a.b", "folder", &long] {
            assert_eq!(client.find(session), None, "{session}");
        }
    }

    /// Scenario: a `projects` that cannot be listed beside one that can.
    /// Guarantees: what is found wins over the failure; without it the failure is told.
    #[test]
    fn failures_are_told_only_when_nothing_is_found() {
        let client = Client::new();
        client.transcript("-home-me-work", 0, LINE);
        let looped = TempDir::new().expect("a temporary folder");
        let projects = looped.path().join("projects");
        std::os::unix::fs::symlink(&projects, &projects).unwrap();
        let dirs = [looped.path().to_owned(), client.0.path().to_owned()];
        let session = SessionId::new(SESSION);
        assert!(find(&dirs, &session).expect("found").is_some());
        assert!(find(&dirs[..1], &session).is_err());
    }

    /// Scenario: environments with a list, with homes only, and with nothing of use.
    /// Guarantees: all folders in order of trust, once each, absolute ones only.
    #[test]
    fn folders_come_from_the_environment() {
        let dirs = |pairs: &[(&str, &str)]| {
            let value =
                |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, v)| v.into());
            config_dirs(value).into_iter().map(|dir| dir.display().to_string()).collect::<Vec<_>>()
        };
        let list =
            [("CLAUDE_CONFIG_DIR", "/a, /b,rel,,/a"), ("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")];
        assert_eq!(dirs(&list), ["/a", "/b", "/h/.claude", "/x/claude"]);
        assert_eq!(dirs(&[("HOME", "/h")]), ["/h/.claude", "/h/.config/claude"]);
        assert_eq!(dirs(&[("HOME", ""), ("CLAUDE_CONFIG_DIR", "")]), Vec::<String>::new());
    }
}
