//! What settings say now.

use serde_json::Value;

use super::{
    document::Document,
    error::SettingsError,
    hooks::{self, Hooks},
    plimsoll::Plimsoll,
    shell,
    telemetry::{self, Telemetry},
};

/// What settings say now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    /// Where telemetry goes.
    pub telemetry: Telemetry,
    /// Exporters beside `otlp`, as `console` and `prometheus`. They stay.
    pub other_exporters: Vec<String>,
    /// Whether `otelHeadersHelper` is there: what it prints is sent along wherever telemetry goes.
    pub headers_helper: bool,
    /// How many of our hooks there are.
    pub hooks: Hooks,
    /// Whether `disableAllHooks` is there: no hook is run, and no status line.
    pub hooks_disabled: bool,
    /// Whether `allowedHttpHookUrls` leaves our address out.
    pub hook_address_refused: bool,
    /// Whose status line it is.
    pub status_line: StatusLine,
}

/// Whose status line it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusLine {
    /// There is none.
    Absent,
    /// It runs Plimsoll.
    Ours {
        /// The user's own command in it.
        own: Option<String>,
        /// Whether there is nothing to change: it runs this program.
        complete: bool,
    },
    /// The user's own command.
    Own(String),
}

/// Reads settings. `plimsoll` says what counts as ours.
///
/// # Errors
///
/// Text that is no settings, or too long.
pub fn read(text: &str, plimsoll: &Plimsoll) -> Result<Current, SettingsError> {
    let document = Document::parse(text)?;
    let allowed = document.value(&["allowedHttpHookUrls"]);
    Ok(Current {
        telemetry: telemetry::read(&document, &plimsoll.receiver),
        other_exporters: telemetry::other_exporters(&document),
        headers_helper: document.scalar(&["otelHeadersHelper"]).is_some(),
        hooks: hooks::read(&document, plimsoll),
        hooks_disabled: document.value(&["disableAllHooks"]) == Some(Value::Bool(true)),
        hook_address_refused: allowed.is_some_and(|allowed| hooks::refuses(&allowed, plimsoll)),
        status_line: status_line(&document, plimsoll),
    })
}

/// Whose status line it is.
pub(super) fn status_line(document: &Document, plimsoll: &Plimsoll) -> StatusLine {
    let Some(command) = document.scalar(&["statusLine", "command"]) else {
        return StatusLine::Absent;
    };
    let program = plimsoll.program.to_string_lossy();
    if !shell::runs(&command, &program, "statusline") {
        return StatusLine::Own(command);
    }
    let own = shell::own(&command);
    // As the README shows it, for a program on the client's path.
    let by_hand = command.trim_start().starts_with("plimsoll statusline");
    let complete = by_hand || command == shell::status_line(&program, own.as_deref());
    StatusLine::Ours { own, complete }
}
