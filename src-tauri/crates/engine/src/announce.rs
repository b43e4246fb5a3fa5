//! Keeps `runtime.json` true while addresses change.

use std::{io, path::PathBuf, sync::Arc};

use plimsoll_client::RuntimeInfo;
use plimsoll_domain::{calendar::rfc3339, health::Status};
use tokio_util::sync::CancellationToken;

use crate::{
    board::Board,
    engine::{DASHBOARD, GRPC, HTTP},
    running::Parts,
    runtime_file::RuntimeFile,
};

/// What is told about this engine, and where.
#[derive(Clone)]
pub(crate) struct Announcement {
    board: Arc<Board>,
    file: Option<Arc<RuntimeFile>>,
    started_at: String,
    version: &'static str,
    key: String,
    ledger: PathBuf,
}

impl Parts {
    pub(crate) fn announcement(&self) -> Announcement {
        Announcement {
            board: Arc::clone(&self.board),
            file: self.runtime_file.clone(),
            started_at: rfc3339(self.started),
            version: self.around.version,
            key: self.key.clone(),
            ledger: self.config.ledger.path.clone(),
        }
    }
}

impl Announcement {
    /// Writes the file now and whenever an address changes, until stopped.
    pub(crate) async fn run(self, stop: CancellationToken) -> io::Result<()> {
        let mut status = self.board.status();
        let mut told = None;
        loop {
            let info = self.info(&status.borrow_and_update());
            if let Some(file) = &self.file
                && told.as_ref() != Some(&info)
            {
                file.write(&info)?;
                told = Some(info);
            }
            match stop.run_until_cancelled(status.changed()).await {
                Some(Ok(())) => {}
                // Stopped; the board, which this task holds, is never gone before.
                _ => return Ok(()),
            }
        }
    }

    pub(crate) fn info(&self, status: &Status) -> RuntimeInfo {
        RuntimeInfo {
            pid: std::process::id(),
            started_at: self.started_at.clone(),
            version: self.version.to_owned(),
            key: self.key.clone(),
            dashboard: url(status, DASHBOARD),
            otlp_http: url(status, HTTP),
            otlp_grpc: url(status, GRPC),
            ledger: self.ledger.clone(),
        }
    }
}

/// The URL of a listener's first address; `None` while it does not listen.
fn url(status: &Status, name: &str) -> Option<String> {
    status.served(name).map(|address| format!("http://{address}"))
}
