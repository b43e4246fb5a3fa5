//! Writes edited settings.

use std::{
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{
    atomic, backups,
    edit::{Edit, Record},
    installation::{Installation, State, content},
    records::{Records, RecordsError},
};

/// Settings that were not written. They are what they were.
#[derive(Debug, Error)]
pub enum WriteError {
    /// There is something in the file's place that is not edited.
    #[error("{} cannot be edited", .0.display())]
    Unusable(PathBuf),
    /// Somebody wrote the file after it was read.
    #[error("{} was changed in the meantime", .0.display())]
    Changed(PathBuf),
    /// Its owner may not write the file.
    #[error("{} is read-only", .0.display())]
    ReadOnly(PathBuf),
    /// The file could not be read again.
    #[error("{} could not be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No backup could be written.
    #[error("no backup of {} could be written: {source}", path.display())]
    BackUp {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was there before could not be recorded.
    #[error(transparent)]
    Record(#[from] RecordsError),
    /// The file was written, but what undid it could not be forgotten.
    #[error("the file was changed, but: {0}")]
    NotForgotten(#[source] RecordsError),
    /// The new file could not be written or put in place.
    #[error("{} could not be written: {source}", path.display())]
    Replace {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The copy of what was there before; `None` where nothing was, or nothing changed.
    pub backup: Option<PathBuf>,
}

/// Writes an edit: a backup beside the file, named by `stamp` (as `20261129-120000`, so that names sort by age), then
/// the file as a whole. An edit that changes nothing writes nothing.
///
/// # Errors
///
/// Files that changed since they were read, are read-only, or cannot be written.
pub fn write(installation: &Installation, edit: &Edit, stamp: &str) -> Result<Written, WriteError> {
    write_in_steps(installation, edit, stamp, &mut |_| Ok(()))
}

/// Writes an edit, and keeps its record before the file is replaced: what was there before is never known to nobody.
///
/// # Errors
///
/// As [`write()`], and records that could not be written.
pub fn apply(
    installation: &Installation,
    edit: &Edit,
    stamp: &str,
    records: &Records,
) -> Result<Written, WriteError> {
    let target = &installation.target;
    let previous = records.get(target)?;
    let mut touched = false;
    let written = write_in_steps(installation, edit, stamp, &mut |step| {
        if let (Step::BackedUp(backup), Some(record)) = (step, &edit.record) {
            touched = true;
            records.put(target, &completed(record, installation, backup))?;
        }
        Ok(())
    });
    match (&written, &edit.record) {
        (Ok(_), None) => records.remove(target).map_err(WriteError::NotForgotten)?,
        (Err(_), _) if touched => match &previous {
            Some(previous) => records.put(target, previous)?,
            None => records.remove(target)?,
        },
        _ => {}
    }
    written
}

/// The record with what only the file can tell. A later edit leaves it as it was.
fn completed(record: &Record, installation: &Installation, backup: Option<&Path>) -> Record {
    let first = record.backup.is_none() && !record.made;
    let made = record.made || (first && matches!(installation.state, State::Missing));
    let backup = if first { backup.map(Path::to_owned) } else { record.backup.clone() };
    Record { made, backup, ..record.clone() }
}

/// What was done last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// The file is the one that was read, and may be written.
    Checked,
    /// There is a backup, where there was a file.
    BackedUp(Option<&'a Path>),
    /// The new file is on the disk, under another name.
    Filled,
    /// The file is still the one that was read.
    Compared,
    /// The new file is in place.
    Replaced,
    /// Old backups are gone.
    Pruned,
}

/// Writes an edit, and says of each step when it is done. An error ends it there.
pub(super) fn write_in_steps(
    installation: &Installation,
    edit: &Edit,
    stamp: &str,
    done: &mut dyn FnMut(Step<'_>) -> Result<(), WriteError>,
) -> Result<Written, WriteError> {
    let target = installation.target.as_path();
    if !matches!(installation.state, State::Readable(_) | State::Missing) {
        return Err(WriteError::Unusable(target.to_owned()));
    }
    if edit.is_empty() {
        return Ok(Written { backup: None });
    }
    atomic::clear(target);
    let old = unchanged(installation, edit)?;
    done(Step::Checked)?;
    let copy = |old| backups::make(target, edit.before.as_bytes(), old, stamp);
    let backup = old.as_ref().map(copy).transpose();
    let backup = backup.map_err(|source| WriteError::BackUp { path: target.to_owned(), source })?;
    done(Step::BackedUp(backup.as_deref()))?;
    replace(installation, edit, old.as_ref(), done)?;
    done(Step::Replaced)?;
    let named = edit.record.as_ref().and_then(|record| record.backup.as_deref());
    let needed: Vec<&Path> = named.into_iter().chain(backup.as_deref()).collect();
    backups::prune(target, &needed);
    done(Step::Pruned)?;
    Ok(Written { backup })
}

/// Puts the new file in place, or takes the file away.
fn replace(
    installation: &Installation,
    edit: &Edit,
    old: Option<&Metadata>,
    done: &mut dyn FnMut(Step<'_>) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let target = installation.target.as_path();
    let failed = |source| WriteError::Replace { path: target.to_owned(), source };
    if edit.remove {
        unchanged(installation, edit)?;
        done(Step::Compared)?;
        fs::remove_file(target).map_err(failed)?;
    } else {
        let filled = atomic::filled(target, edit.after.as_bytes(), old).map_err(failed)?;
        done(Step::Filled)?;
        unchanged(installation, edit)?;
        done(Step::Compared)?;
        let put = match old {
            Some(_) => filled.persist(target),
            None => filled.persist_noclobber(target),
        };
        put.map_err(|error| failed(error.error))?;
    }
    atomic::sync_folder(target);
    Ok(())
}

/// What the file is, if it is what was read and may be written; `None` where there still is none.
fn unchanged(installation: &Installation, edit: &Edit) -> Result<Option<Metadata>, WriteError> {
    let target = &installation.target;
    let changed = || WriteError::Changed(target.clone());
    let read = |source| WriteError::Read { path: target.clone(), source };
    let existed = matches!(installation.state, State::Readable(_));
    let metadata = match fs::metadata(target) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return if existed || !edit.before.is_empty() { Err(changed()) } else { Ok(None) };
        }
        Err(error) => return Err(read(error)),
    };
    if !existed || content(target).map_err(read)? != edit.before.as_bytes() {
        return Err(changed());
    }
    if may_write(&metadata) {
        Ok(Some(metadata))
    } else {
        Err(WriteError::ReadOnly(target.clone()))
    }
}

/// Whether the file itself lets its owner write it, whoever asks.
fn may_write(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o200 != 0;
    #[cfg(not(unix))]
    return !metadata.permissions().readonly();
}
