use super::*;

/// What the edge of a circle may be off by: one of the sixteen samples of a pixel.
const SAMPLE: u8 = 16;

const SHAPES: [Shape; 7] = [
    Shape::Calm,
    Shape::Notice,
    Shape::Checkpoint,
    Shape::Urgent,
    Shape::Idle,
    Shape::NoTelemetry,
    Shape::Error,
];

/// The opacity of each pixel, row by row: what is left of an icon without its colours.
fn outline(shape: Shape, fill: u8, size: u32) -> Vec<Vec<u8>> {
    let pixels = Icon { shape, fill }.pixels(size);
    let row = usize::try_from(size).unwrap() * 4;
    pixels.chunks(row).map(|row| row.chunks(4).map(|pixel| pixel[3]).collect()).collect()
}

fn ink(outline: &[Vec<u8>]) -> u64 {
    outline.iter().flatten().map(|alpha| u64::from(*alpha)).sum()
}

/// Scenario: occupancies from nothing to beyond the line, of lines of all sizes.
/// Guarantees: empty only where nothing is used, full only from the line on, never falling in between.
#[test]
fn the_fill_is_honest_at_its_ends() {
    for line in [1, 5, 167_000, 967_000, u64::MAX] {
        assert_eq!(Icon::fill(0, line), 0);
        assert_eq!(Icon::fill(line, line), Icon::FULL);
        assert_eq!(Icon::fill(line.saturating_add(1), line), Icon::FULL);
        if line > 1 {
            assert!(Icon::fill(line - 1, line) < Icon::FULL);
            assert!(Icon::fill(1, line) > 0);
        }
    }
    let fills: Vec<u8> = (0..=200).map(|part| Icon::fill(part * 1_000, 167_000)).collect();
    assert!(fills.is_sorted());
    assert_eq!(Icon::fill(83_500, 167_000), 6);
}

/// Scenario: every shape at every size.
/// Guarantees: as many pixels as promised; nothing but a badge is near a corner.
#[test]
fn icons_keep_out_of_the_corners() {
    for size in SIZES {
        for shape in SHAPES {
            let outline = outline(shape, Icon::FULL, size);
            let side = usize::try_from(size).unwrap();
            assert!(outline.len() == side && outline.iter().all(|row| row.len() == side));
            let has_badge = matches!(shape, Shape::Notice | Shape::Checkpoint | Shape::Urgent);
            let far = side - 1;
            for (row, column) in [(0, 0), (0, far), (far, 0), (far, far)] {
                let corner = outline[row][column];
                assert!(corner == 0 || has_badge && (row, column) == (far, far), "{shape:?}");
            }
        }
    }
    assert_eq!(Icon { shape: Shape::Calm, fill: 3 }.pixels(0), []);
}

/// Scenario: the shapes without a badge at every size.
/// Guarantees: left and right are mirror images, and the line runs out on both sides of the ring.
#[test]
fn the_mark_is_symmetric() {
    for size in SIZES {
        for shape in [Shape::Calm, Shape::Idle, Shape::NoTelemetry, Shape::Error] {
            let outline = outline(shape, 7, size);
            for row in &outline {
                let mirrored = row.iter().rev();
                let apart = row.iter().zip(mirrored).map(|(one, other)| one.abs_diff(*other));
                assert!(apart.max() <= Some(SAMPLE), "{shape:?} at {size}: {row:?}");
            }
            let middle = &outline[outline.len() / 2];
            assert!(middle.starts_with(&[255, 255]) && middle.ends_with(&[255, 255]));
        }
        let empty = outline(Shape::Calm, 0, size);
        let upside_down = empty.iter().rev();
        for (row, mirrored) in empty.iter().zip(upside_down) {
            let apart = row.iter().zip(mirrored).map(|(one, other)| one.abs_diff(*other));
            assert!(apart.max() <= Some(SAMPLE), "{size}: {row:?}");
        }
    }
}

/// Scenario: the line and the edge of the fill at every size.
/// Guarantees: they are crisp: no half-transparent pixel at the line, none in the middle of the fill's edge.
#[test]
fn straight_edges_are_crisp() {
    for size in SIZES {
        for fill in 0..=Icon::FULL {
            let outline = outline(Shape::Calm, fill, size);
            assert!(outline.iter().all(|row| [0, 255].contains(&row[0])));
            // Down the middle, between the rims of the disc.
            let side = outline.len();
            let between = &outline[side * 6 / 22..side * 16 / 22];
            assert!(between.iter().all(|row| [0, 255].contains(&row[side / 2])), "{size}, {fill}");
        }
    }
}

/// Scenario: the fill rises from nothing to the line.
/// Guarantees: nothing that was filled is emptied on the way, and more is filled at every step that the line
/// does not hide.
#[test]
fn the_fill_rises() {
    for size in SIZES {
        for shape in [Shape::Calm, Shape::Notice, Shape::Checkpoint, Shape::Urgent, Shape::Idle] {
            let steps: Vec<_> = (0..=Icon::FULL).map(|fill| outline(shape, fill, size)).collect();
            let mut hidden = 0;
            for pair in steps.windows(2) {
                let (before, after) = (pair[0].iter().flatten(), pair[1].iter().flatten());
                assert!(before.zip(after).all(|(before, after)| before <= after), "{shape:?}");
                hidden += usize::from(ink(&pair[0]) == ink(&pair[1]));
            }
            assert!(hidden <= 2, "{shape:?} at {size}: {hidden} steps show nothing");
            let last = &steps[usize::from(Icon::FULL) - 1..];
            assert!(ink(&steps[0]) < ink(&steps[1]) && ink(&last[0]) < ink(&last[1]));
        }
    }
}

/// Scenario: all pairs of shapes at every size, as they occur: levels filled far, calm ones less.
/// Guarantees: without any colour, a twentieth of what the smaller one draws tells them apart, whatever the
/// fills.
#[test]
fn shapes_differ_without_colour() {
    for size in SIZES {
        for (at, one) in SHAPES.into_iter().enumerate() {
            for other in &SHAPES[at + 1..] {
                for fill in [0, 4, 8, Icon::FULL] {
                    let (one, other) = (outline(one, fill, size), outline(*other, fill, size));
                    let pixels = one.iter().flatten().zip(other.iter().flatten());
                    let apart: u64 = pixels.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
                    assert!(apart * 20 > ink(&one).min(ink(&other)), "{size}, {fill}");
                }
            }
        }
    }
}

/// Scenario: shapes that show no fill, and a fill beyond the line.
/// Guarantees: the fill changes nothing there; too much is full.
#[test]
fn some_shapes_show_no_fill() {
    for shape in [Shape::NoTelemetry, Shape::Error] {
        assert_eq!(Icon { shape, fill: 9 }.pixels(22), Icon { shape, fill: 0 }.pixels(22));
    }
    let shape = Shape::Urgent;
    assert_eq!(Icon { shape, fill: 255 }.pixels(22), Icon { shape, fill: Icon::FULL }.pixels(22));
}
