//! The rooms and the arrows between them, read from the manifests: what may depend on what, who alone
//! knows SQL, and that no GUI toolkit comes in by the back door. `docs/ARCHITECTURE.md` gives the reasons.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    process::Command,
};

use serde_json::Value;

/// Every room of the product and the rooms it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("plimsoll-domain", &[]),
    ("plimsoll-loopback", &["plimsoll-domain"]),
    ("plimsoll-otlp", &["plimsoll-domain", "plimsoll-loopback"]),
    ("plimsoll-sources", &["plimsoll-domain", "plimsoll-otlp"]),
    ("plimsoll-ledger", &["plimsoll-domain"]),
    ("plimsoll-watch", &["plimsoll-domain", "plimsoll-ledger"]),
    ("plimsoll-bus", &[]),
    ("plimsoll-tray", &["plimsoll-domain", "plimsoll-watch"]),
    ("plimsoll-actions", &["plimsoll-domain", "plimsoll-ledger", "plimsoll-watch", "plimsoll-bus"]),
    ("plimsoll-client", &["plimsoll-domain"]),
    ("plimsoll-connect", &["plimsoll-domain"]),
    (
        "plimsoll-api",
        &["plimsoll-domain", "plimsoll-loopback", "plimsoll-ledger", "plimsoll-watch"],
    ),
    (
        "plimsoll-engine",
        &[
            "plimsoll-domain",
            "plimsoll-loopback",
            "plimsoll-otlp",
            "plimsoll-sources",
            "plimsoll-ledger",
            "plimsoll-watch",
            "plimsoll-actions",
            "plimsoll-api",
            "plimsoll-client",
            "plimsoll-connect",
        ],
    ),
    ("plimsoll-replay", &["plimsoll-domain"]),
    (
        PROGRAM,
        &[
            "plimsoll-domain",
            "plimsoll-bus",
            "plimsoll-tray",
            "plimsoll-actions",
            "plimsoll-client",
            "plimsoll-connect",
            "plimsoll-engine",
            "plimsoll-replay",
            "plimsoll-sources",
        ],
    ),
];

/// The package of both programs and of what they share; its integration tests look into every room.
const PROGRAM: &str = "plimsoll";

/// Rooms for tests and benchmarks only. They may use any other; only tests may use them.
const WORKSHOPS: &[&str] = &["plimsoll-testkit", "plimsoll-bench"];

/// Who may speak SQL: the ledger, and the benchmark's bare reference that it is measured against.
const SQL_SPEAKERS: &[&str] = &["plimsoll-ledger", "plimsoll-bench"];

/// How the names of packages begin that give access to SQLite.
const SQL_LIBRARIES: &[&str] = &["sqlx", "rusqlite", "libsqlite3"];

/// How the names of packages begin that draw windows, or are only there for them.
const DESKTOP_LIBRARIES: &[&str] =
    &["gtk", "webkit2gtk", "javascriptcore", "soup", "tauri", "wry", "tao", "tray-icon", "muda"];

/// The packages that speak D-Bus. Built for two runtimes at once, ksni does not compile, and the others start
/// threads of both.
const BUS_LIBRARIES: &[&str] = &["zbus", "ksni"];

/// One line of a manifest's dependency sections.
struct Dependency {
    from: String,
    to: String,
    dev: bool,
    in_workspace: bool,
}

/// Scenario: the manifests of all rooms, read for the dependencies they declare on one another.
/// Guarantees: no room depends on one that it may not know, tests included; only tests use the
/// workshops.
#[test]
fn every_arrow_is_one_the_design_allows() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let wrong: Vec<String> = dependencies(&metadata())
        .into_iter()
        .filter(|dependency| dependency.in_workspace && !is_allowed(dependency, &allowed))
        .map(|dependency| {
            let section = if dependency.dev { " (for tests)" } else { "" };
            format!("{} -> {}{section}", dependency.from, dependency.to)
        })
        .collect();
    assert!(wrong.is_empty(), "arrows that the design does not allow: {wrong:#?}");
}

/// Scenario: the list of rooms in this file beside the members of the workspace.
/// Guarantees: a new room cannot be added without saying here what it may depend on.
#[test]
fn every_room_has_its_arrows_listed() {
    let metadata = metadata();
    let rooms: BTreeSet<&str> = members(&metadata).map(name).collect();
    let listed: BTreeSet<&str> =
        ARROWS.iter().map(|(room, _)| *room).chain(WORKSHOPS.iter().copied()).collect();
    assert_eq!(rooms, listed);
}

/// Scenario: the manifests of all rooms, read for libraries that give access to SQLite.
/// Guarantees: only the ledger knows SQL; the benchmark's reference is no part of the product, and tests may
/// stand in another program's place at the file.
#[test]
fn only_the_ledger_speaks_sql() {
    let wrong: Vec<String> = dependencies(&metadata())
        .into_iter()
        .filter(|dependency| !dependency.dev && begins_with(&dependency.to, SQL_LIBRARIES))
        .filter(|dependency| !SQL_SPEAKERS.contains(&dependency.from.as_str()))
        .map(|dependency| format!("{} -> {}", dependency.from, dependency.to))
        .collect();
    assert!(wrong.is_empty(), "only the ledger may use a database: {wrong:#?}");
}

/// Scenario: all that is compiled for this machine without the feature `desktop`, tests included.
/// Guarantees: the resident and all its rooms build and run where no GUI toolkit is installed.
#[test]
fn no_gui_toolkit_without_the_desktop_feature() {
    let metadata = metadata();
    let way = way_to_desktop(&metadata);
    assert!(way.is_none(), "a GUI toolkit is reachable: {}", way.unwrap_or_default().join(" -> "));
}

/// Scenario: the features that the libraries for D-Bus are compiled with, with and without `desktop`.
/// Guarantees: asynchronous input is that of async-io, for all of them.
#[test]
fn the_bus_has_one_runtime() {
    for features in ["--no-default-features", "--all-features"] {
        let metadata = metadata_with(features);
        let libraries: Vec<_> = list(&metadata["resolve"], "nodes")
            .filter(|node| BUS_LIBRARIES.contains(&name_of(&metadata, text(node, "id"))))
            .collect();
        assert!(libraries.len() >= BUS_LIBRARIES.len(), "{features}: they have other names now");
        for library in libraries {
            let has = |name: &str| list(library, "features").any(|feature| feature == name);
            let id = text(library, "id");
            assert!(has("async-io") && !has("tokio"), "{features}: {id}");
        }
    }
}

/// Tests may replay recorded traffic, and those of the program look into every room.
fn is_allowed(dependency: &Dependency, allowed: &BTreeMap<&str, &[&str]>) -> bool {
    let (from, to) = (dependency.from.as_str(), dependency.to.as_str());
    if WORKSHOPS.contains(&from) {
        return true;
    }
    let tests_of_all = from == PROGRAM || to == "plimsoll-replay";
    if WORKSHOPS.contains(&to) || (tests_of_all && dependency.dev) {
        return dependency.dev;
    }
    allowed.get(from).is_some_and(|rooms| rooms.contains(&to))
}

/// The shortest way from a room to a package that draws windows, as names; none when there is no way.
fn way_to_desktop(metadata: &Value) -> Option<Vec<&str>> {
    let names: BTreeMap<&str, &str> =
        list(metadata, "packages").map(|package| (text(package, "id"), name(package))).collect();
    let edges: BTreeMap<&str, Vec<&str>> = list(&metadata["resolve"], "nodes")
        .map(|node| {
            (
                text(node, "id"),
                list(node, "deps").map(|dependency| text(dependency, "pkg")).collect(),
            )
        })
        .collect();
    let mut ways: VecDeque<Vec<&str>> =
        members(metadata).map(|package| vec![text(package, "id")]).collect();
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let package = *way.last()?;
        if !seen.insert(package) {
            continue;
        }
        if begins_with(names[package], DESKTOP_LIBRARIES) {
            return Some(way.into_iter().map(|id| names[id]).collect());
        }
        ways.extend(edges[package].iter().map(|next| [way.as_slice(), &[*next]].concat()));
    }
    None
}

/// What the manifests of all rooms declare, for every platform and feature.
fn dependencies(metadata: &Value) -> Vec<Dependency> {
    members(metadata)
        .flat_map(|package| {
            list(package, "dependencies").map(|dependency| Dependency {
                from: name(package).to_owned(),
                to: name(dependency).to_owned(),
                dev: dependency["kind"] == "dev",
                in_workspace: dependency["path"].is_string(),
            })
        })
        .collect()
}

fn members(metadata: &Value) -> impl Iterator<Item = &Value> {
    list(metadata, "packages")
        .filter(|package| list(metadata, "workspace_members").any(|id| *id == package["id"]))
}

/// The workspace as cargo sees it without default features.
fn metadata() -> Value {
    metadata_with("--no-default-features")
}

/// The workspace as cargo sees it. For this platform only: the packages of the others need not be in cargo's
/// cache, and nothing may be fetched here.
fn metadata_with(features: &str) -> Value {
    let version = cargo(&["-vV"]);
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("cargo names the platform it runs on");
    let answer = cargo(&[
        "metadata",
        "--format-version=1",
        "--locked",
        "--offline",
        features,
        "--filter-platform",
        host,
    ]);
    serde_json::from_str(&answer).expect("cargo metadata answers in JSON")
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo, which built this test, can be started");
    assert!(
        output.status.success(),
        "cargo {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("cargo answers in UTF-8")
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn name(package: &Value) -> &str {
    text(package, "name")
}

fn name_of<'a>(metadata: &'a Value, id: &str) -> &'a str {
    list(metadata, "packages").find(|package| package["id"] == id).map_or("", name)
}

fn begins_with(name: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| name.starts_with(beginning))
}
