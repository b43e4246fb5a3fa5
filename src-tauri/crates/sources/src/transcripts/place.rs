//! Where a session works, as its own file tells.

use std::path::Path;

use plimsoll_domain::{ProjectPlace, SessionId, Timestamp};

use super::{
    line::{Placed, parse},
    names::Names,
    time,
};
use crate::project;

/// Where a session was started, and on which branch it was last seen. A session may walk through the folders below
/// its project, or to another repository; it still belongs to where it was started.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) session: SessionId,
    pub(super) place: ProjectPlace,
    /// When it was last told.
    pub(super) at: Timestamp,
    /// Whether it was told since it was last handed on.
    pub(super) news: bool,
}

/// The session that a file is of, by its name.
pub(super) fn session_of(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
}

impl Place {
    /// The place in the first line that names one, where that is a line of the file's own session, and at which byte
    /// the line ends. `head` is the start of the file.
    pub(super) fn first(head: &[u8], own: &str, names: &mut Names) -> Option<(Self, u64)> {
        let mut end = 0;
        for line in head.split_inclusive(|byte| *byte == b'\n') {
            end += line.len() as u64;
            let Ok(line) = parse::<Placed<'_>>(line) else { continue };
            let Some(place) = project::place(line.cwd.text(), line.git_branch.text()) else {
                continue;
            };
            if line.is_sidechain.is_true() || line.session_id.text() != Some(own) {
                return None;
            }
            let session = names.session(own)?;
            let at = time::parse(line.timestamp.text()?)?;
            return Some((Self { session, place, at, news: true }, end));
        }
        None
    }

    /// A later line of the same session.
    pub(super) fn tell(&mut self, branch: Option<&str>, at: Timestamp) {
        let known = self.place.branch.as_deref();
        let branch = project::branch(branch);
        if branch != known {
            self.place.branch = branch.map(Into::into);
        }
        (self.at, self.news) = (at, true);
    }
}
