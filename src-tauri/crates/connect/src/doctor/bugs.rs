//! Versions of the client that are known not to tell all. As of November 2026.

use super::{layers::Layers, variables::RESOURCE_ATTRIBUTES};

/// A known bug of the client.
#[derive(Debug)]
pub(super) struct Bug {
    first: [u32; 3],
    last: [u32; 3],
    matters: Matters,
    /// What it does, after "Claude Code 2.1.0".
    pub(super) does: &'static str,
    /// Where it is described.
    pub(super) source: &'static str,
}

/// When a bug matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Matters {
    /// Whenever the client is not seen.
    Unseen,
    /// With more resource attributes than this.
    ManyAttributes(usize),
    /// Always.
    Always,
}

const BUGS: [Bug; 5] = [
    Bug {
        first: [2, 1, 113],
        last: [2, 1, 179],
        matters: Matters::Unseen,
        does: "may never open a connection for its metrics",
        source: "anthropics/claude-code#50567, #52353, #56021, #71312",
    },
    Bug {
        first: [2, 1, 252],
        last: [2, 1, 252],
        matters: Matters::Unseen,
        does: "may never open a connection for its metrics",
        source: "anthropics/claude-code#91165",
    },
    Bug {
        first: [2, 1, 161],
        last: [2, 1, 191],
        matters: Matters::ManyAttributes(12),
        does: "sends no metrics with more than 12 entries in OTEL_RESOURCE_ATTRIBUTES",
        source: "anthropics/claude-code#71447",
    },
    Bug {
        first: [0, 0, 0],
        last: [2, 1, 160],
        matters: Matters::Always,
        does: "loses the events of its first moments, and counts some answers twice",
        source: "its changelog, 2.1.161 and 2.1.214",
    },
    Bug {
        first: [2, 1, 161],
        last: [2, 1, 213],
        matters: Matters::Always,
        does: "counts some answers twice",
        source: "its changelog, 2.1.214",
    },
];

/// The bug that may be why a client of this version is not seen.
pub(super) fn hiding(version: &str) -> Option<&'static Bug> {
    find(version, |matters| matters == Matters::Unseen)
}

/// The bug that makes the numbers of a client of this version wrong though it is seen.
pub(super) fn distorting(version: &str, layers: &Layers<'_>) -> Option<&'static Bug> {
    let attributes = layers.find(RESOURCE_ATTRIBUTES).and_then(|found| found.value.parse().ok());
    find(version, |matters| match matters {
        Matters::ManyAttributes(most) => attributes.is_some_and(|count: usize| count > most),
        Matters::Always => true,
        Matters::Unseen => false,
    })
}

fn find(version: &str, matters: impl Fn(Matters) -> bool) -> Option<&'static Bug> {
    let version = numbers(version)?;
    BUGS.iter().find(|bug| (bug.first..=bug.last).contains(&version) && matters(bug.matters))
}

fn numbers(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split(['.', '-', '+']).map(|part| part.parse().ok());
    Some([parts.next()??, parts.next()??, parts.next()??])
}

#[cfg(test)]
mod tests {
    use super::{hiding, numbers};

    /// Scenario: versions at the ends of a range, beyond it, and what is no version.
    /// Guarantees: only those within are found.
    #[test]
    fn ranges_include_their_ends() {
        for (version, is_hiding) in [
            ("2.1.112", false),
            ("2.1.113", true),
            ("2.1.179-beta", true),
            ("2.1.180", false),
            ("2.1.330", false),
            ("latest", false),
        ] {
            assert_eq!(hiding(version).is_some(), is_hiding, "{version}");
        }
        assert_eq!(numbers("2.1"), None);
    }
}
