//! The display that the environment names.

use plimsoll_engine::Environment;
use plimsoll_programs::Exit;

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
