//! The dashboard: the engine's page in a window of its own.

use tauri::AppHandle;

use crate::{
    page::{EngineAt, Page, Post, make, on_window},
    toolkit,
};

/// Its size at first, in CSS pixels.
const SIZE: (u32, u32) = (1100, 760);
/// Its least size.
const LEAST: (f64, f64) = (420.0, 480.0);

/// Makes the window, out of sight; its page loads meanwhile.
pub(crate) fn open(app: &AppHandle, label: &str, page: Page, engine: EngineAt, post: Post) {
    let told = post.clone();
    make(app, label, &told, move |app, label| {
        let (width, height) = SIZE;
        let window = page
            .window(app, label, engine, post.clone())
            .title("Plimsoll")
            .visible(false)
            .inner_size(f64::from(width), f64::from(height))
            .min_inner_size(LEAST.0, LEAST.1)
            .center()
            .on_document_title_changed(|window, title| {
                let title = if title.is_empty() { "Plimsoll" } else { &title };
                if let Err(error) = window.set_title(title) {
                    tracing::warn!(%error, "cannot change the title");
                }
            })
            .build()?;
        toolkit::draw_unseen(&window, width, height)?;
        toolkit::watch(&window, &post)
    });
}

/// Shows the window, before the others.
pub(crate) fn raise(app: &AppHandle, label: &str) {
    on_window(app, label, "show the dashboard", |window| {
        window.unminimize()?;
        toolkit::present(window)
    });
}
