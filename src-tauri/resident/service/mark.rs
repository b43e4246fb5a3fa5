//! How a file that this command wrote is known again, and whether the user changed it since.

/// Stands in a comment of each file; a checksum follows it.
pub(super) const MARK: &str = "Written by plimsoll service install";

/// Whose work a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hand {
    /// As this command wrote it.
    Ours,
    /// This command wrote it and the user changed it.
    Changed,
    /// The user's own.
    Foreign,
}

/// The text with a checksum behind its mark.
pub(super) fn seal(text: &str) -> String {
    text.replacen(MARK, &format!("{MARK}{}", seal_of(text)), 1)
}

/// Whose work this text is.
pub(super) fn hand(text: &str) -> Hand {
    let Some((before, after)) = text.split_once(MARK) else { return Hand::Foreign };
    let Some((seal, after)) = after.split_at_checked(seal_of("").len()) else {
        return Hand::Changed;
    };
    if seal == seal_of(&format!("{before}{MARK}{after}")) { Hand::Ours } else { Hand::Changed }
}

/// FNV-1a: it guards against nobody, it only notices changes.
fn seal_of(text: &str) -> String {
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!(" ({sum:016x})")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a file as it was written, with a line added, with its checksum cut off, and one of the user's.
    /// Guarantees: each is known for what it is.
    #[test]
    fn changes_are_noticed() {
        let sealed = seal(&format!("# {MARK}\nkey=1\n"));
        assert_eq!(sealed, "# Written by plimsoll service install (36a6d60654d27fbd)\nkey=1\n");
        assert_eq!(hand(&sealed), Hand::Ours);
        assert_eq!(hand(&format!("{sealed}key=2\n")), Hand::Changed);
        assert_eq!(hand(&format!("# {MARK}")), Hand::Changed);
        assert_eq!(hand("key=1\n"), Hand::Foreign);
    }
}
