//! A second start: it finds the first, and talks to it.

use std::{
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use anyhow::bail;
use plimsoll_client::{Client, ClientError};
use plimsoll_domain::Show;
use tokio::time::{sleep, timeout};

use crate::Exit;

/// How long the first may take to be found: it may just be starting.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// Asks the engine that runs to show the dashboard, and says where it is.
///
/// # Errors
/// When it is not found in time, or runs without a desktop.
pub async fn hand_over(folders: &[PathBuf]) -> anyhow::Result<()> {
    let asked = timeout(PATIENCE, ask(folders)).await;
    let Ok(client) = asked else {
        return Err(
            Exit::Unavailable.because("Plimsoll is starting elsewhere, and does not answer")
        );
    };
    let client = client?;
    let runtime = client.runtime();
    let url =
        runtime.dashboard.as_deref().unwrap_or("not served").replace("127.0.0.1", "localhost");
    let mut out = io::stdout().lock();
    writeln!(out, "Plimsoll is running already (process {}): dashboard {url}", runtime.pid)?;
    out.flush()?;
    Ok(())
}

async fn ask(folders: &[PathBuf]) -> anyhow::Result<Client> {
    let wish = Show::Dashboard { session: None };
    loop {
        let found = Client::find(folders);
        let asked = match &found {
            Ok(client) => client.show(&wish).await,
            Err(ClientError::NotServed) => bail!(ClientError::NotServed),
            Err(_) => Err(ClientError::NotRunning),
        };
        match (found, asked) {
            (Ok(client), Ok(())) => return Ok(client),
            (Ok(client), Err(ClientError::Refused { status, .. })) if status.as_u16() == 409 => {
                let runtime = client.runtime();
                let url = runtime.dashboard.as_deref().unwrap_or("not served");
                return Err(Exit::Unavailable.because(format!(
                    "Plimsoll is running already without a desktop (process {}): its page is on {url}. For the \
                     tray icon, end that process and start `plimsoll` again.",
                    runtime.pid
                )));
            }
            _ => sleep(LOOK).await,
        }
    }
}
