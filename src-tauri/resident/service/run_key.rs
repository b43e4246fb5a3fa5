//! Windows: a value under the user's Run key. Nothing there starts a program again that failed.

use super::{
    plan::{Step, Words, words},
    site::Setup,
};

const KEY: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run";
const VALUE: &str = "Plimsoll";

pub(super) fn prepare(setup: &Setup) -> Vec<Step> {
    // The quotes are part of the value: it is a command line.
    let line = format!("\"{}\"", setup.program);
    vec![Step::Run(words(["reg", "add", KEY, "/v", VALUE, "/t", "REG_SZ", "/d", &line, "/f"]))]
}

pub(super) fn remove() -> Vec<Step> {
    vec![Step::Attempt(words(["reg", "delete", KEY, "/v", VALUE, "/f"]))]
}

/// Succeeds where the value is there.
pub(super) fn query() -> Words {
    words(["reg", "query", KEY, "/v", VALUE])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::fixture::{setup, shown};

    /// Scenario: Windows, a path with spaces.
    /// Guarantees: one value in the user's own part of the registry, set and taken away.
    #[test]
    fn the_value_is_set_and_taken_away() {
        let mut setup = setup();
        setup.program = r"C:\Program Files\Plimsoll\plimsoll.exe".into();
        let key = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run";
        let line = r#""C:\Program Files\Plimsoll\plimsoll.exe""#;
        assert_eq!(
            shown(&prepare(&setup)),
            format!("run reg add {key} /v Plimsoll /t REG_SZ /d {line} /f\n")
        );
        assert_eq!(shown(&remove()), format!("attempt reg delete {key} /v Plimsoll /f\n"));
        assert_eq!(query().join(" "), format!("reg query {key} /v Plimsoll"));
    }
}
