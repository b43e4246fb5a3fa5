//! The program `plimsoll`: the resident, and the commands for the terminal.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
