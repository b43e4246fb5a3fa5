//! What people put into other places than the settings, to be printed.

use super::{connect::connect, error::SettingsError, plimsoll::Wish, shell, telemetry};

/// For where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Snippet {
    /// The profile of a POSIX shell.
    Posix,
    /// The profile of fish.
    Fish,
    /// The profile of PowerShell.
    PowerShell,
    /// `devcontainer.json`.
    DevContainer,
    /// A machine that is reached by SSH.
    Ssh,
    /// A Linux within Windows.
    Wsl,
    /// A workflow of GitHub.
    GitHubActions,
    /// `settings.json`, as it would be written.
    Settings,
}

/// What connects a client there. Elsewhere than in the settings that is telemetry alone.
///
/// # Errors
///
/// A program whose path cannot be written.
pub fn snippet(wish: &Wish, place: Snippet) -> Result<String, SettingsError> {
    let receiver = &wish.plimsoll.receiver;
    let port = port(&receiver.endpoint);
    let variables: Vec<(&str, String)> = telemetry::wanted(receiver)
        .into_iter()
        .filter_map(|(key, want)| Some((key, want.next(None)?)))
        .collect();
    let lines = |line: &dyn Fn(&str, &str) -> String| {
        variables.iter().map(|(key, value)| line(key, value) + "\n").collect::<String>()
    };
    let exports = || lines(&|key, value| format!("export {key}={}", shell::word(value)));
    Ok(match place {
        Snippet::Posix => exports(),
        Snippet::Fish => lines(&|key, value| format!("set -gx {key} {}", fish(value))),
        Snippet::PowerShell => {
            lines(&|key, value| format!("$env:{key} = '{}'", value.replace('\'', "''")))
        }
        Snippet::DevContainer => format!("{DEV_CONTAINER}{}", dev_container(&variables)),
        Snippet::Ssh => format!(
            "# From here; the port is forwarded as long as the connection is open:\n\
             ssh -R {port}:127.0.0.1:{port} host\n\n# There:\n{}",
            exports()
        ),
        Snippet::Wsl => format!("{WSL}{}", exports()),
        Snippet::GitHubActions => {
            let lines = lines(&|key, value| format!("  {key}: {}", json(value)));
            format!("{GITHUB}env:\n{lines}")
        }
        Snippet::Settings => connect("", wish, None)?.after,
    })
}

const DEV_CONTAINER: &str = "\
// Plimsoll listens on this machine's loopback only; `--network=host` shares it with the container (Linux).
";

const WSL: &str = "\
# Plimsoll and Claude Code both run within WSL.
";

const GITHUB: &str = "\
# For a runner on this machine: Plimsoll cannot be reached from GitHub's own.
";

fn dev_container(variables: &[(&str, String)]) -> String {
    let each = |(key, value): &(&str, String)| format!("    {}: {}", json(key), json(value));
    let variables = variables.iter().map(each).collect::<Vec<_>>().join(",\n");
    format!(
        "{{\n  \"runArgs\": [\"--network=host\"],\n  \"remoteEnv\": {{\n{variables}\n  }}\n}}\n"
    )
}

/// A string of JSON, and of YAML.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn fish(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

fn port(endpoint: &str) -> &str {
    let after = endpoint.rsplit_once(':').map_or("", |(_, after)| after);
    let digits = after.find(|character: char| !character.is_ascii_digit()).unwrap_or(after.len());
    if digits == 0 { "4318" } else { &after[..digits] }
}
