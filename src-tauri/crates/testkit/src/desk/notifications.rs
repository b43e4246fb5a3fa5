//! A notification server.

use std::collections::{BTreeMap, HashMap};
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zbus::zvariant::OwnedValue;
use zbus::{Connection, names::BusName};

use super::bus::{PrivateBus, serve};
use super::{DeskError, bus};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// One call of `Notify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notified {
    /// The id it was given; that of the one it replaces, if it does.
    pub id: u32,
    /// Which notification it asks to replace; 0 for none.
    pub replaces: u32,
    /// The program.
    pub app: String,
    /// The icon's name or path.
    pub icon: String,
    /// The first line.
    pub summary: String,
    /// The text below it.
    pub body: String,
    /// Keys and labels in turn.
    pub actions: Vec<String>,
    /// 0 low, 1 normal, 2 critical.
    pub urgency: Option<u8>,
    /// All hints as text.
    pub hints: BTreeMap<String, String>,
    /// In milliseconds; -1 leaves it to the server, 0 is never.
    pub timeout: i32,
}

/// A notification server: `org.freedesktop.Notifications` on a bus. Its ids go on where it left off when
/// it comes back.
#[derive(Debug)]
pub struct NotificationServer {
    address: String,
    desk: Arc<Desk>,
    connection: Option<Connection>,
}

#[derive(Debug, Default)]
struct Desk {
    calls: Mutex<Vec<Notified>>,
    hangs: AtomicBool,
}

impl NotificationServer {
    /// A server on this bus.
    ///
    /// # Errors
    /// When it cannot take its name.
    pub async fn on(bus: &PrivateBus) -> Result<Self, DeskError> {
        let mut server = Self::absent(bus);
        server.come().await?;
        Ok(server)
    }

    /// A server that has not come yet.
    #[must_use]
    pub fn absent(bus: &PrivateBus) -> Self {
        Self { address: bus.address(), desk: Arc::default(), connection: None }
    }

    /// It comes, or comes back by a new connection.
    ///
    /// # Errors
    /// When it cannot take its name.
    pub async fn come(&mut self) -> Result<(), DeskError> {
        self.leave().await?;
        let server = Server { desk: Arc::clone(&self.desk) };
        let connection = serve(&self.address, PATH, server).await?;
        connection.request_name(NAME).await.map_err(bus("take the name of notifications"))?;
        self.connection = Some(connection);
        Ok(())
    }

    /// It leaves the bus.
    ///
    /// # Errors
    /// When it cannot say so.
    pub async fn leave(&mut self) -> Result<(), DeskError> {
        let Some(connection) = self.connection.take() else { return Ok(()) };
        connection.close().await.map_err(bus("close the connection"))
    }

    /// From now on calls are noted but never answered, or answered again.
    pub fn hang(&self, hangs: bool) {
        self.desk.hangs.store(hangs, Ordering::SeqCst);
    }

    /// Every call of `Notify` so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Notified> {
        lock(&self.desk.calls).clone()
    }

    /// The user chooses an action of a notification; `default` is a click on it.
    ///
    /// # Errors
    /// When the server is away.
    pub async fn choose(&self, id: u32, action: &str) -> Result<(), DeskError> {
        self.tell("ActionInvoked", &(id, action)).await
    }

    /// The user closes a notification.
    ///
    /// # Errors
    /// When the server is away.
    pub async fn dismiss(&self, id: u32) -> Result<(), DeskError> {
        const BY_THE_USER: u32 = 2;
        self.tell("NotificationClosed", &(id, BY_THE_USER)).await
    }

    async fn tell<B>(&self, signal: &str, body: &B) -> Result<(), DeskError>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        let connection = self.connection.as_ref().ok_or(DeskError::Away("notification server"))?;
        let told = connection.emit_signal(None::<BusName<'_>>, PATH, NAME, signal, body);
        told.await.map_err(bus("send a signal"))
    }
}

/// What programs call.
struct Server {
    desk: Arc<Desk>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Server {
    #[expect(clippy::too_many_arguments, reason = "the specification has so many")]
    async fn notify(
        &self,
        app: String,
        replaces: u32,
        icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        timeout: i32,
    ) -> u32 {
        let urgency = hints.get("urgency").and_then(|value| u8::try_from(value).ok());
        let hints = hints.into_iter().map(|(name, value)| (name, value.to_string())).collect();
        let id = {
            let mut calls = lock(&self.desk.calls);
            let new = calls.iter().map(|call| call.id).max().unwrap_or_default() + 1;
            let id = if replaces == 0 { new } else { replaces };
            calls.push(Notified {
                id,
                replaces,
                app,
                icon,
                summary,
                body,
                actions,
                urgency,
                hints,
                timeout,
            });
            id
        };
        if self.desk.hangs.load(Ordering::SeqCst) {
            pending::<()>().await;
        }
        id
    }

    async fn close_notification(&self, _id: u32) {}

    async fn get_capabilities(&self) -> Vec<String> {
        ["actions", "body", "persistence"].map(str::to_owned).into()
    }

    async fn get_server_information(&self) -> (String, String, String, String) {
        let [name, vendor, version, spec] = ["desk", "plimsoll", "1", "1.2"].map(str::to_owned);
        (name, vendor, version, spec)
    }
}

/// The list is whole after every statement, so a panic elsewhere does not matter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
