//! The tray icon through Tauri; on Linux that is a StatusNotifierItem as the resident's (feature `ksni` of
//! `tray-icon`), with its left click.

use std::{convert::Infallible, sync::Arc, time::Duration};

use plimsoll_bus::{Bus, Presence};
use plimsoll_domain::{Point, Show, health::Hints};
use plimsoll_programs as programs;
use plimsoll_tray::{Action, Face, Port, SIZES, Sources};
use tauri::{
    AppHandle,
    image::Image,
    tray::{MouseButton, MouseButtonState, TrayIconBuilder, TrayIconEvent},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use super::menu::Actions;

/// The icon's name for Tauri, and for panels.
const ID: &str = "plimsoll";
/// How long to wait before an icon that was refused is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// Keeps the tray icon.
#[derive(Clone)]
pub(super) struct Tray {
    app: AppHandle,
    sources: Sources,
    actions: Actions,
    hints: Arc<dyn Hints>,
}

impl Tray {
    /// A tray whose user's choices go to `choices`.
    pub(super) fn new(
        app: AppHandle,
        sources: Sources,
        choices: mpsc::Sender<Action>,
        hints: Arc<dyn Hints>,
    ) -> Self {
        let actions = Actions::default();
        let (known, from_menu) = (actions.clone(), choices.clone());
        app.on_menu_event(move |_, event| {
            if let Some(action) = known.of(event.id()) {
                choose(&from_menu, action);
            }
        });
        app.on_tray_icon_event(move |_, event| {
            if let Some(action) = pressed(&event) {
                choose(&choices, action);
            }
        });
        Self { app, sources, actions, hints }
    }

    /// Runs until stopped: the icon is there whenever a panel is.
    pub(super) async fn run(self, stop: CancellationToken) -> Result<(), Infallible> {
        let bus = Bus::of_user();
        let presence = watch::Sender::new(Presence::default());
        let watched = [(programs::TRAY_WATCHER, &presence)];
        tokio::select! {
            () = bus.follow(&watched) => {}
            () = programs::hint_at_tray(presence.subscribe(), self.hints.as_ref()) => {}
            () = self.keep(presence.subscribe(), &stop) => {}
        }
        Ok(())
    }

    /// Makes the icon when a panel is there: Tauri's cannot be made before. From then on it comes back with each
    /// panel by itself, for as long as there is the bus.
    async fn keep(&self, mut presence: watch::Receiver<Presence>, stop: &CancellationToken) {
        // Until the bus has said something, nothing is known.
        let _ = presence.changed().await;
        while !stop.is_cancelled() {
            let there = presence.wait_for(|now| *now == Presence::Present);
            let Some(Ok(_)) = stop.run_until_cancelled(there).await else { return };
            let shown = Shown { app: self.app.clone(), actions: self.actions.clone(), face: None };
            if let Err(error) = shown.make().await {
                tracing::warn!(%error, "no tray icon yet; it is tried again");
                stop.run_until_cancelled(sleep(PAUSE)).await;
                continue;
            }
            let gone = presence.wait_for(|now| *now == Presence::NoBus);
            tokio::select! {
                () = plimsoll_tray::drive(self.sources.clone(), shown, stop.child_token()) => {}
                _ = gone => {}
            }
            let removed = on_main(&self.app, |app| {
                app.remove_tray_by_id(ID);
                Ok(())
            });
            if let Err(error) = removed.await {
                tracing::warn!(%error, "cannot remove the tray icon");
            }
        }
    }
}

fn choose(choices: &mpsc::Sender<Action>, action: Action) {
    // Full only when the application is stuck; the user presses again.
    let _ = choices.try_send(action);
}

/// What a press on the icon means.
fn pressed(event: &TrayIconEvent) -> Option<Action> {
    let TrayIconEvent::Click { position, button, button_state: MouseButtonState::Up, .. } = event
    else {
        return None;
    };
    match button {
        MouseButton::Left => {
            #[expect(clippy::cast_possible_truncation, reason = "a place on the screen")]
            let at = Point { x: position.x as i32, y: position.y as i32 };
            // Panels that do not know where the icon is say zero.
            let at = (at != Point { x: 0, y: 0 }).then_some(at);
            Some(Action::Show(Show::Popover { at, toggle: true }))
        }
        MouseButton::Middle => Some(Action::Show(Show::Dashboard { session: None })),
        MouseButton::Right => None,
    }
}

/// The icon in the panel.
struct Shown {
    app: AppHandle,
    actions: Actions,
    /// What it shows.
    face: Option<Arc<Face>>,
}

impl Shown {
    /// Puts it there, with nothing on it.
    async fn make(&self) -> tauri::Result<()> {
        on_main(&self.app, |app| {
            let icon =
                TrayIconBuilder::with_id(ID).title("Plimsoll").show_menu_on_left_click(false);
            // Tauri keeps it, on this thread; a handle elsewhere would be counted wrongly.
            icon.build(app).map(drop)
        })
        .await
    }
}

impl Port for Shown {
    async fn show(&mut self, face: Arc<Face>) {
        let (actions, before) = (self.actions.clone(), self.face.replace(Arc::clone(&face)));
        let changed =
            on_main(&self.app, move |app| change(app, &actions, before.as_deref(), &face));
        if let Err(error) = changed.await {
            tracing::warn!(%error, "cannot change the tray icon");
        }
    }
}

/// Changes what is different: each change wakes the panel.
fn change(
    app: &AppHandle,
    actions: &Actions,
    before: Option<&Face>,
    face: &Face,
) -> tauri::Result<()> {
    let Some(tray) = app.tray_by_id(ID) else { return Ok(()) };
    if before.map(|before| before.icon) != Some(face.icon) {
        let size = SIZES[SIZES.len() - 1];
        tray.set_icon(Some(Image::new_owned(face.icon.pixels(size), size, size)))?;
    }
    if before.map(|before| &before.title) != Some(&face.title) {
        tray.set_title(Some(&face.title))?;
    }
    if before.map(|before| &before.tooltip) != Some(&face.tooltip) {
        tray.set_tooltip(Some(description(&face.tooltip)))?;
    }
    if before.map(|before| &before.menu) != Some(&face.menu) {
        tray.set_menu(Some(actions.menu(app, &face.menu)?))?;
    }
    Ok(())
}

/// A tooltip as the system wants it; the protocol of Linux wants markup.
fn description(text: &str) -> String {
    if cfg!(target_os = "linux") {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    } else {
        text.to_owned()
    }
}

/// Does something on the main thread, to which Tauri's icons and menus belong, and waits for its outcome.
async fn on_main(
    app: &AppHandle,
    act: impl FnOnce(&AppHandle) -> tauri::Result<()> + Send + 'static,
) -> tauri::Result<()> {
    let (told, outcome) = oneshot::channel();
    let handle = app.clone();
    app.run_on_main_thread(move || {
        // Nobody waits any more when the tray has ended.
        let _ = told.send(act(&handle));
    })?;
    outcome.await.unwrap_or(Err(tauri::Error::FailedToReceiveMessage))
}
