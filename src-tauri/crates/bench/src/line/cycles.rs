//! Generated conversations, sent to the running program as the client sends them: request by request.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use plimsoll_domain::{Timestamp, Tokens};
use plimsoll_testkit::{ApiCall, Events, Loopback};
use prost::Message;
use serde_json::Value;

use super::{
    client::{Client, LINE, Shape, Step},
    verdict::{Cycle, Reading, Verdict},
};
use crate::{
    Bench,
    load::Protocol,
    target::{Target, Which},
};

/// How long the program may take to show what it was told.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many alerts are asked for at once.
const PAGE: usize = 1000;

/// A program that is told of conversations.
pub(super) struct Run {
    target: Target,
    receiver: Loopback,
    seed: u64,
    /// How many conversations there were.
    conversations: u64,
}

/// A conversation on its way, and what is true of it.
struct Conversation {
    session: String,
    client: Client,
    sequence: i64,
    requests: u64,
    last: Timestamp,
    readings: Vec<Reading>,
    cycles: Vec<Cycle>,
}

impl Run {
    pub(super) async fn start(bench: &Bench, seed: u64) -> Result<Self> {
        let target = Target::start(bench, Which::Resident).await?;
        let receiver = Loopback::new(target.address(Protocol::Protobuf)?);
        Ok(Self { target, receiver, seed, conversations: 0 })
    }

    /// One conversation of a shape, for so many compactions.
    pub(super) async fn alone(&mut self, shape: Shape, cycles: usize) -> Result<Verdict> {
        self.converse(&[shape], cycles).await
    }

    /// Two conversations, request by request in turns.
    pub(super) async fn together(&mut self, shapes: [Shape; 2], cycles: usize) -> Result<Verdict> {
        self.converse(&shapes, cycles).await
    }

    async fn converse(&mut self, shapes: &[Shape], cycles: usize) -> Result<Verdict> {
        let mut conversations: Vec<_> = shapes.iter().map(|shape| self.begin(*shape)).collect();
        while conversations.iter().any(|one| one.cycles.len() < cycles) {
            for one in conversations.iter_mut().filter(|one| one.cycles.len() < cycles) {
                self.step(one).await?;
            }
        }
        let mut verdict = Verdict::default();
        for one in &conversations {
            let alerts = self.alerts(&one.session).await?;
            one.cycles.iter().for_each(|cycle| verdict.judge(cycle, &alerts));
        }
        Ok(verdict)
    }

    fn begin(&mut self, shape: Shape) -> Conversation {
        self.conversations += 1;
        Conversation {
            session: format!("bench-{}-{}", shape.name(), self.conversations),
            client: Client::new(shape, self.seed, self.conversations),
            sequence: 0,
            requests: 0,
            last: Timestamp::EPOCH,
            readings: Vec::new(),
            cycles: Vec::new(),
        }
    }

    async fn step(&self, one: &mut Conversation) -> Result<()> {
        match one.client.step() {
            Step::Request { sent, answer, results, subagents } => {
                let events = one.request(sent, answer, &results, &subagents);
                self.post(events).await
            }
            Step::Compaction { before, after, summary } => {
                // What was shown last is what was sent last.
                let shown = self.shows(one).await?;
                let events = one.compact(before, after, summary, shown);
                self.post(events).await
            }
        }
    }

    async fn post(&self, events: Events) -> Result<()> {
        let protobuf = [("content-type", "application/x-protobuf")];
        let body = events.build().encode_to_vec();
        let answer = self.receiver.post("/v1/logs", &protobuf, body).await?;
        ensure!(answer.status.is_success(), "an export was answered with {}", answer.status);
        Ok(())
    }

    /// Whether the program shows the occupancy after the last request, and a line that is true.
    async fn shows(&self, one: &Conversation) -> Result<bool> {
        let api = self.target.resident().context("only the resident is asked")?.api()?;
        let truth = one.readings.last().map(|reading| reading.occupancy);
        let path = format!("/api/v1/sessions/{}/context", one.session);
        let shown = async {
            loop {
                let context = api.json(&path).await?;
                if context["occupancyTokens"].as_u64() == truth {
                    let line = context["line"]["tokens"].as_u64();
                    return anyhow::Ok(line == Some(LINE));
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, shown).await.unwrap_or(Ok(false))
    }

    /// Every alert of a session, with what is asked of it.
    async fn alerts(&self, session: &str) -> Result<Vec<Value>> {
        let api = self.target.resident().context("only the resident is asked")?.api()?;
        let path = format!("/api/v1/alerts?session={session}&limit={PAGE}");
        let mut page = api.json(&path).await?;
        ensure!(page["next"].is_null(), "more than {PAGE} alerts of one conversation");
        match page["alerts"].take() {
            Value::Array(alerts) => Ok(alerts),
            other => anyhow::bail!("alerts are no list: {other}"),
        }
    }
}

impl Conversation {
    /// The next moment: now, and in whole milliseconds later than the last.
    fn now(&mut self) -> Timestamp {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let millis = i64::try_from(now.as_millis()).unwrap_or(0).max(self.last.millis() + 1);
        self.last = Timestamp::from_millis(millis);
        self.last
    }

    fn call(&mut self, context: u64, answer: u64) -> ApiCall {
        self.requests += 1;
        let fresh = context.min(300);
        let tokens = Tokens {
            input: 12,
            output: answer,
            cache_read: context - fresh,
            cache_creation: fresh - 12,
        };
        ApiCall::new(&format!("req_{}_{}", self.session, self.requests)).tokens(tokens)
    }

    fn request(
        &mut self,
        sent: u64,
        answer: u64,
        results: &[u64],
        subagents: &[(usize, u64)],
    ) -> Events {
        let at = self.now();
        let call = self.call(sent, answer);
        let mut events = self.events(at).api_request(&call);
        for bytes in results {
            events = events.at(self.now()).tool_result_of("Read", *bytes);
        }
        for (number, context) in subagents {
            let call = self.call(*context, 200).subagent(&format!("agent-{number}"), "Explore");
            events = events.at(self.now()).api_request(&call);
        }
        self.sequence += i64::try_from(1 + results.len() + subagents.len()).unwrap_or(0);
        self.readings.push(Reading { at, occupancy: sent + answer });
        events
    }

    fn compact(&mut self, before: u64, after: u64, summary: u64, shown: bool) -> Events {
        let at = self.now();
        let call = self.call(before, summary).auxiliary("compact");
        let events = self.events(at).api_request(&call);
        let compacted = self.now();
        let events = events.at(compacted).compaction("auto", before, after);
        self.sequence += 2;
        let readings = std::mem::take(&mut self.readings);
        self.cycles.push(Cycle { readings, compacted, shown });
        events
    }

    fn events(&self, at: Timestamp) -> Events {
        Events::of(&self.session, at).sequence(self.sequence)
    }
}
