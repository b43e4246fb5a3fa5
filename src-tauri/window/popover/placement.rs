//! Where the popover goes: near the icon that was pressed, whole on its monitor. Pure.

use plimsoll_domain::Point;

/// How far the popover stays from the edges of the work area and from the icon, in CSS pixels.
const MARGIN: f64 = 8.0;

/// A part of the screen in physical pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) width: i32,
    pub(crate) height: i32,
}

/// A monitor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Monitor {
    /// All of it.
    pub(crate) whole: Area,
    /// What panels leave free of it.
    pub(crate) work: Area,
    /// Physical pixels per CSS pixel.
    pub(crate) scale: f64,
}

/// The screen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Screen {
    /// Windows have places; the first monitor is the primary one.
    Placed(Vec<Monitor>),
    /// The compositor places windows, and tells nobody where (Wayland).
    Composed,
}

/// Where the window goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placement {
    /// Its upper left corner, near the icon.
    At(Point),
    /// Its upper left corner, in the corner where most desktops have their tray: the icon's place is not known.
    Corner(Point),
    /// Nobody is asked.
    CompositorDecides,
}

impl Placement {
    /// The window's upper left corner, where it is for us to say.
    pub(crate) fn point(self) -> Option<Point> {
        match self {
            Self::At(point) | Self::Corner(point) => Some(point),
            Self::CompositorDecides => None,
        }
    }
}

/// Places a window of this size in CSS pixels, for a press at this point.
pub(crate) fn place(screen: &Screen, at: Option<Point>, (width, height): (f64, f64)) -> Placement {
    let Screen::Placed(monitors) = screen else { return Placement::CompositorDecides };
    let pressed = at.and_then(|at| Some((at, monitor_of(monitors, at)?)));
    let Some(monitor) = pressed.map(|(_, monitor)| monitor).or(monitors.first()) else {
        return Placement::CompositorDecides;
    };
    let (width, height) = (physical(width, monitor), physical(height, monitor));
    let margin = physical(MARGIN, monitor);
    let work = monitor.work;
    match pressed {
        Some((at, _)) => {
            let upper = at.y < monitor.whole.y + monitor.whole.height / 2;
            let y = if upper { at.y + margin } else { at.y - margin - height };
            Placement::At(Point {
                x: inside(at.x - width / 2, width, work.x, work.width, margin),
                y: inside(y, height, work.y, work.height, margin),
            })
        }
        None => Placement::Corner(Point {
            x: inside(i32::MAX / 2, width, work.x, work.width, margin),
            y: inside(i32::MIN / 2, height, work.y, work.height, margin),
        }),
    }
}

/// The monitor that the point lies on, or the nearest one: some panels tell points just beyond the edge.
fn monitor_of(monitors: &[Monitor], at: Point) -> Option<&Monitor> {
    let outside = |value: i32, start: i32, length: i32| {
        i64::from((start - value).max(value - (start + length - 1)).max(0))
    };
    monitors.iter().min_by_key(|Monitor { whole, .. }| {
        outside(at.x, whole.x, whole.width) + outside(at.y, whole.y, whole.height)
    })
}

/// Moves a stretch into another, the margin apart from its ends; one that is too long begins at the start.
fn inside(wished: i32, length: i32, start: i32, room: i32, margin: i32) -> i32 {
    let first = start + margin;
    let last = start + room - margin - length;
    wished.min(last).max(first)
}

#[expect(clippy::cast_possible_truncation, reason = "a size on a screen")]
fn physical(css: f64, monitor: &Monitor) -> i32 {
    (css * monitor.scale).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (f64, f64) = (360.0, 400.0);

    fn area(x: i32, y: i32, width: i32, height: i32) -> Area {
        Area { x, y, width, height }
    }

    /// A monitor with a panel of 32 pixels at its top or bottom.
    fn monitor(whole: Area, panel_on_top: bool, scale: f64) -> Monitor {
        let top = if panel_on_top { 32 } else { 0 };
        let work = area(whole.x, whole.y + top, whole.width, whole.height - 32);
        Monitor { whole, work, scale }
    }

    fn placed(monitors: &[Monitor], at: Option<(i32, i32)>) -> Placement {
        let at = at.map(|(x, y)| Point { x, y });
        place(&Screen::Placed(monitors.to_vec()), at, SIZE)
    }

    fn at(x: i32, y: i32) -> Placement {
        Placement::At(Point { x, y })
    }

    /// Scenario: presses in every corner and at the edges of one monitor, panels above and below.
    /// Guarantees: below an icon in the upper half, above one in the lower half; centred on it as far as the
    /// margin allows; never on the panel.
    #[test]
    fn it_is_near_the_icon_and_whole() {
        let above = [monitor(area(0, 0, 1280, 900), true, 1.0)];
        let below = [monitor(area(0, 0, 1280, 900), false, 1.0)];
        for (monitors, pressed, wanted) in [
            (&above, (640, 16), at(460, 40)),
            (&above, (1264, 16), at(912, 40)),
            (&above, (8, 16), at(8, 40)),
            (&above, (640, 449), at(460, 457)),
            (&below, (640, 884), at(460, 460)),
            (&below, (1279, 899), at(912, 460)),
            (&below, (0, 450), at(8, 42)),
        ] {
            assert_eq!(placed(monitors, Some(pressed)), wanted, "{pressed:?}");
        }
    }

    /// Scenario: several monitors: one to the left with negative places, one above, one of twice the scale;
    /// presses on each, on their seams and beyond them.
    /// Guarantees: the popover stays on the monitor of the icon, in that monitor's pixels.
    #[test]
    fn it_stays_on_the_monitor_of_the_icon() {
        let primary = monitor(area(0, 0, 1920, 1080), false, 1.0);
        let left = monitor(area(-1280, 100, 1280, 1024), true, 1.0);
        let above = monitor(area(0, -1440, 2560, 1440), true, 2.0);
        let monitors = [primary, left, above];
        for (pressed, wanted) in [
            ((1900, 1070), at(1552, 640)),
            ((-8, 110), at(-368, 140)),
            ((-1275, 1120), at(-1272, 712)),
            ((2550, -1430), at(1824, -1392)),
            ((0, 0), at(8, 8)),
            ((-1, 200), at(-368, 208)),
            ((5000, 1079), at(1552, 640)),
        ] {
            assert_eq!(placed(&monitors, Some(pressed)), wanted, "{pressed:?}");
        }
    }

    /// Scenario: nobody knows where the icon is; there is no monitor; the compositor places windows.
    /// Guarantees: the upper right corner of the primary monitor; else it is left alone.
    #[test]
    fn without_a_place_it_goes_to_the_corner() {
        let monitors = [
            monitor(area(1280, 0, 1280, 900), true, 1.0),
            monitor(area(0, 0, 1280, 900), true, 1.0),
        ];
        let corner = Placement::Corner(Point { x: 2192, y: 40 });
        assert_eq!(placed(&monitors, None), corner);
        assert_eq!(corner.point(), Some(Point { x: 2192, y: 40 }));
        assert_eq!(placed(&[], Some((1, 1))), Placement::CompositorDecides);
        let composed = place(&Screen::Composed, Some(Point { x: 1, y: 1 }), SIZE);
        assert_eq!(composed, Placement::CompositorDecides);
        assert_eq!(composed.point(), None);
    }

    /// Scenario: a work area smaller than the popover.
    /// Guarantees: its upper left part is in sight, and nothing overflows.
    #[test]
    fn a_popover_that_does_not_fit_begins_inside() {
        let small = [monitor(area(0, 0, 320, 240), true, 1.0)];
        assert_eq!(placed(&small, Some((300, 10))), at(8, 40));
        assert_eq!(placed(&small, None), Placement::Corner(Point { x: 8, y: 40 }));
    }
}
