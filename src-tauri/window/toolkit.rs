//! What GTK and WebKitGTK know and Tauri does not hand on.

use gtk::{
    Allocation, Container, Overlay,
    prelude::{Cast, ContainerExt, GtkWindowExt, OverlayExt, WidgetExt},
};
use tauri::WebviewWindow;
use webkit2gtk::{NetworkError, PolicyError, WebViewExt};

use crate::{desk::Happening, page::Post};

/// Prepares the window of the popover: its size is told, never the content's, and its page is laid out in that
/// size before it is in sight.
pub(crate) fn prepare(window: &WebviewWindow, width: u32, height: u32) -> tauri::Result<()> {
    let (width, height) = (pixels(width), pixels(height));
    window.with_webview(move |webview| {
        let view = webview.inner();
        // GTK gives a window that users cannot resize the size that its content would like, and a web view would
        // like to show its whole page. An overlay takes room and asks for none.
        if let Some(frame) = view.parent().and_then(|parent| parent.downcast::<Container>().ok()) {
            let overlay = Overlay::builder().expand(true).visible(true).build();
            frame.remove(&view);
            overlay.add_overlay(&view);
            frame.add(&overlay);
        }
        // Otherwise it has no room until it is shown, and lays its page out in no width at all.
        view.size_allocate(&Allocation::new(0, 0, width, height));
    })
}

/// Gives the window of the popover its size, in CSS pixels.
pub(crate) fn fix_size(window: &WebviewWindow, width: u32, height: u32) -> tauri::Result<()> {
    let window = window.gtk_window()?;
    // Tauri's window system does this only after the window was shown in another size.
    window.set_resizable(false);
    window.set_size_request(pixels(width), pixels(height));
    Ok(())
}

fn pixels(length: u32) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

/// Tells when the window's page could not be loaded; loads it again when its process died.
pub(crate) fn watch(window: &WebviewWindow, post: &Post) -> tauri::Result<()> {
    let (label, post) = (window.label().to_owned(), post.clone());
    window.with_webview(move |webview| {
        let view = webview.inner();
        view.connect_load_failed(move |_, _, url, error| {
            let replaced = error.matches(NetworkError::Cancelled)
                || error.matches(PolicyError::FrameLoadInterruptedByPolicyChange);
            if !replaced {
                tracing::info!(url, %error, "a page could not be loaded");
                let _ = post.send((label.clone(), Happening::Failed));
            }
            // Without WebKit's own page about it.
            true
        });
        view.connect_web_process_terminated(|view, reason| {
            tracing::warn!(?reason, "the process of a page died; the page is loaded again");
            view.reload();
        });
    })
}
