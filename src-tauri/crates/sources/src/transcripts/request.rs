//! What an answer's line tells of the request.

use plimsoll_domain::{ApiRequest, QuerySource, RequestId, Tokens};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{
    line::{Answer, Message, Usage},
    names::Names,
    value::Value,
};

/// The client's own side requests that keep a log, by the names that their logs' `agentId` carries after an `a`:
/// compactions, side questions, and what else runs beside the conversation.
const HELPERS: [&str; 6] = [
    "compact",
    "side_question",
    "prompt_suggestion",
    "away_summary",
    "extract_memories",
    "agent_summary",
];

/// What tells one request from another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids<'a> {
    request: Option<&'a str>,
    message: Option<i64>,
}

impl<'a> Ids<'a> {
    /// A request is known by the provider's ids of it and of its answer; where a line has neither, by the line's own.
    pub(super) fn of(line: &'a Answer<'_>, message: &'a Message<'_>) -> Option<Self> {
        let request = line.request_id.name();
        let message = message.id.name().or_else(|| match request {
            Some(_) => None,
            None => line.uuid.name(),
        });
        let message = message.map(|id| xxh3_64(id.as_bytes()).cast_signed());
        (request.is_some() || message.is_some()).then_some(Self { request, message })
    }

    /// A hash of the ids. Among the requests of a batch no two have the same by chance.
    pub(super) fn key(self) -> u64 {
        let seed = self.message.unwrap_or_default().cast_unsigned();
        xxh3_64_with_seed(self.request.unwrap_or_default().as_bytes(), seed)
    }
}

/// What may grow from line to line of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Amount {
    tokens: Tokens,
    cache_creation_1h: Option<u64>,
    fast: Option<bool>,
    us_only: Option<bool>,
    web_searches: Option<u64>,
    finished: bool,
}

impl Amount {
    /// The amount that a message tells; `None` where a count is none.
    pub(super) fn of(message: &Message<'_>) -> Option<Self> {
        let usage = message.usage.object()?;
        let hour = usage.cache_creation.object().map(|cache| &cache.ephemeral_1h_input_tokens);
        let searches = usage.server_tool_use.object().map(|tools| &tools.web_search_requests);
        Some(Self {
            tokens: usage.tokens()?,
            cache_creation_1h: hour.and_then(Value::count),
            fast: match usage.speed.text() {
                Some("fast") => Some(true),
                Some("standard") => Some(false),
                _ => None,
            },
            us_only: usage.inference_geo.text().map(|place| place == "us"),
            web_searches: searches.and_then(Value::count),
            finished: message.stop_reason.text().is_some(),
        })
    }

    /// Makes a request what two tellings of it say: the larger counts, and what either knows.
    pub(super) fn improve(self, request: &mut ApiRequest) {
        let size = |tokens: &Tokens| (tokens.total(), tokens.output);
        if size(&self.tokens) > size(&request.tokens) {
            request.tokens = self.tokens;
            request.cache_creation_1h = self.cache_creation_1h.or(request.cache_creation_1h);
            request.fast = self.fast.or(request.fast);
        } else {
            request.cache_creation_1h = request.cache_creation_1h.or(self.cache_creation_1h);
            request.fast = request.fast.or(self.fast);
        }
        request.us_only = request.us_only.or(self.us_only);
        request.web_searches = request.web_searches.max(self.web_searches);
        request.finished = request.finished.max(Some(self.finished));
    }
}

impl Usage<'_> {
    fn tokens(&self) -> Option<Tokens> {
        tokens(
            (&self.input_tokens, &self.output_tokens),
            (&self.cache_read_input_tokens, &self.cache_creation_input_tokens),
        )
    }
}

/// Counts of all types; `None` where one is none. Without a cache its counts may be missing.
pub(super) fn tokens(
    (input, output): (&Value<'_>, &Value<'_>),
    (cache_read, cache_creation): (&Value<'_>, &Value<'_>),
) -> Option<Tokens> {
    let or_none = |value: &Value<'_>| if value.is_missing() { Some(0) } else { value.count() };
    Some(Tokens {
        input: input.count()?,
        output: output.count()?,
        cache_read: or_none(cache_read)?,
        cache_creation: or_none(cache_creation)?,
    })
}

/// The request that a line tells of.
pub(super) fn request(
    line: &Answer<'_>,
    message: &Message<'_>,
    (ids, amount): (Ids<'_>, Amount),
    names: &mut Names,
) -> Option<ApiRequest> {
    let side_log = line.is_sidechain.is_true();
    let source = source(side_log, line.agent_id.text());
    let agent = line.agent_id.text().filter(|_| source == QuerySource::Subagent);
    let model = names.model(message.model.text())?;
    Some(ApiRequest {
        cache_creation_1h: amount.cache_creation_1h,
        agent: names.agent(agent),
        agent_name: names.agent_name(line.attribution_agent.text()),
        effort: names.effort(line.effort.text()),
        message: ids.message,
        side_log,
        finished: Some(amount.finished),
        fast: amount.fast,
        us_only: amount.us_only,
        web_searches: amount.web_searches,
        ..ApiRequest::new(ids.request.map(RequestId::new), model, source, amount.tokens)
    })
}

fn source(side_log: bool, agent: Option<&str>) -> QuerySource {
    let label = agent.and_then(|agent| agent.strip_prefix('a')).unwrap_or_default();
    match side_log {
        false => QuerySource::Main,
        true if HELPERS.iter().any(|helper| label.starts_with(helper)) => QuerySource::Auxiliary,
        true => QuerySource::Subagent,
    }
}
