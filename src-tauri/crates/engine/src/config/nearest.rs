//! The known name that a mistyped one looks most like.

/// A name without a table is also held against tables and keys alone.
pub(super) fn nearest(name: &str, known: impl Iterator<Item = String>) -> String {
    let far = |known: &String| {
        let parts = known.split('.').filter(|_| !name.contains('.'));
        parts.chain([known.as_str()]).map(|known| distance(name, known)).min()
    };
    known.min_by_key(far).unwrap_or_default()
}

/// How many bytes must be put in, taken out or replaced to turn one text into the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, wanted) in from.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, got) in to.bytes().enumerate() {
            let replaced = diagonal + usize::from(wanted != got);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}
