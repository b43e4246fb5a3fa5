//! `plimsoll hook`: hands a hook's input to the running Plimsoll. The client waits for it, and would take an exit code
//! of 2 for an order to stop; so it is quick, says nothing but what the agent is to know, and always ends with 0.

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    process::ExitCode,
    time::Duration,
};

use plimsoll_domain::Handed;

use super::handover::{HandOver, LARGEST};

/// How long the client is kept waiting at most, by a Plimsoll that hangs.
const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// Whatever else a hook's command line says.
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    _ignored: Vec<OsString>,
}

/// Prints what the agent is to know. Anything but JSON the client would take for that as well.
fn tell(answer: Option<&[u8]>) {
    if let Some(answer) = answer.filter(|answer| answer.starts_with(b"{")) {
        // Nobody to read it is nobody to tell.
        let _unread = io::stdout().write_all(answer);
    }
}

pub(crate) fn run() -> ExitCode {
    let mut said = Vec::new();
    let mut input = io::stdin().lock();
    let whole = input.by_ref().take(LARGEST as u64 + 1).read_to_end(&mut said);
    if whole.is_ok() {
        // Read to its end, so that the client is not told that nobody listens.
        let _rest = io::copy(&mut input, &mut io::sink());
        if let Some(handed) = HandOver::begin(Handed::Hook, &said, PATIENCE) {
            tell(handed.answer(PATIENCE).as_deref());
        }
    }
    ExitCode::SUCCESS
}
