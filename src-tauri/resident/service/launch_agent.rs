//! macOS: a launch agent of the user's.

use std::{fmt::Write, path::PathBuf};

use super::{
    mark::MARK,
    plan::{Begin, Step, words},
    site::{Setup, Site},
};

const LABEL: &str = "dev.plimsoll.Plimsoll";

/// Where the agent lies.
pub(super) fn path(site: &Site) -> PathBuf {
    site.home.join("Library/LaunchAgents").join(format!("{LABEL}.plist"))
}

/// The agent as launchctl calls it.
pub(super) fn target(site: &Site) -> String {
    format!("gui/{}/{LABEL}", site.uid)
}

pub(super) fn prepare(site: &Site, setup: &Setup) -> Vec<Step> {
    vec![Step::Write { path: path(site), text: agent(setup) }]
}

/// Loading it starts it. What is loaded already cannot be loaded again, so that only the last command tells
/// whether it worked.
pub(super) fn start(site: &Site, begin: Begin) -> Vec<Step> {
    let target = target(site);
    let domain = format!("gui/{}", site.uid);
    let path = path(site).to_string_lossy().into_owned();
    let mut steps = Vec::new();
    if begin != Begin::Start {
        steps.push(Step::Attempt(words(["launchctl", "bootout", &target])));
    }
    steps.push(Step::Attempt(words(["launchctl", "enable", &target])));
    steps.push(Step::Attempt(words(["launchctl", "bootstrap", &domain, &path])));
    steps.push(Step::Run(words(["launchctl", "print", &target])));
    steps
}

pub(super) fn remove(site: &Site) -> Vec<Step> {
    vec![Step::Attempt(words(["launchctl", "bootout", &target(site)])), Step::Delete(path(site))]
}

/// Draining takes up to 23 seconds. Who quits it means it: only a failure is mended.
fn agent(setup: &Setup) -> String {
    let mut variables = String::new();
    if !setup.variables.is_empty() {
        variables.push_str("\t<key>EnvironmentVariables</key>\n\t<dict>\n");
        for (name, value) in &setup.variables {
            let (name, value) = (escaped(name), escaped(value));
            // Writing to a text cannot fail.
            let _ = writeln!(variables, "\t\t<key>{name}</key>\n\t\t<string>{value}</string>");
        }
        variables.push_str("\t</dict>\n");
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <!-- {MARK} -->\n\
         <plist version=\"1.0\">\n\
         <dict>\n\
         \t<key>Label</key>\n\
         \t<string>{LABEL}</string>\n\
         \t<key>ProgramArguments</key>\n\
         \t<array>\n\
         \t\t<string>{program}</string>\n\
         \t</array>\n\
         {variables}\
         \t<key>RunAtLoad</key>\n\
         \t<true/>\n\
         \t<key>KeepAlive</key>\n\
         \t<dict>\n\
         \t\t<key>SuccessfulExit</key>\n\
         \t\t<false/>\n\
         \t</dict>\n\
         \t<key>ThrottleInterval</key>\n\
         \t<integer>1</integer>\n\
         \t<key>ExitTimeOut</key>\n\
         \t<integer>30</integer>\n\
         \t<key>ProcessType</key>\n\
         \t<string>Interactive</string>\n\
         </dict>\n\
         </plist>\n",
        program = escaped(&setup.program)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::fixture::{setup, shown, site};

    /// Scenario: macOS, with a variable, and a path that XML might take for its own.
    /// Guarantees: the agent is exactly this.
    #[test]
    fn the_agent_is_written() {
        let mut setup = setup();
        setup.program = "/Applications/Plimsoll & Co.app/Contents/MacOS/plimsoll".into();
        setup.variables = vec![("PLIMSOLL_LOG".into(), "debug".into())];
        insta::assert_snapshot!(shown(&prepare(&site(), &setup)));
    }

    /// Scenario: it is loaded for the first time, loaded anew, removed.
    /// Guarantees: only an agent that changed is unloaded, and what counts is whether it is loaded in the end.
    #[test]
    fn the_agent_is_loaded_and_unloaded() {
        let load = "attempt launchctl enable gui/501/dev.plimsoll.Plimsoll\n\
             attempt launchctl bootstrap gui/501 /home/u/Library/LaunchAgents/dev.plimsoll.Plimsoll.plist\n\
             run launchctl print gui/501/dev.plimsoll.Plimsoll\n";
        let unload = "attempt launchctl bootout gui/501/dev.plimsoll.Plimsoll\n";
        assert_eq!(shown(&start(&site(), Begin::Start)), load);
        assert_eq!(shown(&start(&site(), Begin::Anew)), format!("{unload}{load}"));
        assert_eq!(
            shown(&remove(&site())),
            format!("{unload}delete /home/u/Library/LaunchAgents/dev.plimsoll.Plimsoll.plist\n")
        );
    }
}
