//! `plimsoll watch`: the live sessions with their gauges, for as long as one looks.

mod feed;
mod picture;
mod scene;

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    time::Duration,
};

use anyhow::Context as _;
use crossterm::event::{Event, EventStream};
use futures_util::StreamExt as _;
use plimsoll_client::{Client, ClientError};
use plimsoll_domain::{SessionId, Show};
use plimsoll_programs::{Signals, Surroundings, now};
use ratatui::DefaultTerminal;
use tokio::time::{MissedTickBehavior, interval};

use self::{
    feed::{Feed, News},
    picture::Palette,
    scene::{Scene, Step},
};
use super::{asked, asked_of_ledger, command_runtime, session::folder, sessions};

/// How often ages are drawn anew.
const AGES: Duration = Duration::from_secs(1);
/// For how long a session is made quiet.
const SNOOZE_MINUTES: u32 = 30;
/// How long writing that down may take.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) const KEYS: &str = "\
Keys:
  up, down, k, j   choose a session
  enter            show it in the dashboard
  s                no notifications of it for 30 minutes
  q                end";

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// Only the sessions of the project in this folder
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
}

/// At a terminal until it is ended; elsewhere once.
pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let named = flags.project.as_ref();
    let project = named.map(|named| folder(Some(named), around)).transpose()?;
    let mut scene = Scene::of(project);
    let folders = around.places.runtime.clone();
    command_runtime()?.block_on(async {
        let mut feed = asked(Feed::begin(folders).await)?;
        if io::stdout().is_terminal() {
            let palette = Palette { has_colour: around.environment.get("NO_COLOR").is_none() };
            return at_terminal(&mut scene, &mut feed, palette).await;
        }
        once(&mut scene, &feed).await
    })
}

async fn once(scene: &mut Scene, feed: &Feed) -> anyhow::Result<()> {
    let client = feed.client();
    let body = asked_of_ledger(client, client.get("/api/v1/snapshot").await).await?;
    scene.begin(&body).context("Plimsoll gave an answer of another version")?;
    let mut out = io::stdout().lock();
    sessions::show(&mut out, scene.sessions(), now())?;
    Ok(out.flush()?)
}

async fn at_terminal(scene: &mut Scene, feed: &mut Feed, palette: Palette) -> anyhow::Result<()> {
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let mut terminal = ratatui::try_init().context("cannot take the terminal over")?;
    let ended = tokio::select! {
        ended = follow(&mut terminal, scene, feed, palette) => ended,
        () = signals.next() => Ok(()),
    };
    ratatui::restore();
    ended
}

async fn follow(
    terminal: &mut DefaultTerminal,
    scene: &mut Scene,
    feed: &mut Feed,
    palette: Palette,
) -> anyhow::Result<()> {
    let mut keys = EventStream::new();
    let mut ages = interval(AGES);
    ages.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        terminal.draw(|frame| picture::draw(frame, scene, now(), palette))?;
        tokio::select! {
            event = keys.next() => match event {
                Some(Ok(Event::Key(key))) => match scene.key(key) {
                    Step::Stay => {}
                    Step::End => return Ok(()),
                    step => { let said = order(feed.client(), &step, scene).await; scene.say(said); }
                },
                // A new size is seen where it is drawn.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error).context("cannot read the keys"),
                None => return Ok(()),
            },
            news = feed.next() => match news {
                News::Told(event) => scene
                    .take(&event)
                    .context("Plimsoll gave an answer of another version")?,
                News::Lost => scene.lose(now()),
            },
            _ = ages.tick() => {}
        }
    }
}

/// Does what a key asks for; says what came of it.
async fn order(client: &Client, step: &Step, scene: &Scene) -> String {
    match step {
        Step::Open(id) => {
            let wish = Show::Dashboard { session: Some(SessionId::new(id.as_str())) };
            shown(client.show(&wish).await, client, id)
        }
        Step::Snooze(id) => {
            let wish = serde_json::json!({"sessionId": id, "minutes": SNOOZE_MINUTES});
            let answer = client.change("/api/v1/quiet", wish.to_string(), PATIENCE).await;
            let name = scene.name(id);
            answer.map_or_else(
                |error| format!("{name} is not quiet: {error}"),
                |_| format!("{name} is quiet for {SNOOZE_MINUTES} minutes."),
            )
        }
        Step::Stay | Step::End => String::new(),
    }
}

fn shown(answer: Result<(), ClientError>, client: &Client, id: &str) -> String {
    match answer {
        Ok(()) => "The dashboard shows it.".to_owned(),
        Err(ClientError::Refused { status, .. }) if status.as_u16() == 409 => {
            let url = client.runtime().dashboard.as_deref().unwrap_or_default();
            format!("No window can be shown. Open {}/#/session/{id}", url.trim_end_matches('/'))
        }
        Err(error) => format!("The dashboard was not shown: {error}"),
    }
}
