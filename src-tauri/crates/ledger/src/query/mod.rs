//! What others read of the books. Each query is one statement or one consistent read transaction.

mod audit;
mod history;
pub(crate) mod record;
mod records;
mod report;
mod sessions;

pub(crate) use audit::audit;
pub(crate) use history::history;
pub(crate) use records::{changes, records, records_in};
pub(crate) use report::report;
pub(crate) use sessions::{session, sessions};

#[cfg(test)]
pub(crate) fn statements() -> Vec<String> {
    let mut all = audit::statements();
    all.extend(history::statements());
    all.extend(records::statements());
    all.extend(report::statements());
    all.extend(sessions::statements());
    all
}
