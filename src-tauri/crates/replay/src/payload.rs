//! A body, decoded so that it can be changed and written again in the same form.

use std::io::{Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use crate::capture::{Content, Entry, Signal};
use crate::edit::Edit;
use crate::{json, protobuf};

/// A decoded body.
pub(crate) enum Payload {
    Logs(ExportLogsServiceRequest),
    Metrics(ExportMetricsServiceRequest),
    Traces(ExportTraceServiceRequest),
    Json(serde_json::Value),
}

/// Why a captured body could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// It is not the gzip that its name or list says.
    #[error("cannot inflate {file}")]
    Inflate {
        /// The body's file.
        file: String,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// It is not protobuf of its signal.
    #[error("{file} is not a protobuf export request")]
    Protobuf {
        /// The body's file.
        file: String,
        /// What is wrong with it.
        source: prost::DecodeError,
    },
    /// It is not JSON.
    #[error("{file} is not JSON")]
    Json {
        /// The body's file.
        file: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Payload {
    pub(crate) fn decode(entry: &Entry) -> Result<Self, PayloadError> {
        let file = || entry.file.clone();
        let body = if entry.is_deflated() {
            let mut inflated = Vec::new();
            GzDecoder::new(entry.body.as_ref())
                .read_to_end(&mut inflated)
                .map_err(|source| PayloadError::Inflate { file: file(), source })?;
            Bytes::from(inflated)
        } else {
            entry.body.clone()
        };
        if entry.content == Content::Json {
            return serde_json::from_slice(&body)
                .map(Self::Json)
                .map_err(|source| PayloadError::Json { file: file(), source });
        }
        match entry.signal {
            Signal::Logs => Message::decode(body).map(Self::Logs),
            Signal::Metrics => Message::decode(body).map(Self::Metrics),
            Signal::Traces => Message::decode(body).map(Self::Traces),
        }
        .map_err(|source| PayloadError::Protobuf { file: file(), source })
    }

    /// Shows every place that can be changed to `edit`.
    pub(crate) fn edit(&mut self, edit: &mut dyn Edit) {
        match self {
            Self::Logs(request) => protobuf::logs(request, edit),
            Self::Metrics(request) => protobuf::metrics(request, edit),
            Self::Traces(request) => protobuf::traces(request, edit),
            Self::Json(value) => json::walk(value, edit),
        }
    }

    /// Writes it as `entry`'s body was written.
    pub(crate) fn encode(&self, entry: &Entry) -> Bytes {
        let plain = match self {
            Self::Logs(request) => request.encode_to_vec(),
            Self::Metrics(request) => request.encode_to_vec(),
            Self::Traces(request) => request.encode_to_vec(),
            Self::Json(value) => value.to_string().into_bytes(),
        };
        if entry.is_deflated() { deflate(&plain).into() } else { plain.into() }
    }
}

fn deflate(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).expect("writing into memory does not fail");
    encoder.finish().expect("writing into memory does not fail")
}
