//! Sockets of this machine, for this user: bind, accept, check who calls, serve, drain.
//!
//! Invariants: nothing listens beyond loopback. With the same-user check on, no byte is answered
//! before the peer's socket was found to be ours. Idle connections are kept as long as the client
//! likes. A connection's failure never reaches the accept loop, and every task started here has
//! ended when [`Bound::serve`] returns. What is served is a router handed in: this crate knows no
//! protocol above HTTP.

mod bind;
mod connection;
mod head;
mod host;
mod inherited;
mod owner;
mod serve;
mod tally;

pub use bind::{BindError, Bound, bind};
pub use connection::{Connection, ConnectionIds};
pub use host::{HostCheck, HostFault, HostLayer};
pub use inherited::Inherited;
pub use serve::{OnClose, Serve, ServeError};
pub use tally::Tally;
