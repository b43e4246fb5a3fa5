//! What shows a notice.

use crate::Notice;

/// Why a notice was not shown or withdrawn, in the words of the desktop, which never repeat the notice.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

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
}
