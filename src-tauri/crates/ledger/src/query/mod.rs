//! What others read of the books. Each query is one statement or one consistent read transaction.

mod history;
pub(crate) mod record;
mod records;
mod report;
mod sessions;

pub(crate) use history::history;
pub(crate) use records::{changes, records};
pub(crate) use report::report;
pub(crate) use sessions::{session, sessions};

#[cfg(test)]
pub(crate) fn statements() -> Vec<String> {
    let mut all = history::statements();
    all.extend(records::statements());
    all.extend(report::statements());
    all.extend(sessions::statements());
    all
}
