//! The mix of requests: what a busy client sends, fresh in every request.
//!
//! A metrics request holds 12 points (8 `token.usage`, 2 `cost.usage`, 2 `active_time.total`), a logs
//! request 4 events (`user_prompt`, `api_request`, `tool_decision`, `tool_result`); both sizes and all
//! attributes are those of recorded traffic. Bodies are encoded once per session with marks in the
//! places of times, sequence numbers and request ids; per request only these are written over, so that
//! the load costs the machine little beside what it measures.

mod marks;

use std::time::SystemTime;

use plimsoll_domain::{Timestamp, Tokens};
use plimsoll_testkit::{ApiCall, Events, Metrics, logs_json, metrics_json, text};
use prost::Message;

use crate::load::Protocol;
pub(crate) use marks::{Fresh, Template};

/// Points in a metrics request.
pub(crate) const POINTS: u64 = 12;
/// Records in a logs request.
pub(crate) const RECORDS: u64 = 4;

/// One run of the load; sessions and requests of different runs have different ids.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run(u32);

impl Run {
    /// The run that begins now.
    pub(crate) fn begin() -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "49 days of milliseconds tell runs apart"
        )]
        Self((now() / 1_000_000) as u32)
    }

    fn session(self, number: usize) -> String {
        format!("{:08x}-e717-47ca-8227-{number:012x}", self.0)
    }

    fn request(self, number: u64) -> String {
        format!("req_{:08x}{number:016x}", self.0)
    }

    /// The number of a request of this run; `None` for any other.
    pub(crate) fn number_of(self, request: &str) -> Option<u64> {
        let run = request.strip_prefix("req_")?.strip_prefix(&format!("{:08x}", self.0))?;
        u64::from_str_radix(run, 16).ok()
    }
}

/// The requests of one session. Metrics count half of each of two requests, so that after every two
/// rounds they have counted exactly what the events told.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) metrics: Template,
    pub(crate) logs: [Template; 2],
    last_export: u64,
    next_event: u64,
}

impl Session {
    pub(crate) fn new(run: Run, number: usize, protocol: Protocol) -> Self {
        let id = run.session(number);
        let [main, subagent] = calls();
        let metrics = Metrics::delta(&id, marks::start(), marks::time())
            .usage(&half(&main))
            .usage(&half(&subagent))
            .point("claude_code.active_time.total", [text("type", "cli")], 2.2)
            .point("claude_code.active_time.total", [text("type", "user")], 0.4)
            .build();
        let logs = [main, subagent].map(|call| {
            let events = Events::of(&id, marks::time())
                .sequence(marks::SEQUENCE)
                .user_prompt()
                .api_request(&call)
                .tool_decision("Bash")
                .tool_result("Bash");
            let export = events.build();
            Template::new(match protocol {
                Protocol::Json => logs_json(&export).to_string().into_bytes(),
                Protocol::Protobuf | Protocol::Grpc => export.encode_to_vec(),
            })
        });
        let metrics = Template::new(match protocol {
            Protocol::Json => metrics_json(&metrics).to_string().into_bytes(),
            Protocol::Protobuf | Protocol::Grpc => metrics.encode_to_vec(),
        });
        Self { metrics, logs, last_export: now(), next_event: 0 }
    }

    /// What the next metrics request bears: the span since the one before it.
    pub(crate) fn next_export(&mut self) -> Fresh {
        let start = std::mem::replace(&mut self.last_export, now());
        Fresh { start, time: self.last_export, ..Fresh::default() }
    }

    /// What the next logs request bears.
    pub(crate) fn next_events(&mut self, request: u64) -> Fresh {
        let sequence = self.next_event;
        self.next_event += RECORDS;
        Fresh { start: 0, time: now(), sequence, request }
    }
}

/// A body of unchanged cumulative metrics: only its time is fresh.
pub(crate) fn unchanged(run: Run, number: usize) -> Template {
    let id = run.session(number);
    let start = Timestamp::from_nanos(now()).unwrap_or(Timestamp::EPOCH);
    let [main, subagent] = calls();
    let metrics =
        Metrics::cumulative(&id, start, marks::time()).usage(&main).usage(&subagent).build();
    Template::new(metrics.encode_to_vec())
}

/// Nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn calls() -> [ApiCall; 2] {
    let main = Tokens { input: 34, output: 226, cache_read: 24_022, cache_creation: 6_614 };
    let subagent = Tokens { input: 20, output: 104, cache_read: 8_206, cache_creation: 2_418 };
    [
        ApiCall::new(marks::REQUEST).tokens(main).cost(0.035_501_1),
        ApiCall::new(marks::REQUEST)
            .model("claude-haiku-4-5")
            .tokens(subagent)
            .cost(0.004_383_2)
            .subagent("a2b75652f3df8875f", "general-purpose"),
    ]
}

fn half(call: &ApiCall) -> ApiCall {
    let tokens = call.tokens.zip(Tokens::ZERO, |count, _| count / 2);
    call.clone().tokens(tokens).cost(call.cost_usd / 2.0)
}

#[cfg(test)]
mod tests;
