//! OTLP/JSON, read straight into the protobuf types.
//!
//! A reader of our own, and not a general JSON library, because a usage meter must not lose
//! numbers: a library's typed reading gives a whole request up, or drops a value without a word,
//! where one member is not as it expects. Here a bad member costs its own log record, data point,
//! metric or span, which is left out and counted; everything beside it is kept.
//!
//! What is accepted beyond the letter of the specification, because clients send it: 64-bit
//! integers as numbers, as strings or as whole floating-point numbers; doubles as strings; `null`
//! for an absent member; halves of surrogate pairs (read as U+FFFD, as the protobuf encoders of the
//! same clients write them). Unknown members are ignored; nothing may nest deeper than 128 levels.

mod common;
mod cursor;
mod field;
mod logs;
mod metrics;
mod reader;
mod scalar;
mod traces;

use crate::proto::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};

pub use cursor::Malformed;

/// What could be read, and what had to be left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded<T> {
    /// Everything that was well-formed.
    pub value: T,
    /// How many log records, data points or spans were left out.
    pub rejected: u64,
    /// What was wrong first; never with any text of the record's. Also present when something else
    /// than a record was left out, such as an attribute list of a resource.
    pub reason: Option<String>,
}

impl<T> Decoded<T> {
    /// Read without loss.
    pub(crate) const fn whole(value: T) -> Self {
        Self { value, rejected: 0, reason: None }
    }
}

/// Reads the body of a metrics request.
///
/// # Errors
/// When the body is not JSON, or not an object.
pub fn read_metrics(body: &[u8]) -> Result<Decoded<ExportMetricsServiceRequest>, Malformed> {
    reader::read(body)
}

/// Reads the body of a logs request.
///
/// # Errors
/// When the body is not JSON, or not an object.
pub fn read_logs(body: &[u8]) -> Result<Decoded<ExportLogsServiceRequest>, Malformed> {
    reader::read(body)
}

/// Reads the body of a traces request.
///
/// # Errors
/// When the body is not JSON, or not an object.
pub fn read_traces(body: &[u8]) -> Result<Decoded<ExportTraceServiceRequest>, Malformed> {
    reader::read(body)
}
