//! The colours behind a page until it is drawn.

use tauri::{AppHandle, window::Color};

/// The paper of the light look (`ui/src/styles/tokens.css`).
const LIGHT: Color = Color(0xfb, 0xfb, 0xf9, 0xff);

/// The paper that pages are drawn on.
pub(crate) fn paper(_: &AppHandle) -> Color {
    LIGHT
}
