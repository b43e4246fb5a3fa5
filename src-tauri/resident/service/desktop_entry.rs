//! Linux without systemd: an entry in the desktop's autostart folder (Desktop Application Autostart
//! Specification). Nothing there starts a program again that failed.

use std::path::PathBuf;

use super::{
    mark::MARK,
    plan::Step,
    site::{Setup, Site},
};

/// Where the entry lies.
pub(super) fn path(site: &Site) -> PathBuf {
    site.config.join("autostart/plimsoll.desktop")
}

pub(super) fn prepare(site: &Site, setup: &Setup) -> Vec<Step> {
    vec![Step::Write { path: path(site), text: entry(setup) }]
}

pub(super) fn remove(site: &Site) -> Vec<Step> {
    vec![Step::Delete(path(site))]
}

fn entry(setup: &Setup) -> String {
    format!(
        "# {MARK}\n\
         [Desktop Entry]\n\
         Type=Application\n\
         Name=Plimsoll\n\
         Comment=Draws the load line on every coding-agent session\n\
         Exec={}\n\
         Icon=plimsoll\n\
         Terminal=false\n\
         StartupNotify=false\n",
        quoted(&setup.program)
    )
}

/// One argument as the Desktop Entry Specification wants it: quoted, and the whole escaped once more as a text.
fn quoted(word: &str) -> String {
    let mut text = String::from("\"");
    for character in word.chars() {
        match character {
            '"' | '`' | '$' => text.extend(['\\', '\\', character]),
            '\\' => text.push_str(r"\\\\"),
            '%' => text.push_str("%%"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::fixture::{setup, shown, site};

    /// Scenario: Linux without systemd.
    /// Guarantees: one entry, exactly this.
    #[test]
    fn the_entry_starts_it_at_login() {
        insta::assert_snapshot!(shown(&prepare(&site(), &setup())));
        let removed = "delete /home/u/.config/autostart/plimsoll.desktop\n";
        assert_eq!(shown(&remove(&site())), removed);
    }

    /// Scenario: a path with everything that an entry might take for its own.
    /// Guarantees: it is escaped as the specification says, for the quotes and once more for the text.
    #[test]
    fn paths_are_escaped() {
        assert_eq!(quoted(r#"/a b/$5 "100%"\c"#), r#""/a b/\\$5 \\"100%%\\"\\\\c""#);
    }
}
