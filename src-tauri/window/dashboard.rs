//! The dashboard: the engine's page in a window of its own.

use tauri::AppHandle;

use crate::{
    appearance,
    page::{EngineAt, Page, Post, make, on_window},
    toolkit,
};

/// Makes the window.
pub(crate) fn open(app: &AppHandle, label: &str, page: Page, engine: EngineAt, post: Post) {
    let told = post.clone();
    make(app, label, &told, move |app, label| {
        let window = page
            .window(app, label, engine, post.clone())
            .title("Plimsoll")
            .inner_size(1100.0, 760.0)
            .min_inner_size(420.0, 480.0)
            .center()
            .background_color(appearance::paper(app))
            .on_document_title_changed(|window, title| {
                let title = if title.is_empty() { "Plimsoll" } else { &title };
                if let Err(error) = window.set_title(title) {
                    tracing::warn!(%error, "cannot change the title");
                }
            })
            .build()?;
        toolkit::watch(&window, &post)
    });
}

/// Brings the window before the others.
pub(crate) fn raise(app: &AppHandle, label: &str) {
    on_window(app, label, "raise the dashboard", |window| {
        window.unminimize()?;
        window.show()?;
        window.set_focus()
    });
}
