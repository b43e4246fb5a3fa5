//! Whether the hooks that hand something to Plimsoll may run.

use super::{machine::Machine, report::Finding, settings_file::SettingsFile};

/// What keeps our hooks and our status line from running. Where there are none, nothing does.
pub(super) fn findings(machine: &Machine) -> Vec<Finding> {
    if !machine.files().any(SettingsFile::calls_us) {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = machine.files().filter_map(disabled).collect();
    let is_called_by_managed = machine.managed.iter().any(SettingsFile::calls_us);
    if !is_called_by_managed {
        findings.extend(machine.managed.iter().filter_map(managed_only));
    }
    findings.extend(not_allowed(machine));
    findings
}

fn disabled(file: &SettingsFile) -> Option<Finding> {
    file.disables_hooks.then(|| {
        let path = file.path.display();
        let what = format!("Hooks and status lines are switched off by {path}.");
        let remedy = format!("Take disableAllHooks out of {path}.");
        Finding::advice("hooks-disabled", what, remedy)
    })
}

fn managed_only(file: &SettingsFile) -> Option<Finding> {
    file.allows_managed_hooks_only.then(|| {
        let path = file.path.display();
        let what = format!("Only an administrator's hooks run, says {path}, so Plimsoll's do not.");
        let remedy = "Only your administrator can change that; telemetry does not need them.";
        Finding::advice("hooks-managed-only", what, remedy.to_owned())
    })
}

/// Where any file lists addresses, hooks may call only those of all lists.
fn not_allowed(machine: &Machine) -> Option<Finding> {
    let lister = machine.files().find(|file| file.allowed_hook_urls.is_some())?;
    let allowed = || machine.files().filter_map(|file| file.allowed_hook_urls.as_ref()).flatten();
    let mut urls = machine.files().flat_map(|file| &file.hook_urls);
    let refused = urls.find(|url| !allowed().any(|pattern| matches(pattern, url)))?;
    let path = lister.path.display();
    let what = format!("Hooks may not call {refused}: allowedHttpHookUrls does not list it.");
    Some(Finding::advice("hook-url-not-allowed", what, format!("Add {refused} to it in {path}.")))
}

/// Whether the text is the pattern, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    let mut ends = (0..=text.len()).filter(|end| text.is_char_boundary(*end));
    ends.any(|end| matches(rest, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::matches;

    /// Scenario: patterns with stars at several places.
    /// Guarantees: a star stands for anything, also nothing; the rest is literal.
    #[test]
    fn stars_stand_for_anything() {
        for pattern in ["http://a/b", "http://a/*", "*", "http://*/b*", "*b"] {
            assert!(matches(pattern, "http://a/b"), "{pattern}");
        }
        for pattern in ["", "http://a/", "http://a/*c", "http://b/*", "a/b"] {
            assert!(!matches(pattern, "http://a/b"), "{pattern}");
        }
    }
}
