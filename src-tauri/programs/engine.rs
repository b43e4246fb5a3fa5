//! From the ports to the running engine, and its end.

use anyhow::Context;
use plimsoll_engine::{
    Config, Engine, EngineError, Inherited, LedgerError, Running, Surroundings as Around,
};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use crate::{Exit, Signals, Surroundings};

/// Takes the ports, before anything else: whoever connects from now on waits, and is not refused.
#[must_use]
pub fn bind(config: Config, around: Surroundings, inherited: Inherited) -> Engine {
    let Surroundings { environment, places } = around;
    let around = Around::of_user(places, &environment, env!("CARGO_PKG_VERSION"));
    Engine::bind(config, Around { inherited, ..around })
}

/// The runtime of the engine.
///
/// # Errors
/// When the system gives no threads.
pub fn resident_runtime() -> anyhow::Result<Runtime> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.context("cannot start the runtime")
}

/// Starts the engine and tells the service manager; `None` where it was asked to end before it could.
///
/// # Errors
/// When another engine runs, or something on disk cannot be used.
pub async fn start(engine: Engine, signals: &mut Signals) -> anyhow::Result<Option<Running>> {
    let stop = CancellationToken::new();
    let mut start = Box::pin(engine.start(&stop));
    let started = loop {
        tokio::select! {
            started = &mut start => break started,
            () = signals.next() => stop.cancel(),
        }
    };
    match started {
        // Asked to end at the last moment of the start: nobody will ask again.
        Ok(running) if stop.is_cancelled() => {
            running.drain().await;
            Ok(None)
        }
        Ok(running) => {
            ready();
            Ok(Some(running))
        }
        Err(EngineError::Stopped) => Ok(None),
        Err(
            error @ (EngineError::Running { .. }
            | EngineError::LedgerHeld { .. }
            | EngineError::Ledger(LedgerError::Newer { .. })),
        ) => Err(Exit::Unavailable.because(error)),
        Err(error) => Err(Exit::Failed.because(error)),
    }
}

/// Tells the service manager, where there is one, that exports are answered.
fn ready() {
    #[cfg(target_os = "linux")]
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        tracing::warn!(%error, "cannot tell the service manager that Plimsoll is ready");
    }
}

/// Drains the engine; a second signal ends at once.
///
/// # Errors
/// When it was cut short.
pub async fn end(running: Running, signals: &mut Signals) -> anyhow::Result<()> {
    tokio::select! {
        _ = running.drain() => Ok(()),
        () = signals.next() => Err(Exit::Failed.because("ended before everything was closed")),
    }
}
