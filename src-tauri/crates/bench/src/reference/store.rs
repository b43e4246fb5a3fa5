//! One writer, group commit.

use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};

use super::rows::Row;

/// Requests that may wait for the writer.
const QUEUE: usize = 4096;
/// Requests that one commit takes at most.
const GROUP: usize = 1024;

struct Waiting {
    rows: Vec<Row>,
    kept: oneshot::Sender<bool>,
}

/// The way to the writer.
#[derive(Clone)]
pub(super) struct Store {
    queue: mpsc::Sender<Waiting>,
}

impl Store {
    /// Opens the file and starts its writer.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let connection = open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let (queue, waiting) = mpsc::channel(QUEUE);
        std::thread::Builder::new().name("writer".into()).spawn(|| write(connection, waiting))?;
        Ok(Self { queue })
    }

    /// Keeps the rows; true once they are on the disk.
    pub(super) async fn keep(&self, rows: Vec<Row>) -> bool {
        let (kept, answer) = oneshot::channel();
        let queued = self.queue.send(Waiting { rows, kept }).await;
        queued.is_ok() && answer.await.unwrap_or(false)
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA cache_size = -16384;
         CREATE TABLE IF NOT EXISTS point (
            time INTEGER NOT NULL, hash INTEGER NOT NULL, session INTEGER NOT NULL,
            name INTEGER NOT NULL, model INTEGER NOT NULL, kind INTEGER NOT NULL,
            source INTEGER NOT NULL, value REAL NOT NULL,
            PRIMARY KEY (time, hash)
         ) WITHOUT ROWID;",
    )?;
    Ok(connection)
}

fn write(mut connection: Connection, mut waiting: mpsc::Receiver<Waiting>) {
    let mut group = Vec::with_capacity(GROUP);
    while waiting.blocking_recv_many(&mut group, GROUP) > 0 {
        let kept = commit(&mut connection, &group).is_ok();
        for one in group.drain(..) {
            // Whoever asked may have gone.
            let _ = one.kept.send(kept);
        }
    }
}

fn commit(connection: &mut Connection, group: &[Waiting]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare_cached(
            "INSERT OR IGNORE INTO point (time, hash, session, name, model, kind, source, value)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        for row in group.iter().flat_map(|one| &one.rows) {
            let Row { time, hash, session, name, model, kind, source, value } = row;
            insert.execute(params![time, hash, session, name, model, kind, source, value])?;
        }
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(time: i64) -> Row {
        Row { time, hash: 1, session: 2, ..Row::default() }
    }

    /// Scenario: rows are kept, some of them twice.
    /// Guarantees: each is on the disk once when the answer comes.
    #[tokio::test]
    async fn what_is_answered_is_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let store = Store::open(&path).unwrap();
        assert!(store.keep(vec![row(1), row(2)]).await);
        assert!(store.keep(vec![row(2), row(3)]).await);
        let reader = Connection::open(&path).unwrap();
        let count: i64 =
            reader.query_row("SELECT count(*) FROM point", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 3);
    }
}
