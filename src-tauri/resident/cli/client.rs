//! Asks the running engine, found through `runtime.json`.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use plimsoll_engine::{Places, RuntimeInfo};
use tokio::{net::TcpStream, time::timeout};
use tokio_util::task::AbortOnDropHandle;

use super::Exit;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The way to one running engine.
pub(crate) struct Client {
    address: SocketAddr,
    key: String,
    /// Everything that the engine told about itself.
    pub(crate) runtime: RuntimeInfo,
}

/// An answer whose body is still coming.
pub(crate) struct Answer {
    pub(crate) body: Incoming,
    /// Carries the connection for as long as the answer is read.
    _connection: AbortOnDropHandle<()>,
}

impl Client {
    /// The way to the engine that `runtime.json` names.
    pub(crate) fn find(places: &Places) -> anyhow::Result<Self> {
        let runtime = RuntimeInfo::find(&places.runtime).ok_or_else(not_running)?;
        let url = runtime.dashboard.as_deref().unwrap_or_default();
        let Some(address) = address(url) else {
            return Err(Exit::NotRunning.because("Plimsoll runs, but its dashboard is not served"));
        };
        Ok(Self { address, key: runtime.key.clone(), runtime })
    }

    /// Asks for a path and reads the whole answer.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Bytes> {
        let answer = self.open(path).await?;
        let body = timeout(PATIENCE, answer.body.collect()).await;
        let body = body.context("Plimsoll did not answer in time")?;
        Ok(body.context("the connection to Plimsoll broke")?.to_bytes())
    }

    /// Asks for a path; the answer's body comes as it comes.
    pub(crate) async fn open(&self, path: &str) -> anyhow::Result<Answer> {
        timeout(PATIENCE, self.ask(path)).await.context("Plimsoll did not answer in time")?
    }

    async fn ask(&self, path: &str) -> anyhow::Result<Answer> {
        // Whoever was named there is gone, or somebody else listens now.
        let stream = TcpStream::connect(self.address).await.map_err(|_| not_running())?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = AbortOnDropHandle::new(tokio::spawn(async {
            // What goes wrong with it is seen where the answer is read.
            let _ = connection.await;
        }));
        let request = Request::get(path)
            .header("host", self.address.to_string())
            .header("x-plimsoll-key", &self.key)
            .body(Empty::<Bytes>::new())?;
        let response = sender.send_request(request).await.context("Plimsoll did not answer")?;
        if response.status() != StatusCode::OK {
            bail!("Plimsoll answered {} to {path}", response.status());
        }
        Ok(Answer { body: response.into_body(), _connection: connection })
    }
}

/// The address in a URL such as `http://127.0.0.1:3030`.
pub(crate) fn address(url: &str) -> Option<SocketAddr> {
    let authority = url.strip_prefix("http://")?.trim_end_matches('/');
    authority.replace("localhost", "127.0.0.1").parse().ok()
}

fn not_running() -> anyhow::Error {
    Exit::NotRunning.because("Plimsoll is not running. Start it with `plimsoll serve`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: URLs as people and `runtime.json` write them.
    /// Guarantees: the address of those that have one on this machine's own names.
    #[test]
    fn urls_are_read() {
        for url in ["http://127.0.0.1:4318", "http://localhost:4318/"] {
            assert_eq!(address(url).unwrap().to_string(), "127.0.0.1:4318", "{url}");
        }
        assert_eq!(address("http://[::1]:80").unwrap().to_string(), "[::1]:80");
        for wrong in ["", "127.0.0.1:1", "https://127.0.0.1:1", "http://host", "http://host:1"] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }
}
