//! The receivers from outside: over real sockets, and the JSON reader against a writer of its own.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod grpc;
mod http;
mod json;
mod samples;
mod server;
