//! Selectors: what they say of a terminal, checked against a second evaluator; their canonical text; their
//! messages.

use std::cmp::Ordering;
use std::str::FromStr;

use offpeak::domain::fleet::{FirmwareVersion, Locale, Merchant, Site, Terminal};
use offpeak::domain::selector::{Selector, SelectorError, fields};
use proptest::prelude::*;

const FIRMWARES: [&str; 5] = ["3.2.0", "3.10.0", "3.9", "3.10.0-rc1", "1.0"];
const REGIONS: [&str; 4] = ["north", "east", "华东 \"one\"", "in"];
const LABELS: [&str; 4] = ["Till 1", "Till 12", "收银台*", "x\\y"];

fn terminal() -> Terminal {
    Terminal {
        serial: "0820000017".into(),
        site_code: "S1".into(),
        tid: "10000017".into(),
        mid: "898541100000017".into(),
        label: "Till 1".into(),
        model: "A920".into(),
        firmware: FirmwareVersion::new("3.2.0"),
        acquirer_host: "acquirer-1".into(),
        carrier: Some("China Mobile".into()),
        cell: None,
        servicer: None,
        volume: 10,
        retired: false,
        tags: [("floor".into(), "2".into())].into(),
    }
}

fn site() -> Site {
    Site {
        code: "S1".into(),
        merchant_number: "M1".into(),
        name: "Harbour Bakery, Mill Road".into(),
        region: "north".into(),
        address: None,
        time_zone: chrono_tz::Asia::Shanghai,
        opening_hours: FromStr::from_str("Mon-Fri 08:00-20:00").expect("opening hours"),
        traffic_profile: FromStr::from_str("restaurant").expect("kind of shop"),
        tags: [("floor".into(), "1".into()), ("vip".into(), "yes".into())].into(),
    }
}

fn merchant() -> Merchant {
    Merchant {
        number: "M1".into(),
        name: "Harbour Bakery".into(),
        locale: Locale::ZhCn,
        email: None,
        phone: None,
        tags: [("vip".into(), "no".into()), ("a b".into(), "c".into())].into(),
    }
}

fn parse(text: &str) -> Selector {
    Selector::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

fn holds(text: &str) -> bool {
    parse(text).matches(&terminal(), &site(), &merchant())
}

fn refusal(text: &str) -> SelectorError {
    Selector::parse(text).expect_err(text)
}

#[test]
fn each_form_says_what_it_reads_like() {
    for text in [
        "all",
        r#"model = "A920" and region in ("north","east") and firmware < "3.10.0""#,
        "model=A920",
        "firmware < 3.10.0 AND NOT firmware < 3.2.0",
        "volume >= 10 and volume < 11 and volume in (9, 10)",
        r#"carrier = "China Mobile""#,
        "cell != anything and not cell = anything and cell not in (a) and cell not like *",
        "tag.floor = 2 and tag.vip = yes and tag.\"a b\" = c and tag.none != c",
        "zone = Asia/Shanghai and zone like Asia/* and locale = zh-cn and profile = restaurant",
        "site_name like \"*Bakery*\" and merchant_name like Harbour*",
        "site = S1 and merchant = M1 and serial like 082??????? and host = acquirer-1",
        "model = A80 and model = A80 or model = A920",
        "not (model = A920 and model = A80)",
        "not model = A80 and model = A920",
        "mid = 898541100000017 and tid >= 10000017 and tid <= 10000017 and not tid > 10000017",
    ] {
        assert!(holds(text), "{text}");
        assert!(!holds(&format!("not ({text})")), "not {text}");
    }
    // What is missing is neither before nor after anything, nor in a list, nor like a pattern.
    for text in ["cell < z", "cell >= a", "cell in (a)", "cell like *", "servicer = x", "tag.none < z"] {
        assert!(!holds(text), "{text}");
    }
}

#[test]
fn the_canonical_text_is_one_text() {
    for (text, canonical) in [
        ("ALL", "all"),
        ("model=A920", r#"model = "A920""#),
        ("((model = a and (model = b and model = c)))", r#"model = "a" and model = "b" and model = "c""#),
        (
            "(model = a or model = b) and not (not model = c)",
            r#"(model = "a" or model = "b") and not not model = "c""#,
        ),
        ("region in (b, a, \"b\")", r#"region in ("a", "b")"#),
        ("volume NOT IN (10,9)", "volume not in (9, 10)"),
        ("locale = ZH-cn", r#"locale = "zh-CN""#),
        ("label = \"\\u{41}\\t\\\"\"", r#"label = "A\u{9}\"""#),
        ("tag.\"floor\" like \"a\\\\*\"", r#"tag.floor like "a\\*""#),
    ] {
        assert_eq!(parse(text).to_string(), canonical);
        assert_eq!(parse(canonical), parse(text));
    }
}

#[test]
fn a_selector_is_a_string_in_json() {
    let selector: Selector = serde_json::from_str(r#""model=A920 or all""#).expect("reads");
    assert_eq!(serde_json::to_string(&selector).expect("writes"), r#""model = \"A920\" or all""#);
    let error = serde_json::from_str::<Selector>(r#""modle = A920""#).expect_err("misspelled");
    assert!(error.to_string().contains("did you mean `model`?"), "{error}");
}

#[test]
fn errors_name_the_place_and_the_remedy() {
    assert_eq!(
        refusal(r#"model = "A920" and regoin = "north""#).to_string(),
        "selector, character 20: `regoin` is not a field; did you mean `region`?\n  \
         model = \"A920\" and regoin = \"north\"\n                     ^^^^^^"
    );
    for (text, character, message) in [
        ("", 1, "found the end where one expects a field"),
        ("model", 6, "found the end where one expects `=`"),
        ("model =", 8, "found the end where one expects a value"),
        ("model = A920 A80", 14, "double quotes"),
        ("model = and", 9, "needs double quotes"),
        ("model = A9*", 9, "a pattern needs `like`"),
        ("(model = A920", 1, "this `(` is never closed"),
        ("model in (A920, A80", 10, "this `(` is never closed"),
        ("model in ()", 11, "found `)` where one expects a value"),
        ("model in A920", 10, "`(` and a list"),
        ("model = A920)", 13, "this `)` closes nothing"),
        ("model not = A920", 11, "`in` or `like`"),
        ("zone < Asia/Shanghai", 6, "`zone` has no order"),
        ("zone = Asia/Shangai", 8, "did you mean `Asia/Shanghai`?"),
        ("locale = fr", 10, "use en or zh-CN"),
        ("volume > many", 10, "not a whole number"),
        ("volume = 4294967296", 10, "not a whole number"),
        ("volume like 1*", 8, "`like` is for texts"),
        ("model == A920", 7, "write `=`"),
        ("华 = 1", 1, "the fields are"),
        ("region = 华东 & all", 13, "means nothing here"),
        ("tag. = 1", 1, "the name of the tag is missing"),
        ("and model = A920", 1, "found `and` where one expects a field"),
        ("acquirer_host = x", 1, "did you mean `host`?"),
    ] {
        let error = refusal(text);
        assert!(error.message().contains(message), "{text}: {error}");
        assert_eq!(error.character(), character, "{error}");
    }
}

#[test]
fn depth_is_limited_and_length_is_not() {
    for open in ["(", "not ", "(not "] {
        let error = refusal(&open.repeat(100_000));
        assert!(error.message().contains("nested too deeply"), "{error}");
        assert!(error.to_string().len() < 400);
    }
    let nested = format!("{}all{}", "(".repeat(100), ")".repeat(100));
    assert_eq!(parse(&nested), Selector::ALL);
    let negated = "not ".repeat(100) + "all";
    assert_eq!(parse(&negated).to_string(), negated);
    let long = vec!["model = A920"; 100_000].join(" and ");
    assert!(holds(&long));
    assert!(holds(&format!(
        "serial in ({}, 0820000017)",
        (0..100_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",")
    )));
}

#[test]
fn help_lists_every_field_once() {
    let mut names: Vec<_> = fields().iter().map(|help| help.name).collect();
    assert_eq!(names.len(), 20);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 20);
}

/// The law's own idea of an expression.
#[derive(Clone, Debug)]
enum Wanted {
    All,
    Region(&'static str, usize),
    Firmware(&'static str, usize),
    Volume(&'static str, u32),
    CarrierIs(bool, String),
    RegionIn(bool, Vec<usize>),
    LabelLike(bool, String),
    Tag(&'static str, String),
    Not(Box<Wanted>),
    And(Vec<Wanted>),
    Or(Vec<Wanted>),
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let sign = || prop::sample::select(vec!["=", "!=", "<", "<=", ">", ">="]);
    let leaf = prop_oneof![
        Just(Wanted::All),
        (sign(), 0..REGIONS.len()).prop_map(|(sign, region)| Wanted::Region(sign, region)),
        (sign(), 0..FIRMWARES.len()).prop_map(|(sign, firmware)| Wanted::Firmware(sign, firmware)),
        (sign(), 0..4_u32).prop_map(|(sign, volume)| Wanted::Volume(sign, volume)),
        (any::<bool>(), "[ab]").prop_map(|(equal, carrier)| Wanted::CarrierIs(equal, carrier)),
        (any::<bool>(), prop::collection::vec(0..REGIONS.len(), 1..4))
            .prop_map(|(not, list)| Wanted::RegionIn(not, list)),
        (any::<bool>(), "[Til1*? ]{0,4}").prop_map(|(not, pattern)| Wanted::LabelLike(not, pattern)),
        (prop::sample::select(vec!["=", "!="]), "[ab\\n\"\\\\中]{0,2}")
            .prop_map(|(sign, value)| Wanted::Tag(sign, value)),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|part| Wanted::Not(Box::new(part))),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Wanted::And),
            prop::collection::vec(inner, 1..4).prop_map(Wanted::Or),
        ]
    })
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

impl Wanted {
    /// The text of it, with every parenthesis written out.
    fn text(&self) -> String {
        let not = |not: &bool| if *not { "not " } else { "" };
        let joined = |parts: &[Wanted], word: &str| {
            parts.iter().map(|part| format!("({})", part.text())).collect::<Vec<_>>().join(word)
        };
        match self {
            Wanted::All => "all".into(),
            Wanted::Region(sign, region) => format!("region{sign}{}", quote(REGIONS[*region])),
            Wanted::Firmware(sign, firmware) => format!("firmware {sign} {}", FIRMWARES[*firmware]),
            Wanted::Volume(sign, volume) => format!("volume {sign} {volume}"),
            Wanted::CarrierIs(equal, carrier) => {
                format!("carrier {}= {carrier}", if *equal { "" } else { "!" })
            }
            Wanted::RegionIn(negated, list) => {
                let list: Vec<_> = list.iter().map(|region| quote(REGIONS[*region])).collect();
                format!("region {}in ({})", not(negated), list.join(","))
            }
            Wanted::LabelLike(negated, pattern) => format!("label {}like {}", not(negated), quote(pattern)),
            Wanted::Tag(sign, value) => format!("tag.x {sign} {}", quote(value)),
            Wanted::Not(part) => format!("not ({})", part.text()),
            Wanted::And(parts) => joined(parts, " and "),
            Wanted::Or(parts) => joined(parts, " or "),
        }
    }

    fn holds(&self, terminal: &Terminal, site: &Site) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Region(sign, region) => compares(sign, site.region.as_str().cmp(REGIONS[*region])),
            Wanted::Firmware(sign, firmware) => {
                compares(sign, terminal.firmware.cmp(&FirmwareVersion::new(FIRMWARES[*firmware])))
            }
            Wanted::Volume(sign, volume) => compares(sign, terminal.volume.cmp(volume)),
            Wanted::CarrierIs(equal, carrier) => (terminal.carrier.as_ref() == Some(carrier)) == *equal,
            Wanted::RegionIn(negated, list) => {
                list.iter().any(|region| REGIONS[*region] == site.region) != *negated
            }
            Wanted::LabelLike(negated, pattern) => {
                let pattern: Vec<char> = pattern.chars().collect();
                let label: Vec<char> = terminal.label.chars().collect();
                resembles(&pattern, &label) != *negated
            }
            Wanted::Tag(sign, value) => {
                let found = terminal.tags.get("x").or(site.tags.get("x"));
                (found == Some(value)) == (*sign == "=")
            }
            Wanted::Not(part) => !part.holds(terminal, site),
            Wanted::And(parts) => parts.iter().all(|part| part.holds(terminal, site)),
            Wanted::Or(parts) => parts.iter().any(|part| part.holds(terminal, site)),
        }
    }
}

fn compares(sign: &str, ordering: Ordering) -> bool {
    match ordering {
        Ordering::Less => sign.starts_with('<') || sign == "!=",
        Ordering::Equal => ["=", "<=", ">="].contains(&sign),
        Ordering::Greater => sign.starts_with('>') || sign == "!=",
    }
}

/// Patterns by trying everything.
fn resembles(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|skip| resembles(rest, &text[skip..])),
        Some(('?', rest)) => !text.is_empty() && resembles(rest, &text[1..]),
        Some((character, rest)) => text.first() == Some(character) && resembles(rest, &text[1..]),
    }
}

proptest! {
    #[test]
    fn expressions_round_trip_and_agree_with_the_naive_evaluator(
        wanted in wanted(),
        fleet in prop::collection::vec(
            (0..REGIONS.len(), 0..FIRMWARES.len(), 0..4_u32, prop::option::of("[ab]"), 0..LABELS.len(),
             prop::option::of("[ab\\n\"\\\\中]{0,2}"), prop::option::of("[ab]")),
            1..12,
        ),
    ) {
        let text = wanted.text();
        let selector = Selector::parse(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let canonical = selector.to_string();
        let again = Selector::parse(&canonical).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&again, &selector);
        prop_assert_eq!(again.to_string(), canonical);
        for (region, firmware, volume, carrier, label, terminal_tag, site_tag) in fleet {
            let terminal = Terminal {
                firmware: FirmwareVersion::new(FIRMWARES[firmware]),
                volume,
                carrier,
                label: LABELS[label].into(),
                tags: terminal_tag.map(|value| ("x".into(), value)).into_iter().collect(),
                ..terminal()
            };
            let site = Site {
                region: REGIONS[region].into(),
                tags: site_tag.map(|value| ("x".into(), value)).into_iter().collect(),
                ..site()
            };
            prop_assert_eq!(selector.matches(&terminal, &site, &merchant()), wanted.holds(&terminal, &site), "{}", text);
        }
    }

    #[test]
    fn no_text_panics(text in "[ -~\\n中“]{0,60}|((model|region|tag\\.x|not|in|and|or|like|all|\\(|\\)|=|<|\"|,|A9\\*|\\\\) ?){0,20}") {
        if let Err(error) = Selector::parse(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
