//! Desktops that show notifications over D-Bus
//! (<https://specifications.freedesktop.org/notification-spec/latest/>).

use std::collections::VecDeque;

use notify_rust::{Hint, Notification, NotificationHandle, Urgency};
use plimsoll_domain::Level;

use crate::{
    Notice,
    showing::{Refused, Showing},
};

/// Notifications whose connections stay open at most. Each costs a sleeping thread.
const KEPT: usize = 4;

/// The user's desktop.
#[derive(Debug, Default)]
pub(crate) struct Desktop {
    /// GNOME takes a program's notifications away once the connection is gone that brought the first of them.
    kept: VecDeque<NotificationHandle>,
}

impl Showing for Desktop {
    async fn show(&mut self, notice: &Notice, replaced: Option<u32>) -> Result<u32, Refused> {
        let mut notification = Notification::new();
        notification
            .appname("Plimsoll")
            .icon("plimsoll")
            .hint(Hint::DesktopEntry("plimsoll".to_owned()))
            .summary(&notice.summary)
            .body(&markup(&notice.body))
            .urgency(urgency(notice.level));
        if let Some(id) = replaced {
            notification.id(id);
        }
        // Before the next is shown, or GNOME would take that away too.
        self.kept.truncate(KEPT - 1);
        let shown = notification.show_async().await.map_err(|error| Refused(error.to_string()))?;
        let id = shown.id();
        self.kept.push_front(shown);
        Ok(id)
    }
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
