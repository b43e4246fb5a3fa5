//! What went into a context since its last reading, by the sizes of tools' results.

/// Bytes of a token at least. Claude's tokenizer makes 3.2 to 3.6 bytes of code, prose and transcripts a token
/// (`sizes.rs`): an estimate by four says too little rather than too much.
const BYTES_OF_A_TOKEN: u64 = 4;

/// A result that is larger is not sent as it is: the client cuts it or sends where it lies, in bytes.
const LARGEST: u64 = 400_000;

/// What went in since the last reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Added {
    bytes: u64,
}

impl Added {
    /// The result of a tool went in.
    pub(crate) fn add(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes.min(LARGEST));
    }

    /// About how many tokens that is.
    pub(crate) const fn tokens(self) -> u64 {
        self.bytes / BYTES_OF_A_TOKEN
    }
}
