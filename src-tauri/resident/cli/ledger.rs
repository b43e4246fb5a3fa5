//! Which ledger a command reads beside its writer, and how it ends where that cannot be read.

use std::path::PathBuf;

use plimsoll_client::{Client, ClientError};
use plimsoll_engine::{Config, Key, LedgerError, LedgerFile};
use plimsoll_programs::{Exit, Surroundings};

// Which ledger a command reads. No doc comment: it would become the help of each command that has it.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Choice {
    /// The ledger's file [default: that of the Plimsoll that runs, else the configured one]
    #[arg(long, value_name = "FILE")]
    ledger: Option<String>,
}

impl Choice {
    /// Whether the user named a file.
    pub(crate) fn is_named(&self) -> bool {
        self.ledger.is_some()
    }

    /// The file that is named, else the running Plimsoll's, else the one that would be used here.
    pub(crate) async fn path(&self, around: &Surroundings) -> anyhow::Result<PathBuf> {
        if !self.is_named()
            && let Some(path) = running(around).await
        {
            return Ok(path);
        }
        let flag = self.ledger.clone().map(|text| (Key::LedgerPath, "--ledger", text));
        let config = Config::load(&around.places, &around.environment, flag.as_slice());
        Ok(config.map_err(|error| Exit::Usage.because(error))?.ledger.path)
    }

    /// Opens that file.
    pub(crate) async fn open(&self, around: &Surroundings) -> anyhow::Result<LedgerFile> {
        LedgerFile::open(&self.path(around).await?).await.map_err(|error| failure(&error))
    }
}

/// The ledger of the Plimsoll that runs. Its `runtime.json` may be left over from one that was killed, and another
/// program may have its port by now: only its own answer proves that it runs, or that it is too busy for one.
async fn running(around: &Surroundings) -> Option<PathBuf> {
    let client = Client::find(&around.places.runtime).ok()?;
    let answer = client.get("/api/v1/health").await;
    matches!(answer, Ok(_) | Err(ClientError::Late)).then(|| client.runtime().ledger.clone())
}

/// One sentence, and the code that fits.
pub(crate) fn failure(error: &LedgerError) -> anyhow::Error {
    let exit = match error {
        LedgerError::Missing { .. } | LedgerError::Newer { .. } => Exit::Unavailable,
        _ => Exit::Failed,
    };
    exit.because(format!("cannot {error}"))
}
