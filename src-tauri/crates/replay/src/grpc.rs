//! One captured TCP connection over gRPC.

use std::net::SocketAddr;

use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::answer;
use crate::capture::{Content, Encoding, Entry, Signal};
use crate::report::SendError;

/// A channel of its own, which is one TCP connection, opened with its first request.
pub(crate) struct Connection {
    channel: Channel,
}

impl Connection {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))
            .expect("a socket address makes a valid URI");
        Self { channel: endpoint.tcp_nodelay(true).connect_lazy() }
    }

    /// Calls `entry`'s service with the captured message. Returns how many of its records the
    /// receiver refused.
    pub(crate) async fn send(&mut self, entry: &Entry) -> Result<u64, SendError> {
        let mut client = Grpc::new(self.channel.clone());
        if entry.encoding == Encoding::Gzip {
            client = client.send_compressed(CompressionEncoding::Gzip);
        }
        client.ready().await.map_err(|error| refusal(Status::from_error(Box::new(error))))?;
        let request = Request::new(entry.body.clone());
        let answer =
            client.unary(request, path(entry.signal), AsCaptured).await.map_err(refusal)?;
        Ok(answer::refused_records(entry.signal, Content::Protobuf, answer.get_ref()))
    }
}

fn refusal(status: Status) -> SendError {
    SendError::Grpc(Box::new(status))
}

fn path(signal: Signal) -> PathAndQuery {
    PathAndQuery::from_static(match signal {
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    })
}

/// Messages as the bytes they are: decoding and encoding them again would lose what the client's own
/// encoder does differently.
#[derive(Clone, Copy)]
struct AsCaptured;

impl Codec for AsCaptured {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for AsCaptured {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, wire: &mut EncodeBuf<'_>) -> Result<(), Status> {
        wire.put(message);
        Ok(())
    }
}

impl Decoder for AsCaptured {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, wire: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(wire.copy_to_bytes(wire.remaining())))
    }
}
