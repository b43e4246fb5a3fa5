//! The JSON reader.

mod fixtures;
mod payloads;
mod properties;
mod writer;
