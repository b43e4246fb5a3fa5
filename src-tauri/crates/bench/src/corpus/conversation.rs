//! One file: a conversation, or the part of it that a subagent has.

use std::time::Duration;

use plimsoll_domain::{Timestamp, Tokens};

use super::Plan;
use super::line::{Head, Part, Step, Tape};
use super::text::Pool;
use super::truth::{MODELS, Truth};
use crate::random::Random;

/// The projects that conversations belong to; the first ones have most of them.
const PROJECTS: u64 = 48;
/// When the first conversation began: 2025-11-24, 06:00 UTC.
const BEGIN: i64 = 1_763_964_000_000;
/// The days over which they are spread.
const DAYS: u64 = 150;
/// The context that a model has room for, in tokens.
const WINDOW: u64 = 185_000;

/// What a text may say that is no use.
const QUOTED: &str =
    r#"\"type\":\"assistant\",\"usage\":{\"input_tokens\":999999,\"output_tokens\":999999}"#;

/// What a file is of.
#[derive(Debug)]
pub(super) struct Conversation {
    plan: Plan,
    session: String,
    project: u64,
    agent: Option<String>,
    version: String,
    /// The model that most of its answers are from.
    model: &'static str,
    begin: Timestamp,
    /// How large it becomes, in bytes.
    size: u64,
    /// The file whose start it repeats, and how many lines of it.
    copies: Option<(u64, u64)>,
    random: Random,
}

impl Conversation {
    /// The one with this number.
    pub(super) fn of(plan: Plan, number: u64) -> Self {
        let mut random = Random::of(plan.seed, number);
        let typical = plan.mib * 1024 * 1024 / plan.files.max(1);
        let agent = random.chance(220).then(|| format!("a{}", random.hexadecimal(16)));
        let weights = if agent.is_some() { [10, 50, 40] } else { [45, 40, 15] };
        let copies = (agent.is_none() && number > 0 && random.chance(40))
            .then(|| (random.below(number), random.between(5, 400)));
        Self {
            plan,
            session: random.uuid(),
            project: random.below(PROJECTS).min(random.below(PROJECTS)),
            agent,
            version: format!("2.1.{}", random.between(20, 330)),
            model: MODELS[random.weighted(&weights)],
            begin: Timestamp::from_millis(BEGIN).after(millis(random.below(DAYS * 86_400_000))),
            size: random.around(typical * 58 / 100, 5).max(6_000),
            copies,
            random,
        }
    }

    /// Where the file is, below `projects`.
    pub(super) fn path(&self) -> String {
        let Self { session, project, .. } = self;
        let folder = format!("-home-dev-work-project-{project:02}");
        match &self.agent {
            None => format!("{folder}/{session}.jsonl"),
            Some(agent) => format!("{folder}/{session}/subagents/agent-{agent}.jsonl"),
        }
    }

    /// Writes all of it.
    pub(super) fn write(mut self, pool: &Pool, tape: &mut Tape) {
        let session = self.session.clone();
        self.write_copy(pool, tape);
        self.write_own(&session, pool, tape);
        if self.random.chance(10) {
            let model = self.model;
            tape.cut_off(format_args!(
                r#"{{"parentUuid":null,"isSidechain":false,"type":"assistant","message":{{"model":"{model}","id":"msg_01cut","usage":{{"input_tok"#
            ));
        }
    }

    /// Repeats the start of another conversation, whose answers are counted where they were made.
    fn write_copy(&self, pool: &Pool, tape: &mut Tape) {
        let Some((number, lines)) = self.copies else { return };
        let mut origin = Self::of(self.plan, number);
        if origin.agent.is_some() || origin.copies.is_some() {
            return;
        }
        let models = std::mem::take(&mut tape.truth.models);
        tape.take_at_most(Some(lines));
        origin.write_own(&self.session, pool, tape);
        tape.take_at_most(None);
        tape.truth = Truth { models, ..std::mem::take(&mut tape.truth) };
    }

    /// Writes its own part, as one of the session `session`.
    fn write_own(&mut self, session: &str, pool: &Pool, tape: &mut Tape) {
        let cwd = format!("/home/dev/work/project-{:02}", self.project);
        let (version, agent) = (self.version.clone(), self.agent.clone());
        let head = Head { session, cwd: &cwd, version: &version, agent: agent.as_deref() };
        let begin = tape.bytes().len() as u64;
        self.opening(pool, tape);
        let mut step = Step::first(&mut self.random, self.begin);
        let mut context = self.random.between(9_000, 24_000);
        while tape.bytes().len() as u64 - begin < self.size && !tape.is_full() {
            self.question(&head, &mut step, pool, tape);
            self.asides(&head, &mut step, tape);
            context = self.answer((&head, context), &mut step, pool, tape);
        }
    }

    fn opening(&mut self, pool: &Pool, tape: &mut Tape) {
        let random = &mut self.random;
        if tape.bytes().is_empty() && random.chance(500) {
            let (leaf, summary) = (random.uuid(), pool.piece(random, 60));
            tape.line(format_args!(
                r#"{{"type":"summary","summary":"{summary}","leafUuid":"{leaf}"}}"#
            ));
        }
    }

    /// A prompt, or what a tool gave back.
    fn question(&mut self, head: &Head<'_>, step: &mut Step, pool: &Pool, tape: &mut Tape) {
        let random = &mut self.random;
        if step.parent == "null" || random.chance(120) {
            let length = random.between(40, 900);
            let text = pool.piece(random, length);
            match random.chance(10) {
                true => tape.prompt(head, step, &format!("{text}{QUOTED}")),
                false => tape.prompt(head, step, text),
            }
        } else {
            let length = random.around(2_000, 5).min(60_000);
            let tool = random.id("toolu_01", 22);
            let (text, output) = (pool.piece(random, length), pool.piece(random, length / 2));
            tape.result(head, step, (&tool, text, output));
        }
        let pause = millis(random.between(500, 40_000));
        step.follow(random, pause);
    }

    /// Lines that have nothing to do with use.
    fn asides(&mut self, head: &Head<'_>, step: &mut Step, tape: &mut Tape) {
        let random = &mut self.random;
        if random.chance(40) {
            let message = random.uuid();
            tape.line(format_args!(
                r#"{{"type":"file-history-snapshot","messageId":"{message}","snapshot":{{"messageId":"{message}","trackedFileBackups":{{}}}},"isSnapshotUpdate":false}}"#
            ));
        }
        if random.chance(50) {
            tape.system(head, step, random.between(500, 90_000));
            step.follow(random, Duration::ZERO);
        }
        if random.chance(4) {
            tape.error(head, step, &random.uuid());
            step.follow(random, millis(1_000));
        }
    }

    /// An answer of one to four lines; only the last one says how much was written. Returns the context after it.
    fn answer(
        &mut self,
        (head, context): (&Head<'_>, u64),
        step: &mut Step,
        pool: &Pool,
        tape: &mut Tape,
    ) -> u64 {
        let random = &mut self.random;
        let model = if random.chance(930) { self.model } else { MODELS[2] };
        let (message, request) = (random.id("msg_01", 22), random.id("req_011C", 20));
        let (tokens, hour) = used(random, context);
        let parts = 1 + random.weighted(&[45, 33, 16, 6]);
        for number in 1..=parts {
            let last = number == parts;
            let content = content(random, pool, (number == 1 && !last, last));
            let output = if last { tokens.output } else { random.between(1, 12) };
            let tokens = Tokens { output, ..tokens };
            let (message, request, content) = (&*message, &*request, &*content);
            tape.part(head, step, &Part { model, message, request, content, last, tokens, hour });
            let pause = millis(random.between(5, if last { 25_000 } else { 900 }));
            step.follow(random, pause);
        }
        tape.truth.count(model, tokens, hour);
        match context + tokens.cache_creation {
            full if full >= WINDOW => random.between(12_000, 30_000),
            context => context,
        }
    }
}

/// What an answer uses that is given in this context, and how much of it is written to the cache for an hour.
fn used(random: &mut Random, context: u64) -> (Tokens, u64) {
    let cache_creation = random.around(900, 5);
    let tokens = Tokens {
        input: if random.chance(900) { random.between(2, 13) } else { random.between(100, 6_000) },
        output: (random.around(270, 6) + 15).min(16_000),
        cache_read: context,
        cache_creation,
    };
    let hour = match random.weighted(&[70, 20, 10]) {
        0 => 0,
        1 => cache_creation,
        _ => random.below(cache_creation + 1),
    };
    (tokens, hour)
}

/// One block of an answer.
fn content(random: &mut Random, pool: &Pool, (first, last): (bool, bool)) -> String {
    if first && random.chance(500) {
        let (length, signature) = (random.between(100, 1_500), random.between(200, 700));
        let text = pool.piece(random, length);
        let signature = random.id("E", usize::try_from(signature).unwrap_or(200));
        return format!(r#"{{"type":"thinking","thinking":"{text}","signature":"{signature}"}}"#);
    }
    if last && random.chance(750) {
        let (tool, length) = (random.id("toolu_01", 22), random.between(30, 1_200));
        let name = random.pick(&["Bash", "Edit", "Read", "Grep", "Write"]);
        let text = pool.piece(random, length);
        return format!(
            r#"{{"type":"tool_use","id":"{tool}","name":"{name}","input":{{"command":"{text}"}}}}"#
        );
    }
    let length = random.between(60, 1_800);
    format!(r#"{{"type":"text","text":"{}"}}"#, pool.piece(random, length))
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}
