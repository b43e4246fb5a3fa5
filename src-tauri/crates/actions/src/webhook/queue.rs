//! Which messages are due: in order for a session, each session by itself. Pure.

use std::collections::{BTreeMap, HashSet};

use plimsoll_domain::{Revision, SessionId, Timestamp};
use plimsoll_ledger::Delivery;

use super::backoff::LONGEST_ASKED;

/// The messages that were not delivered yet, in order of revision.
#[derive(Debug, Default)]
pub(super) struct Queue(BTreeMap<Revision, Entry>);

#[derive(Debug)]
struct Entry {
    delivery: Delivery,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    OnItsWay,
    /// Ended, which the ledger may not know yet.
    Over,
}

impl Queue {
    /// Takes in what the ledger has. Of what is known already this queue knows better.
    pub(super) fn take_in(&mut self, deliveries: Vec<Delivery>) {
        let revision = |delivery: &Delivery| delivery.alert.revision.unwrap_or_default();
        let listed: HashSet<Revision> = deliveries.iter().map(revision).collect();
        self.0
            .retain(|revision, entry| entry.state == State::OnItsWay || listed.contains(revision));
        for delivery in deliveries {
            let revision = revision(&delivery);
            self.0.entry(revision).or_insert(Entry { delivery, state: State::Waiting });
        }
    }

    /// Whether nothing is to be delivered.
    pub(super) fn is_empty(&self) -> bool {
        self.0.values().all(|entry| entry.state == State::Over)
    }

    /// Sends the next message off that is due, if there is one.
    pub(super) fn send_off(&mut self, now: Timestamp) -> Option<Delivery> {
        let first = self.firsts().find(|(_, delivery)| is_due(delivery.next_at, now));
        let revision = first.map(|(revision, _)| revision)?;
        let entry = self.0.get_mut(&revision)?;
        entry.state = State::OnItsWay;
        Some(entry.delivery.clone())
    }

    /// When the next message is due, while none is.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.firsts().map(|(_, delivery)| delivery.next_at).min()
    }

    /// A message came back: to be sent again, or never.
    pub(super) fn come_back(&mut self, revision: Revision, again: Option<(u32, Timestamp)>) {
        let Some(entry) = self.0.get_mut(&revision) else { return };
        match again {
            Some((attempts, next_at)) => {
                (entry.delivery.attempts, entry.delivery.next_at) = (attempts, next_at);
                entry.state = State::Waiting;
            }
            None => entry.state = State::Over,
        }
    }

    /// The first message of each session, unless it is on its way.
    fn firsts(&self) -> impl Iterator<Item = (Revision, &Delivery)> {
        let mut sessions: HashSet<&SessionId> = HashSet::new();
        let left = self.0.iter().filter(|(_, entry)| entry.state != State::Over);
        let firsts = left.filter(move |(_, entry)| {
            let is_first = sessions.insert(&entry.delivery.alert.thread.session);
            is_first && entry.state == State::Waiting
        });
        firsts.map(|(revision, entry)| (*revision, &entry.delivery))
    }
}

/// Whether a time has come. One that lies further ahead than any pause is of a clock that went wrong.
fn is_due(next_at: Timestamp, now: Timestamp) -> bool {
    next_at <= now || next_at.since(now) > LONGEST_ASKED
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::message::tests::alert;

    fn at(second: u64) -> Timestamp {
        Timestamp::from_millis(1_795_435_200_000).after(Duration::from_secs(second))
    }

    fn delivery(revision: i64, session: &str, next_at: u64) -> Delivery {
        let mut alert = alert();
        alert.revision = Some(Revision(revision));
        alert.thread.session = SessionId::new(session);
        Delivery { alert, project: None, attempts: 0, next_at: at(next_at) }
    }

    fn sent(queue: &mut Queue, now: u64) -> Vec<i64> {
        let sent = std::iter::from_fn(|| queue.send_off(at(now)));
        sent.map(|delivery| delivery.alert.revision.unwrap().0).collect()
    }

    /// Scenario: messages of two sessions; the first of one of them comes back to be sent again, then is delivered.
    /// Guarantees: one of each session at a time, in order; what waits holds back its own session only.
    #[test]
    fn a_sessions_messages_go_in_order() {
        let mut queue = Queue::default();
        let all = ["one", "one", "two", "two"];
        queue.take_in((1_i64..).zip(all).map(|(at, name)| delivery(at, name, 0)).collect());
        assert_eq!(sent(&mut queue, 0), [1, 3]);
        assert_eq!(queue.next_at(), None);
        queue.come_back(Revision(1), Some((1, at(5))));
        queue.come_back(Revision(3), None);
        assert_eq!(sent(&mut queue, 4), [4]);
        assert_eq!(queue.next_at(), Some(at(5)));
        assert_eq!(sent(&mut queue, 5), [1]);
        queue.come_back(Revision(1), None);
        assert_eq!(sent(&mut queue, 5), [2]);
        queue.come_back(Revision(2), None);
        assert!(!queue.is_empty(), "one is on its way");
        queue.come_back(Revision(4), None);
        assert!(queue.is_empty());
    }

    /// Scenario: the ledger is read again while messages wait, are on their way, or ended; it knows of one more.
    /// Guarantees: nothing that is on its way or ended is sent again; what waits keeps its time; what is new comes in,
    /// what is gone goes.
    #[test]
    fn what_is_known_is_known_better() {
        let mut queue = Queue::default();
        let names = ["a", "b", "c", "d"];
        let all: Vec<Delivery> =
            (1_i64..).zip(names).map(|(at, name)| delivery(at, name, 0)).collect();
        queue.take_in(all.clone());
        assert_eq!(sent(&mut queue, 0), [1, 2, 3, 4]);
        queue.come_back(Revision(1), Some((1, at(9))));
        queue.come_back(Revision(2), None);
        queue.come_back(Revision(4), Some((1, at(9))));
        queue.take_in([&all[..2], &[delivery(5, "e", 0)]].concat());
        assert_eq!(sent(&mut queue, 8), [5]);
        assert_eq!(sent(&mut queue, 9), [1]);
        queue.come_back(Revision(3), None);
        queue.take_in(Vec::new());
        assert_eq!(sent(&mut queue, 9), [0_i64; 0]);
    }

    /// Scenario: a clock that was an hour and more ahead wrote when a message is due, and was set right.
    /// Guarantees: it is sent now; one that is due within an hour is waited for.
    #[test]
    fn a_clock_that_was_wrong_holds_nothing_back() {
        let mut queue = Queue::default();
        queue.take_in(vec![delivery(1, "a", 3_601), delivery(2, "b", 3_600)]);
        assert_eq!(sent(&mut queue, 0), [1]);
    }
}
