//! What undoes the edits, kept beside Plimsoll's data.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{atomic, edit::Record, make_private};

/// The file of the records.
const NAME: &str = "connections.json";
const VERSION: u32 = 1;

/// Records that could not be kept or read.
#[derive(Debug, Error)]
pub enum RecordsError {
    /// The file could not be read.
    #[error("{} could not be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds something else than records.
    #[error("{} does not hold what Plimsoll wrote: {reason}", path.display())]
    Understand {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file could not be written.
    #[error("{} could not be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What undoes the edits, by settings file. Only the user may read it: it may hold secrets of the settings.
#[derive(Debug, Clone)]
pub struct Records {
    path: PathBuf,
}

#[derive(Default, Serialize, Deserialize)]
struct Content {
    version: u32,
    connections: Vec<Connection>,
}

#[derive(Serialize, Deserialize)]
struct Connection {
    settings: PathBuf,
    record: Record,
}

impl Records {
    /// The records in this folder, which is made when the first is put there.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self { path: data.join(NAME) }
    }

    /// Keeps other processes and threads from changing settings, as long as it is held.
    ///
    /// # Errors
    ///
    /// A lock that cannot be taken.
    pub fn lock(&self) -> Result<File, RecordsError> {
        let path = self.path.with_extension("lock");
        let take = || {
            make_private(path.parent().unwrap_or(Path::new(".")))?;
            let lock = File::options().create(true).truncate(false).write(true).open(&path)?;
            lock.lock()?;
            Ok(lock)
        };
        take().map_err(|source| RecordsError::Write { path: path.clone(), source })
    }

    /// The record of a settings file.
    ///
    /// # Errors
    ///
    /// Records that cannot be read.
    pub fn get(&self, target: &Path) -> Result<Option<Record>, RecordsError> {
        let mut connections = self.load()?.into_iter();
        Ok(connections.find(|(settings, _)| settings == target).map(|(_, record)| record))
    }

    /// All records with their settings files.
    ///
    /// # Errors
    ///
    /// Records that cannot be read.
    pub fn load(&self) -> Result<Vec<(PathBuf, Record)>, RecordsError> {
        let bytes = match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            other => {
                other.map_err(|source| RecordsError::Read { path: self.path.clone(), source })?
            }
        };
        let content: Content =
            serde_json::from_slice(&bytes).map_err(|error| self.strange(error.to_string()))?;
        if content.version != VERSION {
            return Err(self.strange(format!("its version is {}", content.version)));
        }
        let each = |connection: Connection| (connection.settings, connection.record);
        Ok(content.connections.into_iter().map(each).collect())
    }

    /// Keeps the record of a settings file, in place of an older one.
    ///
    /// # Errors
    ///
    /// Records that cannot be read or written.
    pub fn put(&self, target: &Path, record: &Record) -> Result<(), RecordsError> {
        let mut records = self.load()?;
        records.retain(|(settings, _)| settings != target);
        records.push((target.to_owned(), record.clone()));
        self.save(records)
    }

    /// Forgets the record of a settings file.
    ///
    /// # Errors
    ///
    /// Records that cannot be read or written.
    pub fn remove(&self, target: &Path) -> Result<(), RecordsError> {
        let mut records = self.load()?;
        let all = records.len();
        records.retain(|(settings, _)| settings != target);
        if records.len() == all { Ok(()) } else { self.save(records) }
    }

    fn save(&self, records: Vec<(PathBuf, Record)>) -> Result<(), RecordsError> {
        let each = |(settings, record)| Connection { settings, record };
        let connections = records.into_iter().map(each).collect();
        let content = Content { version: VERSION, connections };
        let write = || {
            let text = serde_json::to_string_pretty(&content)?;
            make_private(self.path.parent().unwrap_or(Path::new(".")))?;
            atomic::clear(&self.path);
            atomic::filled(&self.path, text.as_bytes(), None)?.persist(&self.path)?;
            atomic::sync_folder(&self.path);
            Ok(())
        };
        write().map_err(|source| RecordsError::Write { path: self.path.clone(), source })
    }

    fn strange(&self, reason: String) -> RecordsError {
        RecordsError::Understand { path: self.path.clone(), reason }
    }
}
