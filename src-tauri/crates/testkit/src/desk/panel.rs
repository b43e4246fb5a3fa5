//! A panel that shows tray icons.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt;
use tokio::task::JoinHandle;
use zbus::message::{Header, Type};
use zbus::names::BusName;
use zbus::{Connection, MatchRule, MessageStream};

use super::bus::{PrivateBus, serve};
use super::item::TrayItem;
use super::{DeskError, bus, until};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const WATCHER_PATH: &str = "/StatusNotifierWatcher";
const ITEM_PATH: &str = "/StatusNotifierItem";

/// What tray items say through signals.
const HEARD: [&str; 2] = ["org.kde.StatusNotifierItem", "com.canonical.dbusmenu"];

/// Closes off what was heard so far.
const MARK: &str = "org.plimsoll.Desk";

/// How many signals may wait to be noted.
const QUEUE: usize = 4096;

/// A panel: `org.kde.StatusNotifierWatcher` on a bus, and whoever reads the items that register there.
#[derive(Debug)]
pub struct Panel {
    address: String,
    seen: Arc<Seen>,
    present: Option<Present>,
}

/// What a panel has while it is on the bus.
#[derive(Debug)]
struct Present {
    connection: Connection,
    listening: JoinHandle<()>,
}

/// What came to the panel.
#[derive(Debug, Default)]
struct Seen {
    items: Mutex<Vec<Place>>,
    signals: Mutex<Signals>,
}

#[derive(Debug, Default)]
struct Signals {
    names: Vec<String>,
    marks: u64,
}

/// Where an item is on the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    bus_name: String,
    path: String,
}

impl Panel {
    /// A panel on this bus.
    ///
    /// # Errors
    /// When it cannot take its name.
    pub async fn on(bus: &PrivateBus) -> Result<Self, DeskError> {
        let mut panel = Self::absent(bus);
        panel.come().await?;
        Ok(panel)
    }

    /// A panel that has not come yet.
    #[must_use]
    pub fn absent(bus: &PrivateBus) -> Self {
        Self { address: bus.address(), seen: Arc::default(), present: None }
    }

    /// It comes, or comes back by a new connection, as after a crash. It knows of no item.
    ///
    /// # Errors
    /// When it cannot take its name.
    pub async fn come(&mut self) -> Result<(), DeskError> {
        self.leave().await?;
        lock(&self.seen.items).clear();
        let watcher = Watcher { seen: Arc::clone(&self.seen) };
        let connection = serve(&self.address, WATCHER_PATH, watcher).await?;
        let rule = MatchRule::builder().msg_type(Type::Signal).build();
        let stream = MessageStream::for_match_rule(rule, &connection, Some(QUEUE));
        let stream = stream.await.map_err(bus("listen for signals"))?;
        let listening = tokio::spawn(listen(stream, Arc::clone(&self.seen)));
        connection.request_name(WATCHER).await.map_err(bus("take the watcher's name"))?;
        self.present = Some(Present { connection, listening });
        Ok(())
    }

    /// It leaves the bus.
    ///
    /// # Errors
    /// When it cannot say so.
    pub async fn leave(&mut self) -> Result<(), DeskError> {
        let Some(Present { connection, listening }) = self.present.take() else { return Ok(()) };
        listening.abort();
        connection.close().await.map_err(bus("close the connection"))
    }

    /// The item that registered last, as soon as there is one that is still on the bus.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn item(&self) -> Result<TrayItem, DeskError> {
        until("registered with the panel", async || {
            let Some(place) = self.registered().await?.pop() else { return Ok(None) };
            TrayItem::open(self.connection()?, &place.bus_name, &place.path).await.map(Some)
        })
        .await
    }

    /// How many items registered since the panel came and are still on the bus.
    ///
    /// # Errors
    /// When the panel is away.
    pub async fn count(&self) -> Result<usize, DeskError> {
        self.registered().await.map(|items| items.len())
    }

    /// The signals of items and their menus so far, by name: everything that was sent before the answer
    /// to the panel's last question is among them.
    ///
    /// # Errors
    /// When the panel is away.
    pub async fn signals(&self) -> Result<Vec<String>, DeskError> {
        let connection = self.connection()?;
        let mark = lock(&self.seen.signals).marks + 1;
        let sent = connection.emit_signal(None::<BusName<'_>>, "/", MARK, "Mark", &());
        sent.await.map_err(bus("send a signal"))?;
        until("heard its own signal", async || {
            let signals = lock(&self.seen.signals);
            Ok((signals.marks >= mark).then(|| signals.names.clone()))
        })
        .await
    }

    async fn registered(&self) -> Result<Vec<Place>, DeskError> {
        let daemon = zbus::fdo::DBusProxy::new(self.connection()?).await;
        let daemon = daemon.map_err(bus("talk to the bus"))?;
        let places = lock(&self.seen.items).clone();
        let mut present = Vec::new();
        for place in places {
            let name = BusName::try_from(place.bus_name.as_str());
            let name = name.map_err(bus("read an item's name"))?;
            if daemon.name_has_owner(name).await.map_err(bus("ask for an item"))? {
                present.push(place);
            }
        }
        Ok(present)
    }

    fn connection(&self) -> Result<&Connection, DeskError> {
        let present = self.present.as_ref().ok_or(DeskError::Away("panel"))?;
        Ok(&present.connection)
    }
}

async fn listen(mut stream: MessageStream, seen: Arc<Seen>) {
    while let Some(Ok(message)) = stream.next().await {
        let header = message.header();
        let interface = header.interface().map_or("", |name| name.as_str());
        let mut signals = lock(&seen.signals);
        if interface == MARK {
            signals.marks += 1;
        } else if HEARD.contains(&interface) {
            signals.names.extend(header.member().map(ToString::to_string));
        }
    }
}

/// What items register with.
struct Watcher {
    seen: Arc<Seen>,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    /// Items of libappindicator name their path, those of KDE and ksni their connection.
    async fn register_status_notifier_item(
        &self,
        service: &str,
        #[zbus(header)] header: Header<'_>,
    ) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let place = if service.starts_with('/') {
            Place { bus_name: sender, path: service.to_owned() }
        } else {
            Place { bus_name: service.to_owned(), path: ITEM_PATH.to_owned() }
        };
        let mut items = lock(&self.seen.items);
        items.retain(|known| *known != place);
        items.push(place);
    }

    async fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        lock(&self.seen.items).iter().map(|it| format!("{}{}", it.bus_name, it.path)).collect()
    }
}

/// What is behind it is whole after every statement, so a panic elsewhere does not matter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
