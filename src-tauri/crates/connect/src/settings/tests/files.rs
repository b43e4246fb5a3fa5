//! Settings files on the disk.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{fixtures::ELSEWHERE, laws::connected, plimsoll};
use crate::settings::{
    Destination, Edit, Installation, Records, State, WriteError, apply, connect, disconnect, find,
    write,
    write::{Step, write_in_steps},
};

const STAMP: &str = "20261129-120000";

/// A configuration folder with settings of this text.
fn folder(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("settings.json"), text).unwrap();
    folder
}

fn found(folder: &Path) -> Installation {
    let mut found = find(&[folder.to_owned()]);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn edit_of(installation: &Installation) -> Edit {
    connected(installation.text().unwrap(), Destination::Move)
}

/// What a folder holds.
fn content(folder: &Path) -> BTreeMap<String, String> {
    let each = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path()).unwrap();
        (entry.file_name().into_string().unwrap(), text)
    };
    fs::read_dir(folder).unwrap().map(|entry| each(entry.unwrap())).collect()
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Scenario: power is lost after each step of a write, with a file before and without.
/// Guarantees: the file is wholly the old one or wholly the new one; once it is replaced there is a copy of the old one;
/// the next write clears what was left.
#[test]
fn a_loss_of_power_leaves_the_old_or_the_new() {
    for text in [Some(ELSEWHERE), None] {
        let whole = folder(ELSEWHERE);
        if text.is_none() {
            fs::remove_file(whole.path().join("settings.json")).unwrap();
        }
        let installation = found(whole.path());
        let edit = edit_of(&installation);
        let mut left = vec![];
        write_in_steps(&installation, &edit, STAMP, &mut |step| {
            left.push((format!("{step:?}"), step == Step::Filled, content(whole.path())));
            Ok(())
        })
        .unwrap();
        assert_eq!(left.len(), 6);
        for (step, filled, files) in left {
            let settings = files.get("settings.json").map(String::as_str);
            let is_new = settings == Some(edit.after.as_str());
            assert!(is_new || settings == text, "{step}");
            let copied = files.values().any(|file| Some(file.as_str()) == text);
            assert!(copied || text.is_none(), "{step}");
            assert_eq!(
                files.keys().any(|name| name.ends_with(".tmp")),
                filled || step == "Compared"
            );
            let after = tempfile::tempdir().unwrap();
            for (name, text) in &files {
                fs::write(after.path().join(name), text).unwrap();
            }
            let installation = found(after.path());
            let again = edit_of(&installation);
            write(&installation, &again, STAMP).unwrap();
            let files = content(after.path());
            assert_eq!(files["settings.json"], edit.after, "{step}");
            if !is_new {
                assert!(!files.keys().any(|name| name.ends_with(".tmp")), "{step}");
            }
        }
    }
}

/// Scenario: a step of a write fails.
/// Guarantees: the file is what it was, the new one is gone, and the records are what they were.
#[test]
fn a_failure_leaves_no_trace() {
    let (home, data) = (folder(ELSEWHERE), tempfile::tempdir().unwrap());
    let installation = found(home.path());
    let edit = edit_of(&installation);
    let failed = write_in_steps(&installation, &edit, STAMP, &mut |step| match step {
        Step::Filled => Err(WriteError::Changed(PathBuf::new())),
        _ => Ok(()),
    });
    assert!(failed.is_err());
    let files = content(home.path());
    assert_eq!(files["settings.json"], ELSEWHERE);
    assert!(!files.keys().any(|name| name.ends_with(".tmp")));
    let records = Records::new(data.path());
    fs::write(&installation.target, "{}").unwrap();
    let changed = apply(&installation, &edit, STAMP, &records);
    assert!(matches!(changed, Err(WriteError::Changed(_))));
    assert_eq!(records.load().unwrap(), vec![]);
    assert_eq!(fs::read_to_string(&installation.target).unwrap(), "{}");
}

/// Scenario: settings with rights of their own are connected and disconnected, and a file that was not there is made.
/// Guarantees: rights stay, also on the copy; a new file is the user's alone; the record is kept in between; at the end
/// the file is what it was, or gone.
#[cfg(unix)]
#[test]
fn files_come_and_go_with_their_rights() {
    for before in [Some(0o640), Some(0o600), None] {
        let (home, data) = (folder(ELSEWHERE), tempfile::tempdir().unwrap());
        let path = home.path().join("settings.json");
        match before {
            Some(mode) => set_mode(&path, mode),
            None => fs::remove_file(&path).unwrap(),
        }
        let records = Records::new(&data.path().join("deep/er"));
        let installation = found(home.path());
        let written = apply(&installation, &edit_of(&installation), STAMP, &records).unwrap();
        assert_eq!(mode(&path), before.unwrap_or(0o600));
        assert_eq!(written.backup.as_deref().map(mode), before);
        assert_eq!(mode(&data.path().join("deep/er/connections.json")), 0o600);
        let record = records.get(&installation.target).unwrap().unwrap();
        assert_eq!(record.backup, written.backup);
        let installation = found(home.path());
        let back = disconnect(installation.text().unwrap(), Some(&record), &plimsoll()).unwrap();
        apply(&installation, &back, STAMP, &records).unwrap();
        assert_eq!(fs::read_to_string(&path).ok(), before.map(|_| ELSEWHERE.to_owned()));
        assert_eq!(records.get(&installation.target).unwrap(), None);
    }
}

/// Scenario: the file's rights let nobody write it; this test may run as root.
/// Guarantees: it is refused as read-only, and nothing is written anywhere.
#[cfg(unix)]
#[test]
fn a_read_only_file_is_left_alone() {
    let home = folder("{}");
    set_mode(&home.path().join("settings.json"), 0o444);
    let installation = found(home.path());
    let refused = write(&installation, &edit_of(&installation), STAMP);
    assert!(matches!(refused, Err(WriteError::ReadOnly(_))));
    assert_eq!(content(home.path()).len(), 1);
}

/// Scenario: the file is written by another program after it was read, before the write and in the middle of it.
/// Guarantees: what the other wrote stays.
#[test]
fn what_another_program_wrote_stays() {
    for middle in [false, true] {
        let home = folder("{}");
        let installation = found(home.path());
        let edit = edit_of(&installation);
        let other = || fs::write(&installation.target, "{ }").unwrap();
        if !middle {
            other();
        }
        let refused = write_in_steps(&installation, &edit, STAMP, &mut |step| {
            if middle && step == Step::Filled {
                other();
            }
            Ok(())
        });
        assert!(matches!(refused, Err(WriteError::Changed(_))));
        assert_eq!(fs::read_to_string(&installation.target).unwrap(), "{ }");
    }
}

/// Scenario: the settings are a link into a folder of dotfiles; another configuration folder is a link to the first;
/// a third has a link that leads nowhere.
/// Guarantees: the file counts once and is edited where it is, the link stays; the broken one is refused.
#[cfg(unix)]
#[test]
fn links_are_followed() {
    use std::os::unix::fs::symlink;
    let (home, dotfiles) = (tempfile::tempdir().unwrap(), folder("{}"));
    let at = |name: &str| home.path().join(name);
    fs::create_dir(at("a")).unwrap();
    fs::create_dir(at("c")).unwrap();
    symlink(dotfiles.path().join("settings.json"), at("a/settings.json")).unwrap();
    symlink(at("a"), at("b")).unwrap();
    symlink(at("nowhere"), at("c/settings.json")).unwrap();
    let found = find(&[at("a"), at("b"), at("c"), at("missing")]);
    assert_eq!(found.len(), 3);
    let edit = edit_of(&found[0]);
    let backup = write(&found[0], &edit, STAMP).unwrap().backup.unwrap();
    assert_eq!(fs::read_to_string(dotfiles.path().join("settings.json")).unwrap(), edit.after);
    assert!(fs::symlink_metadata(at("a/settings.json")).unwrap().is_symlink());
    assert_eq!(backup.parent(), Some(dotfiles.path().canonicalize().unwrap().as_path()));
    assert!(matches!(found[1].state, State::Dangling));
    assert!(matches!(write(&found[1], &edit, STAMP), Err(WriteError::Unusable(_))));
    assert!(matches!(found[2].state, State::Missing));
}

/// Scenario: a folder, bytes that are no text, and a huge file stand in the place of settings.
/// Guarantees: each is told apart, and none is edited.
#[test]
fn what_is_no_text_is_told_apart() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("settings.json");
    fs::create_dir(&path).unwrap();
    assert!(matches!(found(home.path()).state, State::NotAFile));
    fs::remove_dir(&path).unwrap();
    fs::write(&path, b"{\"a\": \"\xff\"}").unwrap();
    assert!(matches!(found(home.path()).state, State::NotText));
    fs::File::create(&path).unwrap().set_len(9 << 20).unwrap();
    let huge = found(home.path());
    assert!(matches!(huge.state, State::TooLarge) && huge.text().is_none());
}

/// Scenario: settings are connected and disconnected again and again, some within one second, and all of it belongs to
/// a first connection whose record names the first copy.
/// Guarantees: five copies stay, none is written over, and never the one that the record names goes.
#[test]
fn few_copies_stay_and_the_needed_one_does() {
    let (home, data) = (folder("{}"), tempfile::tempdir().unwrap());
    let records = Records::new(data.path());
    let first = found(home.path());
    let backup = apply(&first, &edit_of(&first), "1", &records).unwrap().backup.unwrap();
    for round in 2..9 {
        fs::write(&first.target, format!("{{\"round\": {round}}}")).unwrap();
        let now = found(home.path());
        let record = records.get(&now.target).unwrap();
        let wish = super::wish(Destination::Move);
        let edit = connect(now.text().unwrap(), &wish, record.as_ref()).unwrap();
        apply(&now, &edit, &format!("2{}", round / 2), &records).unwrap();
    }
    let files = content(home.path());
    let copies = files.keys().filter(|name| name.contains(".before-plimsoll-")).count();
    assert_eq!(copies, 6);
    assert_eq!(fs::read_to_string(&backup).unwrap(), "{}");
    assert_eq!(records.get(&first.target).unwrap().unwrap().backup, Some(backup));
}

/// Scenario: the file of the records holds something else, or was written by a later version.
/// Guarantees: it is neither taken for empty nor written over.
#[test]
fn strange_records_are_left_alone() {
    let (home, data) = (folder("{}"), tempfile::tempdir().unwrap());
    let records = Records::new(data.path());
    let installation = found(home.path());
    for strange in ["", "[]", r#"{"version": 2, "connections": []}"#] {
        fs::write(data.path().join("connections.json"), strange).unwrap();
        let refused = apply(&installation, &edit_of(&installation), STAMP, &records);
        assert!(matches!(refused, Err(WriteError::Record(_))), "{strange}");
        assert_eq!(content(data.path())["connections.json"], strange);
        assert_eq!(content(home.path()).len(), 1);
    }
}
