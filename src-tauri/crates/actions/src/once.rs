//! A notification by itself, to see that it works.

use std::time::Duration;

use plimsoll_bus::Bus;
use tokio::time::timeout;

use crate::{Notice, Upshot, desktop::Desktop, showing::Showing};

/// How long the notification service may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Shows a notice on the user's desktop, once, and tells how that ended.
pub async fn show(notice: &Notice) -> Upshot {
    let mut desktop = Desktop::on(Bus::of_user());
    match timeout(PATIENCE, desktop.show(notice, None)).await {
        Ok(Ok(_)) => Upshot::done("shown"),
        Ok(Err(error)) => Upshot::failed(error.to_string()),
        Err(_) => Upshot::failed("the notification service does not answer"),
    }
}
