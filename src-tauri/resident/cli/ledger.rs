//! Which ledger a command reads beside its writer.

use std::path::PathBuf;

use plimsoll_engine::{Config, Key};
use plimsoll_programs::{Exit, Surroundings};

/// The ledger that a flag names, or else the one that Plimsoll would use here.
pub(crate) fn path(flag: Option<&str>, around: &Surroundings) -> anyhow::Result<PathBuf> {
    let flag = flag.map(|text| (Key::LedgerPath, "--ledger", text.to_owned()));
    let config = Config::load(&around.places, &around.environment, flag.as_slice());
    Ok(config.map_err(|error| Exit::Usage.because(error))?.ledger.path)
}
