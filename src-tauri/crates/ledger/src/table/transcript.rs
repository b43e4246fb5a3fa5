//! How far each transcript file was read.

use plimsoll_domain::Position;
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use super::{Rows, Script, count, stored};

const ALL: &str = "SELECT * FROM transcript";
static UPSERT: Rows = Rows::new(
    "INSERT INTO transcript (path, device, inode, position, head) VALUES",
    5,
    "ON CONFLICT (path) DO UPDATE SET device = excluded.device, inode = excluded.inode, \
     position = excluded.position, head = excluded.head",
);

/// All positions.
pub(crate) async fn all(connection: &mut SqliteConnection) -> sqlx::Result<Vec<Position>> {
    sqlx::query(ALL).fetch_all(connection).await?.iter().map(read).collect()
}

/// Writes positions, new or moved.
pub(crate) fn upsert(script: &mut Script, rows: &[Position]) {
    script.add(&UPSERT, rows, |values, row| {
        values
            .bind(row.path.clone())
            .bind(row.device.cast_signed())
            .bind(row.inode.cast_signed())
            .bind(stored(row.offset))
            .bind(row.head)
    });
}

fn read(row: &SqliteRow) -> sqlx::Result<Position> {
    Ok(Position {
        path: row.try_get::<String, _>("path")?.into(),
        device: row.try_get::<i64, _>("device")?.cast_unsigned(),
        inode: row.try_get::<i64, _>("inode")?.cast_unsigned(),
        offset: count(row.try_get("position")?),
        head: row.try_get("head")?,
    })
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ALL];
#[cfg(test)]
pub(crate) static ROWS: &[&Rows] = &[&UPSERT];
