//! What is left of pruned requests: their names and their answers.

use std::{collections::HashSet, sync::Arc};

use sqlx::{Row as _, SqliteConnection};
use xxhash_rust::xxh3::xxh3_128;

use super::{Rows, Script};

static FIND_NAMES: Rows =
    Rows::new("SELECT name FROM pruned_request WHERE name IN (VALUES", 1, ")");
static FIND_MESSAGES: Rows =
    Rows::new("SELECT message FROM pruned_message WHERE message IN (VALUES", 1, ")");
static INSERT_NAMES: Rows =
    Rows::new("INSERT INTO pruned_request (name) VALUES", 1, "ON CONFLICT DO NOTHING");
static INSERT_MESSAGES: Rows =
    Rows::new("INSERT INTO pruned_message (message) VALUES", 1, "ON CONFLICT DO NOTHING");
const ANY: &str = "SELECT EXISTS (SELECT 1 FROM pruned_request)";
const HORIZON: &str = "SELECT COALESCE(MAX(time), 0) FROM pruned_before";

/// Those of some names and answers that pruned requests have.
#[derive(Debug, Default)]
pub(crate) struct Pruned {
    names: HashSet<[u8; 16]>,
    messages: HashSet<i64>,
}

impl Pruned {
    /// Whether none of them has any.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.messages.is_empty()
    }

    /// Whether a pruned request has this name.
    pub(crate) fn has_name(&self, key: &str) -> bool {
        self.names.contains(&hash(key))
    }

    /// Whether this is the answer to a pruned request.
    pub(crate) fn has_message(&self, message: i64) -> bool {
        self.messages.contains(&message)
    }

    /// Takes in one more name and answer of a pruned request.
    pub(crate) fn learn(&mut self, key: &str, message: Option<i64>) {
        self.names.insert(hash(key));
        self.messages.extend(message);
    }
}

/// A request's name as it is kept. With 128 bits no two names in any ledger have the same.
fn hash(key: &str) -> [u8; 16] {
    xxh3_128(key.as_bytes()).to_be_bytes()
}

/// Those of the keys and messages that belong to pruned requests.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    keys: &[Arc<str>],
    messages: &[i64],
) -> sqlx::Result<Pruned> {
    let mut found = Pruned::default();
    let name = |values: super::Values, key: &Arc<str>| values.bind(hash(key).to_vec());
    for row in FIND_NAMES.find(connection, keys, name).await? {
        found.names.extend(<[u8; 16]>::try_from(row.try_get::<Vec<u8>, _>(0)?));
    }
    for row in FIND_MESSAGES.find(connection, messages, |values, hash| values.bind(*hash)).await? {
        found.messages.insert(row.try_get(0)?);
    }
    Ok(found)
}

/// Writes names and answers, known ones too.
pub(crate) fn insert(script: &mut Script, keys: &[Arc<str>], messages: &[i64]) {
    script.change(&INSERT_NAMES, keys, |values, key| values.bind(hash(key).to_vec()));
    script.change(&INSERT_MESSAGES, messages, |values, message| values.bind(*message));
}

/// Whether any request was pruned.
pub(crate) async fn any(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar(ANY).fetch_one(connection).await
}

/// The time before which readings, counters and events are pruned, in nanoseconds; 0: never.
pub(crate) async fn horizon(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar(HORIZON).fetch_one(connection).await
}

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[ANY, HORIZON];
#[cfg(test)]
pub(crate) static ROWS: &[&Rows] = &[&FIND_NAMES, &FIND_MESSAGES, &INSERT_NAMES, &INSERT_MESSAGES];
