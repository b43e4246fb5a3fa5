//! `plimsoll wait`: until a session's context has come so far.

use std::{
    io::{self, Write},
    time::Duration,
};

use anyhow::Context as _;
use plimsoll_client::{Client, ClientError};
use plimsoll_domain::text::tokens;
use plimsoll_programs::{Exit, Surroundings};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::{
    board::Board,
    command_runtime,
    project::Project,
    session::{Choice, address, live, whole_id},
    snapshot::Context,
    span::{span_argument, span_in_words},
};

/// The longest that the engine waits for one answer, in seconds.
const AT_ONCE: u64 = 600;
/// How much longer an answer may take than it was told to wait.
const GRACE: Duration = Duration::from_secs(5);
/// How long an engine that ends while it is asked may take to be there again.
const RESTART: Duration = Duration::from_secs(10);
/// How often that is looked for.
const LOOK: Duration = Duration::from_millis(200);

pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  it has come so far
  3  the time is over
  4  the session has ended
  1  anything else, such as that Plimsoll is not running
  2  wrong arguments";

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    goal: Goal,
    /// Give up after so long; 0s only looks
    #[arg(long, value_name = "SPAN", default_value = "60s", value_parser = span_argument)]
    timeout: Duration,
    /// Print the context as JSON, as the API gives it
    #[arg(long)]
    json: bool,
}

// What is waited for: whichever comes first. Without any it is the level `checkpoint`. No doc comment: it would become
// the help of the command.
#[derive(Debug, Default, clap::Args)]
struct Goal {
    /// The level [default: checkpoint, where nothing else is named]
    #[arg(long, value_name = "LEVEL", value_parser = ["notice", "checkpoint", "urgent"])]
    level: Option<String>,
    /// So many percent of the way to the line, such as 80 or 92.5
    #[arg(long, value_name = "N", value_parser = percent)]
    used_pct: Option<String>,
    /// So many tokens left before the line
    #[arg(long, value_name = "N")]
    tokens_left: Option<u64>,
    /// So many turns left before the line
    #[arg(long, value_name = "N")]
    turns_left: Option<u32>,
}

impl Goal {
    /// What is named.
    fn named(&self) -> Self {
        let is_named = self.level.is_some()
            || self.used_pct.is_some()
            || self.tokens_left.is_some()
            || self.turns_left.is_some();
        let level = if is_named { self.level.clone() } else { Some("checkpoint".to_owned()) };
        Self { level, used_pct: self.used_pct.clone(), ..*self }
    }

    /// As the API reads it.
    fn query(&self) -> String {
        let number = |name: &str, number: Option<u64>| Some(format!("{name}={}&", number?));
        let text = |name: &str, text: &Option<String>| Some(format!("{name}={}&", text.as_ref()?));
        let parts = [
            text("level", &self.level),
            text("used_pct", &self.used_pct),
            number("tokens_left", self.tokens_left),
            number("turns_left", self.turns_left.map(u64::from)),
        ];
        parts.into_iter().flatten().collect()
    }

    /// `checkpoint or 3 turns left`
    fn in_words(&self) -> String {
        let parts = [
            self.level.clone(),
            self.used_pct.as_ref().map(|percent| format!("{percent} %")),
            self.tokens_left.map(|left| format!("{} left", tokens(left))),
            self.turns_left.map(|left| format!("{left} {} left", turns(left))),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" or ")
    }
}

/// What waiting came to.
#[derive(Debug, Deserialize)]
struct Waited {
    outcome: Outcome,
    context: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Reached,
    Timeout,
    Ended,
}

/// Ends with 0 where the goal is reached, 3 where the time is over, 4 where the session has ended, 1 for anything
/// else.
pub(crate) fn run(flags: &Flags, around: &Surroundings) -> anyhow::Result<()> {
    let goal = flags.goal.named();
    let waited = command_runtime()?.block_on(wait(flags, &goal, around))?;
    let mut out = io::stdout().lock();
    match &waited {
        Some(waited) if flags.json => writeln!(out, "{}", waited.context)?,
        None if flags.json => writeln!(out, "null")?,
        Some(waited) => writeln!(out, "{}", sentence(waited, &goal, flags.timeout)?)?,
        None => writeln!(out, "no session of this project is live")?,
    }
    out.flush()?;
    match waited.map_or(Outcome::Timeout, |waited| waited.outcome) {
        Outcome::Reached => Ok(()),
        Outcome::Timeout => Err(Exit::TimeOver.quietly()),
        Outcome::Ended => Err(Exit::SessionEnded.quietly()),
    }
}

/// What waiting came to; `None` where no session of the project came.
async fn wait(flags: &Flags, goal: &Goal, around: &Surroundings) -> anyhow::Result<Option<Waited>> {
    let end = Instant::now() + flags.timeout;
    let folders = &around.places.runtime;
    let project = flags.choice.project(around)?;
    let mut client = Client::find(folders)?;
    let mut id = None;
    loop {
        match attempt(&client, &mut id, (&flags.choice, &project, goal), end).await {
            Err(error) if is_passing(&error) && Instant::now() < end => {
                client = again(folders, end).await?;
            }
            waited => return waited,
        }
    }
}

/// Finds the session that is meant, waits for one of the project where there is none yet, and then for the goal.
async fn attempt(
    client: &Client,
    id: &mut Option<String>,
    (choice, project, goal): (&Choice, &Project, &Goal),
    end: Instant,
) -> anyhow::Result<Option<Waited>> {
    if id.is_none() {
        let sessions = live(client).await?;
        *id = match choice.named() {
            Some(named) => Some(whole_id(named, &sessions)),
            None => project.newest(&sessions).map(|session| session.session_id.clone()),
        };
    }
    if id.is_none() {
        *id = timeout_at(end, begun(client, project)).await.ok().transpose()?;
    }
    match id {
        Some(id) => ask(client, id, goal, end).await.map(Some),
        None => Ok(None),
    }
}

/// The first session of the project that begins.
async fn begun(client: &Client, project: &Project) -> anyhow::Result<String> {
    let mut events = client.follow("/api/v1/events").await?;
    let mut board = Board::default();
    while let Some(event) = events.next().await? {
        board.take(&event).context("Plimsoll gave an answer of another version")?;
        if let Some(session) = project.newest(board.sessions()) {
            return Ok(session.session_id.clone());
        }
    }
    Err(ClientError::NotRunning.into())
}

async fn ask(client: &Client, id: &str, goal: &Goal, end: Instant) -> anyhow::Result<Waited> {
    loop {
        let seconds = whole_seconds(end.saturating_duration_since(Instant::now())).min(AT_ONCE);
        let path = address(id, &format!("/wait?{}timeout={seconds}&expect=true", goal.query()));
        let answer = client.wait(&path, Duration::from_secs(seconds) + GRACE).await?;
        let waited: Waited = serde_json::from_slice(&answer)
            .context("Plimsoll gave an answer of another version")?;
        if waited.outcome != Outcome::Timeout || Instant::now() >= end {
            return Ok(waited);
        }
        // One that ends answers at once, and does not answer any more soon.
        sleep(LOOK.min(end.saturating_duration_since(Instant::now()))).await;
    }
}

/// Rounded up, so that no time is left when it is over.
fn whole_seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

/// Whether a restart explains it: the engine is gone, or there and its ledger not open yet.
fn is_passing(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(|error| match error {
        ClientError::NotRunning | ClientError::Broken(_) => true,
        error => is_opening(error),
    })
}

fn is_opening(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused { status, .. } if status.as_u16() == 503)
}

/// The engine, once it answers from its ledger before the `end`: that it opens may take longer than `RESTART`.
async fn again(folders: &[std::path::PathBuf], end: Instant) -> Result<Client, ClientError> {
    let mut patience = Instant::now() + RESTART;
    loop {
        let now = Instant::now();
        sleep_until(end.min(now + LOOK)).await;
        let error = match timeout_at(end, open(folders)).await {
            Ok(Ok(client)) => return Ok(client),
            Ok(Err(error)) => error,
            Err(_) => ClientError::Late,
        };
        if is_opening(&error) {
            patience = now + RESTART;
        }
        if Instant::now() >= end.min(patience) {
            return Err(error);
        }
    }
}

/// The engine with an open ledger: `health` is answered before that.
async fn open(folders: &[std::path::PathBuf]) -> Result<Client, ClientError> {
    let client = Client::find(folders)?;
    client.get("/api/v1/snapshot").await?;
    Ok(client)
}

fn sentence(waited: &Waited, goal: &Goal, timeout: Duration) -> anyhow::Result<String> {
    let goal = goal.in_words();
    let begin = match waited.outcome {
        Outcome::Reached => format!("{goal} reached"),
        Outcome::Timeout if timeout.is_zero() => format!("{goal} not reached"),
        Outcome::Timeout => format!("{goal} not reached in {}", span_in_words(timeout)),
        Outcome::Ended => format!("the session ended before {goal}"),
    };
    if waited.context.is_null() {
        return Ok(format!("{begin}: nothing tells of its context yet"));
    }
    let context = Context::deserialize(&waited.context)
        .context("Plimsoll gave an answer of another version")?;
    let turns = context.forecast.as_ref().map(|forecast| format!(", about {}", forecast.turns()));
    Ok(format!(
        "{begin}: {}, {} left{}",
        context.occupancy_of_line(),
        tokens(context.headroom_tokens),
        turns.unwrap_or_default()
    ))
}

fn turns(count: u32) -> &'static str {
    if count == 1 { "turn" } else { "turns" }
}

/// A percentage with at most one decimal.
fn percent(text: &str) -> Result<String, &'static str> {
    let (whole, tenth) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_percent = digits(whole, 4) && digits(tenth, 1);
    if is_percent { Ok(text.to_owned()) } else { Err("it must be a percentage such as 80 or 92.5") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::fixture, *};

    fn said(outcome: Outcome, context: Value, goal: &Goal) -> String {
        let waited = Waited { outcome, context };
        sentence(&waited, &goal.named(), Duration::from_secs(90)).unwrap()
    }

    /// Scenario: every outcome, with a context and with none, with and without a forecast.
    /// Guarantees: one line that says what was waited for, how far it has come and what is left; nothing that is not
    /// known.
    #[test]
    fn one_line_says_what_came_of_it() {
        let goal = Goal::default();
        let near = fixture::context(151_203, "checkpoint");
        assert_eq!(
            said(Outcome::Reached, near.clone(), &goal),
            "checkpoint reached: 151k of 167k, 16k left, about 4 turns"
        );
        let mut alone = near.clone();
        alone["forecast"] = json!({"turns": 1, "minutes": 0});
        assert!(said(Outcome::Reached, alone, &goal).ends_with("16k left, about 1 turn"));
        let mut early = fixture::context(20_000, "calm");
        early["forecast"] = Value::Null;
        let turns = Goal { turns_left: Some(3), tokens_left: Some(8_000), ..Goal::default() };
        assert_eq!(
            said(Outcome::Timeout, early, &turns),
            "8k left or 3 turns left not reached in 90 s: 20k of 167k, 147k left"
        );
        assert_eq!(
            said(Outcome::Ended, Value::Null, &goal),
            "the session ended before checkpoint: nothing tells of its context yet"
        );
    }

    /// Scenario: goals of every kind, and none.
    /// Guarantees: the API is asked for exactly these; without any for the checkpoint.
    #[test]
    fn goals_are_asked_for() {
        assert_eq!(Goal::default().named().query(), "level=checkpoint&");
        let all = Goal {
            level: Some("urgent".to_owned()),
            used_pct: Some("92.5".to_owned()),
            tokens_left: Some(8_000),
            turns_left: Some(3),
        };
        let query = "level=urgent&used_pct=92.5&tokens_left=8000&turns_left=3&";
        assert_eq!(all.named().query(), query);
        let one = Goal { turns_left: Some(3), ..Goal::default() };
        assert_eq!(one.named().query(), "turns_left=3&");
    }

    /// Scenario: percentages as the API takes them and as it does not.
    /// Guarantees: what it would refuse is refused before it is asked.
    #[test]
    fn percentages_have_one_decimal() {
        for right in ["0", "80", "92.5", "100"] {
            assert!(percent(right).is_ok(), "{right}");
        }
        for wrong in ["", "80%", "-1", "92.55", ".5", "5.", "1e3"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }

    /// Scenario: times around whole seconds.
    /// Guarantees: rounded up, so that the engine never answers too early.
    #[test]
    fn no_time_is_left_over() {
        assert_eq!(whole_seconds(Duration::ZERO), 0);
        assert_eq!(whole_seconds(Duration::from_millis(59_001)), 60);
        assert_eq!(whole_seconds(Duration::from_secs(60)), 60);
    }
}
