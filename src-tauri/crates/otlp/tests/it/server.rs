//! A receiver behind real sockets, with an intake that does as it is told, and clients for it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use plimsoll_domain::{ConnectionId, Timestamp};
use plimsoll_loopback::{ConnectionIds, Inherited, OnClose, Serve, bind};
use plimsoll_otlp::{Arrival, Intake, Limits, Receipt, Receiver, Refusal};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Semaphore, mpsc},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// What the receiver's clock always says.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Small, so that tests of them are quick.
pub(crate) const LIMITS: Limits =
    Limits { compressed: 100_000, inflated: 200_000, deadline: std::time::Duration::from_secs(10) };

/// Hands every arrival to the test, then waits for the gate, then answers as it was told.
#[derive(Clone)]
pub(crate) struct FakeIntake {
    arrivals: mpsc::UnboundedSender<Arrival>,
    answer: Arc<Mutex<Result<Receipt, Refusal>>>,
    gate: Arc<Semaphore>,
    finished: Arc<AtomicUsize>,
}

impl Intake for FakeIntake {
    async fn take(&self, arrival: Arrival) -> Result<Receipt, Refusal> {
        let _unless_the_test_has_ended = self.arrivals.send(arrival);
        let _permit = self.gate.acquire().await.unwrap();
        self.finished.fetch_add(1, Ordering::SeqCst);
        self.answer.lock().unwrap().clone()
    }
}

pub(crate) struct Server {
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) receiver: Receiver<FakeIntake>,
    pub(crate) arrivals: mpsc::UnboundedReceiver<Arrival>,
    /// Connections that have ended.
    pub(crate) closings: mpsc::UnboundedReceiver<ConnectionId>,
    intake: FakeIntake,
    _running: DropGuard,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(LIMITS)
    }

    pub(crate) fn with(limits: Limits) -> Self {
        let (sender, arrivals) = mpsc::unbounded_channel();
        let intake = FakeIntake {
            arrivals: sender,
            answer: Arc::new(Mutex::new(Ok(Receipt::default()))),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
            finished: Arc::default(),
        };
        let receiver = Receiver::new(intake.clone(), limits, Arc::new(|| NOW), None);
        let (cancel, ids) = (CancellationToken::new(), ConnectionIds::default());
        let (closed, closings) = mpsc::unbounded_channel();
        let on_close: OnClose = Arc::new(move |id| {
            let _unless_the_test_has_ended = closed.send(id);
        });
        let [http, grpc] = [receiver.http(), receiver.grpc()].map(|router| {
            let bound = bind((Ipv4Addr::LOCALHOST, 0).into(), &Inherited::default()).unwrap();
            let address = bound.addresses()[0];
            let on_close = Some(Arc::clone(&on_close));
            let options = Serve { ids: ids.clone(), on_close, ..Serve::default() };
            tokio::spawn(bound.serve(router, options, cancel.clone()));
            address
        });
        Self { http, grpc, receiver, arrivals, closings, intake, _running: cancel.drop_guard() }
    }

    pub(crate) fn answer_with(&self, answer: Result<Receipt, Refusal>) {
        *self.intake.answer.lock().unwrap() = answer;
    }

    /// Lets nothing through any more.
    pub(crate) fn close_gate(&self) {
        self.intake.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn open_gate(&self) {
        self.intake.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    }

    /// How many arrivals the intake has answered.
    pub(crate) fn finished(&self) -> usize {
        self.intake.finished.load(Ordering::SeqCst)
    }

    /// One count, 0 where it is not reported.
    pub(crate) fn count(&self, name: &str, label: &str) -> u64 {
        let counters = self.receiver.counters();
        let mut counters = counters.iter();
        counters
            .find(|counter| counter.name == name && counter.label == label)
            .map_or(0, |counter| counter.value)
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.http).await
    }

    /// Sends these bytes on a new connection, and no more if they are cut off, and reads what comes
    /// until the server closes.
    pub(crate) async fn raw(&self, text: &str, cut_off: bool) -> String {
        let mut stream = TcpStream::connect(self.http).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        if cut_off {
            stream.shutdown().await.unwrap();
        }
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// One answer, read completely.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// One HTTP/1 connection that is kept.
pub(crate) struct Client {
    sender: http1::SendRequest<BoxBody<Bytes, std::convert::Infallible>>,
    host: String,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self { sender, host: address.to_string() }
    }

    pub(crate) async fn post(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        self.send("POST", path, headers, Full::new(body.into()).boxed()).await
    }

    /// With a Host header of our own, unless another is given.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: BoxBody<Bytes, std::convert::Infallible>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", &self.host);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).unwrap();
        let response = self.sender.send_request(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply { status: head.status, headers: head.headers, body }
    }
}
