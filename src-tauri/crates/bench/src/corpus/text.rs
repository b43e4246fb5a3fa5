//! What people, models and tools say: words that are written as they stand in JSON.

use crate::random::Random;

/// How much text there is to cut pieces from, in bytes.
const SIZE: usize = 1 << 20;

const WORDS: [&str; 48] = [
    "the", "a", "build", "fails", "because", "module", "test", "expects", "path", "returns",
    "error", "line", "function", "value", "index", "cache", "read", "write", "token", "model",
    "session", "request", "answer", "file", "folder", "branch", "commit", "merge", "async",
    "await", "struct", "trait", "impl", "match", "let", "mut", "pub", "crate", "use", "fn", "self",
    "string", "number", "buffer", "thread", "channel", "query", "schema",
];

/// What has to be escaped, or is no ASCII.
const SPECIAL: [&str; 10] = [
    r"\n",
    r"\n    ",
    r"\t",
    r#"\"quoted\""#,
    r"C:\\dir\\file",
    r#"{ \"k\": [1, 2] }"#,
    "é",
    "→",
    "漢字",
    "'x'",
];

/// Text of which pieces are cut. Each piece is valid inside a string of JSON.
#[derive(Debug)]
pub(super) struct Pool {
    text: String,
    /// Where words begin.
    starts: Vec<usize>,
}

impl Pool {
    pub(super) fn of(random: &mut Random) -> Self {
        let (mut text, mut starts) = (String::with_capacity(SIZE + 64), Vec::new());
        while text.len() < SIZE {
            starts.push(text.len());
            let words = if random.chance(100) { &SPECIAL[..] } else { &WORDS[..] };
            text.push_str(random.pick::<&str>(words));
            text.push(' ');
        }
        Self { text, starts }
    }

    /// A piece of about so many bytes: to the end of a word, at most a quarter of the whole.
    pub(super) fn piece(&self, random: &mut Random, bytes: u64) -> &str {
        let bytes = usize::try_from(bytes).unwrap_or(SIZE).min(SIZE / 4);
        let begin = *random.pick(&self.starts);
        let begin = if begin + bytes < SIZE { begin } else { 0 };
        let end = self.starts.partition_point(|start| *start < begin + bytes.max(1));
        &self.text[begin..self.starts.get(end).copied().unwrap_or(self.text.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: pieces of many sizes.
    /// Guarantees: each is the inside of a string of JSON, and about as long as it should be.
    #[test]
    fn pieces_are_valid_in_json() {
        let mut random = Random::of(7, 0);
        let pool = Pool::of(&mut random);
        for bytes in (0..400).map(|step| step * step) {
            let piece = pool.piece(&mut random, bytes);
            serde_json::from_str::<String>(&format!("\"{piece}\"")).unwrap();
            let length = piece.len() as u64;
            assert!((bytes..bytes + 32).contains(&length), "{length} for {bytes}");
        }
        assert!(pool.piece(&mut random, u64::MAX).len() < SIZE / 3);
    }
}
