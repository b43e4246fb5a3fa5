//! Desktops that show notifications over D-Bus
//! (<https://specifications.freedesktop.org/notification-spec/latest/>).

use std::collections::VecDeque;

use notify_rust::{Hint, Notification, NotificationHandle, Urgency};
use plimsoll_domain::Level;
use zbus::Connection;

use crate::{
    Notice,
    showing::{Refused, Showing},
};

/// Says that nothing is to be replaced.
const NONE: u32 = 0;

/// Notifications whose connections stay open at most. Each costs a sleeping thread.
const KEPT: usize = 4;

/// The notification service.
const SERVICE: &str = "org.freedesktop.Notifications";

/// What its calls are sent to.
const OBJECT: &str = "/org/freedesktop/Notifications";

/// GNOME's answer to a connection that wants to replace what another one brought.
const NOT_YOURS: &str = "org.freedesktop.DBus.Error.InvalidArgs";

/// The user's desktop.
#[derive(Debug, Default)]
pub(crate) struct Desktop {
    /// GNOME takes a program's notifications away once the connection is gone that brought the first of them,
    /// and lets only the connection that brought one replace or close it.
    kept: VecDeque<NotificationHandle>,
}

impl Showing for Desktop {
    async fn show(&mut self, notice: &Notice, replaced: Option<u32>) -> Result<u32, Refused> {
        let mut notification = notification(notice);
        // Before the next is shown, or GNOME would take that away too.
        self.kept.truncate(KEPT - 1);
        let shown = notification.id(replaced.unwrap_or(NONE)).show_async().await;
        let shown = match (shown, replaced) {
            (Err(error), Some(replaced)) if error.to_string().starts_with(NOT_YOURS) => {
                // Should that fail, an older notice stays beside the new one.
                let _ = self.withdraw(replaced).await;
                notification.id(NONE).show_async().await
            }
            (shown, _) => shown,
        };
        let shown = shown.map_err(|error| Refused(error.to_string()))?;
        let id = shown.id();
        // One that was replaced is closed by the connection that did it.
        self.kept.retain(|kept| kept.id() != id);
        self.kept.push_front(shown);
        Ok(id)
    }

    /// The connection stays, for the sake of what others brought.
    async fn withdraw(&mut self, id: u32) -> Result<(), Refused> {
        if let Some(shown) = self.kept.iter().find(|kept| kept.id() == id) {
            shown.close_async().await;
            return Ok(());
        }
        close(id).await.map_err(|error| Refused(error.to_string()))
    }
}

fn notification(notice: &Notice) -> Notification {
    let mut notification = Notification::new();
    notification
        .appname("Plimsoll")
        .icon("plimsoll")
        .hint(Hint::DesktopEntry("plimsoll".to_owned()))
        .summary(&notice.summary)
        .body(&markup(&notice.body))
        .urgency(urgency(notice.level));
    notification
}

/// Closes a notification whose own connection is gone.
async fn close(id: u32) -> zbus::Result<()> {
    let connection = Connection::session().await?;
    let closed =
        connection.call_method(Some(SERVICE), OBJECT, Some(SERVICE), "CloseNotification", &id);
    closed.await.map(drop)
}

const fn urgency(level: Level) -> Urgency {
    match level {
        Level::Notice => Urgency::Low,
        Level::Checkpoint => Urgency::Normal,
        Level::Urgent => Urgency::Critical,
    }
}

/// Plain text as the specification wants bodies: in a small part of HTML.
fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a text with everything that markup begins or ends with.
    /// Guarantees: none of it is left, and what stands for it is not escaped twice.
    #[test]
    fn a_body_holds_no_markup() {
        assert_eq!(markup("a <b>&amp; c"), "a &lt;b&gt;&amp;amp; c");
    }
}
