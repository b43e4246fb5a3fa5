//! The receivers: OTLP over HTTP and gRPC, decoded and answered as the protocol says.
//!
//! Invariants: knows the protocol and no vendor's names. Protobuf and JSON meet in one type
//! ([`Export`]), which goes to the [`Intake`] behind; the answer waits for it, because success is a
//! promise that the data is kept. Once an export is decoded it reaches the intake and is awaited to
//! the end, even when its client has left. Bad input costs bounded memory and time, gets the answer
//! that the protocol documents, and is counted. Nothing of a record's content is ever logged or
//! answered.
//!
//! [`Receiver::http`] and [`Receiver::grpc`] are routers for `plimsoll_loopback`, whose connections
//! they rely on.

mod answer;
mod body;
mod counters;
mod encoding;
mod export;
mod format;
mod grpc;
mod http;
mod intake;
pub mod json;
mod limits;
mod receiver;
mod shield;
mod status;

pub use opentelemetry_proto::tonic as proto;

pub use export::Export;
pub use intake::{Arrival, Intake, Now, Receipt, Refusal};
pub use limits::Limits;
pub use receiver::Receiver;
