use plimsoll_domain::{Action, Model};

use super::{
    actions::{hook, line},
    *,
};

/// Scenario: two overrides in the two forms of TOML, one by project and one by model, with levels, a line and actions.
/// Guarantees: they hold where they match, in their order; what they leave stays; commands take over the limit that is
/// set for all.
#[test]
fn overrides_are_read() {
    let (root, places) = home(
        r#"
[actions]
command_timeout = "5m"
webhook = { url = "https://example.org/", secret = "s" }
[[override]]
project = "~/work/big"
model = "claude-opus-*"
line = 150000
levels = { checkpoint = ["70%"] }
actions = { notify = false, webhook = "", checkpoint = { in_session = true, notify = true, command = ["save"] } }
[[override]]
model = "*haiku*"
line = "80k"
[override.levels]
notice = "10 turns left"
[override.actions.urgent]
instruction = "Stop."
"#,
    );
    let policy = Config::load(&places, &Environment::default(), &[]).unwrap().policy;
    let project = root.path().join("work/big/part");
    let terms = |model| policy.terms(project.to_str(), Some(&Model::parse(model).0));
    let opus = terms("claude-opus-4-6");
    assert_eq!(opus.line, Some(150_000));
    assert_eq!(*opus.levels.checkpoint, [Threshold::Way(700)]);
    assert_eq!(opus.levels.urgent, Levels::default().urgent);
    let checkpoint =
        Action { in_session: true, command: Some(line(&["save"], 300)), ..Action::default() };
    assert_eq!(opus.actions.checkpoint, checkpoint);
    assert_eq!(opus.actions.notice, Action { notify: false, ..Action::default() });
    let haiku = terms("claude-haiku-4-5");
    assert_eq!(haiku.line, Some(80_000));
    assert_eq!(*haiku.levels.notice, [Threshold::TurnsLeft(10)]);
    assert_eq!(haiku.actions.urgent.instruction.as_deref(), Some("Stop."));
    assert_eq!(haiku.actions.urgent.webhook, Some(hook("https://example.org/", "s")));
    assert_eq!(haiku.actions.notice.instruction, None);
    let elsewhere = policy.terms(root.path().join("work").to_str(), None);
    assert_eq!(elsewhere.line, None);
}

/// Scenario: an override that sets a limit alone, over a command and over none.
/// Guarantees: the command that there is gets the limit; none comes to be.
#[test]
fn a_limit_alone_changes_the_command_that_there_is() {
    let file = "[actions.urgent]\ncommand = [\"save\"]\n[[override]]\nproject = \"/\"\n\
                actions = { command_timeout = \"5s\" }\n";
    let policy = load(file, &[]).unwrap().policy;
    let terms = policy.terms(Some("/home"), None);
    assert_eq!(terms.actions.urgent.command, Some(line(&["save"], 5)));
    assert_eq!(terms.actions.notice.command, None);
    assert_eq!(policy.actions.at(Level::Urgent).command, Some(line(&["save"], 60)));
}

/// Scenario: overrides with mistakes.
/// Guarantees: each is refused with the line of the key, or else of the override; a mistyped key with the one meant.
#[test]
fn mistakes_in_overrides_are_named() {
    let error =
        |text: &str| load(&format!("[[override]]\nmodel = \"a\"\n{text}\n"), &[]).unwrap_err();
    for (text, reason) in [
        (
            "projet = \"/\"",
            "line 3: there is no key `override.projet`; the nearest is `override.project`",
        ),
        (
            "levels = { urgnt = \"9%\" }",
            "`override.levels.urgnt`; the nearest is `override.levels.urgent`",
        ),
        (
            "[override.actions.urgent]\nnotfy = true",
            "line 4: there is no key `override.actions.urgent.notfy`",
        ),
        ("project = \"work\"", "line 3: `override.project` cannot be used: \"work\" is no folder"),
        ("project = \"~you/work\"", "\"~you/work\" is no folder"),
        ("model = \"\"", "not valid TOML"),
        ("line = 0", "line 3: `override.line` cannot be used: \"0\" is no number of tokens"),
        ("line = \"much\"", "\"much\" is no number of tokens such as 150000 or \"150k\""),
        (
            "levels = { checkpoint = \"50%\" }",
            "line 1: `override` cannot be used: the levels must rise",
        ),
        ("actions = { webhook = { secret = \"MARKER\" } }", "`override.actions.webhook.secret`"),
    ] {
        let error = error(text);
        assert!(error.contains(reason) && !error.contains("MARKER"), "{text}: {error}");
    }
    let alone = |text: &str| load(text, &[]).unwrap_err();
    assert_eq!(
        alone("\n[[override]]\nline = 1\n"),
        "config.toml, line 2: `override` cannot be used: it needs `project` or `model`, or both"
    );
    assert_eq!(
        alone("[override]\nline = 1\n"),
        "config.toml, line 1: `override` cannot be used: a list of tables is needed, [[override]], not a table"
    );
    assert!(alone("[[override]]\nmodel = \" \"\n").contains("\"\" is no name of a model such as"));
    assert!(alone("[[overide]]\nline = 1\n").contains("the nearest is `override.project`"));
    assert!(load("override = [{ project = \"~\", line = 1 }]\n", &[]).is_ok());
}
