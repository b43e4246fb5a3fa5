//! The calls and signals of the notification service.

use std::collections::HashMap;

use plimsoll_bus::BusError;
use plimsoll_domain::Level;
use zbus::{
    Connection, MatchRule, Message,
    fdo::DBusProxy,
    message::Type,
    zvariant::{DynamicType, Value},
};

use crate::{
    Notice,
    showing::{Button, Refused},
};

/// The notification service.
const SERVICE: &str = "org.freedesktop.Notifications";

/// What its calls are sent to.
const OBJECT: &str = "/org/freedesktop/Notifications";

/// The signal of a pressed button.
const INVOKED: &str = "ActionInvoked";

/// GNOME's answer to a connection that wants to replace what another one brought.
const NOT_YOURS: &str = "org.freedesktop.DBus.Error.InvalidArgs";

/// Lets the service decide how long it shows something.
const AS_USUAL: i32 = -1;

/// Names and words of the buttons. `default` is pressed by a press on the notification itself.
const BUTTONS: [&str; 6] = ["default", "Open", "open", "Open", "snooze", "Snooze 30 min"];

/// Those of a notice about no session in particular.
const OPEN: [&str; 4] = ["default", "Open", "open", "Open"];

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// There is no bus.
    #[error(transparent)]
    Connect(#[from] BusError),
    /// The bus or the service refused.
    #[error(transparent)]
    Call(#[from] zbus::Error),
}

impl CallError {
    /// Whether somebody answered.
    pub(super) const fn is_answer(&self) -> bool {
        matches!(self, Self::Call(zbus::Error::MethodError(..)))
    }

    /// Whether what was to be replaced is another connection's.
    pub(super) fn is_not_ours(&self) -> bool {
        matches!(self, Self::Call(zbus::Error::MethodError(name, ..)) if *name == NOT_YOURS)
    }
}

impl From<CallError> for Refused {
    fn from(error: CallError) -> Self {
        Self(error.to_string())
    }
}

/// Has the bus send the service's signals, also those that it sends to everybody.
pub(super) async fn listen(connection: &Connection) -> Result<(), CallError> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .path(OBJECT)?
        .interface(SERVICE)?
        .member(INVOKED)?
        .build();
    let daemon = DBusProxy::new(connection).await?;
    daemon.add_match_rule(rule).await.map_err(zbus::Error::from)?;
    Ok(())
}

/// Whether the service shows buttons.
pub(super) async fn has_buttons(connection: &Connection) -> Result<bool, CallError> {
    let answer = call(connection, "GetCapabilities", &()).await?;
    let capabilities: Vec<String> = answer.body().deserialize()?;
    Ok(capabilities.iter().any(|capability| capability == "actions"))
}

/// Shows a notice and answers with its number.
pub(super) async fn notify(
    connection: &Connection,
    notice: &Notice,
    replaced: u32,
    with_buttons: bool,
) -> Result<u32, CallError> {
    let buttons: &[&str] = match (with_buttons, notice.sessions.is_empty()) {
        (false, _) => &[],
        (true, true) => &OPEN,
        (true, false) => &BUTTONS,
    };
    let hints = HashMap::from([
        ("desktop-entry", Value::from("plimsoll")),
        ("urgency", Value::from(urgency(notice.level))),
    ]);
    let body = markup(&notice.body);
    let arguments =
        ("Plimsoll", replaced, "plimsoll", &notice.summary, body, buttons, hints, AS_USUAL);
    Ok(call(connection, "Notify", &arguments).await?.body().deserialize()?)
}

/// Takes a notification down.
pub(super) async fn close(connection: &Connection, id: u32) -> Result<(), CallError> {
    call(connection, "CloseNotification", &id).await.map(drop)
}

/// The number of the notification whose button was pressed, and which one; `None` for other messages.
pub(super) fn invoked(message: &Message) -> Option<(u32, Button)> {
    let header = message.header();
    let is_it = header.message_type() == Type::Signal
        && header.member().is_some_and(|member| member.as_str() == INVOKED)
        && header.interface().is_some_and(|interface| interface.as_str() == SERVICE);
    let (id, name): (u32, String) = is_it.then(|| message.body().deserialize().ok())??;
    let button = match name.as_str() {
        "default" | "open" => Button::Open,
        "snooze" => Button::Snooze,
        _ => return None,
    };
    Some((id, button))
}

async fn call<B: serde::Serialize + DynamicType>(
    connection: &Connection,
    method: &str,
    arguments: &B,
) -> Result<Message, CallError> {
    let answer = connection.call_method(Some(SERVICE), OBJECT, Some(SERVICE), method, arguments);
    Ok(answer.await?)
}

/// Low, normal, critical.
const fn urgency(level: Level) -> u8 {
    match level {
        Level::Notice => 0,
        Level::Checkpoint => 1,
        Level::Urgent => 2,
    }
}

/// Plain text as the specification wants bodies: in a small part of HTML.
fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a text with everything that markup begins or ends with.
    /// Guarantees: none of it is left, and what stands for it is not escaped twice.
    #[test]
    fn a_body_holds_no_markup() {
        assert_eq!(markup("a <b>&amp; c"), "a &lt;b&gt;&amp;amp; c");
    }
}
