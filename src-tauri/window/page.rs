//! What a window shows, and what all windows have in common.

use plimsoll_domain::SessionId;
use tauri::{
    AppHandle, Manager, Url, Webview, WebviewUrl, WebviewWindow, WebviewWindowBuilder, Wry,
    webview::{NewWindowResponse, PageLoadEvent, PermissionKind, PermissionResponse},
};
use tokio::sync::{mpsc, watch};

use crate::{
    desk::{Event, Happening},
    navigation::{self, Decision, decide},
};

/// Where windows tell what happens to them.
pub(crate) type Post = mpsc::UnboundedSender<Event>;

/// Where the engine is; `None` before one was found.
pub(crate) type EngineAt = watch::Receiver<Option<Url>>;

/// The page for when there is no engine: the only one that this program has in itself.
const AWAY: &str = "away.html";
/// The same for WebKit, which knows Tauri's own pages by this address.
const AWAY_URL: &str = "tauri://localhost/away.html";

/// What a window shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Page {
    Popover,
    /// The dashboard, at a session.
    Dashboard(Option<SessionId>),
}

impl Page {
    fn is_popover(&self) -> bool {
        matches!(self, Self::Popover)
    }

    /// Its address: the engine's, or the page for when there is none.
    fn url(&self, engine: Option<&Url>) -> Url {
        match (self, engine) {
            (Self::Popover, Some(engine)) => navigation::popover(engine),
            (Self::Dashboard(session), Some(engine)) => {
                navigation::dashboard(engine, session.as_ref())
            }
            (page, None) => away(page.is_popover()),
        }
    }

    /// Loads it in a window that is there.
    pub(crate) fn load(&self, app: &AppHandle, label: &str, engine: Option<&Url>) {
        let url = self.url(engine);
        on_window(app, label, "load a page", move |window| window.navigate(url));
    }

    /// Begins a window that shows it, and tells what happens to it.
    pub(crate) fn window<'a>(
        &self,
        app: &'a AppHandle,
        label: &str,
        engine: EngineAt,
        post: Post,
    ) -> WebviewWindowBuilder<'a, Wry, AppHandle> {
        let popover = self.is_popover();
        let url = match engine.borrow().as_ref() {
            Some(engine) => WebviewUrl::External(self.url(Some(engine))),
            None if popover => WebviewUrl::App(format!("{AWAY}#popover").into()),
            None => WebviewUrl::App(AWAY.into()),
        };
        let guard = Guard { label: label.to_owned(), popover, engine, post: post.clone() };
        let new_window = guard.clone();
        WebviewWindowBuilder::new(app, label, url)
            .on_navigation(move |url| guard.admits(url))
            .on_new_window(move |url, _| {
                new_window.hear(&url);
                NewWindowResponse::Deny
            })
            .on_page_load(move |window, load| {
                if load.event() == PageLoadEvent::Finished {
                    let _ = post.send((window.label().to_owned(), Happening::Loaded));
                }
            })
            .on_download(|_, _| false)
            .on_permission_request(|_: Webview, _: PermissionKind| PermissionResponse::Deny)
            .disable_drag_drop_handler()
    }
}

fn away(popover: bool) -> Url {
    let mut url = Url::parse(AWAY_URL).expect("a constant that is an address");
    url.set_fragment(popover.then_some("popover"));
    url
}

/// Decides where a window's page may go.
#[derive(Clone)]
struct Guard {
    label: String,
    popover: bool,
    engine: EngineAt,
    post: Post,
}

impl Guard {
    fn decision(&self, url: &Url) -> Decision {
        decide(url, self.engine.borrow().as_ref(), &away(false))
    }

    /// Whether the page may go there.
    fn admits(&self, url: &Url) -> bool {
        let decision = self.decision(url);
        tracing::debug!(window = self.label, %url, ?decision, "a page wants to go");
        let admitted = match decision {
            Decision::Allow => return true,
            Decision::Dashboard { .. } => !self.popover,
            Decision::Close | Decision::Height(_) | Decision::Refuse => false,
        };
        self.tell(decision);
        admitted
    }

    /// A page that wants another window gets none, but the dashboard if it meant that.
    fn hear(&self, url: &Url) {
        let decision = self.decision(url);
        if self.popover && matches!(decision, Decision::Dashboard { .. }) {
            self.tell(decision);
        }
    }

    fn tell(&self, decision: Decision) {
        // Nobody listens any more when the program ends.
        let _ = self.post.send((self.label.clone(), Happening::Said(decision)));
    }
}

/// Does something with a window on the main thread, where everything about windows is done, one after the other.
/// A window that is gone needs it no more.
pub(crate) fn on_window(
    app: &AppHandle,
    label: &str,
    what: &'static str,
    act: impl FnOnce(&WebviewWindow) -> tauri::Result<()> + Send + 'static,
) {
    let label = label.to_owned();
    on_main(app, what, move |app| {
        app.get_webview_window(&label).map_or(Ok(()), |window| act(&window))
    });
}

/// Closes a window: out of sight at once, and gone.
pub(crate) fn close(app: &AppHandle, label: &str) {
    on_window(app, label, "close a window", |window| {
        window.hide()?;
        window.destroy()
    });
}

/// Does something on the main thread.
pub(crate) fn on_main(
    app: &AppHandle,
    what: &'static str,
    act: impl FnOnce(&AppHandle) -> tauri::Result<()> + Send + 'static,
) {
    let handle = app.clone();
    let act = move || {
        if let Err(error) = act(&handle) {
            tracing::error!(%error, "cannot {what}");
        }
    };
    if let Err(error) = app.run_on_main_thread(act) {
        tracing::error!(%error, "cannot {what}: the window system does not run");
    }
}

/// Makes a window on the main thread. Where that fails, it is told to be gone.
pub(crate) fn make(
    app: &AppHandle,
    label: &str,
    post: &Post,
    build: impl FnOnce(&AppHandle, &str) -> tauri::Result<()> + Send + 'static,
) {
    let (label, post) = (label.to_owned(), post.clone());
    on_main(app, "open a window", move |app| {
        build(app, &label).inspect_err(|_| {
            let _ = post.send((label.clone(), Happening::Gone));
        })
    });
}
