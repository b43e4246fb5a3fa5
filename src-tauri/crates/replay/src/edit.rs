//! The places of a body that can be changed without changing what it counts.

/// The attribute that names the session.
pub(crate) const SESSION: &str = "session.id";

/// The attribute that repeats a record's time as text.
pub(crate) const WRITTEN_TIME: &str = "event.timestamp";

/// The attributes that identify something: a session, a prompt, a request, an agent, a tool call.
/// What names the installation or the user stays, so that shifted traffic is the same user's.
const IDENTITIES: [&str; 12] = [
    SESSION,
    "gen_ai.conversation.id",
    "prompt.id",
    "message.uuid",
    "request_id",
    "client_request_id",
    "gen_ai.response.id",
    "agent_id",
    "parent_agent_id",
    "tool_use_id",
    "gen_ai.tool.call.id",
    "gen_ai.agent.id",
];

/// Whether the attribute identifies something that a copy of the traffic must not share.
pub(crate) fn is_identity(key: &str) -> bool {
    IDENTITIES.contains(&key)
}

/// What is done at each place. The default is nothing.
pub(crate) trait Edit {
    /// A time in nanoseconds since 1970; zero for unknown.
    fn time(&mut self, _nanos: &mut u64) {}
    /// A text attribute.
    fn text(&mut self, _key: &str, _value: &mut String) {}
    /// A trace or span id; empty where there is none.
    fn trace(&mut self, _id: &mut Vec<u8>) {}
}
