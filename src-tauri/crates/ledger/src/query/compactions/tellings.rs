//! Which tellings of a session's compactions are of the same one.

use std::time::Duration;

use plimsoll_domain::{CompactionTrigger, ProcessId, SessionId, Timestamp, Witness};
use sqlx::SqliteConnection;

use crate::{Activity, ActivityKind, query::record, table::event};

/// Witnesses tell of one compaction within so much time of each other.
pub(super) const NEAR: Duration = Duration::from_secs(10);

const OF_SESSION: &str = "SELECT * FROM event WHERE kind = 3 AND session = ?1 \
    AND CASE time WHEN 0 THEN arrived ELSE time END < ?2";

/// A compaction that succeeded, as all its witnesses tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::query) struct Compacted {
    /// When the first of them says that it ended.
    pub(in crate::query) at: Timestamp,
    pub(super) trigger: CompactionTrigger,
    pub(super) process: Option<ProcessId>,
    /// The client's estimates of the occupancy.
    pub(super) before: Option<u64>,
    pub(super) after: Option<u64>,
}

/// What one witness tells.
#[derive(Debug, Clone, Copy)]
struct Telling {
    witness: Witness,
    said: Compacted,
}

/// The compactions of a session that were told before a time, in order.
pub(in crate::query) async fn of_session(
    view: &mut SqliteConnection,
    session: i64,
    until: Timestamp,
) -> sqlx::Result<Vec<Compacted>> {
    let query = sqlx::query(OF_SESSION).bind(session).bind(until.nanos());
    let mut told = Vec::new();
    for row in query.fetch_all(view).await? {
        let activity = record::event_activity(&event::read(&row)?, SessionId::new(""));
        told.extend(activity.and_then(|activity| telling(&activity)));
    }
    Ok(merged(told))
}

/// What an activity tells of a compaction that succeeded.
fn telling(activity: &Activity) -> Option<Telling> {
    let ActivityKind::Compaction(compaction, witness) = &activity.kind else { return None };
    let said = Compacted {
        at: activity.at,
        trigger: compaction.trigger,
        process: activity.process,
        before: compaction.before,
        after: compaction.after,
    };
    compaction.success.then_some(Telling { witness: *witness, said })
}

/// Tellings of the same kind of compaction near each other are of one, at most one by each witness. What the event
/// says goes before what the transcript does, and that before a hook's word.
fn merged(mut told: Vec<Telling>) -> Vec<Compacted> {
    told.sort_by_key(|telling| (telling.said.at, telling.witness));
    let mut groups: Vec<Vec<Telling>> = Vec::new();
    for telling in told {
        let at = telling.said.at;
        let open = groups.partition_point(|group| at.since(group[0].said.at) > NEAR);
        let fits = |group: &&mut Vec<Telling>| {
            group[0].said.trigger == telling.said.trigger
                && group.iter().all(|known| known.witness != telling.witness)
        };
        match groups[open..].iter_mut().find(fits) {
            Some(group) => group.push(telling),
            None => groups.push(vec![telling]),
        }
    }
    groups.into_iter().map(of_group).collect()
}

fn of_group(mut group: Vec<Telling>) -> Compacted {
    let first = group[0].said;
    group.sort_by_key(|telling| telling.witness);
    Compacted {
        process: group.iter().find_map(|telling| telling.said.process),
        before: group.iter().find_map(|telling| telling.said.before),
        after: group.iter().find_map(|telling| telling.said.after),
        ..first
    }
}

#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    vec![OF_SESSION.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telling(witness: Witness, at: i64, before: Option<u64>) -> Telling {
        let said = Compacted {
            at: Timestamp::from_millis(at),
            trigger: CompactionTrigger::Auto,
            process: (witness == Witness::Event).then_some(ProcessId(7)),
            before,
            after: before.map(|before| before / 10),
        };
        Telling { witness, said }
    }

    /// Scenario: a transcript, an event with other estimates, and a hook tell of a compaction within ten seconds.
    /// Guarantees: it is one, when the first of them says, with the event's estimates and process; what the event does
    /// not say is taken from the transcript.
    #[test]
    fn witnesses_near_each_other_tell_of_one() {
        let transcript = telling(Witness::Transcript, 1_000, Some(167_000));
        let mut event = telling(Witness::Event, 1_003, Some(167_245));
        event.said.after = None;
        let hook = telling(Witness::Hook, 11_000, None);
        let compacted = Compacted {
            at: Timestamp::from_millis(1_000),
            trigger: CompactionTrigger::Auto,
            process: Some(ProcessId(7)),
            before: Some(167_245),
            after: Some(16_700),
        };
        assert_eq!(merged(vec![hook, event, transcript]), [compacted]);
    }

    /// Scenario: one witness tells twice within ten seconds; a manual one is told right after an automatic one; a
    /// witness tells more than ten seconds after the first.
    /// Guarantees: each is a compaction of its own, in order.
    #[test]
    fn what_is_not_of_one_is_told_apart() {
        let first = telling(Witness::Event, 1_000, Some(100));
        let again = telling(Witness::Event, 5_000, Some(200));
        let late = telling(Witness::Hook, 16_000, None);
        let mut manual = telling(Witness::Transcript, 1_500, Some(300));
        manual.said.trigger = CompactionTrigger::Manual;
        let all = merged(vec![late, manual, again, first]);
        let told: Vec<_> = all.iter().map(|one| (one.at.millis(), one.before)).collect();
        let expected = [(1_000, Some(100)), (1_500, Some(300)), (5_000, Some(200)), (16_000, None)];
        assert_eq!(told, expected);
    }

    /// Scenario: two threads are compacted within ten seconds, and event and transcript tell of both.
    /// Guarantees: they are two, each told by both.
    #[test]
    fn two_at_a_time_are_two() {
        let all = merged(vec![
            telling(Witness::Event, 1_000, Some(100)),
            telling(Witness::Transcript, 1_001, Some(100)),
            telling(Witness::Event, 4_000, Some(200)),
            telling(Witness::Transcript, 4_001, Some(200)),
        ]);
        let told: Vec<_> = all.iter().map(|one| (one.at.millis(), one.before)).collect();
        assert_eq!(told, [(1_000, Some(100)), (4_000, Some(200))]);
    }
}
