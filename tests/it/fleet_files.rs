//! Fleet files: every mistake is named with its place; what is written reads back equal.

use std::str::FromStr;

use offpeak::domain::calendar::TrafficProfile;
use offpeak::domain::fleet::{FirmwareVersion, Locale, Merchant, Site, Tags, Terminal, clean_text};
use offpeak::fleet_files::{
    ERRORS_KEPT_MAX, FileFormat, FileKind, FleetFiles, NamedFile, RowErrors, read_each, read_files,
    write_records,
};
use proptest::prelude::*;

const MERCHANTS: &str = "number,name,locale,email,phone,tags\nM1,Harbour Bakery,en,owner@harbour.example,,\n";
const SITES: &str = "code,merchant_number,name,region,time_zone,opening_hours\n\
                     S1,M1,Mill Road,north,Europe/London,Mon-Fri 08:00-20:00\n";
const TERMINALS: &str =
    "serial,site_code,tid,mid,model,firmware,acquirer_host\n0820000017,S1,1,2,A920,3.2.0,host-1\n";

fn read(files: &[(&str, &[u8])]) -> Result<FleetFiles, RowErrors> {
    read_files(files.iter().map(|(name, bytes)| NamedFile::from_bytes(*name, bytes.to_vec())).collect())
}

fn read_text(name: &str, text: &str) -> FleetFiles {
    read(&[(name, text.as_bytes())]).unwrap_or_else(|errors| panic!("{text}\n{errors}"))
}

/// The errors of one file, one a line.
fn refusals(name: &str, bytes: impl AsRef<[u8]>) -> Vec<String> {
    let errors = read(&[(name, bytes.as_ref())]).expect_err("refused");
    errors.errors.iter().map(ToString::to_string).collect()
}

#[test]
fn optional_columns_have_defaults() {
    let fleet = read(&[
        ("t.csv", TERMINALS.as_bytes()),
        ("s.csv", SITES.as_bytes()),
        ("m.csv", b"name,number\r\n Harbour  Bakery ,M1\r\n"),
    ])
    .expect("reads");
    assert_eq!(
        fleet.merchants[0].value,
        Merchant {
            number: "M1".into(),
            name: "Harbour Bakery".into(),
            locale: Locale::En,
            email: None,
            phone: None,
            tags: Tags::new(),
        }
    );
    let site = &fleet.sites[0].value;
    assert_eq!((site.traffic_profile, site.address.as_ref()), (TrafficProfile::Flat, None));
    let terminal = &fleet.terminals[0].value;
    assert_eq!((terminal.label.as_str(), terminal.volume, terminal.retired), ("0820000017", 10, false));
    assert_eq!(
        (terminal.carrier.as_ref(), terminal.cell.as_ref(), terminal.servicer.as_ref()),
        (None, None, None)
    );
    assert_eq!(fleet.terminals[0].origin.to_string(), "t.csv:2");
}

#[test]
fn one_mistake_of_each_kind_has_its_place_and_remedy() {
    let cases: &[(&str, &str, &str)] = &[
        (
            "sites.csv",
            "S1,M1,Mill Road,north,Asia/Shangai,24/7",
            "sites.csv:2: column time_zone: \"Asia/Shangai\": is not an IANA time zone; did you mean Asia/Shanghai?",
        ),
        (
            "sites.csv",
            "S1,M1,Mill Road,north,UTC,Mon-Fri 8",
            "sites.csv:2: column opening_hours: \"Mon-Fri 8\": ",
        ),
        (
            "sites.csv",
            "S1,M1,,north,UTC,24/7",
            "sites.csv:2: column name: is empty; fill it in; every site needs it",
        ),
        (
            "sites.csv",
            "S1,8.98541E+14,X,north,UTC,24/7",
            "column merchant_number: \"8.98541E+14\": is a number that a spreadsheet has rounded",
        ),
        ("sites.csv", "S1,M1,\u{200b}\u{feff},north,UTC,24/7", "column name: is empty"),
        ("sites.csv", "S1,M1,X,north,UTC", "sites.csv:2: the row has 5 cells, the header 6; put a cell"),
        ("sites.csv", "S\u{0}1,M1,X,north,UTC,24/7", "column code: \"S\\01\": holds a NUL character"),
        ("sites.csv", "S1,M1,\"X,north,UTC,24/7", "sites.csv:2: a quote opens here and is never closed"),
    ];
    for (name, row, expected) in cases {
        let header = SITES.lines().next().unwrap_or_default();
        let errors = refusals(name, format!("{header}\n{row}\n"));
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].contains(expected), "{}\n{expected}", errors[0]);
    }
    let header = "serial,site_code,tid,mid,model,firmware,acquirer_host,volume,retired,tags";
    for (tail, expected) in [
        ("0,,", "column volume: \"0\": is not a volume; write a whole number from 1 to 1000"),
        ("1001,,", "column volume: \"1001\""),
        ("1.5,,", "column volume: \"1.5\""),
        (",maybe,", "column retired: \"maybe\": is neither true nor false"),
        (",,floor", "column tags: \"floor\": `floor` is not key=value"),
        (",,floor=1;floor=2", "the tag `floor` is given twice"),
    ] {
        let errors = refusals("t.csv", format!("{header}\nX,S1,1,2,A920,3.2.0,h,{tail}\n"));
        assert!(errors.len() == 1 && errors[0].contains(expected), "{errors:?}\n{expected}");
    }
    for (row, expected) in [
        (
            "M1,X,fr,,,",
            "column locale: \"fr\": is not a language that notices are written in; use en or zh-CN",
        ),
        ("M1,X,,owner@,,", "column email: \"owner@\": is not a mail address"),
        ("M1,X,,a@b.example; c@d.example,,", "is not one mail address"),
    ] {
        let errors = refusals("m.csv", format!("number,name,locale,email,phone,tags\n{row}\n"));
        assert!(errors.len() == 1 && errors[0].contains(expected), "{errors:?}\n{expected}");
    }
    let long = format!("number,name\n{},X\n", "9".repeat(65));
    let error = &refusals("m.csv", long)[0];
    assert!(error.contains("is 65 characters or longer; use at most 64") && error.len() < 220, "{error}");
}

#[test]
fn every_mistake_of_every_row_and_file_is_reported() {
    let sites = "code,merchant_number,name,region,time_zone,opening_hours\n\
                 S1,,\"two\nlines\",north,Mars,never\n\
                 \n\
                 S1,M1,X,north,UTC,24/7\n\
                 S2,M1,X,north,UTC,24/7\n";
    let errors = read(&[("s.csv", sites.as_bytes()), ("empty.csv", b"\n"), ("m.csv", b"number,name\nM1,\n")])
        .expect_err("refused");
    let lines: Vec<_> = errors.errors.iter().map(ToString::to_string).collect();
    let starts = [
        "s.csv:2: column merchant_number: is empty",
        "s.csv:2: column time_zone: \"Mars\"",
        "s.csv:2: column opening_hours: \"never\"",
        "s.csv:5: column code: \"S1\": this site is in s.csv:2 already",
        "empty.csv: is empty",
        "m.csv:2: column name: is empty",
    ];
    assert_eq!(lines.len(), starts.len(), "{lines:#?}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}\n{start}");
    }
    assert_eq!(errors.to_string(), lines.join("\n"));
}

#[test]
fn headers_are_read_strictly_and_helpfully() {
    let error = &refusals("m.csv", "number,name,e-mail\nM1,X,a@b.example\n")[0];
    assert!(error.starts_with("m.csv:1: column e-mail: \"e-mail\": there is no such column in merchants; did you mean email? the columns"), "{error}");
    let errors = refusals("t.csv", TERMINALS.replace("tid", "tdi"));
    assert!(
        errors[0].contains("did you mean tid?") && errors[1].contains("column tid: the column is missing"),
        "{errors:?}"
    );
    assert!(refusals("x.csv", "a,b\n1,2\n")[0].contains("whether these are merchants, sites or terminals"));
    assert!(refusals("x.csv", "name,tags\n1,2\n")[0].contains("whether these are"));
    assert!(
        refusals("m.csv", "number,name,name\nM1,X,Y\n")[0].contains("column name: \"name\": is there twice")
    );
    // The file's name is no business of the reader's.
    assert_eq!(read_text("terminals.csv", MERCHANTS).merchants.len(), 1);
    assert_eq!(
        read_text("m.csv", &MERCHANTS.to_uppercase().replace("M1,HARBOUR", "M1,H")).merchants[0].value.name,
        "H BAKERY"
    );
}

#[test]
fn what_spreadsheets_make_of_it_reads_the_same() {
    let plain = read_text("m.csv", MERCHANTS);
    for text in [
        format!("\u{feff}{MERCHANTS}"),
        MERCHANTS.replace('\n', "\r\n"),
        MERCHANTS.replace(',', ";"),
        MERCHANTS.replace(',', "\t"),
        MERCHANTS.trim_end().to_owned(),
        format!("{MERCHANTS},,,,,\n\n"),
    ] {
        assert_eq!(read_text("m.csv", &text), plain, "{text:?}");
    }
    let utf16: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(MERCHANTS.bytes().flat_map(|byte| [byte, 0])).collect();
    assert!(refusals("m.csv", utf16)[0].contains("is text in UTF-16"));
    assert!(refusals("m.xlsx", b"PK\x03\x04whatever")[0].contains("a workbook or an archive"));
    // "中" in GBK.
    let errors = refusals("m.csv", b"number,name\nM1,ok\nM2,\xd6\xd0\n");
    assert!(
        errors[0].starts_with("m.csv:3: column name: ") && errors[0].contains("is not UTF-8; save the file"),
        "{errors:?}"
    );
}

#[test]
fn a_runaway_quote_says_how_far_it_ran() {
    let rows: String = (0..500).map(|n| format!("M{n},X\n")).collect();
    let errors = refusals("m.csv", format!("number,name\nM,\"X\n{rows}N,\"Y\"\n"));
    assert!(errors[0].starts_with("m.csv:2: the row runs on to line 503"), "{errors:?}");
}

#[test]
fn a_line_without_end_is_refused_and_not_swallowed() {
    let long = "x".repeat(3 << 20);
    for (name, text) in
        [("m.csv", format!("number,name\nM1,{long}\n")), ("m.csv", long.clone()), ("m.jsonl", long)]
    {
        let errors = refusals(name, text);
        assert!(errors.len() == 1 && errors[0].contains("is longer than 1048576 bytes"), "{errors:?}");
    }
}

#[test]
fn json_lines_say_what_they_are() {
    let merchant = r#"{"type":"merchant","number":"M1","name":"福源便利店","locale":"zh-CN","email":null,"tags":{"vip":"a;b"}}"#;
    let terminal = r#"{"type":"terminal","serial":"X","site_code":"S1","tid":"1","mid":"2","model":"A920","firmware":"1","acquirer_host":"h","volume":7,"retired":true}"#;
    let fleet = read_text("fleet.jsonl", &format!("\u{feff}{merchant}\r\n\n{terminal}"));
    assert_eq!(fleet.merchants[0].value.tags, [("vip".to_owned(), "a;b".to_owned())].into());
    assert_eq!((fleet.terminals[0].value.volume, fleet.terminals[0].value.retired), (7, true));
    assert_eq!(fleet.terminals[0].origin.to_string(), "fleet.jsonl:3");
    assert_eq!(read_text("dir/merchants.jsonl", r#"{"number":"M1","name":"X"}"#).merchants.len(), 1);
    assert_eq!(read_text("upload", merchant).merchants.len(), 1);
    for (line, expected) in [
        (
            r#"{"number":"M1","name":"X"}"#,
            "x.jsonl:1: the object does not say what it is; write \"type\":\"merchant\"",
        ),
        (r#"{"type":"shop"}"#, "column type: \"shop\": there is no such type"),
        (
            r#"{"type":"merchant","number":1,"name":"X"}"#,
            "column number: \"1\": is of the wrong JSON type; write a string, in quotes",
        ),
        (
            r#"{"type":"merchant","number":"1","name":"X","e_mail":""}"#,
            "column e_mail: \"\\\"\\\"\": a merchant has no such field; did you mean email?",
        ),
        (
            r#"{"type":"merchant","number":"1","name":"X","tags":{"a":1}}"#,
            "the tag `a` is 1; give tags text values",
        ),
        (
            r#"{"type":"merchant","number":"1","name":"X","tags":[]}"#,
            "column tags: \"[]\": is of the wrong JSON type; write an object of strings",
        ),
        (r#"{"type":"merchant","number":"1","name":"X\u0000Y"}"#, "holds a NUL character"),
        (
            r#"{"type":"merchant""#,
            "x.jsonl:1: is not a JSON object: EOF while parsing an object at character 18",
        ),
        ("[", "is not a JSON object"),
        ("", "x.jsonl: is empty"),
    ] {
        let errors = refusals("x.jsonl", line);
        assert!(errors.len() == 1 && errors[0].contains(expected), "{errors:?}\n{expected}");
    }
}

#[test]
fn a_key_may_be_in_one_file_only() {
    let errors = read(&[
        ("a.csv", MERCHANTS.as_bytes()),
        ("b.csv", MERCHANTS.as_bytes()),
        ("s.csv", SITES.as_bytes()),
    ])
    .expect_err("refused");
    assert_eq!(
        errors.to_string(),
        "b.csv:2: column number: \"M1\": this merchant is in a.csv:2 already; delete one of the two rows"
    );
}

#[test]
fn errors_are_counted_beyond_what_is_kept() {
    let rows: String = (0..ERRORS_KEPT_MAX + 500).map(|n| format!("M{n},\n")).collect();
    let errors = read(&[("m.csv", format!("number,name\n{rows}").as_bytes())]).expect_err("refused");
    assert_eq!((errors.errors.len(), errors.total), (ERRORS_KEPT_MAX, ERRORS_KEPT_MAX as u64 + 500));
    assert!(errors.to_string().ends_with("\n… and 500 more"));
}

#[test]
fn good_rows_stream_and_bad_ones_are_told_at_the_end() {
    let mut seen = 0;
    let text = "number,name\nM1,X\nM2,\nM3,Y\n";
    let result = read_each(vec![NamedFile::new("m.csv", text.as_bytes())], |_| seen += 1);
    assert_eq!((seen, result.expect_err("one is bad").total), (2, 1));
}

#[test]
fn references_out_of_the_files_are_listed_with_their_rows() {
    let fleet = read(&[("s.csv", SITES.as_bytes()), ("t.csv", TERMINALS.replace(",S1,", ",S9,").as_bytes())])
        .expect("reads");
    let outside = fleet.outside_references();
    let places = |origins: &Vec<&offpeak::fleet_files::Origin>| {
        origins.iter().map(|o| o.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(outside.merchant_numbers.keys().copied().collect::<Vec<_>>(), ["M1"]);
    assert_eq!(places(&outside.merchant_numbers["M1"]), ["s.csv:2"]);
    assert_eq!(
        outside.site_codes.iter().map(|(code, origins)| (*code, places(origins))).collect::<Vec<_>>(),
        [("S9", vec!["t.csv:2".to_owned()])]
    );
}

#[test]
fn a_reader_that_fails_is_an_error_of_its_file() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let errors = read_files(vec![NamedFile::new("m.csv", Broken)]).expect_err("refused");
    assert!(errors.to_string().starts_with("m.csv: cannot be read: the disk is gone; "), "{errors}");
}

#[test]
fn the_manual_names_every_column() {
    let manual = include_str!("../../docs/fleet-files.md");
    for kind in FileKind::ALL {
        assert!(manual.contains(&format!("## {}.csv", kind.as_str())), "{kind:?}");
        for column in kind.columns() {
            let row = format!("| `{}` | {} |", column.name, if column.required { "yes" } else { "no" });
            assert!(manual.contains(&row), "{row}");
        }
    }
    for help in offpeak::domain::selector::fields() {
        assert!(manual.contains(&format!("| `{}` |", help.name)), "{}", help.name);
    }
}

/// Text that tries to break out of a cell, a line or a file.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "[=+@\\-\"',;\\\\ \t\r\n\u{0}\u{feff}\u{200b}\u{202e}a中;=]{0,12}",
        any::<String>(),
        Just("=HYPERLINK(\"http://x.example\",\"x\")".to_owned()),
        Just("\"\r\nM9,injected,en,,,\r\n\"".to_owned()),
    ]
}

/// Such a text as the edge keeps it, never empty.
fn kept() -> impl Strategy<Value = String> {
    hostile().prop_map(|text| clean_text(&text)).prop_filter("something visible", |text| !text.is_empty())
}

fn key() -> impl Strategy<Value = String> {
    kept()
        .prop_map(|text| clean_text(&text.chars().take(64).collect::<String>()))
        .prop_filter("something visible", |text| !text.is_empty())
}

fn tags() -> impl Strategy<Value = Tags> {
    prop::collection::btree_map(kept(), hostile().prop_map(|text| clean_text(&text)), 0..3)
}

prop_compose! {
    fn merchant()(number in key(), name in kept(), chinese in any::<bool>(), email in prop::option::of("[a-z]{1,9}@[a-z]{1,9}\\.example"), phone in prop::option::of(key()), tags in tags()) -> Merchant {
        let locale = if chinese { Locale::ZhCn } else { Locale::En };
        Merchant { number, name, locale, email, phone, tags }
    }
}

prop_compose! {
    fn site()(code in key(), merchant_number in key(), name in kept(), region in key(), address in prop::option::of(kept()), zone in 0..chrono_tz::TZ_VARIANTS.len(), hours in prop::sample::select(vec!["24/7", "Mon-Fri 08:00-12:00,14:00-18:00; Sat 09:00-18:00", "Fri-Sat 18:00-02:00"]), profile in prop::sample::select(TrafficProfile::ALL.to_vec()), tags in tags()) -> Site {
        Site {
            code, merchant_number, name, region, address,
            time_zone: chrono_tz::TZ_VARIANTS[zone],
            opening_hours: FromStr::from_str(hours).expect("opening hours"),
            traffic_profile: profile,
            tags,
        }
    }
}

prop_compose! {
    fn terminal()(keys in prop::collection::vec(key(), 7), label in kept(), options in prop::collection::vec(prop::option::of(key()), 3), volume in 1..=1000_u32, retired in any::<bool>(), tags in tags()) -> Terminal {
        Terminal {
            serial: keys[0].clone(), site_code: keys[1].clone(), tid: keys[2].clone(), mid: keys[3].clone(),
            label, model: keys[4].clone(), firmware: FirmwareVersion::new(&keys[5]), acquirer_host: keys[6].clone(),
            carrier: options[0].clone(), cell: options[1].clone(), servicer: options[2].clone(),
            volume, retired, tags,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_reads_back_equal(merchant in merchant(), site in site(), terminal in terminal()) {
        for format in [FileFormat::Csv, FileFormat::JsonLines] {
            let mut files = [Vec::new(), Vec::new(), Vec::new()];
            prop_assert_eq!(write_records::<Merchant>(&mut files[0], format, [&merchant]).expect("in memory"), 1);
            write_records::<Site>(&mut files[1], format, [&site]).expect("in memory");
            write_records::<Terminal>(&mut files[2], format, [&terminal]).expect("in memory");
            let named = files.iter().map(|bytes| NamedFile::from_bytes("fleet", bytes.clone())).collect();
            let fleet = read_files(named).map_err(|errors| TestCaseError::fail(errors.to_string()))?;
            prop_assert_eq!(&fleet.merchants[0].value, &merchant);
            prop_assert_eq!(&fleet.sites[0].value, &site);
            prop_assert_eq!(&fleet.terminals[0].value, &terminal);
            prop_assert_eq!((fleet.merchants.len(), fleet.sites.len(), fleet.terminals.len()), (1, 1, 1));
        }
    }

    #[test]
    fn raw_names_are_cleaned_whatever_they_are(raw in hostile()) {
        let mut file = csv::Writer::from_writer(Vec::new());
        file.write_record(["number", "name"]).expect("in memory");
        file.write_record(["M1", &raw]).expect("in memory");
        let bytes = file.into_inner().expect("in memory");
        match read(&[("m.csv", &bytes)]) {
            Ok(fleet) => prop_assert_eq!(&fleet.merchants[0].value.name, &clean_text(&raw)),
            Err(_) => prop_assert!(clean_text(&raw).is_empty() || raw.trim().contains('\0')),
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), header in prop::sample::select(vec![MERCHANTS, SITES, TERMINALS, "{\"type\":\"site\"}\n", ""])) {
        let file = [header.as_bytes(), &bytes].concat();
        let _ = read(&[("x", &file)]);
    }
}
