use std::fs;

use plimsoll_domain::{Compacting, Model};

use super::*;

/// A machine with one user, one project and an organisation's settings.
struct Machine {
    root: tempfile::TempDir,
    settings: ClientSettings,
}

impl Machine {
    fn new() -> Self {
        Self::with(&["home/.claude"])
    }

    fn with(config_dirs: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for folder in
            ["home/.claude", "home/work/.claude", "etc/managed.d"].iter().chain(config_dirs)
        {
            fs::create_dir_all(at(folder)).unwrap();
        }
        let dirs = config_dirs.iter().map(|dir| at(dir)).collect();
        let managed = vec![at("etc/managed.json"), at("etc/managed.d")];
        let settings = ClientSettings::new(at("home"), dirs, managed);
        Self { settings, root }
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.root.path().join(file), text).unwrap();
    }

    fn read(&mut self) -> Arc<Compacting> {
        let project = self.root.path().join("home/work");
        self.settings.read(project.to_str())
    }
}

const USER: &str = "home/.claude/settings.json";
const PROJECT: &str = "home/work/.claude/settings.json";
const LOCAL: &str = "home/work/.claude/settings.local.json";
const GLOBAL: &str = "home/.claude.json";

/// What a user's settings alone come to.
fn user(text: &str) -> Compacting {
    let mut machine = Machine::new();
    machine.write(USER, text);
    (*machine.read()).clone()
}

fn env(key: &str, value: &str) -> Compacting {
    user(&format!(r#"{{"env": {{"{key}": {value}}}}}"#))
}

/// Scenario: no file; files of other things; a file with a comment; a list; a folder; one too large.
/// Guarantees: nothing is said.
#[test]
fn what_is_not_loaded_says_nothing() {
    assert_eq!(*Machine::new().read(), Compacting::default());
    let off = r#""autoCompactEnabled": false"#;
    let long = format!(r#"{{{off}, "a": "{}"}}"#, "a".repeat(crate::settings::LARGEST));
    let comment = format!("{{{off} // off\n}}");
    for text in [r#"{"env": 3}"#, "[]", &comment, &long, r#"{"env": {"OTHER": "1"}}"#] {
        assert_eq!(user(text), Compacting::default());
    }
    let mut machine = Machine::new();
    fs::create_dir(machine.root.path().join(USER)).unwrap();
    assert_eq!(*machine.read(), Compacting::default());
}

/// Scenario: the percentage as text, number, with a sign behind it, and such as are none.
/// Guarantees: up to 100 count, in thousandths and in the words of the file, the home folder shortened.
#[test]
fn percentages_are_read_as_the_client_reads_them() {
    let percent = |value| env("CLAUDE_AUTOCOMPACT_PCT_OVERRIDE", value).percent;
    let words = "CLAUDE_AUTOCOMPACT_PCT_OVERRIDE=50 in ~/.claude/settings.json";
    assert_eq!(percent(r#""50""#), Some((50_000, words.into())));
    for (value, expected) in
        [("7", 7_000), (r#""80%""#, 80_000), (r#""100""#, 100_000), (r#"" 12.5 ""#, 12_500)]
    {
        assert_eq!(percent(value).map(|(percent, _)| percent), Some(expected), "{value}");
    }
    for none in [r#""""#, r#""0""#, r#""101""#, r#""half""#, r#""-5""#, "null", "[50]"] {
        assert_eq!(percent(none), None, "{none}");
    }
}

/// Scenario: the window as a variable and as a setting, each in several forms; both.
/// Guarantees: the variable takes what it can of a text, and too little as the least; the setting takes whole numbers that
/// are large enough, and others are as if they were not there; the variable wins where it has an effect.
#[test]
fn windows_are_read_as_the_client_reads_them() {
    let tokens = |compacting: Compacting| compacting.window.map(|(tokens, _)| tokens);
    for (value, expected) in [
        (r#""150000""#, Some(150_000)),
        ("150000", Some(150_000)),
        (r#""500k""#, Some(500_000)),
        (r#""500""#, Some(100_000)),
        ("0", None),
        (r#""big""#, None),
    ] {
        assert_eq!(tokens(env("CLAUDE_CODE_AUTO_COMPACT_WINDOW", value)), expected, "{value}");
    }
    for (value, expected) in [
        ("250000", Some(250_000)),
        ("100000", Some(100_000)),
        ("99999", None),
        ("200", None),
        ("120000.5", None),
        (r#""500k""#, None),
        (r#""250000""#, None),
        (r#""auto""#, None),
    ] {
        let found = user(&format!(r#"{{"autoCompactWindow": {value}}}"#));
        assert_eq!(tokens(found), expected, "{value}");
    }
    let both = |variable| {
        let variable = format!(r#""CLAUDE_CODE_AUTO_COMPACT_WINDOW": "{variable}""#);
        user(&format!(r#"{{"autoCompactWindow": 300000, "env": {{{variable}}}}}"#)).window.unwrap()
    };
    let words = "CLAUDE_CODE_AUTO_COMPACT_WINDOW=150000 in ~/.claude/settings.json";
    assert_eq!(both("150000"), (150_000, words.into()));
    assert_eq!(
        both("none"),
        (300_000, "autoCompactWindow=300000 in ~/.claude/settings.json".into())
    );
}

/// Scenario: windows of single models, as `/autocompact` saves them, in several files, with a window for all and with the
/// variable.
/// Guarantees: in one file the model's own goes before the one for all; the stronger file before the weaker, whichever it
/// names; `auto` is none; names count in every spelling, the common one first; the variable goes before all.
#[test]
fn models_have_windows_of_their_own() {
    let of = |machine: &mut Machine, model: &str| {
        let window = machine.read().window_of(&Model::common(model)).cloned();
        window.map(|(tokens, _)| tokens)
    };
    let named = |name: &str, window: &str| {
        format!(r#""modelSettings": {{"{name}": {{"autoCompactWindow": {window}}}}}"#)
    };
    let mut machine = Machine::new();
    machine.write(USER, &format!("{{{}}}", named("claude-sonnet-4-6", "120000")));
    let words =
        "modelSettings.claude-sonnet-4-6.autoCompactWindow=120000 in ~/.claude/settings.json";
    let model = Model::common("claude-sonnet-4-6");
    assert_eq!(machine.read().window_of(&model), Some(&(120_000, words.into())));
    assert_eq!(of(&mut machine, "claude-sonnet-4-6[1m]"), Some(120_000));
    assert_eq!(of(&mut machine, "claude-opus-4-6"), None);

    machine.write(PROJECT, r#"{"autoCompactWindow": 150000}"#);
    assert_eq!(of(&mut machine, "claude-sonnet-4-6"), Some(150_000));
    machine.write(LOCAL, &format!("{{{}}}", named("claude-sonnet-4-6", r#""auto""#)));
    assert_eq!(of(&mut machine, "claude-sonnet-4-6"), None);
    assert_eq!(of(&mut machine, "claude-opus-4-6"), Some(150_000));
    machine.write(LOCAL, &format!("{{{}}}", named("claude-sonnet-4-6", "50000")));
    assert_eq!(of(&mut machine, "claude-sonnet-4-6"), Some(150_000));

    let spellings = r#"{"modelSettings": {"Claude-Haiku-4-5": {"autoCompactWindow": 110000},
        "claude-haiku-4-5-20251001": {"autoCompactWindow": 120000}, "claude-haiku-4-5": {"autoCompactWindow": 130000},
        "claude-haiku-4-5[1m]": {"autoCompactWindow": 140000}, "sonnet": {"autoCompactWindow": 150000}}}"#;
    machine.write(LOCAL, spellings);
    assert_eq!(of(&mut machine, "claude-haiku-4-5-20251001"), Some(130_000));
    machine.write(USER, r#"{"env": {"CLAUDE_CODE_AUTO_COMPACT_WINDOW": "170000"}}"#);
    assert_eq!(of(&mut machine, "claude-haiku-4-5"), Some(170_000));
}

/// Scenario: each way to switch automatic compaction off, and values that do not.
/// Guarantees: what the client takes as yes, and no more; the global file counts.
#[test]
fn compaction_is_switched_off() {
    for name in ["DISABLE_COMPACT", "DISABLE_AUTO_COMPACT"] {
        for yes in [r#""1""#, "1", "true", r#""TRUE""#, r#""yes""#, r#""on""#] {
            assert!(env(name, yes).off.is_some(), "{name} {yes}");
        }
        for no in [r#""0""#, r#""""#, "false", r#""2""#] {
            assert_eq!(env(name, no).off, None, "{name} {no}");
        }
    }
    for no in [r#""false""#, "0"] {
        assert_eq!(user(&format!(r#"{{"autoCompactEnabled": {no}}}"#)).off, None, "{no}");
    }
    let mut machine = Machine::new();
    machine.write(GLOBAL, r#"{"env": {"DISABLE_COMPACT": "1"}, "autoCompactEnabled": false}"#);
    assert_eq!(machine.read().off.as_deref(), Some("autoCompactEnabled=false in ~/.claude.json"));
    machine.write(USER, r#"{"autoCompactEnabled": true}"#);
    assert_eq!(machine.read().off, None, "the user's settings are stronger");
}

/// Scenario: every layer, from the weakest to the strongest, sets the percentage; the weakest also the window.
/// Guarantees: each beats those below it, key by key; another project's settings, and those of folders above, are not
/// heard.
#[test]
fn stronger_layers_win_key_by_key() {
    let mut machine = Machine::new();
    let set =
        |percent: u64| format!(r#"{{"env": {{"CLAUDE_AUTOCOMPACT_PCT_OVERRIDE": "{percent}"}}}}"#);
    let window = r#", "autoCompactWindow": 500000}"#;
    let layers =
        [USER, PROJECT, LOCAL, "etc/managed.json", "etc/managed.d/1.json", "etc/managed.d/2.json"];
    for (percent, file) in (10..).zip(layers) {
        let text = set(percent);
        let text =
            if file == USER { text.trim_end_matches('}').to_owned() + "}" + window } else { text };
        machine.write(file, &text);
        let found = machine.read();
        assert_eq!(found.percent.as_ref().unwrap().0, percent * 1_000, "{file}");
        assert_eq!(found.window.as_ref().unwrap().0, 500_000, "{file}");
    }
    for file in &layers[3..] {
        fs::remove_file(machine.root.path().join(file)).unwrap();
    }
    let below = machine.root.path().join("home/work/part");
    assert_eq!(machine.settings.read(below.to_str()).percent.as_ref().unwrap().0, 10_000);
    assert_eq!(machine.settings.read(None).percent.as_ref().unwrap().0, 10_000);
    machine.write(LOCAL, r#"{"env": {"CLAUDE_AUTOCOMPACT_PCT_OVERRIDE": ""}}"#);
    assert_eq!(machine.read().percent, None, "hidden by an empty one");
}

/// Scenario: a file is read, changed, replaced by another of the same length and time, broken, and removed.
/// Guarantees: what holds is always what stands there now.
#[test]
fn changes_are_noticed() {
    let mut machine = Machine::new();
    let set =
        |percent: u64| format!(r#"{{"env": {{"CLAUDE_AUTOCOMPACT_PCT_OVERRIDE": "{percent}"}}}}"#);
    let percent =
        |machine: &mut Machine| machine.read().percent.as_ref().map(|found| found.0 / 1_000);
    machine.write(USER, &set(50));
    assert_eq!(percent(&mut machine), Some(50));
    assert_eq!(percent(&mut machine), Some(50));
    machine.write(USER, &set(5));
    assert_eq!(percent(&mut machine), Some(5));
    let path = machine.root.path().join(USER);
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    let other = machine.root.path().join("other");
    fs::write(&other, set(6)).unwrap();
    fs::File::open(&other).unwrap().set_modified(time).unwrap();
    fs::rename(&other, &path).unwrap();
    assert_eq!(percent(&mut machine), Some(6));
    machine.write(USER, "{");
    assert_eq!(percent(&mut machine), None);
    fs::remove_file(&path).unwrap();
    assert_eq!(percent(&mut machine), None);
}

/// Scenario: two configuration folders with different settings; the project's transcripts lie in the second.
/// Guarantees: sessions go by the folder that they belong to, others by the first; the global file lies inside one
/// that is not the usual.
#[test]
fn sessions_go_by_their_own_folder() {
    let mut machine = Machine::with(&["home/.claude", "other"]);
    machine.write(USER, r#"{"autoCompactWindow": 200000}"#);
    machine.write("other/.claude.json", r#"{"autoCompactEnabled": false}"#);
    assert_eq!(machine.read().off, None);
    let project = machine.root.path().join("home/work");
    let name = transcripts(project.to_str().unwrap());
    fs::create_dir_all(machine.root.path().join("other/projects").join(name)).unwrap();
    let found = machine.read();
    assert_eq!(found.window, None);
    let words = format!(
        "autoCompactEnabled=false in {}",
        machine.root.path().join("other/.claude.json").display()
    );
    assert_eq!(found.off.as_deref(), Some(&*words));
    assert_eq!(machine.settings.read(None).window.as_ref().unwrap().0, 200_000);
}
