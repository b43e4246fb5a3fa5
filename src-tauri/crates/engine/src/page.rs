//! What the dashboard's port serves: little until the ledger is open, then everything.

use std::sync::{Arc, OnceLock};

use axum::{Router, extract::Request};
use tower::ServiceExt;

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Page {
    opening: Router,
    whole: Arc<OnceLock<Router>>,
}

impl Page {
    /// `opening` is served until there is more.
    pub(crate) fn new(opening: Router) -> Self {
        Self { opening, whole: Arc::default() }
    }

    /// Serves this from now on.
    pub(crate) fn complete(&self, whole: Router) {
        // Fails only where it was complete before.
        let _ = self.whole.set(whole);
    }

    /// What serves, of both, the one whose time it is.
    pub(crate) fn router(&self) -> Router {
        let page = self.clone();
        Router::new().fallback(move |request: Request| {
            let router = page.whole.get().unwrap_or(&page.opening).clone();
            router.oneshot(request)
        })
    }
}
