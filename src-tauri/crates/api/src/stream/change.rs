//! What a client has seen, and what differs from it. Pure.

use std::{collections::HashMap, sync::Arc};

use plimsoll_domain::{SessionId, health::Status};
use plimsoll_watch::{SessionView, Snapshot};

use crate::dto::{self, Backfill, Listener, Problem, Resident, Session, Time, Today};

/// What was sent to a client last, or is to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The live sessions.
    pub(crate) snapshot: Arc<Snapshot>,
    /// Listeners, problems and the reading of history.
    pub(crate) status: Arc<Status>,
    /// The version told. It grows with every change of one stream, also where only the status changed, so
    /// that no client takes a change for an old one.
    pub(crate) version: u64,
}

impl Seen {
    /// A snapshot and status as they are first told.
    pub(crate) fn new(snapshot: Arc<Snapshot>, status: Arc<Status>) -> Self {
        let version = snapshot.version;
        Self { snapshot, status, version }
    }
}

/// What a client that has seen `before` must be told to know `after`; `None` when it knows all of it.
pub(crate) fn difference<'a>(
    before: &'a Seen,
    after: &'a Seen,
    resident: Resident<'_>,
) -> Option<dto::Change<'a>> {
    let (old, new) = (&before.snapshot, &after.snapshot);
    let known = by_id(old);
    let current = by_id(new);
    let differs = |view: &&'a Arc<SessionView>| {
        known.get(&view.session).is_none_or(|seen| !Arc::ptr_eq(seen, view))
    };
    let changed = new.sessions.iter().filter(differs);
    let gone = old.sessions.iter().filter(|view| !current.contains_key(&view.session));
    let change = dto::Change {
        revision: new.revision.0,
        version: new.version.max(before.version + 1),
        as_of: Time(new.as_of),
        sessions: changed.map(|view| Session::new(view)).collect(),
        removed: gone.map(|view| view.session.as_str()).collect(),
        order: new.sessions.iter().map(|view| view.session.as_str()).collect(),
        today: (old.today != new.today).then(|| Today::from(&new.today)),
        limits: (old.limits != new.limits).then(|| new.limits.into()),
        last_arrival_at: new.last_arrival.map(Time),
        listeners: (before.status.listeners != after.status.listeners)
            .then(|| after.status.listeners.iter().map(Listener::from).collect()),
        problems: (before.status.problems != after.status.problems)
            .then(|| after.status.problems.iter().map(Problem::from).collect()),
        backfill: after
            .status
            .backfill
            .filter(|state| before.status.backfill != Some(*state))
            .map(|state| Backfill::new(state, resident.now)),
    };
    (!is_idle(&change, old)).then_some(change)
}

/// The sessions whose main thread was compacted since a client was told.
pub(crate) fn compacted<'a>(before: &Seen, after: &'a Seen) -> Vec<dto::Compacted<'a>> {
    let known = by_id(&before.snapshot);
    let more = |view: &&'a Arc<SessionView>| {
        known.get(&view.session).is_some_and(|seen| seen.compactions < view.compactions)
    };
    after.snapshot.sessions.iter().filter(more).map(|view| dto::Compacted::new(view)).collect()
}

fn by_id(snapshot: &Snapshot) -> HashMap<&SessionId, &Arc<SessionView>> {
    snapshot.sessions.iter().map(|view| (&view.session, view)).collect()
}

/// Whether a change tells nothing but the time of the snapshot.
fn is_idle(change: &dto::Change<'_>, old: &Snapshot) -> bool {
    let order = old.sessions.iter().map(|view| view.session.as_str());
    change.sessions.is_empty()
        && change.removed.is_empty()
        && change.order.iter().copied().eq(order)
        && change.today.is_none()
        && change.limits.is_none()
        && change.listeners.is_none()
        && change.problems.is_none()
        && change.backfill.is_none()
        && change.revision == old.revision.0
        && change.last_arrival_at == old.last_arrival.map(Time)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plimsoll_domain::{Revision, health::Backfill};

    use super::*;
    use crate::fixture;

    fn seen(version: u64, sessions: Vec<Arc<SessionView>>) -> Seen {
        let snapshot = Snapshot {
            version,
            revision: Revision(7),
            as_of: fixture::NOON,
            sessions,
            last_arrival: Some(fixture::NOON),
            ..Snapshot::default()
        };
        Seen::new(Arc::new(snapshot), Arc::default())
    }

    fn view(id: &str) -> Arc<SessionView> {
        Arc::new(fixture::view(id))
    }

    /// What is told two seconds after noon.
    fn json(before: &Seen, after: &Seen) -> Option<serde_json::Value> {
        let now = fixture::NOON.after(Duration::from_secs(2));
        let resident = Resident { version: "0.1.0", started: fixture::NOON, now };
        Some(serde_json::to_value(difference(before, after, resident)?).unwrap())
    }

    /// Scenario: of three sessions one changed, one went, one stayed, and a new one came to the front.
    /// Guarantees: the changed and the new one are told in full, the gone one by id, the order is complete,
    /// and what did not change is null.
    #[test]
    fn only_what_changed_is_told() {
        let (stays, goes) = (view("stays"), view("goes"));
        let before = seen(1, vec![goes, view("changes"), Arc::clone(&stays)]);
        let after = seen(2, vec![view("new"), view("changes"), stays]);
        let change = json(&before, &after).unwrap();
        let ids: Vec<_> = change["sessions"].as_array().unwrap().iter().collect();
        assert_eq!(ids.len(), 2);
        insta::assert_json_snapshot!("change", change, { ".sessions" => "[new, changes]" });
        assert_eq!(ids[0]["sessionId"], "new");
        assert_eq!(ids[1]["sessionId"], "changes");
    }

    /// Scenario: a newer snapshot that tells the same; then each thing in turn differs.
    /// Guarantees: nothing is sent for the former, and every single difference is sent.
    #[test]
    fn every_difference_is_told_and_nothing_else() {
        let (one, two) = (view("1"), view("2"));
        let base = seen(1, vec![Arc::clone(&one), Arc::clone(&two)]);
        assert!(json(&base, &seen(2, vec![Arc::clone(&one), Arc::clone(&two)])).is_none());

        let swapped = json(&base, &seen(2, vec![two, one])).unwrap();
        assert_eq!(swapped["order"], serde_json::json!(["2", "1"]));
        assert_eq!(swapped["sessions"], serde_json::json!([]));

        let with = |alter: &dyn Fn(&mut Snapshot)| {
            let mut snapshot = Snapshot::clone(&base.snapshot);
            alter(&mut snapshot);
            json(&base, &Seen::new(Arc::new(snapshot), Arc::default()))
        };
        assert!(with(&|snapshot| snapshot.revision = Revision(8)).is_some());
        assert!(with(&|snapshot| snapshot.last_arrival = None).is_some());
        let today = with(&|snapshot| snapshot.today.usage.requests = 1).unwrap();
        assert_eq!(today["today"]["usage"]["requests"], 1);
        let limits = with(&|snapshot| snapshot.limits = fixture::limits()).unwrap();
        let told = serde_json::json!({"usedPercent": 42.5, "resetsAt": "2026-11-23T13:20:00.250Z",
            "toldAt": "2026-11-23T12:00:00.250Z"});
        assert_eq!(limits["limits"], serde_json::json!({"fiveHour": told, "sevenDay": null}));

        let status = Arc::new(fixture::status());
        let told = json(&base, &Seen { status, ..base.clone() }).unwrap();
        assert_eq!(told["listeners"][0]["state"], "portTaken");
        assert_eq!(told["problems"][0]["code"], "port-taken");
        assert_eq!(told["version"], 2, "newer than version 1, though the snapshot is the same");
    }

    /// Scenario: history is being read: a quarter of it in two seconds; then nothing of that changes; then a port is
    /// taken; then it is read to its end.
    /// Guarantees: each step is told with the time that is left as of now, an unchanged one is not told again, and
    /// at the end no time is left.
    #[test]
    fn the_reading_of_history_is_told_as_it_goes() {
        let idle = seen(1, Vec::new());
        let of = |status| Seen { status: Arc::new(status), ..idle.clone() };
        let Status { backfill, problems, .. } = fixture::status();
        let reading = of(Status { backfill, ..Status::default() });
        let told = json(&idle, &reading).unwrap();
        assert_eq!(told["backfill"]["bytesRead"], 296_193_045);
        assert_eq!(told["backfill"]["secondsLeft"], 6);
        assert_eq!(told["problems"], serde_json::Value::Null);

        assert!(json(&reading, &reading).is_none());
        let taken = of(Status { backfill, problems, ..Status::default() });
        assert_eq!(json(&reading, &taken).unwrap()["backfill"], serde_json::Value::Null);

        let ended = backfill.map(|state| Backfill {
            bytes_read: state.bytes,
            ended: Some(fixture::NOON),
            ..state
        });
        let told = json(&reading, &of(Status { backfill: ended, ..Status::default() })).unwrap();
        assert_eq!(told["backfill"]["endedAt"], "2026-11-23T12:00:00.250Z");
        assert_eq!(told["backfill"]["secondsLeft"], serde_json::Value::Null);
    }

    /// Scenario: one session was compacted, one was not, one that was is new.
    /// Guarantees: only what happened before the client's eyes is told as an event.
    #[test]
    fn a_compaction_is_told_once() {
        let of = |id: &str, compactions| Arc::new(SessionView { compactions, ..fixture::view(id) });
        let before = seen(1, vec![of("one", 1), of("other", 1)]);
        let after = seen(2, vec![of("one", 2), of("other", 1), of("new", 3)]);
        let told = serde_json::to_value(compacted(&before, &after)).unwrap();
        assert_eq!(told.as_array().unwrap().len(), 1);
        assert_eq!((&told[0]["sessionId"], &told[0]["compactions"]), (&"one".into(), &2.into()));
        assert!(compacted(&after, &after).is_empty());
    }

    /// Scenario: a client that skipped several snapshots is told of the newest.
    /// Guarantees: applying the change to what it saw gives what is live now.
    #[test]
    fn skipped_snapshots_leave_nothing_behind() {
        let views: Vec<_> = ["1", "2", "3", "4"].map(view).into_iter().collect();
        let before = seen(1, views[..3].to_vec());
        let after = seen(9, vec![Arc::clone(&views[3]), view("2"), Arc::clone(&views[0])]);
        let change = json(&before, &after).unwrap();
        assert_eq!(change["version"], 9);
        assert_eq!(change["removed"], serde_json::json!(["3"]));
        assert_eq!(change["order"], serde_json::json!(["4", "2", "1"]));
        assert_eq!(change["sessions"].as_array().unwrap().len(), 2);
    }
}
