//! One Python process that answers all questions.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::ops::Range;
use std::process::{Command, Stdio};

#[derive(Debug, Clone, Serialize)]
pub(super) struct Question {
    #[serde(skip)]
    pub(super) line: String,
    /// What the others are asked: the same line without ranges such as `5-5` (croniter takes them for the
    /// whole field, cronsim takes `5-5/2` for `5-59/2`, croner takes `SUN-SUN` for the whole week).
    pub(super) plain_line: String,
    pub(super) zone: String,
    pub(super) after: i64,
    pub(super) before: i64,
    pub(super) most: usize,
}

impl Question {
    /// `between` holds seconds since 1970; its start is not asked for.
    pub(super) fn new(line: String, zone: &str, between: Range<i64>, most: usize) -> Question {
        let plain_line = without_ranges_of_one(&line);
        Question { line, plain_line, zone: zone.into(), after: between.start, before: between.end, most }
    }

    pub(super) fn zone(&self) -> Tz {
        self.zone.parse().expect("a known zone")
    }
}

fn without_ranges_of_one(line: &str) -> String {
    let shorten = |element: &str| {
        let range = element.split('/').next().unwrap_or(element);
        match range.split_once('-') {
            Some((first, last)) if value(first) == value(last) => first.to_owned(),
            _ => element.to_owned(),
        }
    };
    let field = |text: &str| text.split(',').map(shorten).collect::<Vec<_>>().join(",");
    line.split(' ').map(field).collect::<Vec<_>>().join(" ")
}

/// Names stand for numbers that differ from field to field; months and weekdays share no name.
pub(super) fn value(text: &str) -> String {
    let names = "sun mon tue wed thu fri sat / jan feb mar apr may jun jul aug sep oct nov dec";
    let weekday_or_month = names.split(' ').position(|name| name.eq_ignore_ascii_case(text));
    weekday_or_month
        .map_or_else(|| text.to_owned(), |index| (if index < 7 { index } else { index - 7 }).to_string())
}

#[derive(Debug, Deserialize)]
pub(super) struct Answers {
    pub(super) croniter: Answer,
    pub(super) cronsim: Answer,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Answer {
    Times(Vec<i64>),
    Error(String),
}

/// Asks all `questions` of the Python oracles; the answers come in the same order.
pub(super) fn ask(questions: &[Question]) -> Vec<Answers> {
    let python = std::env::var("OFFPEAK_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles/cron_oracle.py");
    let mut child = Command::new(&python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("{python} does not start ({error}): run tests/run, which installs it")
        });
    let mut input = BufWriter::new(child.stdin.take().expect("piped"));
    let texts: Vec<String> =
        questions.iter().map(|question| serde_json::to_string(question).expect("JSON")).collect();
    // A thread, because both pipes would fill up; a broken pipe shows as missing answers below.
    let writer = std::thread::spawn(move || texts.iter().all(|text| writeln!(input, "{text}").is_ok()));
    let answers: Vec<Answers> = BufReader::new(child.stdout.take().expect("piped"))
        .lines()
        .map(|line| serde_json::from_str(&line.expect("UTF-8")).expect("an answer"))
        .collect();
    writer.join().expect("the writer ends");
    let status = child.wait().expect("the oracle ends");
    assert!(
        status.success() && answers.len() == questions.len(),
        "{python} {script} ended with {status} after {} of {} answers: run tests/run, which installs the Python \
         packages croniter and cronsim, or point OFFPEAK_TEST_PYTHON at a Python that has them",
        answers.len(),
        questions.len()
    );
    answers
}
