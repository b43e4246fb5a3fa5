//! What the buttons of notifications do.

use plimsoll_actions::Pressed;
use plimsoll_api::Windows;
use plimsoll_domain::{Scope, SessionId, Show, Silence, Timestamp};

use crate::orders::Quiet;

/// Opens windows and holds notifications back.
pub(crate) struct Buttons {
    pub(crate) windows: Windows,
    pub(crate) quiet: Quiet,
}

impl Pressed for Buttons {
    fn open(&self, session: Option<&SessionId>) {
        if self.windows.ask(Show::Dashboard { session: session.cloned() }).is_err() {
            tracing::debug!("a notification was to open a window, and nothing shows any");
        }
    }

    fn snooze(&self, session: &SessionId, until: Timestamp) {
        let quiet = self.quiet.clone();
        let silence = Silence { scope: Scope::Session(session.clone()), until: Some(until) };
        // Whoever pressed it does not wait for the ledger.
        tokio::spawn(async move {
            if let Err(error) = quiet.silence(silence).await {
                tracing::warn!(%error, "a session was not snoozed");
            }
        });
    }
}
