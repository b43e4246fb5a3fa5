//! The version of a client, from the place of its program.

use std::{ffi::OsString, fs, path::Path};

use serde::Deserialize;

/// The largest `package.json` that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// What matters of a `package.json`.
#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

/// The version, where the name of the file is one, or a package lies around it.
pub(super) fn version(executable: Option<&Path>, arguments: &[OsString]) -> Option<String> {
    let file = executable?;
    let name = file.file_name()?.to_str()?;
    let name = name.strip_suffix(" (deleted)").unwrap_or(name);
    if file.parent().is_some_and(|folder| folder.ends_with("claude/versions")) {
        return Some(name.to_owned());
    }
    let script = arguments.iter().skip(1).map(Path::new).find(|word| word.is_absolute());
    let script = script.and_then(|word| word.canonicalize().ok());
    let mut folders = [Some(file), script.as_deref()]
        .into_iter()
        .flatten()
        .flat_map(|file| file.ancestors().skip(1).take(2));
    folders.find_map(packaged)
}

/// The version in the client's `package.json` in this folder.
fn packaged(folder: &Path) -> Option<String> {
    let path = folder.join("package.json");
    let metadata = fs::metadata(&path).ok()?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return None;
    }
    let package: Package = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    package.name.starts_with("@anthropic-ai/claude-code").then_some(package.version)
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsString, fs, path::Path};

    use super::version;

    /// Scenario: the native program, a script in its package, a program in a package of another name.
    /// Guarantees: the version is told where the place tells it, else none is.
    #[test]
    fn the_place_tells_the_version() {
        let native = Path::new("/home/a/.local/share/claude/versions/2.1.330");
        assert_eq!(version(Some(native), &[]).as_deref(), Some("2.1.330"));
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let package = format!(r#"{{"name": "{name}", "version": "2.1.9"}}"#);
            fs::write(folder.path().join("package.json"), package).unwrap();
        };
        let script = folder.path().join("cli.js");
        fs::write(&script, "").unwrap();
        let words = [OsString::from("node"), script.into_os_string()];
        let node = Some(Path::new("/usr/bin/node"));
        write("@anthropic-ai/claude-code");
        assert_eq!(version(node, &words).as_deref(), Some("2.1.9"));
        write("else");
        assert_eq!(version(node, &words), None);
    }
}
