//! Who owns a name.

use std::{convert::Infallible, time::Duration};

use futures_util::StreamExt as _;
use tokio::{sync::watch, time::sleep};
use zbus::{
    Connection, MatchRule, MessageStream,
    fdo::{DBusProxy, NameOwnerChanged},
    message::Type,
    names::BusName,
};

use super::session::{connect, drive, within};
use crate::{Bus, BusError, Presence};

/// How long to wait for a bus: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Names, and where their presence is told.
type Names<'a> = [(&'a str, &'a watch::Sender<Presence>)];

pub(crate) async fn follow(bus: &Bus, names: &Names<'_>) {
    let mut pause = PAUSES.0;
    loop {
        let Err(error) = attempt(bus, names, &mut pause).await;
        tracing::debug!(%error, "without a session bus");
        for (_, presence) in names {
            presence.send_if_modified(|known| {
                std::mem::replace(known, Presence::NoBus) != Presence::NoBus
            });
        }
        sleep(pause).await;
        pause = PAUSES.1.min(pause * 2);
    }
}

/// Follows until the bus is lost; a bus that was found is looked for soon.
async fn attempt(
    bus: &Bus,
    names: &Names<'_>,
    pause: &mut Duration,
) -> Result<Infallible, BusError> {
    let connection = connect(bus).await?;
    let work = async {
        let mut desk = Desk::open(&connection, names).await?;
        *pause = PAUSES.0;
        desk.attend().await
    };
    drive(&connection, work).await
}

/// A bus while it is there.
struct Desk<'a> {
    names: &'a Names<'a>,
    daemon: DBusProxy<'a>,
    messages: MessageStream,
}

impl<'a> Desk<'a> {
    /// Listens first and asks then, so that no change is missed.
    async fn open(connection: &'a Connection, names: &'a Names<'a>) -> Result<Self, BusError> {
        // Not a stream per rule: those are taken back by a task that holds the connection, which never ends
        // once nobody drives it.
        let messages = MessageStream::from(connection);
        let daemon = answer(DBusProxy::new(connection)).await?;
        let desk = Self { names, daemon, messages };
        for (name, _) in names {
            let rule = changes_of(name).map_err(refused)?;
            answer(desk.daemon.add_match_rule(rule)).await?;
        }
        for (name, presence) in names {
            presence.send_replace(desk.presence(name).await?);
        }
        Ok(desk)
    }

    async fn attend(&mut self) -> Result<Infallible, BusError> {
        while let Some(message) = self.messages.next().await {
            if let Some(change) = NameOwnerChanged::from_message(message.map_err(refused)?) {
                self.tell(&change).await?;
            }
        }
        Err(BusError::Lost)
    }

    async fn tell(&self, change: &NameOwnerChanged) -> Result<(), BusError> {
        let change = change.args().map_err(refused)?;
        let name = change.name().as_str();
        let Some((name, presence)) = self.names.iter().find(|(known, _)| *known == name) else {
            return Ok(());
        };
        presence.send_replace(match **change.new_owner() {
            Some(_) => Presence::Present,
            None => self.without_owner(name).await?,
        });
        Ok(())
    }

    async fn presence(&self, name: &str) -> Result<Presence, BusError> {
        let bus_name = BusName::try_from(name).map_err(refused)?;
        if answer(self.daemon.name_has_owner(bus_name)).await? {
            return Ok(Presence::Present);
        }
        self.without_owner(name).await
    }

    async fn without_owner(&self, name: &str) -> Result<Presence, BusError> {
        let startable = answer(self.daemon.list_activatable_names()).await?;
        let startable = startable.iter().any(|known| known.as_str() == name);
        Ok(if startable { Presence::Startable } else { Presence::Absent })
    }
}

/// Asks the bus for the changes of one name's owner only: others come and go all the time.
fn changes_of(name: &str) -> zbus::Result<MatchRule<'_>> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender("org.freedesktop.DBus")?
        .interface("org.freedesktop.DBus")?
        .member("NameOwnerChanged")?
        .add_arg(name)?;
    Ok(rule.build())
}

async fn answer<T, E: Into<zbus::Error>>(
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, BusError> {
    within(answer).await?.map_err(refused)
}

fn refused(error: impl Into<zbus::Error>) -> BusError {
    BusError::Ask(error.into().into())
}
