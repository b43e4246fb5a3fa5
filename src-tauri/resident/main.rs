//! The program `plimsoll`: the resident, and the commands for the terminal.

mod cli;
mod desktop;
mod service;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
