//! The exports of the day and what becomes of each of them.

use std::{io::Read as _, time::Duration};

use flate2::read::GzDecoder;
use plimsoll_domain::Timestamp;
use plimsoll_replay::{Capture, Entry, Shift, Signal};

use super::plan::{Plan, Role};
use crate::house::capture;

/// What becomes of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Sent,
    SentTwice,
    /// It did not arrive.
    Lost,
    /// Nobody listened: it came while the resident was killed.
    Refused,
    /// Telemetry was off.
    Never,
}

/// One export of the day.
pub(super) struct Export {
    pub(super) capture: String,
    pub(super) entry: Entry,
    pub(super) fate: Fate,
}

impl Export {
    pub(super) fn arrived(&self) -> bool {
        matches!(self.fate, Fate::Sent | Fate::SentTwice)
    }

    /// Whether it tells of a session in any way.
    pub(super) fn names(&self, session: &str) -> bool {
        contains(&self.entry, session)
    }

    /// Whether one of its events tells of this request to the model.
    pub(super) fn tells_of(&self, request: &str) -> bool {
        let whole = Capture { name: String::new(), entries: vec![self.entry.clone()] };
        let records = whole.spread().unwrap().entries;
        records.iter().any(|one| contains(one, "claude_code.api_request") && contains(one, request))
    }
}

/// How a capture's times move into the day.
pub(super) fn shift(name: &str, plan: &Plan, day: Timestamp) -> Shift {
    let from = Timestamp::from_nanos(capture(name).first_time().unwrap().unwrap()).unwrap();
    Shift { from, to: day.after(plan.captures[name].0), stretch: 1, seed: Shift::SAME_IDS }
}

/// How long the day is.
pub(super) fn length(plan: &Plan) -> Duration {
    let end = |(name, (begin, _)): (&String, &(Duration, Role))| {
        let traffic = capture(name);
        let time = |time: Result<Option<u64>, _>| time.unwrap().unwrap();
        *begin + Duration::from_nanos(time(traffic.last_time()) - time(traffic.first_time()))
    };
    plan.captures.iter().map(end).max().unwrap()
}

/// All exports of the day in order of arrival, each capture's over connections of its own.
pub(super) fn exports(plan: &mut Plan, day: Timestamp) -> Vec<Export> {
    let mut exports = Vec::new();
    for (number, (name, (begin, role))) in (1..).zip(plan.captures.clone()) {
        let traffic = shift(&name, plan, day).capture(&capture(&name)).unwrap();
        for entry in traffic.entries {
            let entry = Entry {
                file: format!("{name}/{}", entry.file),
                connection: number * 1_000 + entry.connection,
                arrived: begin + entry.arrived,
                ..entry
            };
            let fate = if role == Role::TelemetryOff { Fate::Never } else { fate(plan, &entry) };
            exports.push(Export { capture: name.clone(), entry, fate });
        }
    }
    exports.sort_by_key(|export| export.entry.arrived);
    exports
}

fn fate(plan: &mut Plan, entry: &Entry) -> Fate {
    let lost = match entry.signal {
        Signal::Logs => plan.events_lost.contains(&entry.arrived),
        Signal::Metrics => plan.metrics_lost.contains(&entry.arrived),
        Signal::Traces => false,
    };
    match (lost, plan.outage.contains(&entry.arrived), plan.sends_twice()) {
        (true, ..) => Fate::Lost,
        (_, true, _) => Fate::Refused,
        (.., true) => Fate::SentTwice,
        _ => Fate::Sent,
    }
}

fn contains(entry: &Entry, text: &str) -> bool {
    let mut body = entry.body.to_vec();
    if entry.is_deflated() {
        body.clear();
        GzDecoder::new(&entry.body[..]).read_to_end(&mut body).unwrap();
    }
    body.windows(text.len()).any(|part| part == text.as_bytes())
}
