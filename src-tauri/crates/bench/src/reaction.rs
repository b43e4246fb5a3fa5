//! From the export that reaches a level to what it sets going: the notification, the command, the text in the session.

use std::{
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result, ensure};
use plimsoll_domain::{Timestamp, Tokens};
use plimsoll_testkit::{
    ApiCall, Events, Loopback, NotificationServer, PrivateBus, Start, TestResident,
};
use prost::Message;
use tokio::{io::AsyncBufReadExt, net::unix::pipe, time::timeout};

use crate::{Bench, figures, histogram::Histogram};

/// Alerts that are measured, each of a session of its own.
const ALERTS: u32 = 300;
/// How long one of them may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures and prints.
pub(crate) async fn run(bench: &Bench) -> Result<()> {
    let alerts = if bench.quick { 20 } else { ALERTS };
    figures::begin("reaction: from the first byte of the POST that reaches a level").await?;
    let folder = tempfile::tempdir_in(&bench.folder).context("cannot make a folder")?;
    let scene = Scene::set(bench, folder.path()).await?;
    let mut reactions = Reactions::default();
    for number in 0..alerts {
        scene.alert(number, &mut reactions).await?;
        // One notification at a time: several at once become one.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (what, histogram, goal) in [
        ("notification", &reactions.notified, "p99 < 250 ms"),
        ("command started", &reactions.commanded, "p99 < 250 ms"),
        ("hook answered with the text", &reactions.answered, "p99 < 5 ms"),
        ("hook answered without one", &reactions.unanswered, "p99 < 5 ms"),
    ] {
        let figure = |permille| figures::millis(histogram.quantile(permille));
        let shown = format!("{} / {}", figure(500), figure(990));
        figures::line(&format!("{what}, p50 / p99"), &shown, goal);
    }
    Ok(())
}

#[derive(Default)]
struct Reactions {
    notified: Histogram,
    commanded: Histogram,
    /// Of the hook alone, from its first byte.
    answered: Histogram,
    unanswered: Histogram,
}

/// A resident with a desktop of stand-ins, whose levels run a command and tell agents.
struct Scene {
    _bus: PrivateBus,
    server: NotificationServer,
    resident: TestResident,
    receiver: Loopback,
    api: Loopback,
    commands: tokio::sync::Mutex<tokio::io::Lines<tokio::io::BufReader<pipe::Receiver>>>,
}

impl Scene {
    async fn set(bench: &Bench, folder: &Path) -> Result<Self> {
        let fifo = folder.join("commands");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .context("make a pipe")?;
        let commands = pipe::OpenOptions::new().read_write(true).open_receiver(&fifo)?;
        let line = format!("printf '%s\\n' \"$PLIMSOLL_SESSION\" > '{}'", fifo.display());
        let command = serde_json::to_string(&["/bin/sh", "-c", &line])?;
        let bus = PrivateBus::start().await?;
        let server = NotificationServer::on(&bus).await?;
        let resident = Start::within(&bench.plimsoll, folder)
            .command(&[])
            .bus(&bus.address())
            .variable("PLIMSOLL_ACTIONS_COMMAND", &command)
            .variable("PLIMSOLL_ACTIONS_IN_SESSION", "true")
            .run()
            .await?;
        let (receiver, api) = (Loopback::new(resident.http()?), resident.api()?);
        let commands = tokio::io::BufReader::new(commands).lines().into();
        Ok(Self { _bus: bus, server, resident, receiver, api, commands })
    }

    /// One session reaches a level with its first request.
    async fn alert(&self, number: u32, reactions: &mut Reactions) -> Result<()> {
        let session = format!("reaction-{number}");
        let tokens = Tokens { cache_read: 140_000, output: 100, ..Tokens::ZERO };
        let call = ApiCall::new(&format!("req_{session}")).tokens(tokens);
        let export = Events::of(&session, now()).api_request(&call).build().encode_to_vec();
        let before = self.server.calls().len();
        let begun = Instant::now();
        let protobuf = [("content-type", "application/x-protobuf")];
        let answer = self.receiver.post("/v1/logs", &protobuf, export).await?;
        ensure!(answer.status.is_success(), "an export was answered with {}", answer.status);
        let notified = async {
            while self.server.calls().len() == before {
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
            begun.elapsed()
        };
        let commanded = async {
            let line = self.commands.lock().await.next_line().await;
            (line, begun.elapsed())
        };
        let (notified, commanded) =
            tokio::join!(timeout(PATIENCE, notified), timeout(PATIENCE, commanded));
        reactions.notified.record(notified.context("no notification came")?);
        let (line, elapsed) = commanded.context("no command started")?;
        ensure!(line?.as_deref() == Some(&*session), "another session's command started");
        reactions.commanded.record(elapsed);
        reactions.answered.record(self.hook(&session, true).await?);
        reactions.unanswered.record(self.hook(&session, false).await?);
        Ok(())
    }

    /// Posts a hook as the client does; its answer has to hold the text or not.
    async fn hook(&self, session: &str, told: bool) -> Result<Duration> {
        let body = format!(
            "{{\"session_id\":\"{session}\",\"hook_event_name\":\"PostToolUse\",\"tool_name\":\"Bash\"}}"
        );
        let begun = Instant::now();
        let json = [("content-type", "application/json")];
        let answer = self.api.post("/hooks/claude-code", &json, body).await?;
        let took = begun.elapsed();
        let text = answer.text();
        ensure!(text.contains("additionalContext") == told, "the hook was answered {text:?}");
        ensure!(self.resident.pid() > 0, "the resident is there");
        Ok(took)
    }
}

fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::EPOCH.after(now)
}
