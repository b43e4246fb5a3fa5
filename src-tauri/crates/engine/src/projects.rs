//! Finds out where sessions work, so that nobody has to read ids.

mod search;

use std::{path::PathBuf, sync::Arc, time::Duration};

use plimsoll_domain::{Envelope, Fact, ProjectPlace, SessionId, Statement, Witness};
use plimsoll_ledger::{Ledger, LedgerError, SessionSummary};
use search::{Search, Wanted};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::board::Now;

/// Sessions that were active before this are not looked for at the start.
const RECENT: Duration = Duration::from_secs(24 * 60 * 60);
/// How many of them, at most.
const MOST_RECENT: u32 = 200;

/// Why looking for projects ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProjectsError {
    /// The ledger's sessions could not be read.
    #[error("read the sessions without a project: {0}")]
    Sessions(#[from] LedgerError),
    /// The ledger's writer is gone.
    #[error("the ledger sends no more commits")]
    Closed,
}

/// The task that looks for the projects of sessions that have none. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Projects {
    pub(crate) ledger: Ledger,
    /// Where clients keep their transcripts.
    pub(crate) client_folders: Arc<[PathBuf]>,
    pub(crate) now: Now,
}

impl Projects {
    /// Runs until stopped.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), ProjectsError> {
        stop.run_until_cancelled(self.follow()).await.unwrap_or(Ok(()))
    }

    async fn follow(&self) -> Result<(), ProjectsError> {
        let mut commits = self.ledger.commits();
        let mut search = Search::default();
        self.take_stock(&mut search).await?;
        loop {
            self.look(&mut search).await;
            let due = search.next_due();
            tokio::select! {
                commit = commits.recv() => match commit {
                    Ok(commit) => note(&mut search, &commit.sessions),
                    Err(RecvError::Lagged(_)) => self.take_stock(&mut search).await?,
                    Err(RecvError::Closed) => return Err(ProjectsError::Closed),
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            }
        }
    }

    /// Notes the sessions of the recent past.
    async fn take_stock(&self, search: &mut Search) -> Result<(), ProjectsError> {
        let since = (self.now)().before(RECENT);
        let mut sessions = self.ledger.sessions(None, MOST_RECENT).await?;
        sessions.retain(|session| session.last_arrival >= since);
        note(search, &sessions);
        Ok(())
    }

    /// Looks for every session whose time has come.
    async fn look(&self, search: &mut Search) {
        while let Some((session, wanted)) = search.take_due(Instant::now()) {
            let Some(place) = self.find(&session).await else { continue };
            if self.tell(&session, wanted, place).await {
                search.found(&session);
            }
        }
    }

    async fn find(&self, session: &SessionId) -> Option<ProjectPlace> {
        let (folders, wanted) = (Arc::clone(&self.client_folders), session.clone());
        let find = move || plimsoll_sources::project::find(&folders, &wanted);
        match tokio::task::spawn_blocking(find).await {
            Ok(Ok(place)) => place,
            Ok(Err(error)) => {
                tracing::debug!(%session, %error, "cannot look for a session's project");
                None
            }
            Err(_) => None,
        }
    }

    /// Records the place, with the times that the session has already: it says nothing about its activity.
    async fn tell(&self, session: &SessionId, wanted: Wanted, place: ProjectPlace) -> bool {
        let envelope = Envelope {
            witness: Witness::Transcript,
            at: wanted.at,
            arrived: wanted.arrived,
            connection: None,
            client_version: None,
            sequence: None,
        };
        let statement = Statement::Project(place);
        let fact = Fact { envelope, session: Some(session.clone()), statement };
        self.ledger.record(vec![fact]).await.is_ok()
    }
}

fn note(search: &mut Search, sessions: &[SessionSummary]) {
    for session in sessions {
        if session.project.is_some() {
            search.found(&session.session);
        } else {
            let wanted = Wanted { at: session.last_at, arrived: session.last_arrival };
            search.want(&session.session, wanted, Instant::now());
        }
    }
}
