//! The Tauri application: the main thread's loop, and the task that serves the windows beside it.

use anyhow::Context;
use tauri::{AppHandle, RunEvent, Url, WindowEvent};
use tokio::{runtime::Runtime, sync::mpsc::UnboundedReceiver};

use crate::{
    desk::{Desk, Event, Happening},
    page::Post,
};

/// Runs the application until the task that `serve` makes has ended; its outcome is the program's.
pub(crate) fn run<F>(
    runtime: &Runtime,
    engine: Option<Url>,
    serve: impl FnOnce(AppHandle, Desk, UnboundedReceiver<Event>) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    tauri::async_runtime::set(runtime.handle().clone());
    let app = application()?;
    let (desk, events) = Desk::new(app.handle().clone(), engine);
    let post = desk.post();
    let handle = app.handle().clone();
    let served = serve(handle.clone(), desk, events);
    let served = runtime.spawn(async move {
        // In a task of its own, so that the loop ends even when it panics.
        let outcome = tokio::spawn(served).await;
        handle.exit(0);
        outcome
    });
    app.run_return(move |_, event| hear(event, &post));
    runtime.block_on(served)?.context("the task that serves the windows failed")?
}

#[expect(clippy::exit, reason = "in what the macro makes, for an identifier that cannot be")]
fn application() -> tauri::Result<tauri::App> {
    tauri::Builder::default().build(tauri::generate_context!())
}

/// Hands on what concerns windows.
fn hear(event: RunEvent, post: &Post) {
    match event {
        // The task that serves the windows decides when they were the last.
        RunEvent::ExitRequested { code: None, api, .. } => api.prevent_exit(),
        RunEvent::WindowEvent { label, event, .. } => {
            let happening = match event {
                WindowEvent::Focused(focused) => Happening::Focused(focused),
                WindowEvent::CloseRequested { .. } => Happening::CloseRequested,
                WindowEvent::Destroyed => Happening::Gone,
                _ => return,
            };
            let _ = post.send((label, happening));
        }
        _ => {}
    }
}
