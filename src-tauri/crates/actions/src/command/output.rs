//! What a command prints: the first of it is kept, the rest read and dropped, so that it never waits for us.

use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// How much is kept of both streams together, in bytes.
const KEPT: usize = 4096;

/// The beginning of what was printed, in the order in which it was read.
#[derive(Debug, Default)]
pub(super) struct Output(Mutex<Vec<u8>>);

impl Output {
    /// Reads a stream to its end.
    pub(super) async fn keep(&self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(mut stream) = stream else { return };
        let mut piece = vec![0; KEPT];
        // An error ends a stream as its end does.
        while let Ok(read @ 1..) = stream.read(&mut piece).await {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let room = KEPT - kept.len();
            kept.extend_from_slice(&piece[..read.min(room)]);
        }
    }

    /// It as text without what could steer a terminal.
    pub(super) fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let clean = |character: char| match character {
            '\n' | '\t' => character,
            _ if character.is_control() => '?',
            _ => character,
        };
        String::from_utf8_lossy(&kept).trim().chars().map(clean).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: two streams, together longer than what is kept; one that holds no text.
    /// Guarantees: both are read to the end; the beginning is kept; nothing of it steers a terminal.
    #[tokio::test]
    async fn the_beginning_is_kept() {
        let output = Output::default();
        let (long, short) = ("a".repeat(3 * KEPT), " b\u{1b}[31m\nc\u{9}d\u{0} \n");
        output.keep(Some(short.as_bytes())).await;
        output.keep(Some(long.as_bytes())).await;
        output.keep(None::<&[u8]>).await;
        let text = output.text();
        assert!(text.starts_with("b?[31m\nc\td? \na"), "{text}");
        assert_eq!(text.len(), KEPT - 1, "the blank before it");
        let output = Output::default();
        output.keep(Some(&[b'x', 0xff][..])).await;
        assert_eq!(output.text(), "x\u{fffd}");
    }
}
