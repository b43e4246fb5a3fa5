//! What a file of prices may say.

use plimsoll_domain::{Model, Price, PriceTable, Rates};

use super::{BUILT_IN, PriceFault, built_in, read};

/// A complete entry, one key a line, and the price that it means.
const RATES: &str = "input = 2\noutput = 10.5\ncache_read = 0.000000001\ncache_write_5m = 2.50\n\
                     cache_write_1h = 1_000\n";
const PRICE: Price = Price {
    usual: Rates {
        input: 2_000_000_000,
        output: 10_500_000_000,
        cache_read: 1,
        cache_write_5m: 2_500_000_000,
        cache_write_1h: 1_000_000_000_000,
    },
    fast: None,
    long: None,
    web_search: None,
};

fn file(model: &str) -> Result<PriceTable, PriceFault> {
    read(&format!("[models.new]\n{model}"), PriceTable::default())
}

fn price(table: &PriceTable, name: &str) -> Option<Price> {
    table.price(&Model::parse(name).0).copied()
}

/// What is said of an entry in which one text is put in the place of another.
fn said(from: &str, to: &str) -> String {
    assert!(RATES.contains(from), "{from}");
    file(&RATES.replacen(from, to, 1)).expect_err("a fault").to_string()
}

/// Scenario: the prices that Plimsoll brings, and one-million-token, dated and unknown names.
/// Guarantees: the text is read and bears a date; models are found by name; the unknown have no price.
#[test]
fn the_built_in_prices_are_read() {
    let table = built_in();
    assert!(BUILT_IN.contains(&format!("dated = {}\n", table.dated)), "{}", table.dated);
    assert_eq!((table.own.as_deref(), table.iter().count()), (None, 28));
    let plain = price(&table, "claude-sonnet-4-5").expect("a price");
    assert_eq!(price(&table, "claude-sonnet-4-5[1m]"), Some(plain));
    assert_eq!(price(&table, "claude-sonnet-4-5-20250929"), Some(plain));
    for unknown in ["claude-opus-6", "claude-sonnet-4-7", "gateway/claude-opus-4-5", "", "opus"] {
        assert_eq!(price(&table, unknown), None, "{unknown}");
    }
}

/// Scenario: a user's file with comments, its keys in another order, one model that is known and one that is not,
/// as a table with header, as one line, and with dotted keys.
/// Guarantees: the known model is replaced as a whole, the other is added, all others stay; the file's date is
/// kept beside the built-in one; how it is written makes no difference.
#[test]
fn a_users_file_overrides_single_models() {
    let reversed: String = RATES.lines().rev().map(|line| format!("{line} # why\n")).collect();
    let written = [
        format!("# mine\n[models.claude-opus-5-5]\n{reversed}\n[models.new]\n{RATES}"),
        format!("models.new = {{ {0} }}\nmodels.claude-opus-5-5 = {{ {0} }}", one_line()),
        RATES.lines().fold(String::new(), |text, line| {
            text + &format!("models.claude-opus-5-5.{line}\nmodels.new.{line}\n")
        }),
    ];
    for models in written {
        let table = read(&format!("dated = 2027-01-02\n{models}"), built_in()).expect(&models);
        assert_eq!(price(&table, "claude-opus-5-5-20260923"), Some(PRICE));
        assert_eq!(price(&table, "new"), Some(PRICE));
        assert_eq!((table.dated, table.own), (built_in().dated, Some("2027-01-02".to_owned())));
    }
    let table = file(RATES).expect("prices");
    assert_eq!((table.own, table.dated.as_str()), (None, ""));
    assert_eq!(read("# nothing yet\n", built_in()), Ok(built_in()));
}

fn one_line() -> String {
    RATES.trim().replace('\n', ", ")
}

/// Scenario: an entry with a fast mode, prices of long inputs and of web searches.
/// Guarantees: each is read to its own place.
#[test]
fn what_is_billed_apart_is_read() {
    let apart = format!(
        "{RATES}web_search = 0.01\nfast = {{ {0} }}\nlong = {{ {0}, above = 200_000 }}\n",
        one_line()
    );
    let table = file(&apart).expect("prices");
    let long = Some((200_000, PRICE.usual));
    let fast = Some(PRICE.usual);
    assert_eq!(
        price(&table, "new"),
        Some(Price { web_search: Some(10_000_000), long, fast, ..PRICE })
    );
}

/// Scenario: keys that do not exist, in the file, in a model and in the tables within it.
/// Guarantees: each is refused with its line and the nearest key that exists.
#[test]
fn unknown_keys_name_the_nearest() {
    let unknown = |text: &str| read(text, PriceTable::default()).expect_err("a fault").to_string();
    assert_eq!(
        unknown("# 1\ndate = 2026-11-28\n"),
        "line 2: there is no key `date`; the nearest is `dated`"
    );
    assert_eq!(
        said("cache_write_5m", "cache_write"),
        "line 5: there is no key `models.new.cache_write`; the nearest is `cache_write_5m`"
    );
    let fast = format!("{RATES}fast = {{ {}, web_search = 1 }}", one_line());
    assert_eq!(
        file(&fast).expect_err("a fault").to_string(),
        "line 7: there is no key `models.new.fast.web_search`; the nearest is `cache_read`"
    );
    let long = format!("{RATES}[models.new.long]\nabvoe = 1\n");
    assert_eq!(
        file(&long).expect_err("a fault").to_string(),
        "line 8: there is no key `models.new.long.abvoe`; the nearest is `above`"
    );
}

/// Scenario: amounts that are negative, absurd, finer than a nano-dollar, or no numbers; missing ones.
/// Guarantees: each is refused with its line and key; nothing is rounded or taken for zero.
#[test]
fn what_cannot_be_a_price_is_refused() {
    let table = [
        ("10.5", "-10.5", "it is negative"),
        ("10.5", "-0", "it is negative"),
        ("10.5", "10_000.000_000_001", "more than $10,000 is not believed"),
        ("10.5", "99999999999999999999.0", "more than $10,000 is not believed"),
        ("10.5", "0.0000000001", "it has more than nine decimals"),
        ("10.5", "1e3", "only digits and a point are understood"),
        ("10.5", "inf", "only digits and a point are understood"),
        ("10.5", "nan", "only digits and a point are understood"),
        ("10.5", "0x10", "only digits and a point are understood"),
        ("10.5", "\"10.5\"", "a number of US dollars is needed"),
        ("10.5", "[10.5]", "a number of US dollars is needed"),
    ];
    for (from, to, reason) in table {
        let expected = format!("line 3: `models.new.output` cannot be used: {reason}");
        assert_eq!(said(from, to), expected, "{to}");
    }
    let largest = file(&RATES.replace("10.5", "10_000")).expect("prices");
    assert_eq!(price(&largest, "new").map(|price| price.usual.output), Some(10_000_000_000_000));
    for line in RATES.lines() {
        let key = line.split(' ').next().expect("a key");
        assert_eq!(
            said(&format!("{line}\n"), ""),
            format!("line 1: `models.new.{key}` is missing")
        );
    }
}

/// Scenario: values of the wrong kind for everything that is no amount, names that no model has, broken TOML.
/// Guarantees: each is refused with its line and key.
#[test]
fn other_bad_values_are_refused() {
    let said = |text: &str| read(text, PriceTable::default()).expect_err("a fault").to_string();
    let date = "`dated` cannot be used: a date like 2026-11-28 is needed";
    for value in ["\"2026-11-28\"", "2026-11-28T10:00:00Z", "10:00:00", "20261128"] {
        assert_eq!(said(&format!("\ndated = {value}")), format!("line 2: {date}"), "{value}");
    }
    assert_eq!(said("models = 1"), "line 1: `models` cannot be used: a table is needed");
    assert_eq!(said("[models]\nnew = 1"), "line 2: `models.new` cannot be used: a table is needed");
    for above in ["-1", "0.5", "\"1\""] {
        let text = format!("[models.new]\n{RATES}long = {{ {}, above = {above} }}", one_line());
        let expected =
            "line 7: `models.new.long.above` cannot be used: a whole number of tokens is needed";
        assert_eq!(said(&text), expected, "{above}");
    }
    let missing = format!("[models.new]\n{RATES}long = {{ {} }}", one_line());
    assert_eq!(said(&missing), "line 7: `models.new.long.above` is missing");
    for name in ["", "claude-sonnet-4-6[1m]"] {
        let expected = format!(
            "line 1: `models.{name}` cannot be used: a model's name is needed, without the suffix of its window"
        );
        assert_eq!(said(&format!("[models.\"{name}\"]\n{RATES}")), expected);
    }
    for text in ["# 1\ndated = ", "[models.new]\n[models.new]\n", "\n] = 1"] {
        let said = said(text);
        assert!(said.starts_with("line 2: this is not valid TOML: "), "{said}");
        assert!(!said.contains('\n'), "{said}");
    }
}
