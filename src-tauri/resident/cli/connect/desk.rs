//! The client's settings files as the commands reach them: found with this shell's environment, connected to the engine
//! that runs or would.

use std::path::{Path, PathBuf};

use plimsoll_client::{Client, ClientError, address};
use plimsoll_engine::{
    Config, Surroundings as Around,
    setup::{
        self, ConnectChoices, ConnectPlan, ConnectWish, Connected, Examination, Installation,
        Served, Sites,
    },
};
use plimsoll_programs::{Exit, Surroundings, now};
use serde_json::Value;

use crate::cli::asked_of_ledger;

/// Whose settings.
#[derive(Debug, clap::Args)]
pub(crate) struct Target {
    /// The client
    #[arg(value_name = "CLIENT", default_value = "claude-code", value_parser = ["claude-code"])]
    client: String,
    /// Only this settings file; by default all that are found
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

impl Target {
    /// Only this settings file.
    pub(crate) fn file(settings: PathBuf) -> Self {
        Self { client: "claude-code".to_owned(), settings: Some(settings) }
    }
}

/// The settings files, and the engine if one runs.
pub(crate) struct Desk {
    surroundings: Surroundings,
    config: Config,
    around: Around,
    sites: Sites,
    client: Option<Client>,
}

impl Desk {
    pub(crate) fn open(surroundings: &Surroundings) -> anyhow::Result<Self> {
        let Surroundings { environment, places } = surroundings;
        let config =
            Config::load(places, environment, &[]).map_err(|error| Exit::Usage.because(error))?;
        let around = Around::of_user(places.clone(), environment, env!("CARGO_PKG_VERSION"));
        let client = Client::find(&places.runtime).ok();
        let runtime = client.as_ref().map(Client::runtime);
        let at = |url: &Option<String>| url.as_deref().and_then(address);
        // One that was killed left its file behind, and its addresses, which are then not missing.
        let served = runtime.map(|runtime| Served {
            http: at(&runtime.otlp_http),
            dashboard: at(&runtime.dashboard),
        });
        let sites = setup::sites(&config, &around, served);
        Ok(Self { surroundings: surroundings.clone(), config, around, sites, client })
    }

    /// Knows the settings in this folder too: a client runs with them.
    pub(crate) fn know(&mut self, config_dir: &Path) {
        if !self.sites.config_dirs.iter().any(|known| known == config_dir) {
            self.sites.config_dirs.push(config_dir.to_owned());
        }
    }

    /// The engine, if it answers.
    pub(crate) async fn engine(&self) -> Option<&Client> {
        let client = self.client.as_ref()?;
        let answer = client.get("/api/v1/health").await;
        (!matches!(answer, Err(ClientError::NotRunning))).then_some(client)
    }

    /// What connecting would change everywhere.
    pub(crate) fn plan(&self, choices: ConnectChoices) -> anyhow::Result<ConnectPlan> {
        setup::plan(&self.sites, choices).map_err(|error| Exit::Failed.because(error))
    }

    /// The settings files that are meant.
    pub(crate) fn installations(
        &self,
        target: &Target,
        choices: ConnectChoices,
    ) -> anyhow::Result<Vec<Installation>> {
        let all = self.plan(choices)?.installations;
        let Some(file) = &target.settings else { return Ok(all) };
        let file = self.surroundings.places.working.join(file);
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let is_meant = |one: &Installation| real(Path::new(&one.settings)) == real(&file);
        let found: Vec<_> = all.into_iter().filter(is_meant).collect();
        if found.is_empty() {
            let why = format!(
                "{} is none of the client's settings files; CLAUDE_CONFIG_DIR names further folders",
                file.display()
            );
            return Err(Exit::Usage.because(why));
        }
        Ok(found)
    }

    /// One of them, with other choices.
    pub(crate) fn installation(
        &self,
        settings: &str,
        choices: ConnectChoices,
    ) -> anyhow::Result<Installation> {
        let mut all = self.plan(choices)?.installations.into_iter();
        let gone = || Exit::Failed.because(format!("{settings} is not there any more"));
        all.find(|one| one.settings == settings).ok_or_else(gone)
    }

    pub(crate) fn connect(
        &self,
        planned: &Installation,
        choices: ConnectChoices,
    ) -> anyhow::Result<Connected> {
        setup::connect(&self.sites, wish(planned, choices), now())
            .map_err(|error| Exit::Failed.because(error))
    }

    pub(crate) fn disconnect(&self, found: &Installation) -> anyhow::Result<Connected> {
        setup::disconnect(&self.sites, wish(found, ConnectChoices::default()), now())
            .map_err(|error| Exit::Failed.because(error))
    }

    /// What is found of the clients: by the engine, which knows who sends, or by ourselves.
    pub(crate) async fn doctor(&self) -> anyhow::Result<Value> {
        if let Some(client) = &self.client {
            match client.get("/api/v1/doctor").await {
                // What it left behind says that it runs; it does not.
                Err(ClientError::NotRunning) => {}
                answer => {
                    return Ok(serde_json::from_slice(&asked_of_ledger(client, answer).await?)?);
                }
            }
        }
        let examination = Examination::without_engine(&self.config, &self.around);
        Ok(serde_json::to_value(setup::told(&examination, now()))?)
    }
}

fn wish(installation: &Installation, choices: ConnectChoices) -> ConnectWish {
    ConnectWish {
        settings: installation.settings.clone(),
        fingerprint: installation.fingerprint.clone(),
        choices,
    }
}
