//! Copies of a ledger that is in use.

use std::fs;

use plimsoll_domain::Revision;
use plimsoll_ledger::{Backup, BackupError, Grouping, Ledger, LedgerOptions, Usage, backup};

use crate::desk::{Desk, event, millis, story};

async fn total(ledger: &Ledger) -> Usage {
    let rows = ledger.usage(Grouping::Model, millis(0), millis(100_000_000)).await.unwrap();
    rows.iter().fold(Usage::default(), |sum, row| sum.plus(row.usage))
}

/// Scenario: a ledger of twenty thousand requests is copied while its writer commits one request after the other.
/// Guarantees: commits go on meanwhile; the copy is private, opens as a ledger, and holds the sums and records of one
/// moment: those of its revision.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_of_one_moment_while_commits_go_on() {
    let desk = Desk::open().await;
    let many = (0..20_000).map(|n| event("s", &format!("req_{n}"), n, 1)).collect();
    desk.record(many).await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("copy.db");
    let copying = tokio::spawn({
        let (from, to) = (desk.path(), to.clone());
        async move { backup(&from, &to, false).await }
    });
    let (mut next, mut meanwhile) = (20_000, 0);
    while !copying.is_finished() {
        desk.record(vec![event("s", &format!("req_{next}"), next, 1)]).await;
        next += 1;
        meanwhile += u32::from(!copying.is_finished());
    }
    let made = copying.await.unwrap().unwrap();
    assert!(meanwhile > 0, "no commit while the copy was made");

    assert!(!folder.path().join("copy.db.partial").exists());
    assert_eq!(made.bytes, fs::metadata(&to).unwrap().len());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let busy = std::time::Duration::from_secs(1);
    let options = LedgerOptions { path: to, queue: 1, busy, prices: std::sync::Arc::default() };
    let (copy, _) = Ledger::open(options).await.unwrap();
    assert_eq!(copy.revision(), made.revision);
    assert_eq!(made.revision, Revision(i64::try_from(made.requests).unwrap()));
    let usage = total(&copy).await;
    assert_eq!((usage.requests, usage.tokens.output), (made.requests, made.requests));
}

/// Scenario: a ledger is copied after it was closed, over a file of that name, and onto itself.
/// Guarantees: the sums are equal; what is there is replaced only when asked, the ledger itself never.
#[tokio::test]
async fn a_copy_replaces_nothing_unasked() {
    let desk = Desk::open().await;
    desk.record(story()).await;
    let desk = desk.reopen().await;
    let to = desk.path().with_file_name("copy.db");
    fs::write(&to, "precious").unwrap();
    let refused = backup(&desk.path(), &to, false).await.unwrap_err();
    assert!(matches!(refused, BackupError::Exists { .. }), "{refused}");
    assert_eq!(fs::read_to_string(&to).unwrap(), "precious");
    let refused = backup(&desk.path(), &desk.path(), true).await.unwrap_err();
    assert!(matches!(refused, BackupError::Itself { .. }), "{refused}");

    let Backup { requests, .. } = backup(&desk.path(), &to, true).await.unwrap();
    assert_eq!(requests, 7);
    let busy = std::time::Duration::from_secs(1);
    let options = LedgerOptions { path: to, queue: 1, busy, prices: std::sync::Arc::default() };
    let (copy, _) = Ledger::open(options).await.unwrap();
    assert_eq!(total(&copy).await, total(&desk.ledger).await);
}

/// Scenario: there is no ledger yet, and the folder for the copy does not exist.
/// Guarantees: each is said, and no file is left behind.
#[tokio::test]
async fn a_copy_that_cannot_be_made_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none.db");
    let error = backup(&none, &folder.path().join("copy.db"), false).await.unwrap_err();
    assert!(error.to_string().contains("there is none yet"), "{error}");
    let desk = Desk::open().await;
    let error = backup(&desk.path(), &folder.path().join("no/copy.db"), false).await.unwrap_err();
    assert!(matches!(error, BackupError::File { .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
