//! The desk: which windows there are. What happens comes in as events, what is done goes out to the main thread.

use std::time::Instant;

use plimsoll_domain::{SessionId, Show};
use tauri::{AppHandle, Url};
use tokio::sync::{mpsc, watch};

use crate::{
    dashboard,
    navigation::Decision,
    page::{self, Page, Post},
    popover::{self, Effect, Machine},
};

/// What happens to a window.
#[derive(Debug)]
pub(crate) enum Happening {
    /// Its page said something.
    Said(Decision),
    /// Its page is loaded.
    Loaded,
    /// Its page could not be loaded.
    Failed,
    /// It got the focus, or lost it.
    Focused(bool),
    /// Its close button was pressed, or what stands for it on this desktop.
    CloseRequested,
    /// It is gone.
    Gone,
}

/// What happens, and the label of the window to which it happens.
pub(crate) type Event = (String, Happening);

/// A window that is there.
#[derive(Debug)]
struct Opened {
    label: String,
    /// Whether it shows the page for when there is no engine.
    away: bool,
}

/// All windows.
pub(crate) struct Desk {
    app: AppHandle,
    post: Post,
    /// Where the engine is.
    engine: watch::Sender<Option<Url>>,
    machine: Machine,
    popover: Option<Opened>,
    /// The height that the popover's page asked for.
    height: u32,
    dashboard: Option<Opened>,
    /// When the dashboard is shown at the latest; `None` where it is.
    reveal_by: Option<Instant>,
    /// The session that the dashboard was last asked to show.
    session: Option<SessionId>,
    /// How many windows were made: a label is never used twice, so that nothing late is taken for the next window's.
    made: u32,
}

impl Desk {
    /// An empty desk, and what happens on it.
    pub(crate) fn new(
        app: AppHandle,
        engine: Option<Url>,
    ) -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (post, events) = mpsc::unbounded_channel();
        let desk = Self {
            app,
            post,
            engine: watch::Sender::new(engine),
            machine: Machine::default(),
            popover: None,
            height: popover::HIGHEST,
            dashboard: None,
            reveal_by: None,
            session: None,
            made: 0,
        };
        (desk, events)
    }

    /// Where windows tell what happens to them.
    pub(crate) fn post(&self) -> Post {
        self.post.clone()
    }

    /// Whether no window is there and no press is waited for.
    pub(crate) fn is_empty(&self) -> bool {
        self.popover.is_none() && self.dashboard.is_none() && self.machine.is_at_rest()
    }

    /// When [`Desk::elapsed`] is to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.machine.deadline().into_iter().chain(self.reveal_by).min()
    }

    /// Time has passed.
    pub(crate) fn elapsed(&mut self) {
        self.popover_on(popover::Event::Elapsed);
        if self.reveal_by.is_some_and(|by| Instant::now() >= by) {
            self.reveal_dashboard();
        }
    }

    /// Shows what is asked for.
    pub(crate) fn show(&mut self, show: Show) {
        match show {
            Show::Popover { at, toggle: true } => self.popover_on(popover::Event::Press(at)),
            Show::Popover { at, toggle: false } => self.popover_on(popover::Event::Summon(at)),
            Show::Dashboard { session } => self.show_dashboard(session),
            Show::Nothing => {
                self.popover_on(popover::Event::Dismissed);
                self.reveal_by = None;
                if let Some(Opened { label, .. }) = self.dashboard.take() {
                    page::close(&self.app, &label);
                }
            }
        }
    }

    /// The engine answers at this address: windows that show another one, or none, go there.
    pub(crate) fn engine_at(&mut self, engine: &Url) {
        let moved = self.engine.send_replace(Some(engine.clone())).as_ref() != Some(engine);
        let dashboard = Page::Dashboard(self.session.clone());
        for (opened, page) in [(&mut self.popover, Page::Popover), (&mut self.dashboard, dashboard)]
        {
            if let Some(opened) = opened
                && (std::mem::take(&mut opened.away) || moved)
            {
                page.load(&self.app, &opened.label, Some(engine));
            }
        }
    }

    /// Takes in what happened to a window.
    pub(crate) fn on(&mut self, (label, happening): Event) {
        if is(self.popover.as_ref(), &label) {
            self.on_popover(&label, happening);
        } else if is(self.dashboard.as_ref(), &label) {
            self.on_dashboard(happening);
        }
    }

    fn on_popover(&mut self, label: &str, happening: Happening) {
        use popover::Event::{Blurred, Dismissed, Drawn, Focused, Gone};
        match happening {
            Happening::Said(Decision::Height(height)) => {
                self.height = height;
                if let Some(at) = self.machine.in_sight() {
                    popover::fit(&self.app, label, at, height);
                }
                self.popover_on(Drawn);
            }
            Happening::Said(Decision::Dashboard { session }) => {
                self.show_dashboard(session);
                self.popover_on(Dismissed);
            }
            Happening::Said(Decision::Close) | Happening::CloseRequested => {
                self.popover_on(Dismissed);
            }
            Happening::Said(_) | Happening::Loaded => {}
            Happening::Failed => go_away(&self.app, self.popover.as_mut(), &Page::Popover),
            Happening::Focused(true) => self.popover_on(Focused),
            Happening::Focused(false) => self.popover_on(Blurred),
            Happening::Gone => {
                self.popover = None;
                self.popover_on(Gone);
            }
        }
    }

    fn on_dashboard(&mut self, happening: Happening) {
        match happening {
            Happening::Loaded if self.reveal_by.is_some() => self.reveal_dashboard(),
            Happening::Failed => {
                go_away(&self.app, self.dashboard.as_mut(), &Page::Dashboard(None));
            }
            // Where the user went; an engine that moved shows the same.
            Happening::Said(Decision::Dashboard { session }) => self.session = session,
            Happening::Gone => {
                self.dashboard = None;
                self.reveal_by = None;
            }
            Happening::Loaded
            | Happening::Said(_)
            | Happening::Focused(_)
            | Happening::CloseRequested => {}
        }
    }

    fn popover_on(&mut self, event: popover::Event) {
        let effect = self.machine.on(event, Instant::now());
        tracing::debug!(?event, ?effect, "popover");
        match effect {
            Some(Effect::Open) => {
                let opened = self.opened("popover");
                popover::open(&self.app, &opened.label, self.engine.subscribe(), self.post());
                self.height = popover::HIGHEST;
                self.popover = Some(opened);
            }
            Some(Effect::Reveal(at)) => {
                if let Some(Opened { label, .. }) = &self.popover {
                    popover::reveal(&self.app, label, at, self.height);
                }
            }
            Some(Effect::Close) => {
                if let Some(Opened { label, .. }) = self.popover.take() {
                    page::close(&self.app, &label);
                }
            }
            None => {}
        }
    }

    fn show_dashboard(&mut self, session: Option<SessionId>) {
        let Some(Opened { label, away }) = &self.dashboard else {
            self.session.clone_from(&session);
            let opened = self.opened("dashboard");
            let (engine, post) = (self.engine.subscribe(), self.post());
            dashboard::open(&self.app, &opened.label, Page::Dashboard(session), engine, post);
            self.dashboard = Some(opened);
            self.reveal_by = Some(Instant::now() + popover::PATIENCE);
            return;
        };
        // Who asks for no session finds the one that is open.
        if session.is_some() {
            self.session.clone_from(&session);
            let engine = self.engine.borrow().clone().filter(|_| !away);
            Page::Dashboard(session).load(&self.app, label, engine.as_ref());
        }
        if self.reveal_by.is_none() {
            dashboard::raise(&self.app, label);
        }
    }

    fn reveal_dashboard(&mut self) {
        self.reveal_by = None;
        if let Some(Opened { label, .. }) = &self.dashboard {
            dashboard::raise(&self.app, label);
        }
    }

    fn opened(&mut self, kind: &str) -> Opened {
        self.made += 1;
        Opened { label: format!("{kind}-{}", self.made), away: self.engine.borrow().is_none() }
    }
}

fn is(opened: Option<&Opened>, label: &str) -> bool {
    opened.is_some_and(|opened| opened.label == label)
}

/// Shows the page for when there is no engine.
fn go_away(app: &AppHandle, opened: Option<&mut Opened>, page: &Page) {
    if let Some(opened) = opened {
        opened.away = true;
        page.load(app, &opened.label, None);
    }
}
