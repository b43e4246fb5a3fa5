use std::sync::Arc;

use plimsoll_domain::{Action, Actions, CommandLine, Webhook};

use super::*;

/// A command with this limit in seconds.
pub(super) fn line(words: &[&str], seconds: u64) -> Arc<CommandLine> {
    Arc::new(CommandLine {
        program: words[0].to_owned(),
        arguments: words[1..].iter().map(|word| (*word).to_owned()).collect(),
        limit: Duration::from_secs(seconds),
    })
}

/// A webhook that signs.
pub(super) fn hook(url: &str, secret: &str) -> Arc<Webhook> {
    Arc::new(Webhook { url: url.to_owned(), secret: Some(plimsoll_domain::Key::new(secret)) })
}

fn actions(file: &str, variables: &[(&str, &str)]) -> Result<Actions, String> {
    load(file, variables).map(|config| config.policy.actions)
}

const FILE: &str = r#"
[actions]
command = ["save", "--now"]
command_timeout = "5m"
webhook = { url = "https://example.org/x?y=1", secret = "MARKER" }
instruction = "Save your work."
[actions.notice]
notify = false
command = []
webhook = false
instruction = ""
[actions.checkpoint]
in_session = true
command_timeout = "10s"
[actions.urgent]
command = ["/bin/urgent", "a b"]
[actions.urgent.webhook]
url = "http://localhost:9"
"#;

/// Scenario: actions of all levels, of which each level changes some and switches some off.
/// Guarantees: what a level sets holds for it, the rest is as for all; nothing secret is shown.
#[test]
fn levels_differ_from_what_all_do() {
    let read = actions(FILE, &[]).unwrap();
    let instruction: Option<Arc<str>> = Some("Save your work.".into());
    let webhook = Some(hook("https://example.org/x?y=1", "MARKER"));
    let notice = Action { notify: false, ..Action::default() };
    let checkpoint = Action {
        command: Some(line(&["save", "--now"], 10)),
        webhook,
        in_session: true,
        instruction: instruction.clone(),
        ..Action::default()
    };
    let unsigned = Webhook { url: "http://localhost:9".to_owned(), secret: None };
    let urgent = Action {
        command: Some(line(&["/bin/urgent", "a b"], 300)),
        webhook: Some(Arc::new(unsigned)),
        instruction,
        ..Action::default()
    };
    assert_eq!(read, Actions { notice, checkpoint, urgent });
    let shown = format!("{read:?}");
    assert!(!shown.contains("MARKER") && !shown.contains("y=1"), "{shown}");
}

/// Scenario: variables of all levels and of one, over a file that sets the same.
/// Guarantees: words are split at spaces or read as JSON; a level's own go before those of all; parts of a webhook are
/// set one by one; what is false or an empty list switches off.
#[test]
fn variables_change_actions() {
    let read = actions(
        FILE,
        &[
            ("PLIMSOLL_ACTIONS_COMMAND", " save  --later "),
            ("PLIMSOLL_ACTIONS_URGENT_COMMAND", "[\"a\", \"b c\"]"),
            ("PLIMSOLL_ACTIONS_WEBHOOK_SECRET", "other"),
            ("PLIMSOLL_ACTIONS_URGENT_WEBHOOK", "false"),
            ("PLIMSOLL_ACTIONS_CHECKPOINT_NOTIFY", "false"),
            ("PLIMSOLL_ACTIONS_CHECKPOINT_IN_SESSION", "false"),
            ("PLIMSOLL_ACTIONS_NOTICE_INSTRUCTION", "Mind it."),
        ],
    )
    .unwrap();
    assert_eq!(read.checkpoint.command, Some(line(&["save", "--later"], 10)));
    assert_eq!(read.urgent.command, Some(line(&["a", "b c"], 300)));
    assert_eq!(read.checkpoint.webhook, Some(hook("https://example.org/x?y=1", "other")));
    assert_eq!(read.urgent.webhook, None);
    assert!(!read.checkpoint.notify && !read.checkpoint.in_session && read.urgent.notify);
    assert_eq!(read.notice.instruction.as_deref(), Some("Mind it."));
    let off = actions(FILE, &[("PLIMSOLL_ACTIONS_URGENT_COMMAND", "[]")]).unwrap();
    assert_eq!((off.notice.command, off.urgent.command), (None, None));
}

/// Scenario: programs in the home folder, on the path, absolute, relative; JSON that is no list of texts.
/// Guarantees: home is understood in all words; what would depend on a folder is refused, and not shown.
#[test]
fn commands_name_their_program() {
    let (root, places) = home("[actions]\ncommand = [\"~/bin/save\", \"~/notes\", \"a~/b\"]\n");
    let config = Config::load(&places, &Environment::default(), &[]).unwrap();
    let at = |name: &str| root.path().join(name).to_str().unwrap().to_owned();
    let (program, notes) = (at("bin/save"), at("notes"));
    let expected = line(&[program.as_str(), notes.as_str(), "a~/b"], 60);
    assert_eq!(config.policy.actions.notice.command, Some(expected));
    let command = |text| actions("", &[("PLIMSOLL_ACTIONS_COMMAND", text)]);
    assert!(command("save").is_ok());
    for (wrong, reason) in [
        ("bin/MARKER", "neither absolute nor a name"),
        ("./MARKER", "neither absolute nor a name"),
        ("[\"\", \"MARKER\"]", "neither absolute nor a name"),
        ("[\"save\", \"MARKER\\u0000\"]", "zero byte"),
        ("[1, \"MARKER\"]", "no list of texts"),
        ("[MARKER", "no list of texts"),
    ] {
        let error = command(wrong).unwrap_err();
        assert!(error.contains(reason) && !error.contains("MARKER"), "{wrong}: {error}");
    }
}

/// Scenario: addresses that cannot be posted to, a secret without one, a broken line with a secret; times and texts
/// that are none.
/// Guarantees: each is refused with a reason, and what may be secret is not shown.
#[test]
fn what_cannot_be_done_is_refused() {
    for url in [
        "ftp://MARKER/",
        "MARKER",
        "/MARKER",
        "http://",
        "https://:80/MARKER",
        "http://a b/MARKER",
        "http:MARKER",
        "https://me:MARKER@host/",
        "true",
    ] {
        let error =
            load(&format!("[actions]\nwebhook = {{ url = \"{url}\" }}\n"), &[]).unwrap_err();
        assert!(error.starts_with("config.toml, line 2: `actions.webhook.url` cannot"), "{error}");
        assert!(!error.contains("MARKER"), "{url}: {error}");
    }
    for (file, reason) in [
        (
            "webhook = { secret = \"MARKER\" }",
            "`actions.webhook.secret` cannot be used: it needs `url`",
        ),
        ("webhook = { secret = \"MARKER }", "line 2: this is not valid TOML"),
        ("webhook = true", "a table with `url` is needed, or false"),
        ("webhook = \"MARKER\"", "a table with `url` is needed, or false"),
        ("webhook = [\"MARKER\"]", "a table, or false is needed, not an array"),
        ("command_timeout = \"2h\"", "is no time from \"1s\" to \"1h\""),
        ("command_timeout = 60", "is no time from \"1s\" to \"1h\""),
        ("notify = \"often\"", "is neither true nor false"),
        ("checkpoint = 3", "there is no key `actions.checkpoint`"),
    ] {
        let error = load(&format!("[actions]\n{file}\n"), &[]).unwrap_err();
        assert!(error.contains(reason) && !error.contains("MARKER"), "{file}: {error}");
    }
    let long = "a".repeat(5_000);
    let error = load(&format!("[actions]\ninstruction = \"{long}\"\n"), &[]).unwrap_err();
    assert!(error.contains("longer than 4096 bytes"), "{error}");
}

/// Scenario: every key that holds a secret, as a variable. An address is one: many are.
/// Guarantees: no command finds it in its environment.
#[test]
fn commands_are_not_given_secrets() {
    let is_secret = |key: &Key| {
        let kinds = [ActionKey::WebhookUrl, ActionKey::WebhookSecret];
        match key {
            Key::Action(_, kind) => kinds.contains(kind),
            _ => *key == Key::ReceiverToken,
        }
    };
    let secrets = Key::every().filter(is_secret).map(Key::variable);
    let given = secrets.filter(|name| !plimsoll_actions::NOT_HANDED_ON.contains(&name.as_str()));
    assert_eq!(given.collect::<Vec<_>>(), [""; 0]);
}
