//! Files that this command writes and takes away. What the user made of them is kept.

use std::{
    ffi::OsString,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::mark::{Hand, hand, seal};

/// What became of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing had to be done.
    Unchanged,
    /// Done.
    Changed,
    /// Done; what the user had there is in this file now.
    Kept(PathBuf),
    /// Left alone, because the user wrote it.
    Left,
}

/// Writes a file at one stroke, making its folders. Anything but this command's own work is kept beside it,
/// under a name that ends in `stamp`.
pub(super) fn write(path: &Path, text: &str, stamp: &str) -> io::Result<Outcome> {
    let text = seal(text);
    let found = read(path)?;
    if found.as_deref() == Some(text.as_str()) {
        return Ok(Outcome::Unchanged);
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    let outcome = match found.as_deref().map(hand) {
        None | Some(Hand::Ours) => Outcome::Changed,
        Some(Hand::Changed | Hand::Foreign) => Outcome::Kept(set_aside(path, stamp)?),
    };
    file.persist(path)?;
    Ok(outcome)
}

/// Takes a file away. One that the user changed is kept under another name, one that the user wrote is left.
pub(super) fn delete(path: &Path, stamp: &str) -> io::Result<Outcome> {
    match read(path)?.as_deref().map(hand) {
        None => Ok(Outcome::Unchanged),
        Some(Hand::Ours) => fs::remove_file(path).map(|()| Outcome::Changed),
        Some(Hand::Changed) => set_aside(path, stamp).map(Outcome::Kept),
        Some(Hand::Foreign) => Ok(Outcome::Left),
    }
}

/// What a file holds; `None` where there is none. What is no text is nobody's work but the user's.
fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives a file a name of its own, in which nothing looks for units or entries.
fn set_aside(path: &Path, stamp: &str) -> io::Result<PathBuf> {
    let mut name: OsString = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{stamp}.bak"));
    let aside = path.with_file_name(name);
    fs::rename(path, &aside)?;
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::mark::MARK;

    /// Scenario: a file is written where no folder is, again, again with another text, and taken away.
    /// Guarantees: each is done once, nothing is kept of our own work, and no file is left over.
    #[test]
    fn our_own_work_comes_and_goes() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("deep/unit");
        let (first, second) = (format!("# {MARK}\n1\n"), format!("# {MARK}\n2\n"));
        assert_eq!(write(&path, &first, "now").unwrap(), Outcome::Changed);
        assert_eq!(write(&path, &first, "now").unwrap(), Outcome::Unchanged);
        assert_eq!(write(&path, &second, "now").unwrap(), Outcome::Changed);
        assert_eq!(fs::read_to_string(&path).unwrap(), seal(&second));
        assert_eq!(delete(&path, "now").unwrap(), Outcome::Changed);
        assert_eq!(delete(&path, "now").unwrap(), Outcome::Unchanged);
        assert_eq!(fs::read_dir(root.path().join("deep")).unwrap().count(), 0);
    }

    /// Scenario: the user changed what was written, or wrote a file of that name; it is written and taken away.
    /// Guarantees: the user's text is never lost, and the user's own file is taken away by no removal.
    #[test]
    fn the_users_work_is_kept() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("unit");
        let text = format!("# {MARK}\n");
        let aside = root.path().join("unit.now.bak");
        let changed = format!("{}mine\n", seal(&text));
        for theirs in [changed.as_str(), "mine\n"] {
            fs::write(&path, theirs).unwrap();
            assert_eq!(write(&path, &text, "now").unwrap(), Outcome::Kept(aside.clone()));
            assert_eq!(fs::read_to_string(&aside).unwrap(), theirs);
            assert_eq!(fs::read_to_string(&path).unwrap(), seal(&text));
        }
        fs::write(&path, &changed).unwrap();
        assert_eq!(delete(&path, "now").unwrap(), Outcome::Kept(aside.clone()));
        assert_eq!(fs::read_to_string(&aside).unwrap(), changed);
        fs::write(&path, "mine\n").unwrap();
        assert_eq!(delete(&path, "now").unwrap(), Outcome::Left);
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine\n");
    }
}
