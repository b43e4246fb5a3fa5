//! The icon's colours. The panel's colour is not known, so each is a middle tone between the light and the
//! dark one of its kind, and reads on both.

use plimsoll_domain::Level;

/// Red, green and blue.
pub(super) type Colour = [u8; 3];

/// Ring and line.
pub(super) const INK: Colour = [0x78, 0x88, 0x95];
const SEA: Colour = [0x3f, 0x90, 0xba];
const NOTICE: Colour = [0xb9, 0x7f, 0x1e];
const CHECKPOINT: Colour = [0xdb, 0x6a, 0x2a];
const URGENT: Colour = [0xe0, 0x4a, 0x40];

/// The colour of a level; `None` is calm.
pub(super) const fn of_level(level: Option<Level>) -> Colour {
    match level {
        None => SEA,
        Some(Level::Notice) => NOTICE,
        Some(Level::Checkpoint) => CHECKPOINT,
        Some(Level::Urgent) => URGENT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance as WCAG 2 defines it.
    fn luminance(colour: Colour) -> f64 {
        let linear = colour.map(|channel| {
            let part = f64::from(channel) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    fn contrast(one: Colour, other: Colour) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// Scenario: every colour of the icon on a white and on a dark panel.
    /// Guarantees: contrast of at least 3:1 on both, as WCAG 2 asks of graphics.
    #[test]
    fn colours_read_on_light_and_dark_panels() {
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
        for colour in [INK, SEA, NOTICE, CHECKPOINT, URGENT] {
            for panel in [[0xff; 3], [0x1e; 3]] {
                let contrast = contrast(colour, panel);
                assert!(contrast >= 3.0, "{colour:02x?} on {panel:02x?}: {contrast:.2}");
            }
        }
    }
}
