//! What others read of the books. Each query is one statement or one consistent read transaction.

mod alerts;
mod audit;
mod checkpoints;
mod compactions;
mod history;
pub(crate) mod record;
mod records;
mod report;
mod sessions;
mod unfinished;
mod warnings;

pub(crate) use alerts::{alerts, deliveries};
pub(crate) use audit::audit;
pub(crate) use checkpoints::checkpoints;
pub(crate) use compactions::compactions;
pub(crate) use history::history;
pub(crate) use records::{changes, records, records_in};
pub(crate) use report::report;
pub(crate) use sessions::{session, sessions};
pub(crate) use unfinished::unfinished;
pub(crate) use warnings::warnings;

#[cfg(test)]
pub(crate) fn statements() -> Vec<String> {
    let mut all = audit::statements();
    all.extend(alerts::statements());
    all.extend(checkpoints::statements());
    all.extend(compactions::statements());
    all.extend(history::statements());
    all.extend(records::statements());
    all.extend(report::statements());
    all.extend(sessions::statements());
    all.extend(unfinished::statements());
    all.extend(warnings::statements());
    all
}

/// How a statement would be carried out in the migrated schema, a line for each step.
#[cfg(test)]
pub(crate) async fn plan(statement: &str) -> String {
    use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _, sqlite::SqliteConnectOptions};

    let mut connection = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
    sqlx::migrate!().run(&mut connection).await.unwrap();
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let steps = sqlx::query(explain).fetch_all(&mut connection).await.unwrap();
    let steps: Vec<String> = steps.iter().map(|step| step.get("detail")).collect();
    steps.join("\n")
}
