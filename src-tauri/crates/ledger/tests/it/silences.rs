//! Wishes for quiet.

use plimsoll_domain::{Scope, SessionId, Silence};

use crate::desk::{Desk, millis};

/// Scenario: quiet for everything, for a project and for a session; one of them is changed, one taken back, one that is
/// not there taken back; the ledger is opened again.
/// Guarantees: there is one wish of each scope, as it was last set; what was taken back is gone.
#[tokio::test]
async fn wishes_are_kept_until_taken_back() {
    let desk = Desk::open().await;
    let project = Scope::Project("/work/a".into());
    let session = Scope::Session(SessionId::new("s"));
    let wish = |scope: &Scope, until| Silence { scope: scope.clone(), until };
    for silence in [
        wish(&Scope::All, Some(millis(5_000))),
        wish(&project, None),
        wish(&session, Some(millis(9_000))),
        wish(&project, Some(millis(7_000))),
        wish(&session, None),
    ] {
        desk.ledger.set_silence(silence).await.unwrap();
    }
    let desk = desk.crash().await;
    let all = [
        wish(&Scope::All, Some(millis(5_000))),
        wish(&project, Some(millis(7_000))),
        wish(&session, None),
    ];
    assert_eq!(desk.ledger.silences().await.unwrap(), all);
    desk.ledger.lift_silence(Scope::All).await.unwrap();
    desk.ledger.lift_silence(Scope::Project("/work".into())).await.unwrap();
    assert_eq!(desk.ledger.silences().await.unwrap(), all[1..]);
}

/// Scenario: pruning up to a time at which one wish was over and another was not.
/// Guarantees: only the one that is over goes, and none that has no end.
#[tokio::test]
async fn wishes_that_are_over_are_pruned() {
    let desk = Desk::open().await;
    let wishes = [("a", Some(millis(1_000))), ("b", Some(millis(3_000))), ("c", None)];
    for (name, until) in wishes {
        let scope = Scope::Session(SessionId::new(name));
        desk.ledger.set_silence(Silence { scope, until }).await.unwrap();
    }
    desk.ledger.prune(millis(2_000)).await.unwrap();
    let rest: Vec<_> =
        desk.ledger.silences().await.unwrap().into_iter().map(|wish| wish.until).collect();
    assert_eq!(rest, [Some(millis(3_000)), None]);
}
