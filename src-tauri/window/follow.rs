//! Follows the running engine: what it wants shown, and where it is.

use std::{path::PathBuf, time::Duration};

use plimsoll_client::{Client, ClientError, Events};
use plimsoll_domain::Show;
use tauri::Url;
use tokio::time::{Instant, sleep_until};

/// How long to wait before the engine is looked for again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a process that was there first is asked before the wish counts as one that nobody takes.
const ATTEMPTS: usize = 5;

/// What comes from the engine.
#[derive(Debug)]
pub(crate) enum News {
    /// It answers at this address.
    At(Url),
    /// It wants something shown.
    Show(Show),
}

/// Where news come from.
pub(crate) trait Source: Send {
    /// The next piece of news. Losing the future loses none.
    fn next(&mut self) -> impl Future<Output = News> + Send;
}

/// Follows the engine that `runtime.json` names, through its restarts.
#[derive(Debug)]
pub(crate) struct Follower {
    folders: Vec<PathBuf>,
    events: Option<Events>,
    look_at: Instant,
}

impl Follower {
    /// Becomes the process that shows windows, of the engine there or of the one to come; says where it is. `None`
    /// where another process shows them: it was given the wish.
    ///
    /// # Errors
    /// When the other process does not take it.
    pub(crate) async fn join(
        folders: Vec<PathBuf>,
        wish: Option<&Show>,
    ) -> Result<Option<(Self, Option<Url>)>, ClientError> {
        let mut attempts = 0;
        loop {
            let refused = match attach(&folders).await {
                Ok((events, engine)) => {
                    let follower = Self { folders, events: Some(events), look_at: Instant::now() };
                    return Ok(Some((follower, Some(engine))));
                }
                Err((Some(client), error)) if is_taken(&error) => {
                    let Some(wish) = wish else { return Ok(None) };
                    match client.show(wish).await {
                        Ok(()) => return Ok(None),
                        // It has just left.
                        Err(error) if attempts == ATTEMPTS => return Err(error),
                        Err(error) => error,
                    }
                }
                Err((_, error)) => {
                    tracing::info!(%error, "no engine answers");
                    let follower = Self { folders, events: None, look_at: Instant::now() + PAUSE };
                    return Ok(Some((follower, None)));
                }
            };
            attempts += 1;
            tracing::debug!(error = %refused, "the other process did not take the wish");
        }
    }
}

impl Source for Follower {
    async fn next(&mut self) -> News {
        loop {
            if let Some(events) = &mut self.events {
                match events.next_show().await {
                    Ok(Some(show)) => return News::Show(show),
                    Ok(None) => tracing::info!("the engine ends"),
                    Err(error) => tracing::info!(%error, "the engine is gone"),
                }
                self.events = None;
                // An engine that ends answers for a while yet.
                self.look_at = Instant::now() + PAUSE;
            }
            sleep_until(self.look_at).await;
            self.look_at = Instant::now() + PAUSE;
            match attach(&self.folders).await {
                Ok((events, engine)) => {
                    self.events = Some(events);
                    return News::At(engine);
                }
                // There is one process for windows: while the engine was away, another became it.
                Err((_, error)) if is_taken(&error) => return News::Show(Show::Nothing),
                Err((_, error)) => tracing::debug!(%error, "no engine to follow"),
            }
        }
    }
}

fn is_taken(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused { status, .. } if status.as_u16() == 409)
}

/// Attaches to the engine; with the failure the way to who refused.
async fn attach(folders: &[PathBuf]) -> Result<(Events, Url), (Option<Client>, ClientError)> {
    let client = Client::find(folders).map_err(|error| (None, error))?;
    let url = client.runtime().dashboard.as_deref().and_then(|url| Url::parse(url).ok());
    let Some(url) = url else { return Err((None, ClientError::NotServed)) };
    match client.windows().await {
        Ok(events) => Ok((events, url)),
        Err(error) => Err((Some(client), error)),
    }
}

#[cfg(test)]
mod tests;
