//! Templates: texts of the user's with names in braces.

/// Fills in the names that `value` knows, such as `{line}`; anything else in braces stays as it is.
pub(super) fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let named = after.split_once('}').and_then(|(name, tail)| Some((value(name)?, tail)));
        match named {
            Some((text, tail)) => {
                filled.push_str(&text);
                rest = tail;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: known and unknown names, braces in braces, braces that are never closed, and a value that looks like
    /// a name.
    /// Guarantees: only known names are filled in, once; everything else stays as it was written.
    #[test]
    fn only_known_names_are_filled_in() {
        let value = |name: &str| match name {
            "line" => Some("167,000".to_owned()),
            "brace" => Some("{line}".to_owned()),
            _ => None,
        };
        for (template, wished) in [
            ("", ""),
            ("no names", "no names"),
            ("{line}", "167,000"),
            ("at {line} of {line}.", "at 167,000 of 167,000."),
            ("{other} {line }", "{other} {line }"),
            ("{{line}}", "{167,000}"),
            ("{\"a\": {line}}", "{\"a\": 167,000}"),
            ("{line", "{line"),
            ("} {", "} {"),
            ("{brace}", "{line}"),
            ("{\u{e9}} {line}", "{\u{e9}} 167,000"),
        ] {
            assert_eq!(fill(template, value), wished, "{template}");
        }
    }
}
