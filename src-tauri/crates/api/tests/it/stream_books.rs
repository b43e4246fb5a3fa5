//! The stream of the books: nothing is missed, nothing comes twice, whoever reads how slowly.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::timeout;

use crate::desk::{Desk, Events, priced, reached, snapshot, told, view};

/// More commits than any follower is kept in memory.
const MANY: i64 = 600;

/// The ids of events in their order, and the last one of each record or level.
type Told = (Vec<i64>, BTreeMap<String, i64>);

/// Reads events of the books until one is the last, by its name and its revision.
async fn read_until(events: &mut Events, is_last: impl Fn(&str, i64) -> bool) -> Told {
    let (mut ids, mut latest) = (Vec::new(), BTreeMap::new());
    loop {
        let next = timeout(Duration::from_secs(20), events.next()).await;
        let event = next.unwrap_or_else(|_| panic!("stopped after {:?}", ids.last())).unwrap();
        let Some(id) = event.id.as_ref().map(|id| id.parse().unwrap()) else { continue };
        let data = event.json().unwrap();
        assert_eq!(data["revision"], id);
        let name = if event.event == "usage.recorded" { "id" } else { "cycleStartedAt" };
        let name = data[name].as_str().unwrap();
        ids.push(id);
        latest.insert(name.to_owned(), id);
        if is_last(name, id) {
            return (ids, latest);
        }
    }
}

async fn read_to(events: &mut Events, last: i64) -> Told {
    read_until(events, |_, id| id == last).await
}

/// Scenario: clients that last saw nothing, something, the present, the future, and one that does not say.
/// Guarantees: each gets what came after, then what comes; the header wins over the address.
#[tokio::test]
async fn replay_begins_after_the_last_event() {
    let desk = Desk::open().await;
    for n in 1..=5 {
        desk.record(vec![told("s-1", &format!("r{n}"), n)]).await;
    }
    let socket = desk.serve().await;
    let mut clients = Vec::new();
    for (path, header, first) in [
        ("/api/v1/events?lastEventId=0", None, 1),
        ("/api/v1/events?lastEventId=3", None, 4),
        ("/api/v1/events?lastEventId=1", Some("3"), 4),
        ("/api/v1/events?lastEventId=1", Some(""), 2),
        ("/api/v1/events", Some("5"), 6),
        ("/api/v1/events", Some("99"), 6),
        ("/api/v1/events", None, 6),
    ] {
        let mut events = socket.events(path, header).await.unwrap();
        let soon = Duration::from_secs(10);
        assert_eq!(events.next(soon).await.unwrap().unwrap().event, "snapshot");
        clients.push((path, header, first, events));
    }
    desk.record(vec![told("s-1", "r6", 6)]).await;
    for (path, header, first, mut events) in clients {
        for expected in first..=6 {
            let event = events.next(Duration::from_secs(10)).await.unwrap().unwrap();
            assert_eq!(event.id, Some(expected.to_string()), "{path} {header:?}");
        }
    }
}

/// Scenario: a client stops reading while more is committed than is kept for it, a record it has seen
/// improves, and a level is reached; another client reads all along.
/// Guarantees: the reading client is not held up; the other then gets everything it missed in order, each
/// record as it is now.
#[tokio::test]
async fn a_slow_client_misses_nothing() {
    let desk = Desk::open().await;
    desk.show(snapshot(2, &[view("s-1", None)]));
    let mut slow = desk.follow("/api/v1/events").await;
    let mut fast = desk.follow("/api/v1/events").await;
    desk.record(vec![priced("s-1", "r1", 1, None)]).await;
    assert_eq!(read_to(&mut slow, 1).await.0, [1]);
    assert_eq!(read_to(&mut fast, 1).await.0, [1]);
    for n in 2..=MANY {
        desk.record(vec![told("s-1", &format!("r{n}"), n)]).await;
        assert_eq!(read_to(&mut fast, n).await.0, [n]);
    }
    desk.ledger.claim(reached("s-1", 0), false).await.unwrap();
    desk.record(vec![told("s-1", "r1", 1)]).await;
    let last = desk.ledger.revision().0;
    assert_eq!(last, MANY + 2);
    let (ids, latest) = read_to(&mut slow, last).await;
    assert_eq!(ids, (2..=last).collect::<Vec<_>>());
    assert_eq!(latest.len(), usize::try_from(MANY + 1).unwrap());
    assert_eq!(latest["r1"], last);
    assert_eq!(read_to(&mut fast, last).await.0, [MANY + 1, last]);
}

/// Scenario: clients come at any moment of a busy time, each asking for everything from the start, while
/// records are made and improved and levels are reached.
/// Guarantees: every client ends with the same books, in order and without repetition.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_missed_between_replay_and_present() {
    let desk = Desk::open().await;
    let mut clients = Vec::new();
    for n in 1..=300 {
        let improved = told("s-1", &format!("late{}", n - 1), n);
        let late = priced("s-1", &format!("late{n}"), n, None);
        desk.record(vec![told("s-1", &format!("r{n}"), n), improved, late]).await;
        desk.ledger.claim(reached("s-1", n), false).await.unwrap();
        if n % 10 == 0 {
            let mut events = desk.follow("/api/v1/events?lastEventId=0").await;
            let client = async move { read_until(&mut events, |name, _| name == "end").await };
            clients.push(tokio::spawn(client));
        }
    }
    desk.record(vec![told("s-1", "end", 301)]).await;
    let mut books = desk.follow("/api/v1/events?lastEventId=0").await;
    let (_, expected) = read_until(&mut books, |name, _| name == "end").await;
    assert_eq!(expected.len(), 300 + 301 + 300 + 1);
    for client in clients {
        let (ids, latest) = client.await.unwrap();
        assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
        let missed: Vec<_> = expected.iter().filter(|(k, v)| latest.get(*k) != Some(v)).collect();
        assert!(missed.is_empty(), "{missed:?}");
    }
}
