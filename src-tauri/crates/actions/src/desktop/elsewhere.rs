//! Desktops that show notifications by their own means, in plain text and without buttons, and cannot replace or
//! withdraw one.

use notify_rust::Notification;
use plimsoll_bus::Bus;

use crate::{
    Notice,
    showing::{Press, Refused, Showing},
};

/// The user's desktop.
#[derive(Debug)]
pub(crate) struct Desktop;

impl Desktop {
    pub(crate) fn on(_: Bus) -> Self {
        Self
    }
}

impl Showing for Desktop {
    async fn show(&mut self, notice: &Notice, _: Option<u32>) -> Result<u32, Refused> {
        let mut notification = Notification::new();
        notification.appname("Plimsoll").summary(&notice.summary).body(&notice.body);
        let shown = tokio::task::spawn_blocking(move || notification.show().map(drop));
        let shown = shown.await.map_err(|error| Refused(error.to_string()))?;
        shown.map_err(|error| Refused(error.to_string()))?;
        Ok(0)
    }

    async fn withdraw(&mut self, _: u32) -> Result<(), Refused> {
        Ok(())
    }

    async fn pressed(&mut self) -> Press {
        std::future::pending().await
    }

    fn forget(&mut self) {}
}
