//! What GTK and WebKitGTK know and Tauri does not hand on.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use gtk::{
    Allocation, ApplicationWindow, Container, Overlay,
    gdk::EventMask,
    glib::Propagation,
    prelude::{
        Cast, ContainerExt, GtkWindowExt, ObjectExt, OverlayExt, WidgetExt, WidgetExtManual,
    },
};
use plimsoll_programs::Exit;
use tauri::WebviewWindow;
use webkit2gtk::{NetworkError, PolicyError, WebViewExt};

use crate::{desk::Happening, page::Post};

/// How soon after a window was asked for it may still ask for the focus.
const PROMPT: Duration = Duration::from_millis(500);
/// How long a page's process must have lived to be started again: one that dies at once would do so for ever.
const STEADY: Duration = Duration::from_secs(10);

/// Connects to the display. Tauri would do it too, and panic where it cannot.
///
/// # Errors
/// Where the display that the environment names is not there.
pub(crate) fn begin() -> anyhow::Result<()> {
    gtk::init().map_err(|_| Exit::Unavailable.because("the display does not answer"))
}

/// Lets the page of a window that is not in sight draw itself in this size, in CSS pixels, so that it is whole when
/// the window is shown. WebKit lays out and draws only what it believes to be in sight.
pub(crate) fn draw_unseen(window: &WebviewWindow, width: u32, height: u32) -> tauri::Result<()> {
    let room = Allocation::new(0, 0, pixels(width), pixels(height));
    window.with_webview(move |webview| {
        let view = webview.inner();
        view.size_allocate(&room);
        view.map();
    })
}

/// Lets a window that users cannot resize have the size that it is told. GTK gives it the one that its content would
/// like, and a web view would like to show its whole page; an overlay takes the room that there is, and asks for none.
pub(crate) fn free_from_content(window: &WebviewWindow) -> tauri::Result<()> {
    // Tauri's window system does this only after the window was shown in another size.
    window.gtk_window()?.set_resizable(false);
    window.with_webview(|webview| {
        let view = webview.inner();
        if let Some(frame) = view.parent().and_then(|parent| parent.downcast::<Container>().ok()) {
            let overlay = Overlay::builder().expand(true).visible(true).build();
            frame.remove(&view);
            overlay.add_overlay(&view);
            frame.add(&overlay);
        }
    })
}

/// Tells such a window its size, in CSS pixels.
pub(crate) fn set_size(window: &WebviewWindow, width: u32, height: u32) -> tauri::Result<()> {
    window.gtk_window()?.set_size_request(pixels(width), pixels(height));
    Ok(())
}

/// Shows a window, before the others and with the focus: the user has just asked for it.
pub(crate) fn present(window: &WebviewWindow) -> tauri::Result<()> {
    let window = window.gtk_window()?;
    insist(&window);
    window.show_all();
    window.present();
    Ok(())
}

/// Asks for the focus once more, with the display's time. Window managers that guard the focus compare it with the
/// time of the user's last click; a program that was not clicked on knows none until a property of its window changes.
fn insist(window: &ApplicationWindow) {
    let asked = Instant::now();
    let handler = Rc::new(Cell::new(None));
    let own = Rc::clone(&handler);
    window.add_events(EventMask::PROPERTY_CHANGE_MASK);
    handler.set(Some(window.connect_property_notify_event(move |window, event| {
        if let Some(handler) = own.take() {
            window.disconnect(handler);
            // A later change is another matter: the user may be elsewhere by then.
            if !window.is_active() && asked.elapsed() < PROMPT {
                window.present_with_time(event.time());
            }
        }
        Propagation::Proceed
    })));
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
        let started = Cell::new(None::<Instant>);
        view.connect_web_process_terminated(move |view, reason| {
            let before = started.replace(Some(Instant::now()));
            let steady = before.is_none_or(|before| before.elapsed() > STEADY);
            tracing::warn!(?reason, again = steady, "the process of a page died");
            if steady {
                view.reload();
            }
        });
    })
}
