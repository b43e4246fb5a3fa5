//! The ways in which a capture is told.

use std::fs;

use plimsoll_replay::{Capture, Order, Signal};
use plimsoll_testkit::{Loopback, TestResident};

use super::record::{Record, history_is_read, start};
use crate::{
    house::{capture, folder, replay},
    transcripts::copy,
};

/// Which of the witnesses tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    All,
    Telemetry,
    Transcripts,
    Events,
    Metrics,
}

impl Way {
    pub(super) const ALL: [Self; 5] =
        [Self::All, Self::Telemetry, Self::Transcripts, Self::Events, Self::Metrics];

    /// What people call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::All => "All witnesses",
            Self::Telemetry => "Telemetry only",
            Self::Transcripts => "Transcripts only",
            Self::Events => "Events only",
            Self::Metrics => "Metrics only",
        }
    }

    /// Who tells.
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::All => {
                "Transcripts, telemetry and, where they were recorded, hooks and status line."
            }
            Self::Telemetry => "Events, metrics and, where they were recorded, traces.",
            Self::Transcripts => {
                "The client's session files, and in them its own sums; telemetry was never on."
            }
            Self::Events => "The client's metrics exporter is off.",
            Self::Metrics => "The client's logs exporter is off.",
        }
    }

    /// Whether whole requests are known, and not sums alone.
    pub(super) fn tells_of_requests(self) -> bool {
        self != Self::Metrics
    }

    fn has(self, signal: Signal) -> bool {
        match self {
            Self::All | Self::Telemetry => true,
            Self::Transcripts => false,
            Self::Events => signal == Signal::Logs,
            Self::Metrics => signal == Signal::Metrics,
        }
    }

    /// Tells an empty ledger of a capture; transcripts lie there from the start, hooks and status line come next,
    /// telemetry last.
    pub(super) async fn tell(self, name: &str) -> Record {
        let start = start();
        if matches!(self, Self::All | Self::Transcripts) {
            copy(&folder(name).join("transcripts"), &start.home().join(".claude/projects"));
        }
        let house = start.run().await.unwrap();
        history_is_read(&house).await;
        if self == Self::All {
            hand_over(&house.api().unwrap(), name).await;
        }
        self.send(&house, capture(name)).await;
        Record::of(house).await
    }

    async fn send(self, house: &TestResident, traffic: Capture) {
        let told = |entry: &plimsoll_replay::Entry| self.has(entry.signal);
        let entries = traffic.entries.into_iter().filter(told).collect();
        replay(house, &Capture { name: traffic.name, entries }, Order::Recorded).await;
    }
}

/// What the client gave its hooks and its status line, where that was recorded.
async fn hand_over(api: &Loopback, name: &str) {
    for (file, path) in
        [("hooks.jsonl", "/hooks/claude-code"), ("statusline.jsonl", "/hooks/status-line")]
    {
        let lines = fs::read_to_string(folder(name).join(file)).unwrap_or_default();
        for line in lines.lines() {
            let answer = api.post(path, &[], line.to_owned()).await.unwrap();
            assert_eq!(answer.status, 200, "{name}: {path}");
        }
    }
}
