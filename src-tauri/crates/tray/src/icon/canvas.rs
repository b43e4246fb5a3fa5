//! The parts of the mark, drawn at any size.
//!
//! They are designed on a grid of 22 units, the smallest size. At every size straight edges lie on whole
//! pixels, and what is centred is an even number of pixels wide, so that all of it is crisp.

use std::f32::consts::FRAC_PI_4;

use tiny_skia::{
    BlendMode, Color, FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform,
};

use super::{Icon, colour::Colour};

/// Units along one side.
const GRID: f32 = 22.0;
/// Outer radius of the ring; the line runs out on both sides of it.
const RING_RADIUS: f32 = 9.0;
/// Width of ring and line.
const STROKE: f32 = 2.0;
/// What is left free between things.
const GAP: f32 = 1.0;

/// What stands beside the ring, in the lower right corner; the page's marks of the levels.
#[derive(Debug, Clone, Copy)]
pub(super) enum Badge {
    Triangle,
    Diamond,
    Square,
}

/// A picture under way.
#[derive(Debug)]
pub(super) struct Canvas {
    pixmap: Pixmap,
    side: f32,
}

impl Canvas {
    /// An empty picture; `None` at a size of zero, and where it is too large to be drawn.
    pub(super) fn new(size: u32) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "exact up to 16 million pixels")]
        let side = size as f32;
        Some(Self { pixmap: Pixmap::new(size, size)?, side })
    }

    /// Rows of RGBA with straight alpha.
    pub(super) fn into_pixels(self) -> Vec<u8> {
        let straight = self.pixmap.pixels().iter().map(|pixel| pixel.demultiply());
        straight
            .flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()])
            .collect()
    }

    /// The disc inside the ring, filled from below. To be drawn first: what is above the fill is wiped.
    pub(super) fn fill(&mut self, colour: Colour, fill: u8) {
        let radius = self.pixels(RING_RADIUS) - self.pixels(STROKE) - self.pixels(GAP);
        let part = f32::from(fill.min(Icon::FULL)) / f32::from(Icon::FULL);
        let height = (2.0 * radius * part).round();
        self.disc(radius, colour);
        let top = self.centre() + radius - height;
        self.rect([0.0, 0.0, self.side, top], &eraser());
    }

    /// The ring.
    pub(super) fn ring(&mut self, colour: Colour) {
        self.ring_of(self.pixels(STROKE), colour);
    }

    /// A ring half as wide.
    pub(super) fn thin_ring(&mut self, colour: Colour) {
        self.ring_of(self.pixels(STROKE / 2.0), colour);
    }

    /// The ring in eight pieces.
    pub(super) fn broken_ring(&mut self, colour: Colour) {
        self.ring(colour);
        let centre = self.centre();
        for eighth in 0_u8..4 {
            let (sin, cos) = (f32::from(eighth) * FRAC_PI_4).sin_cos();
            let mut cut = PathBuilder::new();
            cut.move_to(centre - centre * cos, centre - centre * sin);
            cut.line_to(centre + centre * cos, centre + centre * sin);
            // Where the line crosses the ring, it has to stand free of it.
            let beside = if eighth == 0 { 2.0 * self.pixels(GAP) } else { 0.0 };
            self.stroke(cut.finish(), &eraser(), self.even(STROKE) + beside);
        }
    }

    /// The line from side to side.
    pub(super) fn line(&mut self, colour: Colour) {
        let height = self.even(STROKE);
        self.rect([0.0, self.centre() - height / 2.0, self.side, height], &paint(colour));
    }

    /// The line outside the ring only.
    pub(super) fn line_ends(&mut self, colour: Colour) {
        let (height, length) = (self.even(STROKE), self.centre() - self.pixels(RING_RADIUS - 1.0));
        let top = self.centre() - height / 2.0;
        for left in [0.0, self.side - length] {
            self.rect([left, top, length, height], &paint(colour));
        }
    }

    /// An exclamation mark inside the ring.
    pub(super) fn exclamation(&mut self, colour: Colour) {
        let (width, centre) = (self.even(STROKE), self.centre());
        let left = centre - width / 2.0;
        let (bar, dot) = (self.pixels(6.0), self.pixels(2.0));
        let top = centre - self.pixels(5.0);
        self.rect([left, top, width, bar], &paint(colour));
        self.rect([left, top + bar + self.pixels(2.0), width, dot], &paint(colour));
    }

    /// A badge in the lower right corner, cut free from what lies below it.
    pub(super) fn badge(&mut self, badge: Badge, colour: Colour) {
        let end = self.side;
        let path = match badge {
            Badge::Triangle => {
                let (width, height) = (self.pixels(9.0), self.pixels(8.0));
                polygon(&[(end - width / 2.0, end - height), (end, end), (end - width, end)])
            }
            Badge::Diamond => {
                let start = end - self.pixels(9.0);
                let middle = (start + end) / 2.0;
                polygon(&[(middle, start), (end, middle), (middle, end), (start, middle)])
            }
            Badge::Square => {
                let start = end - self.pixels(7.0);
                polygon(&[(start, start), (end, start), (end, end), (start, end)])
            }
        };
        self.stroke(path.clone(), &eraser(), 2.0 * self.pixels(GAP));
        if let Some(path) = path {
            self.draw(&path, &eraser());
            self.draw(&path, &paint(colour));
        }
    }

    fn disc(&mut self, radius: f32, colour: Colour) {
        if let Some(disc) = PathBuilder::from_circle(self.centre(), self.centre(), radius) {
            self.draw(&disc, &paint(colour));
        }
    }

    fn ring_of(&mut self, width: f32, colour: Colour) {
        let radius = self.pixels(RING_RADIUS) - width / 2.0;
        let circle = PathBuilder::from_circle(self.centre(), self.centre(), radius);
        self.stroke(circle, &paint(colour), width);
    }

    /// Left, top, width and height.
    fn rect(&mut self, [left, top, width, height]: [f32; 4], paint: &Paint<'_>) {
        if let Some(rect) = Rect::from_xywh(left, top, width, height) {
            self.pixmap.fill_rect(rect, paint, Transform::identity(), None);
        }
    }

    fn draw(&mut self, path: &Path, paint: &Paint<'_>) {
        self.pixmap.fill_path(path, paint, FillRule::Winding, Transform::identity(), None);
    }

    fn stroke(&mut self, path: Option<Path>, paint: &Paint<'_>, width: f32) {
        let Some(path) = path else { return };
        let stroke = Stroke { width, line_join: LineJoin::Miter, ..Stroke::default() };
        self.pixmap.stroke_path(&path, paint, &stroke, Transform::identity(), None);
    }

    fn centre(&self) -> f32 {
        self.side / 2.0
    }

    /// A length in whole pixels, at least one.
    fn pixels(&self, units: f32) -> f32 {
        (units * self.side / GRID).round().max(1.0)
    }

    /// A length in an even number of pixels, for what is centred.
    fn even(&self, units: f32) -> f32 {
        2.0 * self.pixels(units / 2.0)
    }
}

fn polygon(corners: &[(f32, f32)]) -> Option<Path> {
    let (first, others) = corners.split_first()?;
    let mut path = PathBuilder::new();
    path.move_to(first.0, first.1);
    for corner in others {
        path.line_to(corner.0, corner.1);
    }
    path.close();
    path.finish()
}

fn paint([red, green, blue]: Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(Color::from_rgba8(red, green, blue, u8::MAX));
    paint
}

/// Makes transparent what it covers.
fn eraser() -> Paint<'static> {
    Paint { blend_mode: BlendMode::Clear, ..Paint::default() }
}
