//! Asking the engine.

use std::{collections::VecDeque, net::SocketAddr, path::Path, time::Duration};

use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use plimsoll_domain::Show;
use tokio::{net::TcpStream, time::timeout};
use tokio_util::task::AbortOnDropHandle;

use crate::{ClientError, Frame, RuntimeInfo, frames::Frames, refusal, runtime::address, show};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

const WINDOWS: &str = "/api/v1/windows";

/// The way to one running engine.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    runtime: RuntimeInfo,
}

/// An answer that goes on: server-sent events as they come.
#[derive(Debug)]
pub struct Events {
    body: Incoming,
    frames: Frames,
    /// Whole events that nobody has taken yet.
    whole: VecDeque<Frame>,
    /// Carries the connection for as long as the answer is read.
    _connection: AbortOnDropHandle<()>,
}

impl Client {
    /// The way to the engine that the first `runtime.json` in these folders names.
    ///
    /// # Errors
    /// [`ClientError::NotRunning`], [`ClientError::NotServed`].
    pub fn find(folders: &[impl AsRef<Path>]) -> Result<Self, ClientError> {
        let runtime = RuntimeInfo::find(folders).ok_or(ClientError::NotRunning)?;
        let url = runtime.dashboard.as_deref().unwrap_or_default();
        let address = address(url).ok_or(ClientError::NotServed)?;
        Ok(Self { address, runtime })
    }

    /// Everything that the engine told about itself.
    #[must_use]
    pub fn runtime(&self) -> &RuntimeInfo {
        &self.runtime
    }

    /// Asks for a path and reads the whole answer.
    ///
    /// # Errors
    /// When the engine is gone, late, or answers with anything but 200.
    pub async fn get(&self, path: &str) -> Result<Bytes, ClientError> {
        let (body, _connection) = self.asked(Method::GET, path, String::new()).await?;
        let body = timeout(PATIENCE, body.collect()).await.map_err(|_| ClientError::Late)?;
        Ok(body.map_err(ClientError::Broken)?.to_bytes())
    }

    /// Asks for what may take `within` until it is answered, and reads the whole answer.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn wait(&self, path: &str, within: Duration) -> Result<Bytes, ClientError> {
        let answered = timeout(within, self.ask(Method::GET, path, String::new())).await;
        let (body, _connection) = answered.map_err(|_| ClientError::Late)??;
        let body = timeout(PATIENCE, body.collect()).await.map_err(|_| ClientError::Late)?;
        Ok(body.map_err(ClientError::Broken)?.to_bytes())
    }

    /// Asks for a change, which may take `within`, and reads the whole answer.
    ///
    /// # Errors
    /// When the engine is gone, late, or answers with anything but 200, 201 or 202.
    pub async fn change(
        &self,
        path: &str,
        body: String,
        within: Duration,
    ) -> Result<Bytes, ClientError> {
        let answered = timeout(within, self.ask(Method::POST, path, body)).await;
        let (body, _connection) = answered.map_err(|_| ClientError::Late)??;
        let body = timeout(PATIENCE, body.collect()).await.map_err(|_| ClientError::Late)?;
        Ok(body.map_err(ClientError::Broken)?.to_bytes())
    }

    /// Follows a stream of server-sent events.
    ///
    /// # Errors
    /// When the engine is gone, late, or answers with anything but 200.
    pub async fn follow(&self, path: &str) -> Result<Events, ClientError> {
        let (body, connection) = self.asked(Method::GET, path, String::new()).await?;
        let (frames, whole) = (Frames::default(), VecDeque::new());
        Ok(Events { body, frames, whole, _connection: connection })
    }

    /// Becomes the process that shows windows.
    ///
    /// # Errors
    /// A refusal with 409 where another process does.
    pub async fn windows(&self) -> Result<Events, ClientError> {
        self.follow(WINDOWS).await
    }

    /// Asks the engine for a window.
    ///
    /// # Errors
    /// A refusal with 409 where nothing can show windows.
    pub async fn show(&self, wish: &Show) -> Result<(), ClientError> {
        self.asked(Method::POST, WINDOWS, show::to_json(wish)).await.map(drop)
    }

    async fn asked(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<(Incoming, AbortOnDropHandle<()>), ClientError> {
        let answered = timeout(PATIENCE, self.ask(method, path, body)).await;
        answered.map_err(|_| ClientError::Late)?
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<(Incoming, AbortOnDropHandle<()>), ClientError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string())
            .header("x-plimsoll-key", &self.runtime.key)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|source| ClientError::Request { path: path.to_owned(), source })?;
        // Whoever was named there is gone, or somebody else listens now.
        let stream = TcpStream::connect(self.address).await.map_err(|_| ClientError::NotRunning)?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(ClientError::Broken)?;
        let connection = AbortOnDropHandle::new(tokio::spawn(async {
            // What goes wrong with it is seen where the answer is read.
            let _ = connection.await;
        }));
        let response = sender.send_request(request).await.map_err(ClientError::Broken)?;
        match response.status() {
            StatusCode::OK | StatusCode::CREATED | StatusCode::ACCEPTED => {
                Ok((response.into_body(), connection))
            }
            status => {
                let sentence = refusal::read(response.into_body()).await;
                Err(ClientError::Refused { status, path: path.to_owned(), sentence })
            }
        }
    }
}

impl Events {
    /// The next event; `None` when the engine has ended the stream.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn next(&mut self) -> Result<Option<Frame>, ClientError> {
        loop {
            if let Some(event) = self.whole.pop_front() {
                return Ok(Some(event));
            }
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            // Trailers are no data.
            if let Ok(bytes) = frame.map_err(ClientError::Broken)?.into_data() {
                self.whole.extend(self.frames.push(&bytes));
            }
        }
    }

    /// The next window asked for; `None` when the engine has ended the stream.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn next_show(&mut self) -> Result<Option<Show>, ClientError> {
        while let Some(event) = self.next().await? {
            if event.event == "show"
                && let Some(show) = show::from_json(&event.data)
            {
                return Ok(Some(show));
            }
        }
        Ok(None)
    }
}
