//! HTTP/1.1 by hand: one write and mostly one read per request, so that the load stays cheap.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Protocol;
use super::connection::Signal;
use crate::payload::{Fresh, Run, Template};

pub(crate) struct Connection {
    stream: TcpStream,
    host: SocketAddr,
    kind: &'static str,
    wire: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr, protocol: Protocol) -> Result<Self> {
        let stream = TcpStream::connect(address).await;
        let stream = stream.with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        let json = protocol == Protocol::Json;
        let kind = if json { "application/json" } else { "application/x-protobuf" };
        Ok(Self { stream, host: address, kind, wire: Vec::new(), answer: Vec::new() })
    }

    pub(crate) async fn send(
        &mut self,
        signal: Signal,
        template: &Template,
        fresh: Fresh,
        run: Run,
    ) -> Result<()> {
        let path = match signal {
            Signal::Metrics => "/v1/metrics",
            Signal::Logs => "/v1/logs",
        };
        self.wire.clear();
        let (host, kind, length) = (self.host, self.kind, template.len());
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {kind}\r\n\
             content-length: {length}\r\n\r\n"
        );
        self.wire.extend_from_slice(head.as_bytes());
        template.write(fresh, run, &mut self.wire);
        self.stream.write_all(&self.wire).await.context("the connection broke")?;
        self.read_answer().await
    }

    async fn read_answer(&mut self) -> Result<()> {
        self.answer.clear();
        loop {
            if let Some(answer) = parse(&self.answer)? {
                ensure!(
                    answer.status == 200 && answer.refused_nothing,
                    "answered with {}",
                    String::from_utf8_lossy(&self.answer)
                );
                return Ok(());
            }
            let read = self.stream.read_buf(&mut self.answer).await;
            if read.context("the connection broke")? == 0 {
                bail!("the connection was closed without an answer");
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    /// Whether the body is too short to hold a partial success.
    refused_nothing: bool,
}

/// The longest body that says nothing: `{"partialSuccess":{}}`.
const EMPTY_ANSWER: usize = 21;

/// A complete answer; `None` while it is not.
fn parse(bytes: &[u8]) -> Result<Option<Answer>> {
    let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end]).context("the answer's head is not text")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let status = status.context("the answer has no status")?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let length = length.context("the answer has no content-length")?;
    if bytes.len() < end + 4 + length {
        return Ok(None);
    }
    Ok(Some(Answer { status, refused_nothing: length <= EMPTY_ANSWER }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: an answer that comes in pieces, a refusal, one with a partial success, one without a
    /// length.
    /// Guarantees: only a complete answer is read, with its status; the last is an error.
    #[test]
    fn answers_are_read_whole() {
        let good = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\ndate: x\r\n\r\nabc";
        for cut in 0..good.len() {
            assert_eq!(parse(&good[..cut]).unwrap(), None);
        }
        let read = parse(good).unwrap().unwrap();
        assert_eq!(read, Answer { status: 200, refused_nothing: true });
        let busy = parse(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n").unwrap().unwrap();
        assert_eq!(busy.status, 503);
        let told = format!("HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n{}", "x".repeat(40));
        assert!(!parse(told.as_bytes()).unwrap().unwrap().refused_nothing);
        assert!(parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
