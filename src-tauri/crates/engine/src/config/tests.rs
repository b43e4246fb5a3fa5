use std::path::Path;

use super::*;

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
/// Guarantees: the documented ports, levels and place of the ledger.
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
    assert_eq!(config.levels, Levels::default());
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

/// Scenario: every key stands in the file, then in its variable, then in its flag.
/// Guarantees: every key can be set in each of the three, and the later wins.
#[test]
fn flags_win_over_environment_over_file() {
    let (_root, places) = home(
        "[receiver]\nhttp = \"127.0.0.1:1\"\ngrpc = 1\ntoken = \"a-token-of-layer-1\"\n[dashboard]\nlisten = \"[::1]:1\"\n\
         [desktop]\nbackend = \"auto\"\n[ledger]\npath = \"/file.db\"\nkeep_requests_days = 1\n[transcripts]\nenabled = false\n[levels]\nnotice = [\"10%\"]\ncheckpoint = [\"11%\"]\nurgent = \"12%\"\n",
    );
    let text = |key, layer: u16| match key {
        Key::DesktopBackend => BACKENDS[usize::from(layer)].0.to_owned(),
        Key::LedgerPath => format!("/{layer}.db"),
        Key::LedgerKeepRequestsDays => layer.to_string(),
        Key::LevelsNotice | Key::LevelsCheckpoint | Key::LevelsUrgent => format!("{layer}0%"),
        Key::TranscriptsEnabled => (layer == 3).to_string(),
        Key::ReceiverToken => format!("a-token-of-layer-{layer}"),
        _ => format!("127.0.0.1:{layer}"),
    };
    let environment: Environment =
        Key::ALL.into_iter().map(|key| (key.variable(), text(key, 2))).collect();
    let flags: Vec<_> = Key::ALL.into_iter().map(|key| (key, "--flag", text(key, 3))).collect();

    let from_file = Config::load(&places, &Environment::default(), &[]).unwrap();
    assert_eq!(from_file.receiver.http.port(), 1);
    assert_eq!(from_file.receiver.grpc.to_string(), "127.0.0.1:1");
    let token = |layer: u16| Some(plimsoll_domain::Key::new(format!("a-token-of-layer-{layer}")));
    assert_eq!(from_file.receiver.token, token(1));
    assert_eq!(from_file.dashboard.listen.to_string(), "[::1]:1");
    assert_eq!(from_file.desktop.backend, Backend::Auto);
    assert_eq!(from_file.ledger.path, Path::new("/file.db"));
    assert_eq!(from_file.ledger.keep_requests_days, 1);
    assert!(!from_file.transcripts.enabled);
    assert_eq!(from_file.levels, Levels { notice: 100, checkpoint: 110, urgent: 120 });
    for (layer, flags) in [(2, &[][..]), (3, &flags)] {
        let config = Config::load(&places, &environment, flags).unwrap();
        for address in [config.receiver.http, config.receiver.grpc, config.dashboard.listen] {
            assert_eq!(address.port(), layer);
        }
        assert_eq!(config.receiver.token, token(layer));
        assert_eq!(config.desktop.backend, BACKENDS[usize::from(layer)].1);
        assert_eq!(config.ledger.path, Path::new(&format!("/{layer}.db")));
        assert_eq!(config.ledger.keep_requests_days, u32::from(layer));
        assert_eq!(config.transcripts.enabled, layer == 3);
        let permille = layer * 100;
        let levels = Levels { notice: permille, checkpoint: permille, urgent: permille };
        assert_eq!(config.levels, levels);
    }
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
    assert!(error("[levels\n").starts_with("config.toml is not valid TOML: "));
    assert!(load("[receiver]\n", &[]).is_ok(), "an empty table sets nothing");
}

/// Scenario: levels in several forms.
/// Guarantees: the lowest of a list counts, to a tenth of a percent; others are refused with a sentence.
#[test]
fn levels_are_percentages_that_rise() {
    let levels = |file: &str| load(&format!("[levels]\n{file}\n"), &[]);
    assert_eq!(levels("notice = [\"70%\", \"62.5%\"]").unwrap().levels.notice, 625);
    for (file, reason) in [
        ("notice = []", "the list is empty"),
        ("notice = [\"3 turns left\"]", "\"3 turns left\" is not a percentage such as \"80%\""),
        ("notice = [\"0%\"]", "is not a percentage"),
        ("notice = [\"60.55%\"]", "is not a percentage"),
        ("urgent = [\"100.1%\"]", "is not a percentage"),
        ("urgent = [\"-5%\"]", "is not a percentage"),
        ("urgent = [\"50%\"]", "must rise, but notice is 60%, checkpoint 80% and urgent 50%"),
    ] {
        let error = levels(file).unwrap_err();
        assert!(error.contains(reason), "{file}: {error}");
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
