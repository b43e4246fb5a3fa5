//! The icon: Plimsoll's mark, a ring crossed by a line, filled from below on the way to the line.

mod canvas;
mod colour;

use canvas::{Badge, Canvas};
use colour::{Colour, INK, of_level};
use plimsoll_domain::Level;

/// The sizes in pixels that panels ask for: on plain, enlarged and doubled screens.
pub const SIZES: [u32; 3] = [22, 32, 44];

/// What the icon says. Each has an outline of its own, so that nobody has to see colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Work goes on, far from the line: the mark alone.
    Calm,
    /// The first level: a triangle beside it.
    Notice,
    /// The second level: a diamond beside it.
    Checkpoint,
    /// The third level: a square beside it.
    Urgent,
    /// Sessions are known and none works: a thin ring, the fill without colour.
    Idle,
    /// Nothing tells how full anything is: a broken, empty ring.
    NoTelemetry,
    /// Plimsoll itself needs the user: an exclamation mark instead of the fill.
    Error,
}

impl From<Level> for Shape {
    fn from(level: Level) -> Self {
        match level {
            Level::Notice => Self::Notice,
            Level::Checkpoint => Self::Checkpoint,
            Level::Urgent => Self::Urgent,
        }
    }
}

/// An icon, apart from its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Icon {
    /// What it says.
    pub shape: Shape,
    /// How far it is filled, of [`Icon::FULL`]; [`Shape::NoTelemetry`] and [`Shape::Error`] show none.
    pub fill: u8,
}

impl Icon {
    /// The fill at the line. Each step is one row of pixels at 22 pixels.
    pub const FULL: u8 = 12;

    /// How far an occupancy fills the icon on the way to its line: full only from the line on, and never empty
    /// where something is used.
    #[must_use]
    pub fn fill(occupancy: u64, line: u64) -> u8 {
        if occupancy >= line {
            return Self::FULL;
        }
        if occupancy == 0 {
            return 0;
        }
        let (way, line) = (u128::from(occupancy) * u128::from(Self::FULL), u128::from(line));
        let nearest = u8::try_from((way + line / 2) / line).unwrap_or(Self::FULL);
        nearest.clamp(1, Self::FULL - 1)
    }

    /// The icon as rows of RGBA with straight alpha, `size` pixels wide and high.
    #[must_use]
    pub fn pixels(&self, size: u32) -> Vec<u8> {
        let Some(mut canvas) = Canvas::new(size) else { return Vec::new() };
        match self.shape {
            Shape::Calm => self.mark(&mut canvas, of_level(None)),
            Shape::Notice => self.levelled(&mut canvas, Level::Notice, Badge::Triangle),
            Shape::Checkpoint => self.levelled(&mut canvas, Level::Checkpoint, Badge::Diamond),
            Shape::Urgent => self.levelled(&mut canvas, Level::Urgent, Badge::Square),
            Shape::Idle => {
                canvas.fill(INK, self.fill);
                canvas.thin_ring(INK);
                canvas.line(INK);
            }
            Shape::NoTelemetry => {
                canvas.broken_ring(INK);
                canvas.line(INK);
            }
            Shape::Error => {
                let colour = of_level(Some(Level::Urgent));
                canvas.ring(colour);
                canvas.line_ends(colour);
                canvas.exclamation(colour);
            }
        }
        canvas.into_pixels()
    }

    fn mark(&self, canvas: &mut Canvas, colour: Colour) {
        canvas.fill(colour, self.fill);
        canvas.ring(INK);
        canvas.line(INK);
    }

    fn levelled(&self, canvas: &mut Canvas, level: Level, badge: Badge) {
        let colour = of_level(Some(level));
        self.mark(canvas, colour);
        canvas.badge(badge, colour);
    }
}

#[cfg(test)]
mod tests;
