//! What shows a notice.

mod bundle;

use plimsoll_domain::SessionId;

pub(crate) use bundle::Bundling;

use crate::Notice;

/// Why a notice was not shown or withdrawn, in the words of the desktop, which never repeat the notice.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

/// A button of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Button {
    /// Shows more.
    Open,
    /// Holds it back for a while.
    Snooze,
}

/// A button was pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Press {
    pub(crate) button: Button,
    /// The sessions that the notice is about.
    pub(crate) sessions: Vec<SessionId>,
}

/// The desktop, or a record of what it was told in tests.
pub(crate) trait Showing: Send {
    /// Shows a notice in place of an earlier one, where that is still there; answers with its number.
    fn show(
        &mut self,
        notice: &Notice,
        replaced: Option<u32>,
    ) -> impl Future<Output = Result<u32, Refused>> + Send;

    /// Takes down what was shown under a number, where it is still there.
    fn withdraw(&mut self, id: u32) -> impl Future<Output = Result<(), Refused>> + Send;

    /// Waits until a button is pressed; for ever where there are none. May be dropped while it waits: nothing is lost.
    fn pressed(&mut self) -> impl Future<Output = Press> + Send;

    /// Whoever gave the numbers is gone.
    fn forget(&mut self);
}
