//! The body of an answer that refuses.

use prost::Message;
use serde::Serialize;

use crate::format::Format;

/// `google.rpc.Status` without its details, which OTLP does not need:
/// <https://opentelemetry.io/docs/specs/otlp/#failures>.
#[derive(Clone, PartialEq, Message, Serialize)]
pub(crate) struct RpcStatus {
    /// A gRPC code.
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
    /// One sentence for the developer of the client.
    #[prost(string, tag = "2")]
    pub(crate) message: String,
}

impl RpcStatus {
    pub(crate) fn to_body(&self, format: Format) -> Vec<u8> {
        match format {
            Format::Protobuf => self.encode_to_vec(),
            Format::Json => {
                serde_json::to_vec(self).expect("a number and a string can always be written")
            }
        }
    }
}
