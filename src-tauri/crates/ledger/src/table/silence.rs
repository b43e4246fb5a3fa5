//! Wishes for quiet.
//!
//! | kind | name |
//! |---|---|
//! | 0 every session | empty |
//! | 1 the sessions of a project | its folder |
//! | 2 one session | its id |

use plimsoll_domain::{Scope, SessionId, Silence, Timestamp};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

const ALL: &str = "SELECT * FROM silence ORDER BY kind, name";
const UPSERT: &str = "INSERT INTO silence (kind, name, until) VALUES (?, ?, ?) \
    ON CONFLICT (kind, name) DO UPDATE SET until = excluded.until";
const DELETE: &str = "DELETE FROM silence WHERE kind = ? AND name = ?";

/// All wishes, also those that are over.
pub(crate) async fn all(connection: &mut SqliteConnection) -> sqlx::Result<Vec<Silence>> {
    let rows = sqlx::query(ALL).fetch_all(connection).await?;
    rows.iter().filter_map(|row| read(row).transpose()).collect()
}

/// Writes a wish in the place of the former one about the same.
pub(crate) async fn upsert(
    connection: &mut SqliteConnection,
    silence: &Silence,
) -> sqlx::Result<()> {
    let (kind, name) = stored(&silence.scope);
    let until = silence.until.map(Timestamp::nanos);
    sqlx::query(UPSERT).bind(kind).bind(name).bind(until).execute(connection).await.map(drop)
}

/// Takes a wish back, where there is one.
pub(crate) async fn delete(connection: &mut SqliteConnection, scope: &Scope) -> sqlx::Result<()> {
    let (kind, name) = stored(scope);
    sqlx::query(DELETE).bind(kind).bind(name).execute(connection).await.map(drop)
}

fn stored(scope: &Scope) -> (i64, String) {
    match scope {
        Scope::All => (0, String::new()),
        Scope::Project(folder) => (1, folder.to_string()),
        Scope::Session(session) => (2, session.to_string()),
    }
}

/// Reads a row of `silence`; `None` where a later version wrote a kind that this one does not know.
fn read(row: &SqliteRow) -> sqlx::Result<Option<Silence>> {
    let name: String = row.try_get("name")?;
    let scope = match row.try_get("kind")? {
        0_i64 => Scope::All,
        1 => Scope::Project(name.into()),
        2 => Scope::Session(SessionId::new(name)),
        _ => return Ok(None),
    };
    let until = row.try_get::<Option<i64>, _>("until")?.map(Timestamp::from_stored);
    Ok(Some(Silence { scope, until }))
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ALL, UPSERT, DELETE];
