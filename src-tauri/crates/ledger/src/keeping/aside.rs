//! What becomes of a damaged file: it is set aside, and a new one takes its place.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use plimsoll_domain::{Timestamp, calendar::rfc3339};
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::watch;

use super::{
    mark::{private, sync_folder, with_suffix},
    prepare,
};
use crate::LedgerError;

/// The time now; handed in so that tests can set it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A damaged file was set aside, and a new one is in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// Where the damaged file is now.
    pub aside: PathBuf,
    /// What was wrong with it, as SQLite says.
    pub reason: String,
    /// Since when the new file is there.
    since: Instant,
}

impl Replacement {
    /// How long the new file has been there.
    pub(crate) fn age(&self) -> Duration {
        self.since.elapsed()
    }
}

/// Which file is in use: the one that was opened, or the one that took its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileInUse(Option<Instant>);

impl FileInUse {
    pub(crate) fn of(replacement: Option<&Replacement>) -> Self {
        Self(replacement.map(|replacement| replacement.since))
    }
}

/// Sets damaged files aside, and tells of it.
#[derive(Clone)]
pub(crate) struct Aside {
    clock: Clock,
    told: watch::Sender<Option<Replacement>>,
}

impl std::fmt::Debug for Aside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Aside").field("told", &self.told).finish_non_exhaustive()
    }
}

impl Aside {
    /// Tells `told`.
    pub(crate) fn new(clock: Clock, told: watch::Sender<Option<Replacement>>) -> Self {
        Self { clock, told }
    }

    /// Which file is in use.
    pub(crate) fn file(&self) -> FileInUse {
        FileInUse::of(self.told.borrow().as_ref())
    }

    /// Sets the file aside and prepares a new one in its place. Nobody may have it open for writing.
    pub(crate) async fn replace(
        &self,
        options: &SqliteConnectOptions,
        damage: &LedgerError,
    ) -> Result<(), LedgerError> {
        let path = options.get_filename();
        let aside = set_aside(path, (self.clock)())
            .map_err(|source| LedgerError::SetAside { path: path.to_owned(), source })?;
        tracing::error!(file = %aside.display(), %damage, "the ledger was damaged and set aside");
        prepare(options).await?;
        let reason = damage.damage();
        self.told.send_replace(Some(Replacement { aside, reason, since: Instant::now() }));
        Ok(())
    }
}

/// Renames the file and what belongs to it, and puts an empty one in its place that only the user may read.
fn set_aside(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let aside = free_name(path, now);
    fs::rename(path, &aside)?;
    for suffix in ["-wal", "-shm"] {
        match fs::rename(with_suffix(path, suffix), with_suffix(&aside, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    private().create_new(true).open(path)?;
    sync_folder(path)?;
    Ok(aside)
}

/// The file's name with `.damaged-` and the time in UTC; numbered where that is taken.
fn free_name(path: &Path, now: Timestamp) -> PathBuf {
    let time = rfc3339(now);
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (date, clock) = time.split_once('T').unwrap_or((&time, ""));
    let clock = clock.split('.').next().unwrap_or(clock);
    let name = with_suffix(path, &format!(".damaged-{}-{}", digits(date), digits(clock)));
    let numbered = (2..).map(|number: u32| with_suffix(&name, &format!("-{number}")));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    names.find(|name| !name.exists()).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a ledger with its write-ahead log is set aside twice within a second.
    /// Guarantees: both sets of files are there under names that tell when, each log beside its file; what takes their
    /// place is empty and the user's alone.
    #[test]
    fn damaged_files_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let now = plimsoll_domain::calendar::parse_rfc3339("2026-11-28T15:45:01.9Z").unwrap();
        for round in ["first", "second"] {
            fs::write(&path, round).unwrap();
            fs::write(with_suffix(&path, "-wal"), round).unwrap();
            set_aside(&path, now).unwrap();
        }
        for (name, text) in [
            ("ledger.db.damaged-20261128-154501", "first"),
            ("ledger.db.damaged-20261128-154501-wal", "first"),
            ("ledger.db.damaged-20261128-154501-2", "second"),
            ("ledger.db.damaged-20261128-154501-2-wal", "second"),
            ("ledger.db", ""),
        ] {
            assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), text, "{name}");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
