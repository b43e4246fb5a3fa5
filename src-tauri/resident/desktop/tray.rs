//! The tray icon over D-Bus: a StatusNotifierItem, which needs no display and no toolkit.

use std::{convert::Infallible, sync::Arc, time::Duration};

use ksni::{
    Handle, ToolTip, TrayMethods,
    menu::{MenuItem, StandardItem},
};
use plimsoll_bus::{Bus, Presence};
use plimsoll_domain::{Point, Show, health::Hints};
use plimsoll_programs::{TRAY_WATCHER, hint_at_tray};
use plimsoll_tray::{Action, Entry, Face, Port, SIZES, Sources};
use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

/// How long to wait before the icon is offered again to who did not take it.
const PAUSE: Duration = Duration::from_secs(1);

/// Keeps the tray icon.
#[derive(Clone)]
pub(crate) struct Tray {
    sources: Sources,
    choices: mpsc::Sender<Action>,
    hints: Arc<dyn Hints>,
}

impl Tray {
    pub(crate) fn new(
        sources: Sources,
        choices: mpsc::Sender<Action>,
        hints: Arc<dyn Hints>,
    ) -> Self {
        Self { sources, choices, hints }
    }

    /// Runs until stopped: the icon is there whenever there is a session bus, and is seen whenever a panel is.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), Infallible> {
        let bus = Bus::of_user();
        let presence = watch::Sender::new(Presence::default());
        let watched = [(TRAY_WATCHER, &presence)];
        tokio::select! {
            () = bus.follow(&watched) => Ok(()),
            () = hint_at_tray(presence.subscribe(), &*self.hints) => Ok(()),
            () = self.keep(presence.subscribe(), &stop) => Ok(()),
        }
    }

    async fn keep(&self, mut presence: watch::Receiver<Presence>, stop: &CancellationToken) {
        // What is there is assumed until the bus has said it.
        let Some(Ok(())) = stop.run_until_cancelled(presence.changed()).await else { return };
        while !stop.is_cancelled() {
            let there = presence.wait_for(|now| *now == Presence::Present);
            let Some(Ok(_)) = stop.run_until_cancelled(there).await else { break };
            // A panel asks at once: the icon is drawn before it is offered.
            let item = Item { face: self.sources.face(), choices: self.choices.clone() };
            // A panel that leaves between the question and now is waited for.
            let handle = match item.assume_sni_available(true).spawn().await {
                Ok(handle) => handle,
                // Bus or panel went away in this moment: nothing of ours has failed.
                Err(error) => {
                    tracing::debug!(%error, "nothing took the icon");
                    stop.run_until_cancelled(sleep(PAUSE)).await;
                    continue;
                }
            };
            let gone = presence.wait_for(|now| *now == Presence::NoBus);
            let bus_gone = stop.child_token();
            tokio::select! {
                () = plimsoll_tray::drive(self.sources.clone(), Shown(handle.clone()), bus_gone) => {}
                _ = gone => {}
            }
            handle.shutdown().await;
        }
    }
}

/// The icon on the bus.
struct Shown(Handle<Item>);

impl Port for Shown {
    async fn show(&mut self, face: Arc<Face>) {
        // `None` where the bus is gone, which is seen elsewhere.
        self.0.update(|item| item.face = face).await;
    }
}

/// What the panel asks.
struct Item {
    face: Arc<Face>,
    choices: mpsc::Sender<Action>,
}

impl Item {
    fn choose(&self, action: Action) {
        // Full only when the resident is stuck; the user presses again.
        let _ = self.choices.try_send(action);
    }
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        "plimsoll".to_owned()
    }

    fn title(&self) -> String {
        self.face.title.clone()
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        SIZES.into_iter().map(|size| argb(size, self.face.icon.pixels(size))).collect()
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            title: self.face.title.clone(),
            description: markup(&self.face.tooltip),
            ..ToolTip::default()
        }
    }

    fn activate(&mut self, x: i32, y: i32) {
        // Panels that do not know where the icon is say zero.
        let at = (x != 0 || y != 0).then_some(Point { x, y });
        self.choose(Action::Show(Show::Popover { at, toggle: true }));
    }

    fn secondary_activate(&mut self, _x: i32, _y: i32) {
        self.choose(Action::Show(Show::Dashboard { session: None }));
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        self.face.menu.iter().map(menu_item).collect()
    }
}

fn menu_item(entry: &Entry) -> MenuItem<Item> {
    let Entry::Item { label, action } = entry else { return MenuItem::Separator };
    let chosen = action.clone();
    StandardItem {
        // An underscore would mark the letter after it.
        label: label.replace('_', "__"),
        enabled: action.is_some(),
        activate: Box::new(move |item: &mut Item| {
            if let Some(action) = &chosen {
                item.choose(action.clone());
            }
        }),
        ..StandardItem::default()
    }
    .into()
}

/// Plain text as the protocol wants descriptions: markup that has no tag for a new line.
fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Pixels as the protocol wants them: alpha first.
fn argb(size: u32, mut rgba: Vec<u8>) -> ksni::Icon {
    for pixel in rgba.chunks_exact_mut(4) {
        pixel.rotate_right(1);
    }
    let side = i32::try_from(size).unwrap_or(i32::MAX);
    ksni::Icon { width: side, height: side, data: rgba }
}
