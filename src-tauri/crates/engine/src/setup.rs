//! Setting up: the client's settings, its running processes, the proof that it works, and the welcome.

mod examination;
mod plan;
mod proof;

use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use plimsoll_connect::settings::{self, Plimsoll, Receiver, Records};
use plimsoll_domain::{Timestamp, health::Status};
use plimsoll_ledger::Ledger;
use tokio::{
    sync::{SetOnce, watch},
    task::spawn_blocking,
};

use crate::{
    Config, Places,
    engine::{DASHBOARD, HTTP, Surroundings},
    exporters::Exporters,
    places::make_private,
};

pub use examination::{Examination, told};
pub use plan::{connect, disconnect, plan};
pub use plimsoll_api::setup::*;
pub use plimsoll_connect::Sites;

/// The file whose presence says that the welcome was shown.
const WELCOMED: &str = "welcomed";

/// Where the engine that runs serves.
#[derive(Debug, Clone, Copy)]
pub struct Served {
    /// OTLP over HTTP; `None` where it could not be had.
    pub http: Option<SocketAddr>,
    /// The dashboard; `None` where it could not be had.
    pub dashboard: Option<SocketAddr>,
}

/// The client's settings as this configuration connects them. Hooks do not post to a dashboard that had to move: they
/// run the program, which finds it. `at`: nothing where no engine runs.
#[must_use]
pub fn sites(config: &Config, around: &Surroundings, at: Option<Served>) -> Sites {
    let http = at.and_then(|at| at.http).unwrap_or(config.receiver.http);
    let wished = config.dashboard.listen;
    let dashboard = at.and_then(|at| at.dashboard).unwrap_or(wished);
    let is_there_to_stay = wished.port() == 0 || dashboard.port() == wished.port();
    // Off Linux hooks need the key of runtime.json, which each start makes anew.
    let takes_hooks = cfg!(target_os = "linux") && is_there_to_stay;
    let token = config.receiver.token.as_ref().map(|token| token.as_str().to_owned());
    Sites {
        plimsoll: Plimsoll {
            receiver: Receiver {
                endpoint: address(http),
                also: vec![address(config.receiver.grpc)],
                token,
            },
            dashboard: takes_hooks.then(|| address(dashboard)),
            program: around.program.clone(),
            in_session: config.policy.tells_agents(),
        },
        config_dirs: around.client_folders.clone(),
        managed: settings::managed_paths(),
        records: Records::new(&around.places.data),
        obstacle: at.is_some_and(|at| at.http.is_none()).then(|| {
            format!(
                "Plimsoll does not receive at {}: another program has the port. What is sent there goes to that \
                 program; `plimsoll doctor` says which.",
                address(config.receiver.http)
            )
        }),
    }
}

/// As clients write it. They may not resolve names as we do, so it is a number.
fn address(socket: SocketAddr) -> String {
    match socket.ip() {
        IpAddr::V4(_) => format!("http://127.0.0.1:{}", socket.port()),
        IpAddr::V6(_) => format!("http://[::1]:{}", socket.port()),
    }
}

/// Whether the welcome was shown, or skipped.
#[must_use]
pub fn is_welcomed(places: &Places) -> bool {
    places.data.join(WELCOMED).exists()
}

/// Remembers that the welcome was shown, or shows it once more.
///
/// # Errors
/// When the data folder cannot be written.
pub fn set_welcomed(places: &Places, seen: bool) -> io::Result<()> {
    let path = places.data.join(WELCOMED);
    if seen {
        return make_private(&places.data).and_then(|()| fs::write(path, []));
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The text with another word in the place of the receiver's token.
fn without_token(text: &str) -> String {
    const BEFORE: &str = "Bearer%20";
    let mut parts = text.split(BEFORE);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest =
            part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-._~%".contains(c));
        masked.extend([BEFORE, "YOUR-TOKEN", rest]);
    }
    masked
}

/// Sets up for the API. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) config: Arc<Config>,
    pub(crate) around: Surroundings,
    pub(crate) status: watch::Receiver<Arc<Status>>,
    pub(crate) exporters: Exporters,
    /// Set once the ledger is open.
    pub(crate) ledger: Arc<SetOnce<Ledger>>,
}

impl Desk {
    fn sites(&self) -> Sites {
        let status = self.status.borrow();
        let served = |name| status.served(name)?.parse().ok();
        let at = Served { http: served(HTTP), dashboard: served(DASHBOARD) };
        sites(&self.config, &self.around, Some(at))
    }

    /// Works on files, away from the runtime's workers.
    fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, SetupError> + Send + 'static,
    ) -> Answer<'_, T> {
        let desk = self.clone();
        Box::pin(async move {
            let ended = spawn_blocking(move || work(&desk)).await;
            ended.unwrap_or_else(|_| Err(SetupError::Failed(PANICKED.to_owned())))
        })
    }

    fn examine(&self) -> Doctor {
        let now = (self.around.now)();
        let status = self.status.borrow().clone();
        let examination = Examination {
            config: &self.config,
            around: &self.around,
            status: Some(&status),
            exporters: self.exporters.list(),
            skew_millis: self.exporters.skew(),
        };
        told(&examination, now)
    }
}

const PANICKED: &str = "Setting up failed unexpectedly. Try again; the log has the reason.";

impl Setup for Desk {
    fn plan(&self, choices: ConnectChoices) -> Answer<'_, ConnectPlan> {
        self.work(move |desk| {
            let mut plan = plan(&desk.sites(), choices)?;
            // Who asks need not show a key.
            plan.snippets
                .iter_mut()
                .for_each(|snippet| snippet.text = without_token(&snippet.text));
            Ok(plan)
        })
    }

    fn connect(&self, wish: ConnectWish) -> Answer<'_, Connected> {
        self.work(move |desk| connect(&desk.sites(), wish, (desk.around.now)()))
    }

    fn disconnect(&self, wish: ConnectWish) -> Answer<'_, Connected> {
        self.work(move |desk| disconnect(&desk.sites(), wish, (desk.around.now)()))
    }

    fn doctor(&self) -> Answer<'_, Doctor> {
        self.work(|desk| Ok(desk.examine()))
    }

    fn proof(&self, since: Timestamp, patience: Duration) -> Answer<'_, Proof> {
        Box::pin(async move {
            let now = Arc::clone(&self.around.now);
            let first = async { proof::first(self.ledger.wait().await, since, &*now).await };
            match tokio::time::timeout(patience, first).await {
                Ok(Ok(arrived)) => Ok(Proof { arrived: Some(arrived), likely: None }),
                Ok(Err(error)) => {
                    Err(SetupError::Failed(format!("The ledger could not be read: {error}.")))
                }
                Err(_) => {
                    let doctor = self.doctor().await?;
                    Ok(Proof { arrived: None, likely: Some(proof::likely(&doctor)) })
                }
            }
        })
    }

    fn welcomed(&self) -> Answer<'_, bool> {
        self.work(|desk| Ok(is_welcomed(&desk.around.places)))
    }

    fn set_welcomed(&self, seen: bool) -> Answer<'_, ()> {
        self.work(move |desk| {
            set_welcomed(&desk.around.places, seen)
                .map_err(|error| SetupError::Failed(format!("That cannot be remembered: {error}.")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a snippet with the token among other settings, one with it at the end, and one without.
    /// Guarantees: nothing of the token is left, and nothing else is changed.
    #[test]
    fn snippets_do_not_show_the_token() {
        for (text, shown) in [
            (
                "export H='A=Bearer%20abc-1%2B2'\nexport B=1",
                "export H='A=Bearer%20YOUR-TOKEN'\nexport B=1",
            ),
            ("H: \"A=Bearer%20abc\"", "H: \"A=Bearer%20YOUR-TOKEN\""),
            ("export B=1", "export B=1"),
        ] {
            assert_eq!(without_token(text), shown);
        }
    }
}
