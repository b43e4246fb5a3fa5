//! The transcripts of the day.

use std::{fs, path::Path};

use plimsoll_domain::{
    Timestamp,
    calendar::{parse_rfc3339, rfc3339},
};
use plimsoll_replay::Shift;

use crate::house::folder;

/// What stands before the time of a line.
const TIME: &str = "\"timestamp\":\"";

/// Writes a capture's transcripts, at the times of the day, where the client keeps them.
pub(super) fn write(name: &str, projects: &Path, shift: Shift) {
    each(&folder(name).join("transcripts"), projects, &mut |from, to| {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, moved(&fs::read_to_string(from).unwrap(), shift)).unwrap();
    });
}

/// Everything that a capture's transcripts say.
pub(super) fn text(name: &str) -> String {
    let mut all = String::new();
    each(&folder(name).join("transcripts"), Path::new(""), &mut |from, _| {
        all += &fs::read_to_string(from).unwrap();
    });
    all
}

/// Visits every file, with its place below another folder.
fn each(from: &Path, to: &Path, visit: &mut impl FnMut(&Path, &Path)) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match entry.file_type().unwrap().is_dir() {
            true => each(&from, &to, visit),
            false => visit(&from, &to),
        }
    }
}

fn moved(text: &str, shift: Shift) -> String {
    let mut parts = text.split(TIME);
    let mut moved = parts.next().unwrap().to_owned();
    for part in parts {
        let (time, rest) = part.split_once('"').unwrap();
        let nanos = u64::try_from(parse_rfc3339(time).unwrap().nanos()).unwrap();
        let time = Timestamp::from_nanos(shift.time(nanos)).unwrap();
        moved += &format!("{TIME}{}\"{rest}", rfc3339(time));
    }
    moved
}
