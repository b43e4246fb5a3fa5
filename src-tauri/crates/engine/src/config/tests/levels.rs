use super::*;

fn levels(file: &str) -> Result<Levels, String> {
    load(&format!("[levels]\n{file}\n"), &[]).map(|config| config.policy.levels)
}

/// Scenario: levels in percent, turns and tokens, in a list, alone, and in a variable.
/// Guarantees: each is read as it stands, in its order; other levels stay.
#[test]
fn levels_are_read_in_all_forms() {
    let read = levels(
        "notice = \"62.5%\"\ncheckpoint = [\"80%\", \"3 turns left\"]\n\
         urgent = [\"1 turn left\", \"8k tokens left\", \"8000 tokens left\", \"1.5M tokens left\"]",
    );
    let urgent = [
        Threshold::TurnsLeft(1),
        Threshold::TokensLeft(8_000),
        Threshold::TokensLeft(8_000),
        Threshold::TokensLeft(1_500_000),
    ];
    let expected = Levels {
        notice: [Threshold::Way(625)].into(),
        checkpoint: [Threshold::Way(800), Threshold::TurnsLeft(3)].into(),
        urgent: urgent.into(),
    };
    assert_eq!(read, Ok(expected));
    let variable = [("PLIMSOLL_LEVELS_CHECKPOINT", "70 %, 5 turns left")];
    let read = load("", &variable).unwrap().policy.levels;
    let checkpoint = [Threshold::Way(700), Threshold::TurnsLeft(5)].into();
    assert_eq!(read, Levels { checkpoint, ..Levels::default() });
}

/// Scenario: lists with what is no level.
/// Guarantees: each is refused with a sentence that shows what would do.
#[test]
fn other_levels_are_refused() {
    assert!(levels("notice = []").unwrap_err().contains("the list is empty"));
    for wrong in [
        "0%",
        "60.55%",
        "100.1%",
        "-5%",
        "60",
        "0 turns left",
        "3 turns",
        "1.5 turns left",
        "-1 turns left",
        "8k left",
        "0 tokens left",
        "8k tokens",
        "1.5 tokens left",
        "",
    ] {
        let error = levels(&format!("urgent = [\"{wrong}\"]")).unwrap_err();
        let reason = "is none of \"80%\", \"3 turns left\", \"8k tokens left\"";
        assert!(error.contains(&format!("\"{wrong}\" {reason}")), "{error}");
    }
}

/// Scenario: levels that fall, by their lowest percentages; levels of which some have none.
/// Guarantees: what falls is refused with the last setting; what cannot be compared is not.
#[test]
fn levels_rise() {
    assert_eq!(
        levels("urgent = [\"95%\", \"50%\"]").unwrap_err(),
        "config.toml, line 2: `levels.urgent` cannot be used: the levels must rise, but notice is at 60%, checkpoint \
         is at 80%, urgent is at 50%"
    );
    let error = levels("notice = \"95%\"\ncheckpoint = \"2 turns left\"").unwrap_err();
    assert!(error.contains("but notice is at 95%, urgent is at 92%"), "{error}");
    assert!(levels("checkpoint = \"9 turns left\"\nurgent = \"60%\"").is_ok());
}
