//! The facts of recorded sessions, lost, repeated and out of order: as long as one witness tells of a request, the
//! books hold it, once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::Arc,
    time::Duration,
};

use plimsoll_domain::{ConnectionId, Fact, SessionId, Statement, Timestamp, Tokens, Witness};
use plimsoll_ledger::{AuditFilter, Ledger, LedgerError, LedgerOptions};
use plimsoll_otlp::{Arrival, Export};
use plimsoll_replay::{Entry, Signal};
use plimsoll_sources::transcripts::{Reader, find};
use plimsoll_testkit::Truth;
use proptest::{prelude::*, sample::Index};
use prost::Message;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::house::{capture, expected, folder};

/// Captures in plain protobuf over HTTP.
const NAMES: [&str; 7] = [
    "interactive",
    "kill9",
    "multiturn-manual-compact",
    "resume",
    "subagents-parallel",
    "temporality",
    "tools-autocompact",
];

/// A ledger in a folder of its own.
struct Desk {
    ledger: Ledger,
    folder: tempfile::TempDir,
    stop: CancellationToken,
    writer: JoinHandle<Result<(), LedgerError>>,
}

impl Desk {
    async fn open(folder: tempfile::TempDir) -> Self {
        let options = LedgerOptions {
            path: folder.path().join("ledger.db"),
            queue: 64,
            busy: Duration::from_secs(1),
            prices: Arc::default(),
        };
        let (ledger, mut writer) = Ledger::open(options).await.unwrap();
        let stop = CancellationToken::new();
        let until = stop.clone();
        let writer = tokio::spawn(async move { writer.run(until).await });
        Self { ledger, folder, stop, writer }
    }

    async fn again(self) -> Self {
        self.stop.cancel();
        self.writer.await.unwrap().unwrap();
        Self::open(self.folder).await
    }

    /// The tokens of each session that has any.
    async fn totals(&self) -> BTreeMap<String, Tokens> {
        let sessions = self.ledger.sessions(None, 100).await.unwrap();
        let totals =
            sessions.into_iter().map(|books| (books.session.to_string(), books.usage.tokens));
        totals.filter(|(_, tokens)| !tokens.is_zero()).collect()
    }
}

/// Everything that telemetry tells in a capture.
fn telemetry(name: &str) -> Vec<Fact> {
    let entries = capture(name).entries;
    let read = |entry: &Entry| {
        let body = entry.body.as_ref();
        let export = match entry.signal {
            Signal::Logs => Export::Logs(Message::decode(body).unwrap()),
            Signal::Metrics => Export::Metrics(Message::decode(body).unwrap()),
            Signal::Traces => Export::Traces(Message::decode(body).unwrap()),
        };
        let connection = ConnectionId(entry.connection.into());
        plimsoll_sources::read(&Arrival { export, connection, at: now() }).told()
    };
    entries.iter().flat_map(read).collect()
}

/// After everything that was recorded.
fn now() -> Timestamp {
    Timestamp::from_millis(1_798_000_000_000)
}

/// Everything that the transcripts of a capture tell.
fn transcripts(name: &str) -> Vec<Fact> {
    let home = tempfile::tempdir().unwrap();
    let projects = home.path().join("projects");
    std::os::unix::fs::symlink(
        fs::canonicalize(folder(name).join("transcripts")).unwrap(),
        &projects,
    )
    .unwrap();
    let mut facts = Vec::new();
    let mut reader = Reader::default();
    for file in find(&[home.path().to_owned()]).transcripts {
        let path: &Path = &file.path;
        let mut take = |batch: plimsoll_sources::transcripts::Batch| {
            facts.extend(batch.facts);
            std::ops::ControlFlow::Continue(())
        };
        reader.read(path, None, now(), &mut take).unwrap();
    }
    facts
}

/// The request that a fact tells of.
fn request(fact: &Fact) -> Option<String> {
    match &fact.statement {
        Statement::Request(request) => request.id.as_ref().map(|id| id.as_str().to_owned()),
        _ => None,
    }
}

/// Which of the witnesses are lost.
#[derive(Debug, Clone)]
enum Loss {
    /// Any events and any lines of transcripts; metrics tell all.
    AllButMetrics(Vec<Index>),
    /// Any metrics; of each request one of the two that tell it alone.
    AllButOne { metrics: Vec<Index>, requests: Vec<(Index, bool)> },
}

fn loss() -> impl Strategy<Value = Loss> {
    let some = || prop::collection::vec(any::<Index>(), 0..40);
    let requests = prop::collection::vec((any::<Index>(), any::<bool>()), 0..40);
    prop_oneof![
        some().prop_map(Loss::AllButMetrics),
        (some(), requests).prop_map(|(metrics, requests)| Loss::AllButOne { metrics, requests }),
    ]
}

/// The facts that are left.
fn left(facts: &[Fact], loss: &Loss) -> Vec<Fact> {
    let of = |wanted: &dyn Fn(&Fact) -> bool| -> Vec<usize> {
        facts.iter().enumerate().filter(|(_, fact)| wanted(fact)).map(|(place, _)| place).collect()
    };
    let is_metric = |fact: &Fact| fact.envelope.witness == Witness::Metric;
    let mut lost = BTreeSet::new();
    match loss {
        Loss::AllButMetrics(picks) => {
            let others = of(&|fact| !is_metric(fact));
            lost.extend(picks.iter().map(|pick| others[pick.index(others.len())]));
        }
        Loss::AllButOne { metrics, requests } => {
            let all = of(&is_metric);
            lost.extend(
                metrics.iter().filter(|_| !all.is_empty()).map(|pick| all[pick.index(all.len())]),
            );
            let told = of(&|fact| request(fact).is_some());
            let mut kept: BTreeMap<String, Witness> = BTreeMap::new();
            for (pick, event) in requests {
                let place = told[pick.index(told.len())];
                let id = request(&facts[place]).unwrap();
                let witness = if *event { Witness::Event } else { Witness::Transcript };
                let known = told.iter().any(|other| {
                    request(&facts[*other]).as_ref() == Some(&id)
                        && facts[*other].envelope.witness != witness
                });
                if known && *kept.entry(id.clone()).or_insert(witness) == witness {
                    lost.extend(told.iter().filter(|other| {
                        request(&facts[**other]).as_ref() == Some(&id)
                            && facts[**other].envelope.witness == witness
                    }));
                }
            }
        }
    }
    let kept = facts.iter().enumerate().filter(|(place, _)| !lost.contains(place));
    kept.map(|(_, fact)| fact.clone()).collect()
}

/// What complete books hold, by session.
fn whole(name: &str) -> BTreeMap<String, Tokens> {
    let sessions = if name == "kill9" {
        // The last answer was told by nobody: the client was killed.
        let truth = Truth::read(&folder(name)).unwrap();
        let mut told = truth.completed();
        assert!(told.remove("req_mock_0015_16ce7ba5"));
        truth.told_of(&told).sessions
    } else {
        expected(name).sessions
    };
    let totals = sessions.into_iter().map(|(session, books)| (session, books.totals));
    totals.filter(|(_, tokens)| !tokens.is_zero()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// Scenario: the facts of a recorded session by all its witnesses, in any order, some repeated, some lost as long
    /// as one witness is left for each request, in calls of any size, with a restart on the way.
    /// Guarantees: each session's total is what the scripted API answered, to the token.
    #[test]
    fn one_witness_is_enough(
        capture in prop::sample::select(&NAMES[..]),
        loss in loss(),
        order in prop::collection::vec(any::<u32>(), 700),
        repeated in prop::collection::vec(any::<Index>(), 0..20),
        size in 1_usize..40,
        restart in any::<Index>(),
    ) {
        // What a killed client's metrics knew last is not all.
        prop_assume!(!(capture == "kill9" && matches!(loss, Loss::AllButMetrics(_))));
        let mut all = telemetry(capture);
        all.extend(transcripts(capture));
        let facts = left(&all, &loss);
        let mut ordered: Vec<_> = order.iter().cycle().copied().zip(facts.iter().cloned()).collect();
        ordered.extend(repeated.iter().zip(order.iter().rev()).map(|(pick, key)| (*key, facts[pick.index(facts.len())].clone())));
        ordered.sort_by_key(|(key, _)| *key);
        let ordered: Vec<_> = ordered.into_iter().map(|(_, fact)| fact).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let totals = runtime.block_on(async {
            let mut desk = Desk::open(tempfile::tempdir().unwrap()).await;
            let calls: Vec<_> = ordered.chunks(size).collect();
            let last = restart.index(calls.len());
            for (number, call) in calls.into_iter().enumerate() {
                if number == last {
                    desk = desk.again().await;
                }
                desk.ledger.record(call.to_vec()).await.unwrap();
            }
            desk.totals().await
        });
        prop_assert_eq!(totals, whole(capture));
    }
}

/// Scenario: nobody tells of one request of a session: its event, its line and all metrics are lost.
/// Guarantees: exactly this request is missing from the books, and the running number of its event is known to be
/// missing, so that the loss can be told.
#[tokio::test]
async fn what_nobody_tells_is_missing_and_leaves_a_gap() {
    let name = "tools-autocompact";
    let mut all = telemetry(name);
    all.extend(transcripts(name));
    let events = all.iter().filter(|fact| fact.envelope.witness == Witness::Event);
    let lost = events.filter(|fact| request(fact).is_some()).nth(5).unwrap().clone();
    let id = request(&lost);
    let Statement::Request(told) = &lost.statement else { unreachable!() };
    let number = lost.envelope.sequence.unwrap();
    all.retain(|fact| request(fact) != id && fact.envelope.witness != Witness::Metric);
    for fact in std::mem::take(&mut all) {
        match fact.statement {
            // The export that held it tells of the numbers around it.
            Statement::Heard(heard) => all.extend(without(&fact, heard.last, number)),
            _ => all.push(fact),
        }
    }
    let desk = Desk::open(tempfile::tempdir().unwrap()).await;
    desk.ledger.record(all).await.unwrap();
    let session = lost.session.clone().unwrap();
    let total = desk.totals().await[session.as_str()];
    assert_eq!(total.plus(told.tokens), whole(name)[session.as_str()]);
    assert_eq!(gaps(&desk, &session).await, [(number, number)]);
}

/// A run of numbers without one of them.
fn without(fact: &Fact, last: u64, number: u64) -> Vec<Fact> {
    let first = fact.envelope.sequence.unwrap();
    let run = |first, last| {
        let mut part = fact.clone();
        part.envelope.sequence = Some(first);
        part.statement = Statement::Heard(plimsoll_domain::Heard { last });
        part
    };
    match (first..=last).contains(&number) {
        false => vec![fact.clone()],
        true => {
            let before = (first < number).then(|| run(first, number - 1));
            let after = (number < last).then(|| run(number + 1, last));
            before.into_iter().chain(after).collect()
        }
    }
}

/// The missing running numbers of a session's processes, as the audit tells them.
async fn gaps(desk: &Desk, session: &SessionId) -> Vec<(u64, u64)> {
    let filter = AuditFilter { session: Some(session.clone()), since: None };
    let audit = desk.ledger.audit(&filter, now()).await.unwrap();
    audit.sessions.iter().flat_map(|audit| &audit.missed).map(|gap| (gap.first, gap.last)).collect()
}
