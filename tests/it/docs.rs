//! The documentation beside the program: what it names exists, and what there is it names.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use plimsoll_engine::{Config, Environment, Key, Places};

use crate::house::resident;

/// Variables that are no settings: of the program, of its tests, and those that commands are given.
static OTHER_VARIABLES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let own = ["PLIMSOLL_CONFIG", "PLIMSOLL_LOG", "PLIMSOLL_BIN"];
    own.into_iter().chain(plimsoll_actions::VARIABLES).collect()
});

/// A page: what is read of it, and what is typed.
struct Page {
    path: PathBuf,
    /// All of it but what stands in fences.
    prose: String,
    /// What stands in fences, each with its language.
    fences: Vec<(String, String)>,
}

impl Page {
    fn open(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|_| panic!("{}", path.display()));
        let mut page = Self { path: path.to_owned(), prose: String::new(), fences: Vec::new() };
        let mut is_fenced = false;
        for line in text.lines() {
            if let Some(language) = line.trim_start().strip_prefix("```") {
                is_fenced = !is_fenced;
                if is_fenced {
                    page.fences.push((language.trim().to_owned(), String::new()));
                }
                continue;
            }
            let place = match page.fences.last_mut() {
                Some((_, fence)) if is_fenced => fence,
                _ => &mut page.prose,
            };
            place.push_str(line);
            place.push('\n');
        }
        assert!(!is_fenced, "{} ends within a fence", path.display());
        page
    }

    /// The prose by paragraph, cut at backticks: what stands between them are the odd pieces.
    fn pieces(&self) -> impl Iterator<Item = std::str::Split<'_, char>> {
        self.prose.split("\n\n").map(|paragraph| paragraph.split('`'))
    }

    /// What stands between backticks, each on one line.
    fn spans(&self) -> impl Iterator<Item = String> {
        let spans = self.pieces().flat_map(|pieces| pieces.skip(1).step_by(2));
        spans.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Everything that is typed, by line.
    fn typed(&self) -> Vec<String> {
        let fenced = self.fences.iter().flat_map(|(_, fence)| fence.lines().map(str::to_owned));
        fenced.chain(self.spans()).collect()
    }

    fn whole(&self) -> String {
        let fences: String = self.fences.iter().map(|(_, fence)| fence.as_str()).collect();
        format!("{}{fences}", self.prose)
    }

    /// The names of its headings in links, as GitHub gives them.
    fn anchors(&self) -> BTreeSet<String> {
        let headings = self.prose.lines().filter(|line| line.starts_with('#'));
        let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
        let slug = |text: &str| text.chars().filter(kept).collect::<String>();
        let slugs = headings.map(|line| slug(line.trim_start_matches('#').trim()));
        slugs.map(|slug| slug.to_lowercase().replace(' ', "-")).collect()
    }

    /// Where its links lead.
    fn links(&self) -> Vec<String> {
        let texts = self.pieces().map(|pieces| pieces.step_by(2).collect::<String>());
        let ends = |text: String| {
            let found = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
            found.map(|(target, _)| target.to_owned()).collect::<Vec<_>>()
        };
        texts.flat_map(ends).collect()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The README, and every page in `docs`.
fn pages() -> Vec<Page> {
    let mut waiting = vec![root().join("README.md"), root().join("docs")];
    let mut pages = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(Page::open(&path));
        }
    }
    pages
}

/// What a command says of itself.
fn help(words: &[&str]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    let ended = program.args(words).arg("--help").output().unwrap();
    assert!(ended.status.success(), "plimsoll {words:?} --help");
    String::from_utf8(ended.stdout).unwrap()
}

/// The commands that a help lists.
fn listed(help: &str) -> Vec<&str> {
    let rows = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    // What follows a name on further lines is indented deeper.
    let names = rows.map_while(|row| row.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !["", "help"].contains(name)).collect()
}

/// The flags of a help.
fn flags(help: &str) -> BTreeSet<String> {
    let words = help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.filter(|word| word.len() > 2 && word.starts_with("--")).map(str::to_owned).collect()
}

/// Every command with the flags of it and of those beneath it; under the empty name those of the program.
fn commands() -> BTreeMap<String, BTreeSet<String>> {
    let own = help(&[]);
    let mut all = BTreeMap::from([(String::new(), flags(&own))]);
    for name in listed(&own) {
        let text = help(&[name]);
        let beneath = listed(&text).into_iter().flat_map(|below| flags(&help(&[name, below])));
        all.insert(name.to_owned(), beneath.chain(flags(&text)).collect());
    }
    all
}

/// The uses of the program in a line: the command, empty where none follows, and the flags used with it.
fn uses(line: &str) -> Vec<(String, Vec<String>)> {
    let words: Vec<&str> = line.split(' ').collect();
    let is_program = |word: &str| word == "plimsoll" || word.ends_with("release/plimsoll");
    let starts = words.iter().enumerate().filter(|(_, word)| is_program(word));
    let used = starts.filter_map(|(at, _)| {
        let rest = &words[at + 1..];
        let next = rest.first().copied().unwrap_or_default();
        let is_command = !next.is_empty() && next.chars().all(|c| c.is_ascii_lowercase());
        let goes_on = |word: &&&str| !["--", "[--", "#", "&&"].contains(*word) && !is_program(word);
        let words = rest.iter().take_while(goes_on).map(|word| word.trim_matches(['[', ']', ',']));
        let flags: Vec<String> =
            words.filter(|word| word.starts_with("--")).map(str::to_owned).collect();
        let command = if is_command { next } else { "" }.to_owned();
        (is_command || next.starts_with("--")).then_some((command, flags))
    });
    used.collect()
}

/// The settings that a page names: `[table] key` in the prose, and tables of TOML. Those of `[[override]]` are the ones
/// of other tables.
fn settings(page: &Page) -> Vec<String> {
    let is_word = |c: char| c.is_ascii_lowercase() || c == '_';
    let is_table = |table: &str| {
        !table.is_empty()
            && table.chars().all(|c| is_word(c) || c == '.')
            && !table.starts_with("override")
    };
    let inline = page.spans().filter_map(|span| {
        let (table, rest) = span.strip_prefix('[')?.split_once("] ")?;
        let key = rest.split(|c| !is_word(c)).next().filter(|key| !key.is_empty())?;
        is_table(table).then(|| format!("{table}.{key}"))
    });
    let mut found: Vec<String> = inline.collect();
    for (_, fence) in page.fences.iter().filter(|(language, _)| language == "toml") {
        let mut table = "";
        for line in fence.lines() {
            if let Some((name, _)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                table = name;
            } else if let Some((key, _)) = line.split_once('=')
                && is_table(table)
            {
                found.push(format!("{table}.{}", key.trim()));
            }
        }
    }
    found
}

/// The addresses of the API that a page names, with anything in the place of ids.
fn addresses(page: &Page) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_/{}$".contains(c);
    let is_id = |c: char| c.is_ascii_uppercase() || "{$".contains(c);
    let text = page.whole();
    let found = after(&text, "/api/v1/", is_part).into_iter().filter(|path| !path.is_empty());
    let plain = found.map(|path| {
        let parts = path.split('/').map(|part| if part.contains(is_id) { "x" } else { part });
        parts.collect::<Vec<_>>().join("/")
    });
    plain.collect()
}

/// What follows each `start` in a text, as far as it is made of what `is_part`.
fn after<'t>(text: &'t str, start: &str, is_part: impl Fn(char) -> bool) -> Vec<&'t str> {
    let rests = text.split(start).skip(1);
    rests.map(|rest| &rest[..rest.find(|c: char| !is_part(c)).unwrap_or(rest.len())]).collect()
}

/// Scenario: everything that the pages say to type, beside the help of the program.
/// Guarantees: every command and every flag of it exists; every command is explained among the commands.
#[test]
fn commands_and_flags_exist() {
    let commands = commands();
    let mut wrong = Vec::new();
    for page in pages() {
        for (command, flags) in page.typed().iter().flat_map(|line| uses(line)) {
            let known = commands.get(&command);
            let is_known = |flag: &String| known.is_some_and(|known| known.contains(flag));
            if known.is_none() || !flags.iter().all(is_known) {
                wrong.push(format!("{}: plimsoll {command} {flags:?}", page.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "the program does not know {wrong:#?}");
    let explained = Page::open(&root().join("docs/commands.md")).typed();
    let shown = explained.iter().flat_map(|line| uses(line)).map(|(name, _)| name);
    let shown: BTreeSet<String> = shown.chain([String::new()]).collect();
    let missing: Vec<&String> = commands.keys().filter(|name| !shown.contains(*name)).collect();
    assert!(missing.is_empty(), "docs/commands.md does not show {missing:?}");
}

/// Scenario: the settings and variables that the pages name, beside those that there are.
/// Guarantees: each exists, and each that there is is named, in the file's form and as a variable; those of single
/// levels need not be.
#[test]
fn settings_and_variables_exist() {
    let pages = pages();
    let named: BTreeSet<String> = pages.iter().flat_map(settings).collect();
    are_named(&named, Key::name);
    let mut named = BTreeSet::new();
    for page in &pages {
        let text = page.whole();
        let ends = after(&text, "PLIMSOLL_", |c| c.is_ascii_uppercase() || c == '_');
        named.extend(ends.iter().map(|end| format!("PLIMSOLL_{end}")));
    }
    named.retain(|name| !OTHER_VARIABLES.contains(&name.as_str()));
    are_named(&named, Key::variable);
}

fn are_named(named: &BTreeSet<String>, name: impl Fn(Key) -> String) {
    let all: BTreeSet<String> = Key::ALL.into_iter().map(&name).collect();
    let every: BTreeSet<String> = Key::every().map(&name).collect();
    let missing: Vec<_> = all.difference(named).collect();
    let unknown: Vec<_> = named.difference(&every).collect();
    assert!(missing.is_empty(), "the docs do not name {missing:?}");
    assert!(unknown.is_empty(), "the docs name what there is not: {unknown:?}");
}

/// Scenario: every configuration that the pages show, as a file; the README's long one is said to be
/// all there is by itself.
/// Guarantees: each can be used; that one changes nothing but the ledger's place.
#[test]
fn configurations_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let places = Places::under(folder.path());
    let mut defaults = Config::defaults(&places);
    let mut seen = 0;
    for page in pages() {
        let fences = page.fences.iter().filter(|(language, _)| language == "toml");
        // The table of prices is another file.
        for (_, fence) in fences.filter(|(_, fence)| !fence.contains("[models.")) {
            fs::write(&places.config.path, fence).unwrap();
            let config = Config::load(&places, &Environment::default(), &[]);
            let config = config.unwrap_or_else(|error| panic!("{}: {error}", page.path.display()));
            let is_whole = fence.starts_with("[receiver]");
            if is_whole && page.path.ends_with("README.md") && page.path.parent() == Some(root()) {
                defaults.ledger.path.clone_from(&config.ledger.path);
                assert_eq!(config, defaults);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 1, "the README's configuration");
}

/// Scenario: every address of the API that the pages name is asked of a running engine, with the key and nothing else;
/// the routes are read from where they stand.
/// Guarantees: each exists; every route is explained in `docs/api.md`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_exist() {
    let house = resident().await;
    let api = house.api().unwrap();
    let key = [("x-plimsoll-key", house.runtime().key.as_str())];
    let mut paths = BTreeSet::from(["nothing-of-the-kind".to_owned()]);
    paths.extend(pages().iter().flat_map(addresses));
    let mut unknown = Vec::new();
    for path in &paths {
        // Without a body nothing is changed; streams do not begin.
        let answer = api.post(&format!("/api/v1/{path}"), &key, "").await.unwrap();
        if answer.status.as_u16() == 404 {
            unknown.push(path.as_str());
        }
    }
    assert_eq!(unknown, ["nothing-of-the-kind"], "of {paths:?}");

    let source = fs::read_to_string(root().join("src-tauri/crates/api/src/lib.rs")).unwrap();
    let routes = after(&source, ".route(\"/", |c| c != '"');
    let spans: BTreeSet<String> = Page::open(&root().join("docs/api.md")).spans().collect();
    let is_explained = |route: &&str| {
        ["", "GET ", "POST "].iter().any(|method| spans.contains(&format!("{method}{route}")))
    };
    let missing: Vec<&str> = routes.iter().copied().filter(|route| !is_explained(route)).collect();
    assert!(!routes.is_empty() && missing.is_empty(), "docs/api.md does not explain {missing:?}");
}

/// Scenario: the links of all pages that do not lead to another site.
/// Guarantees: the file is there, and the heading in it.
#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        for link in page.links().iter().filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let path = match file {
                "" => page.path.clone(),
                file => page.path.with_file_name(file),
            };
            let leads = path.exists()
                && (heading.is_empty() || Page::open(&path).anchors().contains(heading));
            if !leads {
                broken.push(format!("{}: {link}", page.path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere: {broken:#?}");
}
