//! The recordings that travel inside the program, for its demonstration.

use std::path::PathBuf;

use bytes::Bytes;
use rust_embed::Embed;

use crate::capture::{Capture, CaptureError};
use crate::index;

/// A recording with the project that its session is shown under: the recordings' own folders are
/// named after what they test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundled {
    /// The traffic.
    pub capture: Capture,
    /// Where the session is said to run.
    pub project: &'static str,
    /// The branch it is said to be on.
    pub branch: &'static str,
}

#[derive(Embed)]
#[folder = "../../../tests/fixtures/captures/tools-autocompact/"]
struct ToolsAutocompact;

#[derive(Embed)]
#[folder = "../../../tests/fixtures/captures/interactive/"]
struct Interactive;

#[derive(Embed)]
#[folder = "../../../tests/fixtures/captures/subagents-parallel/"]
struct SubagentsParallel;

#[derive(Embed)]
#[folder = "../../../tests/fixtures/captures/multiturn-manual-compact/"]
struct ManualCompact;

/// The bundled recordings, the liveliest first: a session that fills its window until it compacts, a
/// conversation at a terminal, two parallel subagents, and a session compacted by hand.
///
/// # Errors
/// Never, unless the program was built from damaged files.
pub fn bundled() -> Result<Vec<Bundled>, CaptureError> {
    Ok(vec![
        Bundled {
            capture: read::<ToolsAutocompact>("tools-autocompact")?,
            project: "/home/demo/harbour-api",
            branch: "retry-queue",
        },
        Bundled {
            capture: read::<Interactive>("interactive")?,
            project: "/home/demo/tide-tables",
            branch: "main",
        },
        Bundled {
            capture: read::<SubagentsParallel>("subagents-parallel")?,
            project: "/home/demo/chart-room",
            branch: "search",
        },
        Bundled {
            capture: read::<ManualCompact>("multiturn-manual-compact")?,
            project: "/home/demo/logbook",
            branch: "import",
        },
    ])
}

fn read<Folder: Embed>(name: &str) -> Result<Capture, CaptureError> {
    let file = |file: &str| {
        Folder::get(file).map(|found| Bytes::from(found.data.into_owned())).ok_or_else(|| {
            let source = std::io::Error::from(std::io::ErrorKind::NotFound);
            CaptureError::Read { path: PathBuf::from(name).join(file), source }
        })
    };
    index::assemble(name.to_owned(), &file(index::FILE)?, file)
}
