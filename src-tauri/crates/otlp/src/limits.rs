//! What one request may cost.

use std::time::Duration;

/// Limits for one request, the same for all signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest body as it is sent, in bytes.
    pub compressed: usize,
    /// The largest body after decompression, in bytes.
    pub inflated: usize,
    /// How long the whole body may take to arrive.
    pub deadline: Duration,
}

impl Default for Limits {
    /// 20 MiB, as the OpenTelemetry Collector has it; the largest body that the real client was
    /// seen to send has 188 KB. Ten seconds, after which the client gives up anyway.
    fn default() -> Self {
        const MEBIBYTE: usize = 1024 * 1024;
        Self {
            compressed: 20 * MEBIBYTE,
            inflated: 20 * MEBIBYTE,
            deadline: Duration::from_secs(10),
        }
    }
}
