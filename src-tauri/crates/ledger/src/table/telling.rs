//! What a witness told of a request, where that is not what the row holds.

use std::sync::Arc;

use plimsoll_domain::{Tokens, Witness};
use sqlx::{Row as _, SqliteConnection};

use super::{Rows, Script, bind_tokens, tokens};

/// A row of `telling`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Telling {
    pub(crate) key: Arc<str>,
    pub(crate) witness: Witness,
    pub(crate) tokens: Tokens,
}

static FIND: Rows = Rows::new("SELECT * FROM telling WHERE key IN (VALUES", 1, ")");
static UPSERT: Rows = Rows::new(
    "INSERT INTO telling (key, witness, input, output, cache_read, cache_creation) VALUES",
    6,
    "ON CONFLICT (key, witness) DO UPDATE SET input = excluded.input, output = excluded.output, \
     cache_read = excluded.cache_read, cache_creation = excluded.cache_creation",
);

/// What was told of these requests beside their rows.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    keys: &[Arc<str>],
) -> sqlx::Result<Vec<Telling>> {
    let rows = FIND.find(connection, keys, |values, key| values.bind(key.clone())).await?;
    let mut found = Vec::new();
    for row in &rows {
        let Some(witness) = Witness::from_code(row.try_get("witness")?) else { continue };
        let key = row.try_get::<String, _>("key")?.into();
        found.push(Telling { key, witness, tokens: tokens(row)? });
    }
    Ok(found)
}

/// Writes tellings, new or grown.
pub(crate) fn upsert(script: &mut Script, rows: &[Telling]) {
    script.add(&UPSERT, rows, |values, row| {
        bind_tokens(values.bind(row.key.clone()).bind(row.witness.code()), &row.tokens)
    });
}

#[cfg(test)]
pub(crate) static ROWS: &[&Rows] = &[&FIND, &UPSERT];
