//! The engine's stream, found again when it is lost.

use std::{path::PathBuf, time::Duration};

use plimsoll_client::{Client, ClientError, Events, Frame};
use tokio::time::{Instant, sleep_until};

/// How long after a loss, or a vain attempt, it is looked for again.
const AGAIN: Duration = Duration::from_secs(1);

/// The stream of the engine that runs.
pub(super) struct Feed {
    folders: Vec<PathBuf>,
    client: Client,
    /// Missing while it is lost.
    events: Option<Events>,
    again: Instant,
}

/// What the stream told.
pub(super) enum News {
    /// An event. The first one after it was lost is a whole snapshot.
    Told(Frame),
    /// The engine has ended.
    Lost,
}

impl Feed {
    /// Begins to follow the engine that `runtime.json` in one of these folders names.
    ///
    /// # Errors
    /// When it does not run, or does not answer.
    pub(super) async fn begin(folders: Vec<PathBuf>) -> Result<Self, ClientError> {
        let (client, events) = connect(&folders).await?;
        Ok(Self { folders, client, events: Some(events), again: Instant::now() })
    }

    /// The engine that was followed last.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Waits for the next news. May be given up and begun anew at any time.
    pub(super) async fn next(&mut self) -> News {
        loop {
            if let Some(events) = &mut self.events {
                if let Ok(Some(event)) = events.next().await {
                    return News::Told(event);
                }
                self.events = None;
                self.again = Instant::now() + AGAIN;
                return News::Lost;
            }
            sleep_until(self.again).await;
            match connect(&self.folders).await {
                // Its key is another one.
                Ok((client, events)) => (self.client, self.events) = (client, Some(events)),
                Err(_) => self.again = Instant::now() + AGAIN,
            }
        }
    }
}

async fn connect(folders: &[PathBuf]) -> Result<(Client, Events), ClientError> {
    let client = Client::find(folders)?;
    let events = client.follow("/api/v1/events").await?;
    Ok((client, events))
}
