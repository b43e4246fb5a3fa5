//! The popover: a small window near the tray icon, shown when its page is drawn.

mod machine;
mod placement;

use plimsoll_domain::Point;
use tauri::{AppHandle, PhysicalPosition, PhysicalSize, WebviewWindow};

use crate::{
    page::{EngineAt, Page, Post, make, on_window},
    toolkit,
};

pub(crate) use machine::{Effect, Event, Machine, PATIENCE};
use placement::{Area, Monitor, Screen, place};

/// Its width in CSS pixels.
const WIDTH: u32 = 360;
/// Its least height.
const LOWEST: u32 = 160;
/// Its greatest height, and the one of a page that told none.
pub(crate) const HIGHEST: u32 = 560;

/// Makes the window, out of sight; its page loads meanwhile.
pub(crate) fn open(app: &AppHandle, label: &str, engine: EngineAt, post: Post) {
    let told = post.clone();
    make(app, label, &told, move |app, label| {
        let window = Page::Popover
            .window(app, label, engine, post.clone())
            .title("Plimsoll")
            .visible(false)
            .decorations(false)
            .resizable(false)
            .maximizable(false)
            .minimizable(false)
            .always_on_top(true)
            .skip_taskbar(true)
            .visible_on_all_workspaces(true)
            .inner_size(f64::from(WIDTH), f64::from(HIGHEST))
            .build()?;
        toolkit::free_from_content(&window)?;
        toolkit::draw_unseen(&window, WIDTH, HIGHEST)?;
        toolkit::watch(&window, &post)
    });
}

/// Puts the window near the point and shows it, with the focus.
pub(crate) fn reveal(app: &AppHandle, label: &str, at: Option<Point>, height: u32) {
    on_window(app, label, "show the popover", move |window| {
        settle(window, at, height)?;
        toolkit::present(window)
    });
}

/// Gives the window in sight another height. Where it stands above its icon, its lower edge stays.
pub(crate) fn fit(app: &AppHandle, label: &str, at: Option<Point>, height: u32) {
    on_window(app, label, "fit the popover", move |window| settle(window, at, height));
}

fn settle(window: &WebviewWindow, at: Option<Point>, height: u32) -> tauri::Result<()> {
    let height = height.clamp(LOWEST, HIGHEST);
    toolkit::set_size(window, WIDTH, height)?;
    let placement = place(&screen(window)?, at, (f64::from(WIDTH), f64::from(height)));
    match placement.point() {
        Some(Point { x, y }) => window.set_position(PhysicalPosition::new(x, y)),
        None => Ok(()),
    }
}

fn screen(window: &WebviewWindow) -> tauri::Result<Screen> {
    // GDK knows a primary monitor wherever windows have places, and none under Wayland.
    let Some(primary) = window.primary_monitor()? else { return Ok(Screen::Composed) };
    let others = window.available_monitors()?;
    let others = others.into_iter().filter(|other| other.position() != primary.position());
    Ok(Screen::Placed(
        [monitor(&primary)].into_iter().chain(others.map(|it| monitor(&it))).collect(),
    ))
}

fn monitor(monitor: &tauri::Monitor) -> Monitor {
    let work = monitor.work_area();
    Monitor {
        whole: area(*monitor.position(), *monitor.size()),
        work: area(work.position, work.size),
        scale: monitor.scale_factor(),
    }
}

fn area(position: PhysicalPosition<i32>, size: PhysicalSize<u32>) -> Area {
    Area {
        x: position.x,
        y: position.y,
        width: i32::try_from(size.width).unwrap_or(i32::MAX),
        height: i32::try_from(size.height).unwrap_or(i32::MAX),
    }
}
