//! Serves the windows: brings together what happens to them and what the engine wants.

use std::{pin::pin, time::Duration};

use plimsoll_domain::Show;
use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    desk::{Desk, Event},
    follow::{News, Source},
};

/// When a program that serves windows ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stay {
    /// With its last window.
    WithWindows,
    /// Never.
    Always,
}

/// Serves the windows until the last is closed, or until `end`.
pub(crate) async fn serve(
    mut desk: Desk,
    mut events: UnboundedReceiver<Event>,
    mut source: impl Source,
    stay: Stay,
    end: impl Future<Output = ()>,
) {
    let mut end = pin!(end);
    loop {
        let deadline = desk.deadline();
        tokio::select! {
            Some(event) = events.recv() => desk.on(event),
            news = source.next() => hear(&mut desk, news),
            () = passed(deadline) => desk.elapsed(),
            () = &mut end => {
                desk.show(Show::Nothing);
                return;
            }
        }
        if stay == Stay::WithWindows && desk.is_empty() {
            // What was asked for in this moment would be lost with this process.
            match timeout(Duration::ZERO, source.next()).await {
                Ok(news) => hear(&mut desk, news),
                Err(_) => return,
            }
        }
    }
}

fn hear(desk: &mut Desk, news: News) {
    tracing::debug!(?news, "from the engine");
    match news {
        News::At(engine) => desk.engine_at(&engine),
        News::Show(show) => desk.show(show),
    }
}

async fn passed(deadline: Option<std::time::Instant>) {
    match deadline {
        Some(deadline) => sleep_until(Instant::from_std(deadline)).await,
        None => std::future::pending().await,
    }
}
