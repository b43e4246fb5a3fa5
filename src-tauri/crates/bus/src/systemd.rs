//! systemd's manager of the user's services. Where there is none it knows nothing.

use crate::{Bus, BusError, platform};

/// `DISPLAY`, `WAYLAND_DISPLAY` and `XAUTHORITY` as the manager knows them: a service that was started before
/// the desktop does not find them in its own environment. Empty where there is no manager.
pub async fn display_variables(bus: &Bus) -> Vec<(String, String)> {
    platform::display_variables(bus).await
}

/// Asks the manager to stop units, in this order, without waiting for their end. All are tried.
///
/// # Errors
/// The first refusal, such as of a unit that is not installed.
pub async fn stop_units(bus: &Bus, names: &[&str]) -> Result<(), BusError> {
    platform::stop_units(bus, names).await
}
