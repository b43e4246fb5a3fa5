//! The API over HTTP and the page: the only serialisation for people and other programs.
//!
//! Invariants: reads the ledger's queries and the watch's snapshots, and nothing else of them; words of the
//! domain are never serialised themselves, `dto` has a counterpart of each. No task is spawned here: a
//! stream costs what its reader holds, and a reader that does not read holds nobody up. Every stream ends
//! when the resident closes.

mod alerts;
mod audit;
mod checkpoints;
mod compactions;
mod dto;
mod error;
mod export;
#[cfg(test)]
mod fixture;
mod guard;
mod health;
mod hooks;
mod inspect;
mod opening;
pub mod orders;
mod page;
mod prune;
mod query;
mod quiet;
mod range;
mod records;
mod sessions;
pub mod setup;
mod signal;
mod snapshot;
mod stream;
mod usage;
mod wait;
mod warnings;
mod windows;

use std::{fmt, sync::Arc};

use axum::{
    Router,
    routing::{get, post},
};
use plimsoll_domain::{Calendar, Door, Timestamp, health::HealthProbe, health::Status};
use plimsoll_ledger::Ledger;
use plimsoll_watch::Snapshot;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

pub use audit::audit_json;
pub use dto::Time;
pub use export::{ExportError, ExportFormat, export};
pub use opening::{Opening, opening_router};
pub use plimsoll_domain::Key;
pub use prune::Pruner;
pub use signal::Signal;
pub use windows::{Attached, NoWindows, Offer, Windows};

use crate::{dto::Resident, error::ApiError, stream::Encoded};

/// Everything that the API shows, and what it needs to show it.
pub struct Api {
    /// The books.
    pub ledger: Ledger,
    /// The live sessions.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Listeners and problems.
    pub status: watch::Receiver<Arc<Status>>,
    /// The resident's own state.
    pub probe: Arc<dyn HealthProbe>,
    /// The signals as they arrive. Nothing needs to be sent while nobody has subscribed.
    pub signals: broadcast::Sender<Arc<Signal>>,
    /// The wishes for windows.
    pub windows: Windows,
    /// Where what hooks and the status line say is handed on.
    pub door: Arc<dyn Door>,
    /// Who prunes the ledger.
    pub pruner: Arc<dyn Pruner>,
    /// Who carries out what people and orchestrators ask of the watch.
    pub orders: Arc<dyn orders::Orders>,
    /// Who connects clients and looks at them.
    pub setup: Arc<dyn setup::Setup>,
    /// The key of `runtime.json`.
    pub key: Key,
    /// The calendar of reports that name no time zone.
    pub calendar: Calendar,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Ends every stream.
    pub closing: CancellationToken,
    /// When this run of the resident began.
    pub started: Timestamp,
    /// The application's version.
    pub version: &'static str,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("version", &self.version).finish_non_exhaustive()
    }
}

/// What all requests share.
struct Shared {
    api: Api,
    /// The last commit as frames, so that it is serialised once and not once per client.
    encoded: Encoded,
}

impl Shared {
    fn resident(&self) -> Resident<'_> {
        Resident { version: self.api.version, started: self.api.started, now: (self.api.now)() }
    }
}

/// The routes of the API and the page. They answer only to requests that `plimsoll_loopback` serves: the
/// checks of Host and Origin need the connection that it adds.
pub fn router(api: Api) -> Router {
    let (door, key) = (Arc::clone(&api.door), api.key.clone());
    let shared = Arc::new(Shared { api, encoded: Encoded::default() });
    let v1 = Router::new()
        .route("/snapshot", get(snapshot::read))
        .route("/events", get(stream::follow))
        .route("/sessions", get(sessions::list))
        .route("/sessions/{id}", get(sessions::read))
        .route("/sessions/{id}/context", get(sessions::context))
        .route("/sessions/{id}/wait", get(wait::wait))
        .route("/sessions/{id}/checkpoints", get(checkpoints::list).post(checkpoints::acknowledge))
        .route("/alerts", get(alerts::list))
        .route("/alerts/rehearsal", post(alerts::rehearse))
        .route("/compactions", get(compactions::list))
        .route("/quiet", get(quiet::list).post(quiet::set))
        .route("/warnings", get(warnings::list))
        .route("/usage", get(usage::report))
        .route("/usage-records", get(records::list))
        .route("/audit", get(audit::read))
        .route("/health", get(health::read))
        .route("/inspect", get(inspect::follow))
        .route("/prune", post(prune::prune))
        .route("/connect", get(setup::plan).post(setup::connect))
        .route("/disconnect", post(setup::disconnect))
        .route("/doctor", get(setup::doctor))
        .route("/proof", get(setup::proof))
        .route("/welcome", get(setup::welcome).post(setup::set_welcome))
        .route("/windows", get(windows::attach).post(windows::ask));
    let routes = Router::new()
        .nest("/api/v1", v1)
        .merge(hooks::routes(door))
        .fallback(page::read)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed);
    guard::stand_before(routes, key).with_state(shared)
}
