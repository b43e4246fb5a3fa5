//! systemd's manager of the user's services
//! (<https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.systemd1.html>).

use zbus::{
    Connection, Message,
    zvariant::{OwnedValue, Value},
};

use super::session::{connect, drive, within};
use crate::{Bus, BusError, Cause};

const SERVICE: &str = "org.freedesktop.systemd1";
const OBJECT: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";

/// What tells a program where it can show windows.
const DISPLAY: [&str; 3] = ["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"];

pub(crate) async fn display_variables(bus: &Bus) -> Vec<(String, String)> {
    let environment = environment(bus).await.unwrap_or_else(|error| {
        tracing::debug!(%error, "without the environment of the user's services");
        Vec::new()
    });
    let pairs = environment.iter().filter_map(|variable| variable.split_once('='));
    pairs
        .filter(|(name, _)| DISPLAY.contains(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

pub(crate) async fn stop_units(bus: &Bus, names: &[&str]) -> Result<(), BusError> {
    let connection = connect(bus).await?;
    let work = async {
        let mut first = Ok(());
        for name in names {
            first = first.and(stop_unit(&connection, name).await);
        }
        first
    };
    drive(&connection, work).await
}

/// Answered once the job is queued.
async fn stop_unit(connection: &Connection, name: &str) -> Result<(), BusError> {
    let job = (name, "replace");
    let stop = connection.call_method(Some(SERVICE), OBJECT, Some(MANAGER), "StopUnit", &job);
    answer(name, stop).await.map(drop)
}

async fn environment(bus: &Bus) -> Result<Vec<String>, BusError> {
    const PROPERTY: &str = "Environment";
    let connection = connect(bus).await?;
    let get = connection.call_method(
        Some(SERVICE),
        OBJECT,
        Some("org.freedesktop.DBus.Properties"),
        "Get",
        &(MANAGER, PROPERTY),
    );
    let reply = drive(&connection, answer(PROPERTY, get)).await?;
    let value: Result<OwnedValue, _> = reply.body().deserialize();
    let value = value.map_err(|error| refused(PROPERTY, error))?;
    Vec::try_from(Value::from(value)).map_err(|error| refused(PROPERTY, error))
}

async fn answer(
    subject: &str,
    call: impl Future<Output = zbus::Result<Message>>,
) -> Result<Message, BusError> {
    within(call).await?.map_err(|error| refused(subject, error))
}

fn refused(subject: &str, source: impl Into<Cause>) -> BusError {
    BusError::Manager { subject: subject.to_owned(), source: source.into() }
}
