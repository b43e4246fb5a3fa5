//! Patience with a silent client, none with one that stops in the middle of a request's head.
//!
//! The HTTP library's own head timeout also closes connections that idle between two requests, and
//! the client reports from idle sessions only once a minute. So the bytes are watched here instead.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::Version;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
    time::Sleep,
};

/// How long a client may take from the first to the last byte of a request's head.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);

/// Nothing has come yet.
const FRESH: u8 = 0;
const IDLE: u8 = 1;
const IN_HEAD: u8 = 2;
const SERVING: u8 = 3;
/// HTTP/2: frames of its own come and go between requests.
const UNWATCHED: u8 = 4;

/// Where a connection is in the exchange of requests and answers. Shared by the socket, which sees
/// bytes, and the service, which sees requests.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    state: AtomicU8,
    first: Notify,
}

impl Exchange {
    /// A request's head is complete.
    pub(crate) fn begin(&self, version: Version) {
        let state = if version == Version::HTTP_2 { UNWATCHED } else { SERVING };
        self.state.store(state, Ordering::Relaxed);
    }

    /// Waits until anything has come.
    pub(crate) async fn first_bytes(&self) {
        if self.state.load(Ordering::Relaxed) == FRESH {
            self.first.notified().await;
        }
    }

    /// The request is answered.
    pub(crate) fn end(&self) {
        let _served = self.change(SERVING, IDLE);
    }

    /// Whether a head begins with these bytes.
    fn bytes_came(&self, bytes: &[u8]) -> bool {
        // What an HTTP/2 connection begins with; no method of HTTP/1 does.
        let state = if bytes.starts_with(b"PRI ") { UNWATCHED } else { IN_HEAD };
        let first = self.change(FRESH, state);
        if first {
            self.first.notify_one();
        }
        first || self.change(IDLE, state)
    }

    fn in_head(&self) -> bool {
        self.state.load(Ordering::Relaxed) == IN_HEAD
    }

    /// Only ever a race with nobody: one task owns the connection.
    fn change(&self, from: u8, to: u8) -> bool {
        self.state.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// A stream whose reads fail once a head has taken too long.
#[derive(Debug)]
pub(crate) struct HeadTimeout<S> {
    stream: S,
    exchange: Arc<Exchange>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S> HeadTimeout<S> {
    pub(crate) fn new(stream: S, exchange: Arc<Exchange>) -> Self {
        Self { stream, exchange, timer: None }
    }

    /// The timer exists only while a head is incomplete and nothing more has come.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.exchange.in_head() {
            self.timer = None;
            return Poll::Pending;
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(HEAD_DEADLINE)));
        timer.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HeadTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Pending => self.poll_deadline(cx),
            ready => {
                if self.exchange.bytes_came(&buffer.filled()[before..]) {
                    // A former head's, if nobody read in vain since then.
                    self.timer = None;
                }
                ready
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeadTimeout<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        time::{Instant, timeout},
    };

    use super::*;

    fn pair() -> (DuplexStream, HeadTimeout<DuplexStream>, Arc<Exchange>) {
        let (client, server) = duplex(256);
        let exchange = Arc::new(Exchange::default());
        (client, HeadTimeout::new(server, Arc::clone(&exchange)), exchange)
    }

    async fn read(stream: &mut HeadTimeout<DuplexStream>) -> io::Result<usize> {
        stream.read(&mut [0; 64]).await
    }

    /// Scenario: a client sends a part of a head and then nothing.
    /// Guarantees: the read fails once the deadline is over, not earlier.
    #[tokio::test(start_paused = true)]
    async fn a_head_that_stops_half_way_times_out() {
        let (mut client, mut server, _exchange) = pair();
        client.write_all(b"POST /v1/lo").await.unwrap();
        let start = Instant::now();
        assert_eq!(read(&mut server).await.unwrap(), 11);
        assert_eq!(read(&mut server).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed().as_secs(), HEAD_DEADLINE.as_secs());
    }

    /// Scenario: silence before the first request, within a request, and between two.
    /// Guarantees: the client may take as long as it likes, and a later head is watched again.
    #[tokio::test(start_paused = true)]
    async fn silence_outside_a_head_is_allowed() {
        const LONG: Duration = Duration::from_secs(86_400);
        let (mut client, mut server, exchange) = pair();
        assert!(timeout(LONG, read(&mut server)).await.is_err(), "before the first byte");
        client.write_all(b"head").await.unwrap();
        read(&mut server).await.unwrap();
        assert!(timeout(HEAD_DEADLINE / 2, read(&mut server)).await.is_err(), "within the head");
        exchange.begin(Version::HTTP_11);
        assert!(timeout(LONG, read(&mut server)).await.is_err(), "while served");
        exchange.end();
        assert!(timeout(LONG, read(&mut server)).await.is_err(), "between requests");
        client.write_all(b"he").await.unwrap();
        read(&mut server).await.unwrap();
        assert_eq!(read(&mut server).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    /// Scenario: a head that came in two parts, and just before its deadline would have been over the next request,
    /// without a read in vain between the two.
    /// Guarantees: the next head has a deadline of its own.
    #[tokio::test(start_paused = true)]
    async fn each_head_has_its_own_deadline() {
        let (mut client, mut server, exchange) = pair();
        client.write_all(b"he").await.unwrap();
        read(&mut server).await.unwrap();
        assert!(timeout(Duration::from_millis(1), read(&mut server)).await.is_err());
        client.write_all(b"ad").await.unwrap();
        read(&mut server).await.unwrap();
        exchange.begin(Version::HTTP_11);
        exchange.end();
        tokio::time::sleep(HEAD_DEADLINE - Duration::from_millis(5)).await;
        client.write_all(b"he").await.unwrap();
        read(&mut server).await.unwrap();
        assert!(timeout(HEAD_DEADLINE / 2, read(&mut server)).await.is_err(), "within the head");
    }

    /// Scenario: an HTTP/2 connection, recognised by its preface or by its first request.
    /// Guarantees: its frames never start the clock.
    #[tokio::test(start_paused = true)]
    async fn http2_is_not_watched() {
        let (mut client, mut server, exchange) = pair();
        client.write_all(b"PRI * HTTP/2.0").await.unwrap();
        read(&mut server).await.unwrap();
        assert!(timeout(HEAD_DEADLINE * 9, read(&mut server)).await.is_err());
        exchange.begin(Version::HTTP_2);
        exchange.end();
        client.write_all(b"frame").await.unwrap();
        read(&mut server).await.unwrap();
        assert!(timeout(HEAD_DEADLINE * 9, read(&mut server)).await.is_err());
    }
}
