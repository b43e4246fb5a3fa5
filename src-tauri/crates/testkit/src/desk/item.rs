//! A tray icon as a panel sees it.

use std::collections::HashMap;

use zbus::proxy::CacheProperties;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, Proxy};

use super::{DeskError, bus};

const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

/// A picture: rows from above, four bytes a pixel (alpha, red, green, blue).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixmap {
    /// In pixels.
    pub width: i32,
    /// In pixels.
    pub height: i32,
    /// `width * height * 4` bytes.
    pub argb: Vec<u8>,
}

/// One entry of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuEntry {
    /// What a click names.
    pub id: i32,
    /// What people read: without the marks of access keys.
    pub label: String,
    /// Whether it can be chosen.
    pub enabled: bool,
    /// Whether it is only a line.
    pub separator: bool,
}

/// An icon that registered with the panel.
#[derive(Debug)]
pub struct TrayItem {
    item: Proxy<'static>,
    menu: Proxy<'static>,
}

/// An entry as it travels: its id, its properties, the entries below it.
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

/// A tooltip as it travels: icon name, icon, title, text.
type ToolTip = (String, Vec<(i32, i32, Vec<u8>)>, String, String);

impl TrayItem {
    pub(super) async fn open(
        connection: &Connection,
        bus_name: &str,
        path: &str,
    ) -> Result<Self, DeskError> {
        let item = proxy(connection, bus_name, path, ITEM).await?;
        let menu: OwnedObjectPath =
            item.get_property("Menu").await.map_err(bus("read where the menu is"))?;
        let menu = proxy(connection, bus_name, menu.as_str(), MENU).await?;
        Ok(Self { item, menu })
    }

    /// What panels show to those who cannot see the icon.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn title(&self) -> Result<String, DeskError> {
        self.item.get_property("Title").await.map_err(bus("read the title"))
    }

    /// Title and text of what is shown under the pointer.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn tooltip(&self) -> Result<(String, String), DeskError> {
        let tooltip: ToolTip =
            self.item.get_property("ToolTip").await.map_err(bus("read the tooltip"))?;
        Ok((tooltip.2, tooltip.3))
    }

    /// `Active`, `Passive` or `NeedsAttention`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn status(&self) -> Result<String, DeskError> {
        self.item.get_property("Status").await.map_err(bus("read the status"))
    }

    /// The icon in every size it is offered in.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn icons(&self) -> Result<Vec<Pixmap>, DeskError> {
        let pixmaps: Vec<(i32, i32, Vec<u8>)> =
            self.item.get_property("IconPixmap").await.map_err(bus("read the icon"))?;
        let pixmap = |(width, height, argb)| Pixmap { width, height, argb };
        Ok(pixmaps.into_iter().map(pixmap).collect())
    }

    /// The menu's entries, read as a panel does that is about to show it.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn menu(&self) -> Result<Vec<MenuEntry>, DeskError> {
        // Not every menu wants to be asked; then it is ready.
        let _ = self.menu.call_method("AboutToShow", &0_i32).await;
        let all = (0_i32, -1_i32, Vec::<String>::new());
        let (_, root): (u32, Layout) =
            self.menu.call("GetLayout", &all).await.map_err(bus("read the menu"))?;
        root.2.into_iter().map(entry).collect()
    }

    /// Presses the icon at a place of the screen.
    ///
    /// # Errors
    /// When it cannot be pressed.
    pub async fn activate(&self, x: i32, y: i32) -> Result<(), DeskError> {
        let pressed = self.item.call_method("Activate", &(x, y)).await;
        pressed.map(drop).map_err(bus("press the icon"))
    }

    /// Chooses the menu's entry with this label. A program that ends by it need not answer.
    ///
    /// # Errors
    /// When there is no such entry, or it cannot be chosen.
    pub async fn click(&self, label: &str) -> Result<(), DeskError> {
        let entries = self.menu().await?;
        let entry = entries.iter().find(|entry| entry.enabled && entry.label == label);
        let Some(entry) = entry else {
            let labels = entries.into_iter().map(|entry| entry.label).collect();
            return Err(DeskError::NoEntry { label: label.to_owned(), labels });
        };
        let event = (entry.id, "clicked", Value::from(0_i32), 0_u32);
        match self.menu.call_method("Event", &event).await {
            Err(zbus::Error::MethodError(name, ..)) if name.as_str().ends_with(".NoReply") => {
                Ok(())
            }
            answer => answer.map(drop).map_err(bus("choose an entry")),
        }
    }
}

/// What it reads is never kept, so that every answer is the present one.
async fn proxy(
    connection: &Connection,
    bus_name: &str,
    path: &str,
    interface: &'static str,
) -> Result<Proxy<'static>, DeskError> {
    let named = zbus::proxy::Builder::new(connection)
        .destination(bus_name.to_owned())
        .and_then(|builder| builder.path(path.to_owned()))
        .and_then(|builder| builder.interface(interface));
    let named = named.map_err(bus("name an item"))?;
    named.cache_properties(CacheProperties::No).build().await.map_err(bus("find an item"))
}

fn entry(value: OwnedValue) -> Result<MenuEntry, DeskError> {
    let layout: Result<Layout, _> = value.try_into();
    let (id, properties, _) = layout.map_err(bus("read an entry"))?;
    let flag = |name: &str| properties.get(name).and_then(|value| bool::try_from(value).ok());
    let text = |name: &str| properties.get(name).and_then(|value| <&str>::try_from(value).ok());
    Ok(MenuEntry {
        id,
        label: readable(text("label").unwrap_or_default()),
        enabled: flag("enabled").unwrap_or(true),
        separator: text("type") == Some("separator"),
    })
}

/// In a label `_` marks the access key that follows it, and `__` is an underscore.
fn readable(label: &str) -> String {
    label.split("__").map(|part| part.replace('_', "")).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: labels without marks, with an access key, and with underscores of their own.
    /// Guarantees: they come out as people read them.
    #[test]
    fn labels_are_read_without_marks() {
        assert_eq!(readable("Quit"), "Quit");
        assert_eq!(readable("_Quit"), "Quit");
        assert_eq!(readable("my__project__a  _85%"), "my_project_a  85%");
    }
}
