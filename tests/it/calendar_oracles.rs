//! Crontab lines against three other implementations: croner (Rust), croniter and cronsim (Python).
//!
//! In UTC no difference is allowed. Where clocks change, every difference must fall under a rule of
//! `differences`; the rules are listed, with the reason why ours is right, in `docs/calendar.md`.

mod differences;
mod python;
mod random_lines;

use chrono::{DateTime, TimeDelta, Utc};
use croner::parser::CronParser;
use differences::{Oracle, croniter_takes_a_full_day_field_for_a_star, explain};
use offpeak::domain::calendar::CronLine;
use python::{Answer, Question, ask};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

const LINES_IN_UTC: usize = 2500;
const TIMES_A_LINE: usize = 12;
/// The end of 2098: the zones of all implementations agree until then.
const END_OF_THE_ORACLES: i64 = 4_070_900_000;
const LINES_A_CLOCK_CHANGE: usize = 80;
/// croniter walks through a missing day minute by minute, a tenth of a second a line.
const LINES_A_MISSING_DAY: usize = 15;

/// `OFFPEAK_TEST_SEED` repeats or varies a run; every failure names the seed.
fn seed() -> u64 {
    std::env::var("OFFPEAK_TEST_SEED")
        .map_or(20_261_101, |text| text.parse().expect("OFFPEAK_TEST_SEED is a number"))
}

fn from_seconds(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("in range")
}

fn ours(question: &Question) -> Vec<i64> {
    let line: CronLine = question.line.parse().expect("a valid line");
    // Asked in growing steps, as nobody knows how far apart the times of a random line are.
    let mut until = question.after + 1;
    let mut step = 86_400;
    let mut times: Vec<i64> = Vec::new();
    while times.len() < question.most && until < question.before {
        let to = (until + step).min(question.before);
        times.extend(
            line.occurrences(question.zone(), from_seconds(until)..from_seconds(to))
                .iter()
                .map(DateTime::timestamp),
        );
        (until, step) = (to, step * 4);
    }
    times.truncate(question.most);
    times
}

fn croner(question: &Question) -> Answer {
    let mut fields = question.plain_line.split_whitespace();
    let day_starts_with_star =
        [fields.nth(2), fields.nth(1)].iter().any(|field| field.is_some_and(|text| text.starts_with('*')));
    // croner knows the rule of Vixie cron for `*` alone; for `*/2` it must be told.
    let parser = CronParser::builder().dom_and_dow(day_starts_with_star).build();
    let line = match parser.parse(&question.plain_line) {
        Ok(line) => line,
        Err(error) => return Answer::Error(error.to_string()),
    };
    let times = line
        .iter_after(from_seconds(question.after).with_timezone(&question.zone()))
        .map(|time| time.timestamp())
        .take_while(|time| *time < question.before)
        .take(question.most)
        .collect();
    Answer::Times(times)
}

#[test]
fn in_utc_no_other_implementation_differs() {
    let mut rng = ChaCha8Rng::seed_from_u64(seed());
    let questions: Vec<Question> = (0..LINES_IN_UTC)
        .map(|_| {
            let line = random_lines::any_line(&mut rng);
            let after = rng.random_range(0..3_000_000_000);
            Question::new(line, "UTC", after..END_OF_THE_ORACLES, TIMES_A_LINE)
        })
        .collect();
    let mut lines_of_croniter = 0;
    for (question, answers) in questions.iter().zip(ask(&questions)) {
        let ours = Answer::Times(ours(question));
        let mut witnesses = vec![("croner", croner(question)), ("cronsim", answers.cronsim)];
        if !croniter_takes_a_full_day_field_for_a_star(&question.plain_line) {
            witnesses.push(("croniter", answers.croniter));
            lines_of_croniter += 1;
        }
        for (name, theirs) in witnesses {
            let seed = seed();
            assert_eq!(ours, theirs, "seed {seed}: ours (left) and {name} (right) differ on {question:?}");
        }
    }
    assert!(lines_of_croniter > LINES_IN_UTC * 9 / 10, "croniter witnessed only {lines_of_croniter} lines");
}

/// A zone and the UTC day on which its clocks change.
const CLOCK_CHANGES: [(&str, &str); 20] = [
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("America/New_York", "2007-03-11"),
    ("Europe/London", "2026-03-29"),
    ("Europe/London", "2026-10-25"),
    ("Europe/Dublin", "2026-10-25"),
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("Australia/Lord_Howe", "2026-10-03"),
    ("Australia/Lord_Howe", "2026-04-04"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("America/Sao_Paulo", "2018-02-18"),
    ("America/Sao_Paulo", "2019-02-17"),
    ("Asia/Shanghai", "2026-03-29"),
    ("Asia/Shanghai", "1991-04-14"),
    ("Asia/Shanghai", "1991-09-15"),
    ("Asia/Kathmandu", "2026-10-25"),
    ("Africa/Cairo", "2026-04-24"),
    ("Africa/Cairo", "2026-10-29"),
    ("Pacific/Apia", "2011-12-30"),
];

#[test]
fn where_clocks_change_every_difference_is_explained() {
    let mut rng = ChaCha8Rng::seed_from_u64(seed());
    let mut questions = Vec::new();
    for (zone, day) in CLOCK_CHANGES {
        let midnight: DateTime<Utc> = format!("{day}T00:00:00Z").parse().expect("a day");
        let lines = if zone == "Pacific/Apia" { LINES_A_MISSING_DAY } else { LINES_A_CLOCK_CHANGE };
        for _ in 0..lines {
            let line = random_lines::nightly_line(&mut rng);
            let after = midnight - TimeDelta::minutes(rng.random_range(60..36 * 60));
            let before = midnight + TimeDelta::hours(36);
            questions.push(Question::new(line, zone, after.timestamp()..before.timestamp(), 10_000));
        }
    }
    let mut differing_lines: BTreeMap<(Oracle, &str), usize> = BTreeMap::new();
    let mut unexplained_lines = Vec::new();
    for (question, answers) in questions.iter().zip(ask(&questions)) {
        let ours = ours(question);
        let answers = [
            (Oracle::Croner, croner(question)),
            (Oracle::Croniter, answers.croniter),
            (Oracle::Cronsim, answers.cronsim),
        ];
        for (oracle, theirs) in answers {
            match explain(oracle, question, &ours, &theirs) {
                Ok(rules) => {
                    for rule in rules {
                        *differing_lines.entry((oracle, rule)).or_default() += 1;
                    }
                }
                Err(problem) => unexplained_lines.push(format!("{oracle:?} {question:?}\n    {problem}")),
            }
        }
    }
    #[expect(clippy::print_stdout, reason = "shown with --nocapture: how often each rule was needed")]
    {
        println!("{} lines; lines that differ, by oracle and rule: {differing_lines:#?}", questions.len());
    }
    assert!(
        unexplained_lines.is_empty(),
        "seed {}: {} of {} lines differ without a rule, for example\n{}",
        seed(),
        unexplained_lines.len(),
        questions.len(),
        unexplained_lines.iter().take(12).cloned().collect::<Vec<_>>().join("\n")
    );
}
