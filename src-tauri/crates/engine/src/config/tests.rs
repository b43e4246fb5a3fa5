use std::path::Path;

use plimsoll_domain::{Level, NanoUsd, Threshold};

use super::*;

mod actions;
mod levels;
mod overrides;

/// A home with this configuration file.
fn home(file: &str) -> (tempfile::TempDir, Places) {
    let root = tempfile::tempdir().unwrap();
    let places = Places::under(root.path());
    std::fs::write(&places.config.path, file).unwrap();
    (root, places)
}

fn load(file: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let (_root, places) = home(file);
    let environment = variables.iter().copied().collect();
    Config::load(&places, &environment, &[]).map_err(|error| {
        error.to_string().replace(&places.config.path.display().to_string(), "config.toml")
    })
}

/// Scenario: no file, no variables, no flags.
/// Guarantees: the documented ports, levels, actions and warnings, and place of the ledger.
#[test]
fn nothing_set_gives_the_defaults() {
    let root = tempfile::tempdir().unwrap();
    let places = Places::under(root.path());
    let config = Config::load(&places, &Environment::default(), &[]).unwrap();
    assert_eq!(config.receiver.http.to_string(), "127.0.0.1:4318");
    assert_eq!(config.receiver.grpc.to_string(), "127.0.0.1:4317");
    assert_eq!(config.dashboard.listen.to_string(), "127.0.0.1:3030");
    assert_eq!(config.ledger.path, root.path().join("data/ledger.db"));
    assert_eq!(config.ledger.keep_requests(), None);
    assert_eq!(config.policy, Policy::default());
    assert_eq!(config.quiet_hours, None);
    assert_eq!(config.warnings, Warnings::default());
}

/// Scenario: how long requests are kept, as a number, as nothing, and as what is no number of days.
/// Guarantees: days; zero is for ever; the rest is refused with the range.
#[test]
fn requests_are_kept_for_days() {
    let kept = |days| {
        let file = format!("[ledger]\nkeep_requests_days = {days}\n");
        load(&file, &[]).map(|config| config.ledger.keep_requests())
    };
    assert_eq!(kept("90"), Ok(Some(Duration::from_secs(90 * 86_400))));
    assert_eq!(kept("0"), Ok(None));
    for wrong in ["-1", "36501", "\"a month\""] {
        assert!(kept(wrong).unwrap_err().contains("from 0 to 36500"), "{wrong}");
    }
}

/// What `text` gives a layer.
const BACKENDS: [(&str, Backend); 4] = [
    ("auto", Backend::Auto),
    ("auto", Backend::Auto),
    ("in-process", Backend::InProcess),
    ("separate", Backend::Separate),
];

/// A file that sets every key.
const FIRST_LAYER: &str = r#"
[receiver]
http = "127.0.0.1:1"
grpc = 1
token = "a-token-of-layer-1"
[dashboard]
listen = "[::1]:1"
[desktop]
backend = "auto"
[ledger]
path = "/file.db"
keep_requests_days = 1
[transcripts]
enabled = false
[levels]
notice = ["10%"]
checkpoint = ["10%"]
urgent = "10%"
[actions]
notify = false
command = ["layer-1"]
command_timeout = "1s"
webhook = { url = "http://layer-1/", secret = "layer-1" }
in_session = false
instruction = "layer-1"
[notifications]
quiet_hours = "01:00-01:01"
[warnings]
limits = false
daily_cost = 1
silent = false
errors = false
cache = false
"#;

/// What a key is in a layer.
fn text(key: Key, layer: u16) -> String {
    match key {
        Key::ReceiverHttp | Key::ReceiverGrpc | Key::DashboardListen => {
            format!("127.0.0.1:{layer}")
        }
        Key::ReceiverToken => format!("a-token-of-layer-{layer}"),
        Key::DesktopBackend => BACKENDS[usize::from(layer)].0.to_owned(),
        Key::LedgerPath => format!("/{layer}.db"),
        Key::LedgerKeepRequestsDays | Key::Warning(WarningKey::DailyCost) => layer.to_string(),
        Key::Level(_) => format!("{layer}0%"),
        Key::QuietHours => format!("01:00-01:0{layer}"),
        // What only switches off is set before what switches on.
        Key::Action(_, ActionKey::Webhook) => "false".to_owned(),
        Key::Action(_, ActionKey::WebhookUrl) => format!("http://layer-{layer}/"),
        Key::Action(_, ActionKey::CommandTimeout) => format!("{layer}s"),
        Key::TranscriptsEnabled
        | Key::Warning(_)
        | Key::Action(_, ActionKey::Notify | ActionKey::InSession) => (layer == 3).to_string(),
        Key::Action(..) => format!("layer-{layer}"),
    }
}

/// What all these come to.
fn of_layer(layer: u16) -> Config {
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let is_last = layer == 3;
    let token = plimsoll_domain::Key::new(text(Key::ReceiverToken, layer));
    let at: std::sync::Arc<[Threshold]> = [Threshold::Way(layer * 100)].into();
    let levels = Levels { notice: at.clone(), checkpoint: at.clone(), urgent: at };
    let line = actions::line(&[&format!("layer-{layer}")], u64::from(layer));
    let hook = actions::hook(&format!("http://layer-{layer}/"), &format!("layer-{layer}"));
    let action = plimsoll_domain::Action {
        notify: is_last,
        command: Some(line),
        webhook: Some(hook),
        in_session: is_last,
        instruction: Some(format!("layer-{layer}").into()),
    };
    let [notice, checkpoint, urgent] = [(); 3].map(|()| action.clone());
    let actions = plimsoll_domain::Actions { notice, checkpoint, urgent };
    Config {
        receiver: ReceiverConfig { http: local(layer), grpc: local(layer), token: Some(token) },
        dashboard: DashboardConfig { listen: local(layer) },
        desktop: DesktopConfig { backend: BACKENDS[usize::from(layer)].1 },
        ledger: LedgerConfig {
            path: format!("/{layer}.db").into(),
            keep_requests_days: u32::from(layer),
        },
        transcripts: TranscriptsConfig { enabled: is_last },
        policy: Policy { levels, actions, overrides: Vec::new() },
        quiet_hours: Some(QuietHours { from_minute: 60, to_minute: 60 + layer }),
        warnings: Warnings {
            limits: is_last,
            daily_cost: Some(NanoUsd(i64::from(layer) * 1_000_000_000)),
            silent: is_last,
            errors: is_last,
            cache: is_last,
        },
    }
}

/// Scenario: every key stands in the file, then in its variable, then in its flag.
/// Guarantees: every key can be set in each of the three, and the later wins.
#[test]
fn flags_win_over_environment_over_file() {
    let (_root, places) = home(FIRST_LAYER);
    let environment: Environment =
        Key::ALL.into_iter().map(|key| (key.variable(), text(key, 2))).collect();
    let flags: Vec<_> = Key::ALL.into_iter().map(|key| (key, "--flag", text(key, 3))).collect();

    let from_file = Config::load(&places, &Environment::default(), &[]).unwrap();
    let mut expected = of_layer(1);
    expected.dashboard.listen = "[::1]:1".parse().unwrap();
    expected.ledger.path = "/file.db".into();
    assert_eq!(from_file, expected);
    for (layer, flags) in [(2, &[][..]), (3, &flags)] {
        let config = Config::load(&places, &environment, flags).unwrap();
        assert_eq!(config, of_layer(layer));
    }
}

/// Scenario: the names of all keys, and of those of single levels.
/// Guarantees: none is there twice, as a name or as a variable.
#[test]
fn names_are_unique() {
    let names: std::collections::BTreeSet<String> = Key::every().map(Key::name).collect();
    let variables: std::collections::BTreeSet<String> = Key::every().map(Key::variable).collect();
    assert_eq!((names.len(), variables.len()), (49, 49));
    assert!(names.contains("actions.checkpoint.webhook.url"), "{names:?}");
    assert!(variables.contains("PLIMSOLL_ACTIONS_CHECKPOINT_NOTIFY"), "{variables:?}");
}

/// Scenario: tokens that are long enough, too short, empty, and with characters that a header cannot hold as they are.
/// Guarantees: only the first is taken; none is wanted where the text is empty; the others are refused without being shown.
#[test]
fn a_token_fits_into_a_header() {
    let token =
        |text| load("", &[("PLIMSOLL_RECEIVER_TOKEN", text)]).map(|config| config.receiver.token);
    assert!(token("0123456789abcdef").unwrap().is_some());
    assert!(token("").unwrap().is_none());
    for refused in
        ["0123456789abcde", "0123456789 abcdef", "0123456789,abcdef", "sécret-sécret-sécret"]
    {
        let error = token(refused).unwrap_err().to_string();
        assert!(error.contains("at least 16") && !error.contains(refused), "{error}");
    }
}

/// Scenario: addresses as people write them.
/// Guarantees: loopback in any spelling and a port alone are taken; what other machines can reach is refused.
#[test]
fn only_loopback_is_listened_on() {
    let http = |text| {
        load("", &[("PLIMSOLL_RECEIVER_HTTP", text)]).map(|config| config.receiver.http.to_string())
    };
    assert_eq!(http("localhost:5000").unwrap(), "127.0.0.1:5000");
    assert_eq!(http("5000").unwrap(), "127.0.0.1:5000");
    assert_eq!(http("[::1]:5000").unwrap(), "[::1]:5000");
    assert_eq!(
        http("0.0.0.0:4318").unwrap_err(),
        "PLIMSOLL_RECEIVER_HTTP: `receiver.http` cannot be used: 0.0.0.0 can be reached from other \
         machines; Plimsoll listens on this one only: use 127.0.0.1, [::1] or localhost"
    );
    assert!(http("192.168.1.7:4318").unwrap_err().contains("192.168.1.7 can be reached"));
    assert!(http("[::]:4318").unwrap_err().contains(":: can be reached"));
    assert!(http("example.org:4318").unwrap_err().contains("is not an address such as"));
    assert!(http("127.0.0.1:99999").unwrap_err().contains("is not an address such as"));
}

/// Scenario: a launcher names the port in its own variable, alone and beside ours.
/// Guarantees: it is the HTTP port; our own variable wins.
#[test]
fn the_launchers_port_variable_is_understood() {
    let alone = load("", &[("OTLP_RECEIVER_PORT", "14318")]).unwrap();
    assert_eq!(alone.receiver.http.to_string(), "127.0.0.1:14318");
    assert_eq!(alone.receiver.grpc.port(), 4317);
    let both =
        load("", &[("OTLP_RECEIVER_PORT", "14318"), ("PLIMSOLL_RECEIVER_HTTP", "5")]).unwrap();
    assert_eq!(both.receiver.http.port(), 5);
    let empty = load("", &[("OTLP_RECEIVER_PORT", "")]).unwrap();
    assert_eq!(empty.receiver.http.port(), 4318);
}

/// Scenario: files with mistakes.
/// Guarantees: each is refused with its line, and a mistyped key with the one that was meant.
#[test]
fn mistakes_in_the_file_are_named() {
    let error = |file| load(file, &[]).unwrap_err();
    assert_eq!(
        error("# mine\n[receiver]\nhtpp = \"127.0.0.1:1\"\n"),
        "config.toml, line 3: there is no key `receiver.htpp`; the nearest is `receiver.http`"
    );
    assert_eq!(
        error("[dashbord]\nlisten = 1\n"),
        "config.toml, line 2: there is no key `dashbord.listen`; the nearest is `dashboard.listen`"
    );
    assert_eq!(
        error("\nlevel = 3\n"),
        "config.toml, line 2: there is no key `level`; the nearest is `levels.notice`"
    );
    assert_eq!(
        error("[ledger]\npath = [\"a\"]\n"),
        "config.toml, line 2: `ledger.path` cannot be used: a text is needed, not an array"
    );
    assert_eq!(
        error("[levels]\nnotice = true\n"),
        "config.toml, line 2: `levels.notice` cannot be used: a list of texts is needed, not a boolean"
    );
    assert_eq!(
        error("[actions.checkpoint]\nin_sesion = true\n"),
        "config.toml, line 2: there is no key `actions.checkpoint.in_sesion`; the nearest is \
         `actions.checkpoint.in_session`"
    );
    assert_eq!(
        error("[actions]\nwebhook = { ulr = \"http://localhost/\" }\n"),
        "config.toml, line 2: there is no key `actions.webhook.ulr`; the nearest is `actions.webhook.url`"
    );
    assert_eq!(
        error("[actions]\ncommand = \"save --now\"\n"),
        "config.toml, line 2: `actions.command` cannot be used: a list of texts is needed, not a string"
    );
    assert!(error("\n[levels\n").starts_with("config.toml, line 2: this is not valid TOML: "));
    assert!(load("[receiver]\n", &[]).is_ok(), "an empty table sets nothing");
}

/// Scenario: quiet hours over midnight, none, and texts that are no hours.
/// Guarantees: minutes of the day; what is no span is refused.
#[test]
fn quiet_hours_are_a_span_of_the_day() {
    let hours = |text: &str| {
        let file = format!("[notifications]\nquiet_hours = \"{text}\"\n");
        load(&file, &[]).map(|config| config.quiet_hours)
    };
    let span = |from_minute, to_minute| Ok(Some(QuietHours { from_minute, to_minute }));
    assert_eq!(hours("22:00-07:00"), span(1320, 420));
    assert_eq!(hours(" 9:05 - 23:59 "), span(545, 1439));
    assert_eq!(hours(""), Ok(None));
    for wrong in
        ["22-07", "22:00", "24:00-07:00", "22:60-07:00", "7:00-07:00", "22:0-7:0", "+1:00-2:00"]
    {
        let error = hours(wrong).unwrap_err();
        assert!(error.contains("is no span of a day such as"), "{wrong}: {error}");
    }
}

/// Scenario: the cost of a day as whole dollars, as text, as a fraction, as nothing, and as what is none.
/// Guarantees: exact nano-dollars; zero is no warning.
#[test]
fn the_daily_cost_is_exact() {
    let cost = |text: &str| {
        let file = format!("[warnings]\ndaily_cost = {text}\n");
        load(&file, &[]).map(|config| config.warnings.daily_cost)
    };
    assert_eq!(cost("25"), Ok(Some(NanoUsd(25_000_000_000))));
    assert_eq!(cost("\"12.50\""), Ok(Some(NanoUsd(12_500_000_000))));
    assert_eq!(cost("0.1"), Ok(Some(NanoUsd(100_000_000))));
    assert_eq!(cost("0"), Ok(None));
    for wrong in ["-1", "\"$5\"", "1e30", "nan"] {
        assert!(cost(wrong).unwrap_err().contains("no amount of dollars"), "{wrong}");
    }
}

/// Scenario: each backend, and one that does not exist.
/// Guarantees: each is understood; the other is refused with those there are.
#[test]
fn the_backend_is_one_of_three() {
    let backend = |text: &str| load(&format!("[desktop]\nbackend = \"{text}\"\n"), &[]);
    assert_eq!(load("", &[]).unwrap().desktop.backend, Backend::Auto);
    for (text, read) in [
        ("auto", Backend::Auto),
        ("in-process", Backend::InProcess),
        ("separate", Backend::Separate),
    ] {
        assert_eq!(backend(text).unwrap().desktop.backend, read);
    }
    let error = backend("both").unwrap_err();
    assert!(error.contains("\"both\" is none of \"auto\""), "{error}");
}

/// Scenario: the ledger's path in several forms.
/// Guarantees: home is understood; a relative path is beside the file that names it, or below the working
/// folder when the environment does.
#[test]
fn paths_become_absolute() {
    let (root, mut places) = home("[ledger]\npath = \"books/mine.db\"\n");
    places.working = "/work".into();
    let load = |variable: &str| {
        let environment = [("PLIMSOLL_LEDGER_PATH", variable)].into_iter().collect();
        Config::load(&places, &environment, &[]).map(|config| config.ledger.path)
    };
    assert_eq!(load("").unwrap(), root.path().join("books/mine.db"));
    assert_eq!(load("mine.db").unwrap(), Path::new("/work/mine.db"));
    assert_eq!(load("~/mine.db").unwrap(), root.path().join("mine.db"));
    assert_eq!(load("/mine.db").unwrap(), Path::new("/mine.db"));
    assert!(load("/mine/").is_err());
}

/// Scenario: a configuration file that was named does not exist.
/// Guarantees: that is an error, unlike the default file's absence.
#[test]
fn a_named_file_must_exist() {
    let root = tempfile::tempdir().unwrap();
    let mut places = Places::under(root.path());
    places.config.named = true;
    let error = Config::load(&places, &Environment::default(), &[]).unwrap_err();
    assert!(matches!(error, ConfigError::Read { .. }), "{error}");
}
