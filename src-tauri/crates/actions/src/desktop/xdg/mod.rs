//! Desktops that show notifications over D-Bus
//! (<https://specifications.freedesktop.org/notification-spec/latest/>).
//!
//! One connection for all of them, opened for the first: GNOME takes a program's notifications away once the connection
//! is gone that brought the first of them, lets only the connection that brought one replace or close it, and tells
//! only that one of buttons.

mod call;

use std::{collections::VecDeque, future::pending};

use futures_util::StreamExt as _;
use plimsoll_bus::{Bus, Link};
use plimsoll_domain::SessionId;
use zbus::{Message, MessageStream};

use call::CallError;

use crate::{
    Notice,
    showing::{Button, Press, Refused, Showing},
};

/// Says that nothing is to be replaced.
const NONE: u32 = 0;

/// Notifications whose buttons are known, at most; those of older ones do nothing.
const KNOWN: usize = 64;

/// The user's desktop.
#[derive(Debug)]
pub(crate) struct Desktop {
    bus: Bus,
    line: Option<Line>,
    /// What was shown under which number, the newest first.
    known: VecDeque<(u32, Vec<SessionId>)>,
}

/// A connection to the bus of notifications.
#[derive(Debug)]
struct Line {
    link: Link,
    messages: MessageStream,
    /// Whether the service shows buttons; `None` until it was asked.
    has_buttons: Option<bool>,
}

impl Desktop {
    /// The one on a bus.
    pub(crate) const fn on(bus: Bus) -> Self {
        Self { bus, line: None, known: VecDeque::new() }
    }

    async fn line(&mut self) -> Result<&mut Line, CallError> {
        let line = match self.line.take() {
            Some(line) => line,
            None => {
                let link = Link::open(&self.bus).await?;
                let messages = MessageStream::from(link.connection());
                link.drive(call::listen(link.connection())).await?;
                Line { link, messages, has_buttons: None }
            }
        };
        Ok(self.line.insert(line))
    }

    async fn try_show(&mut self, notice: &Notice, replaced: Option<u32>) -> Result<u32, CallError> {
        let Line { link, has_buttons, .. } = self.line().await?;
        let connection = link.connection();
        let showing = async {
            let with_buttons = match has_buttons {
                Some(known) => *known,
                None => *has_buttons.insert(call::has_buttons(connection).await?),
            };
            let shown = call::notify(connection, notice, replaced.unwrap_or(NONE), with_buttons);
            match (shown.await, replaced) {
                (Err(error), Some(replaced)) if error.is_not_ours() => {
                    // Should that fail, an older notice stays beside the new one.
                    let _ = call::close(connection, replaced).await;
                    call::notify(connection, notice, NONE, with_buttons).await
                }
                (shown, _) => shown,
            }
        };
        link.drive(showing).await
    }

    /// What a message says of buttons.
    fn read(&mut self, message: &Message) -> Option<Press> {
        let (id, button) = call::invoked(message)?;
        let at = self.known.iter().position(|(known, _)| *known == id)?;
        let sessions = match button {
            // It is shown again, if at all, under another number.
            Button::Snooze => self.known.remove(at)?.1,
            Button::Open => self.known.get(at)?.1.clone(),
        };
        Some(Press { button, sessions })
    }
}

impl Showing for Desktop {
    async fn show(&mut self, notice: &Notice, replaced: Option<u32>) -> Result<u32, Refused> {
        let shown = self.try_show(notice, replaced).await;
        if shown.as_ref().is_err_and(|error| !error.is_answer()) {
            // The bus may be gone; the next is tried on a new line.
            self.line = None;
        }
        let id = shown?;
        self.known.retain(|(known, _)| *known != id);
        self.known.truncate(KNOWN - 1);
        self.known.push_front((id, notice.sessions.clone()));
        Ok(id)
    }

    async fn withdraw(&mut self, id: u32) -> Result<(), Refused> {
        self.known.retain(|(known, _)| *known != id);
        let Some(Line { link, .. }) = &self.line else { return Ok(()) };
        Ok(link.drive(call::close(link.connection(), id)).await?)
    }

    async fn pressed(&mut self) -> Press {
        loop {
            let Some(Line { link, messages, .. }) = &mut self.line else { return pending().await };
            match link.drive(messages.next()).await {
                Some(Ok(message)) => {
                    if let Some(press) = self.read(&message) {
                        return press;
                    }
                }
                // The bus is gone, and with it whoever showed anything.
                Some(Err(_)) | None => {
                    self.line = None;
                    self.known.clear();
                }
            }
        }
    }

    fn forget(&mut self) {
        self.known.clear();
        if let Some(line) = &mut self.line {
            line.has_buttons = None;
        }
    }
}
