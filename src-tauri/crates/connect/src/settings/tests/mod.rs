//! The laws of editing, over many texts.

mod files;
mod fixtures;
mod laws;
mod looking;
mod random;

use std::path::PathBuf;

use super::{Destination, Plimsoll, Receiver, Wish};

fn plimsoll() -> Plimsoll {
    Plimsoll {
        receiver: Receiver {
            endpoint: "http://127.0.0.1:4318".to_owned(),
            also: vec!["http://127.0.0.1:4317".to_owned()],
            token: None,
        },
        dashboard: Some("http://127.0.0.1:3030".to_owned()),
        program: PathBuf::from("/opt/plim soll/plimsoll"),
        in_session: false,
    }
}

/// A wish for everything.
fn wish(destination: Destination) -> Wish {
    Wish { plimsoll: plimsoll(), telemetry: true, hooks: true, status_line: true, destination }
}
