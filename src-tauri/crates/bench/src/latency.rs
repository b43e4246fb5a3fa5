//! From a request's arrival to its event in a client of the stream.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use plimsoll_testkit::{EventStream, LoopbackError, SseEvent};
use tokio::sync::oneshot;

use crate::Bench;
use crate::figures::{self, millis};
use crate::histogram::Histogram;
use crate::load::{CONNECTIONS, End, Load, Pace, Protocol, Watch};
use crate::payload::Run;
use crate::target::{Target, Which};

/// Requests a second; every second one tells of a request to the model.
const RATE: u32 = 200;

/// How long the next event may be awaited before the rest counts as lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// Measures and prints.
pub(crate) async fn run(bench: &Bench) -> Result<()> {
    let measured = Duration::from_secs(if bench.quick { 3 } else { 20 });
    figures::begin(
        "latency: from the first byte of a POST to its usage.recorded in a client, 200 requests/s",
    )
    .await?;
    let target = Target::start(bench, Which::Resident).await?;
    let resident = target.resident().context("only the resident has a stream")?;
    let stream = resident.api()?.events("/api/v1/events", None).await?;
    let watch = Watch::default();
    let load = Load {
        address: target.address(Protocol::Protobuf)?,
        protocol: Protocol::Protobuf,
        connections: CONNECTIONS,
        pace: Pace::Open(RATE),
        end: End::After { unmeasured: Duration::ZERO, measured },
        run: Run::begin(),
        watch: Some(watch.clone()),
    };
    let (loaded, rest) = oneshot::channel();
    let reader =
        Reader { stream, run: load.run, watch: watch.clone(), latencies: Histogram::default() };
    let reading = tokio::spawn(reader.read(rest));
    load.put_on(target.process()).await.context("plimsoll does not bear the load")?;
    // Nobody hears it only when the reader ended early, which the next line tells.
    let _ = loaded.send(());
    let latencies = reading.await.context("the reader of the stream ended early")??;
    let lost = watch.outstanding();
    ensure!(
        lost == 0,
        "{lost} of {} requests never came as events",
        latencies.count() + lost as u64
    );
    figures::line("events", &latencies.count().to_string(), "every one");
    for (name, permille, goal) in
        [("p50", 500, ""), ("p90", 900, ""), ("p99", 990, "< 50 ms"), ("p99.9", 999, "")]
    {
        figures::line(name, &millis(latencies.quantile(permille)), goal);
    }
    figures::line("max", &millis(latencies.max()), "");
    Ok(())
}

struct Reader {
    stream: EventStream,
    run: Run,
    watch: Watch,
    latencies: Histogram,
}

impl Reader {
    /// Reads until everything was sent and every request to the model has come, or patience ends.
    async fn read(mut self, mut rest: oneshot::Receiver<()>) -> Result<Histogram> {
        let mut loading = true;
        while loading || self.watch.outstanding() > 0 {
            tokio::select! {
                event = self.stream.next(PATIENCE) => match event {
                    Ok(event) => self.note(&event.context("the stream ended")?)?,
                    Err(LoopbackError::Late(_)) => break,
                    Err(error) => return Err(error.into()),
                },
                _ = &mut rest, if loading => loading = false,
            }
        }
        Ok(self.latencies)
    }

    fn note(&mut self, event: &SseEvent) -> Result<()> {
        if event.event == "usage.recorded" {
            let record = event.json()?;
            let number = record["requestId"].as_str().and_then(|id| self.run.number_of(id));
            if let Some(latency) = number.and_then(|number| self.watch.take(number)) {
                self.latencies.record(latency);
            }
        }
        Ok(())
    }
}
