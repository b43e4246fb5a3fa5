//! The display that the environment names, and how it is drawn on.

use plimsoll_engine::Environment;
use plimsoll_programs::{Exit, plain_drawing};

/// Whether windows can be shown at all: without a display the toolkit panics.
///
/// # Errors
/// Where there is none.
pub(crate) fn demand(environment: &Environment) -> anyhow::Result<()> {
    let named = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| environment.get(name).is_some());
    if named || !cfg!(target_os = "linux") {
        return Ok(());
    }
    Err(Exit::Unavailable.because(
        "there is no display to show windows on (neither DISPLAY nor WAYLAND_DISPLAY is set)",
    ))
}

/// Begins this program anew with the graphics card left alone: the card costs memory and time, and with it nothing
/// is drawn for windows that are not in sight yet. The resident sets the variables for the programs it starts.
pub(crate) fn begin_plainly(environment: &Environment) {
    let missing = plain_drawing(environment);
    #[cfg(target_os = "linux")]
    if !missing.is_empty() {
        use std::os::unix::process::CommandExt;
        let program = std::env::current_exe().unwrap_or_else(|_| "plimsoll-window".into());
        let mut same = std::process::Command::new(program);
        let error = same.args(std::env::args_os().skip(1)).envs(missing).exec();
        tracing::warn!(%error, "cannot begin anew; it draws with the graphics card");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: sessions with X, with Wayland, with both, with neither.
    /// Guarantees: windows need one of the two.
    #[test]
    #[cfg(target_os = "linux")]
    fn windows_need_a_display() {
        let (x, wayland) = (("DISPLAY", ":0"), ("WAYLAND_DISPLAY", "wayland-0"));
        for (variables, shown) in [
            (&[][..], false),
            (&[("DISPLAY", "")], false),
            (&[x], true),
            (&[wayland], true),
            (&[x, wayland], true),
        ] {
            let environment: Environment = variables.iter().copied().collect();
            assert_eq!(demand(&environment).is_ok(), shown, "{variables:?}");
        }
    }
}
