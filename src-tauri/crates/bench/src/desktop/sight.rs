//! Looks at the screen as a user does: by its pixels.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::time::{sleep, timeout};
use x11rb::connection::Connection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat, MapState, Window};
use x11rb::rust_connection::RustConnection;

/// The popover's width on a screen that is not scaled.
const WIDTH: u16 = 360;
/// More colours than background, border, lines and gauges have: the edges of text have many.
const SHADES: usize = 24;
/// So many pixels of one bright colour side by side are a gauge's filling, which comes with the first numbers.
const FILLING: usize = 24;
/// How far the channels of a colour are apart that is no shade of ink or paper.
const BRIGHT: u8 = 48;
/// How long to wait between two looks.
const LOOK: Duration = Duration::from_millis(3);
/// How long anything on the screen may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Eyes on a screen.
pub(super) struct Sight {
    connection: RustConnection,
    root: Window,
    size: (u16, u16),
}

/// A part of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Area {
    x: i16,
    y: i16,
    width: u16,
    height: u16,
}

impl Sight {
    /// Opens them on the display of this name.
    pub(super) fn of(display: &str) -> Result<Self> {
        let opened = x11rb::connect(Some(display));
        let (connection, number) = opened.context("cannot connect to the display")?;
        let screen = connection.setup().roots.get(number).context("the display has no screen")?;
        let (root, size) = (screen.root, (screen.width_in_pixels, screen.height_in_pixels));
        Ok(Self { connection, root, size })
    }

    /// Waits until the popover is painted with its sessions; when that was seen.
    pub(super) async fn painted(&self) -> Result<Instant> {
        self.wait("the popover is not painted", || self.is_painted()).await?;
        Ok(Instant::now())
    }

    /// Waits until there is no popover on the screen.
    pub(super) async fn gone(&self) -> Result<()> {
        self.wait("the popover does not close", || self.is_clear()).await
    }

    async fn wait(&self, late: &'static str, look: impl Fn() -> Result<bool>) -> Result<()> {
        let waiting = async {
            while !look()? {
                sleep(LOOK).await;
            }
            Ok(())
        };
        timeout(PATIENCE, waiting).await.unwrap_or_else(|_| bail!("{late} within {PATIENCE:?}"))
    }

    /// Whether there is no popover on the screen.
    pub(super) fn is_clear(&self) -> Result<bool> {
        self.popover().map(|area| area.is_none())
    }

    /// Whether the popover is in sight, with its text and gauges.
    fn is_painted(&self) -> Result<bool> {
        let Some(Area { x, y, width, height }) = self.popover()? else { return Ok(false) };
        // What the screen shows in this place, whoever drew it.
        let format = ImageFormat::Z_PIXMAP;
        let image = self.connection.get_image(format, self.root, x, y, width, height, !0)?;
        Ok(shows_sessions(&image.reply()?.data))
    }

    /// The part of the screen where the popover is: the one window of its width that is shown. There is no window
    /// manager, so that it lies on the root window itself.
    fn popover(&self) -> Result<Option<Area>> {
        for window in self.connection.query_tree(self.root)?.reply()?.children {
            let attributes = self.connection.get_window_attributes(window)?;
            let geometry = self.connection.get_geometry(window)?;
            let (Some(attributes), Some(geometry)) =
                (there(attributes.reply())?, there(geometry.reply())?)
            else {
                continue;
            };
            let (x, y, width, height) = (geometry.x, geometry.y, geometry.width, geometry.height);
            if attributes.map_state == MapState::VIEWABLE && width == WIDTH {
                let seen = Area { x, y, width, height }.within(self.size);
                if seen.is_some() {
                    return Ok(seen);
                }
            }
        }
        Ok(None)
    }
}

/// Nothing of a window that went meanwhile.
fn there<T>(reply: Result<T, ReplyError>) -> Result<Option<T>> {
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(ReplyError::X11Error(_)) => Ok(None),
        Err(error) => Err(error).context("the display is gone"),
    }
}

impl Area {
    /// The part of it that lies on a screen of this size.
    fn within(self, (width, height): (u16, u16)) -> Option<Self> {
        let cut = |start: i16, length: u16, room: u16| {
            let first = i32::from(start).max(0);
            let end = (i32::from(start) + i32::from(length)).min(room.into());
            Some((
                i16::try_from(first).ok()?,
                u16::try_from(end - first).ok().filter(|it| *it > 0)?,
            ))
        };
        let ((x, width), (y, height)) =
            (cut(self.x, self.width, width)?, cut(self.y, self.height, height)?);
        Some(Self { x, y, width, height })
    }
}

/// Whether pixels of four bytes, the last of which means nothing, show text and a gauge.
fn shows_sessions(pixels: &[u8]) -> bool {
    let mut shades = HashSet::new();
    let (mut last, mut length, mut filled) = (&[][..], 0, false);
    for colour in pixels.chunks_exact(4).map(|pixel| &pixel[..3]) {
        if colour == last {
            length += 1;
            filled |= length == FILLING && is_bright(colour);
        } else {
            (last, length) = (colour, 1);
            shades.insert(colour);
        }
    }
    filled && shades.len() >= SHADES
}

fn is_bright(colour: &[u8]) -> bool {
    let channels = || colour.iter().copied();
    channels().max().unwrap_or(0) - channels().min().unwrap_or(0) >= BRIGHT
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: windows inside a screen, across its edges, and beyond it.
    /// Guarantees: what is left is the part on the screen.
    #[test]
    fn only_what_is_on_the_screen_is_looked_at() {
        let area = |x, y, width, height| Area { x, y, width, height };
        for (window, seen) in [
            (area(900, 40, 360, 400), Some(area(900, 40, 360, 400))),
            (area(1000, 40, 360, 900), Some(area(1000, 40, 280, 860))),
            (area(-60, -40, 360, 50), Some(area(0, 0, 300, 10))),
            (area(1280, 0, 360, 400), None),
            (area(0, -500, 360, 400), None),
        ] {
            assert_eq!(window.within((1280, 900)), seen, "{window:?}");
        }
    }

    /// Scenario: a background with a border; with text; with the filling of a gauge; with both.
    /// Guarantees: only both count, whatever the fourth byte holds.
    #[test]
    fn text_and_a_gauge_are_seen() {
        let mut paper = [0xf9, 0xfb, 0xfb, 0xff].repeat(1000);
        paper.extend([0xe6, 0xe3, 0xdf, 0xff].repeat(100));
        paper.extend((0..=255).flat_map(|nothing| [0xf9, 0xfb, 0xfb, nothing]));
        let text: Vec<u8> = (0..40).flat_map(|grey| [grey, grey, grey, 0]).collect();
        let gauge = [0x8f, 0x6f, 0x2f, 0].repeat(FILLING);
        let all = |parts: &[&[u8]]| shows_sessions(&parts.concat());
        assert!(!all(&[&paper]) && !all(&[&paper, &text]) && !all(&[&paper, &gauge]));
        assert!(all(&[&paper, &text, &paper, &gauge]));
        assert!(!all(&[&paper, &text, &gauge[4..]]));
    }
}
