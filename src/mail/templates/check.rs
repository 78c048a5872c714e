//! Whether templates can be used: every name in them is there, and every notice can be put into words, in every language
//! and whatever it has to tell.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{TemplateError, Templates};
use crate::domain::fleet::Locale;
use crate::domain::notice::{
    Letter, LetterLock, LetterTerminal, LetterVisit, NoticeKind, SupportContact, WorkItem, WorkKind,
};
use crate::mail::view::{LetterView, VisitView};

/// Names that the engine has by itself.
const ENGINE: [&str; 8] = ["loop", "self", "super", "range", "dict", "namespace", "debug", "caller"];

/// Everything that is wrong, each once, by file and line.
pub(super) fn faults(templates: &Templates) -> Vec<TemplateError> {
    let mut faults = undefined_names(templates);
    for (locale, kind) in
        Locale::ALL.into_iter().flat_map(|locale| NoticeKind::ALL.map(|kind| (locale, kind)))
    {
        for letter in letters(kind, locale) {
            let view = LetterView::new(&letter, "Terminal Maintenance".to_owned());
            match templates.render(&view) {
                Ok(words) => {
                    let parts = [
                        ("subject.txt", &words.subject),
                        ("body.txt", &words.text),
                        ("body.html", &words.html),
                    ];
                    for (file, text) in parts {
                        if text.trim().is_empty() {
                            let file = format!("{locale}/{kind}/{file}");
                            let what = "it says nothing; a mail without it is none".to_owned();
                            faults.push(TemplateError { file, line: 0, what });
                        }
                    }
                }
                Err(fault) => faults.push(fault),
            }
            for visit in &letter.visits {
                faults.extend(templates.render_invite(&view, &VisitView::new(&letter, visit)).err());
            }
        }
    }
    let place = |fault: &TemplateError| {
        (fault.file.clone(), fault.line, !fault.what.starts_with("undefined name"), fault.what.clone())
    };
    faults.sort_by_key(place);
    // A name is told of once a line, in the words that name it.
    faults.dedup_by(|later, earlier| later.file == earlier.file && later.line == earlier.line);
    faults
}

/// Names that nothing defines, also where no sample comes by.
fn undefined_names(templates: &Templates) -> Vec<TemplateError> {
    let known = known_names(templates);
    let mut faults = Vec::new();
    for file in templates.overridden() {
        let Ok(template) = templates.environment.get_template(file) else { continue };
        for name in template.undeclared_variables(true) {
            let is_known = known.contains(&name)
                || name
                    .split_once('.')
                    .is_some_and(|(first, _)| known.contains(first) && !known.contains(&format!("{first}.")));
            if is_known {
                continue;
            }
            let best = known
                .iter()
                .filter(|known| !known.ends_with('.'))
                .map(|known| (strsim::damerau_levenshtein(&name, known), known))
                .min()
                .filter(|(distance, _)| *distance <= 3);
            let remedy = match best {
                Some((_, near)) => format!("; did you mean `{near}`?"),
                None => "; docs/mail.md lists what there is".to_owned(),
            };
            let line = line_of(template.source(), &name);
            faults.push(TemplateError {
                file: file.clone(),
                line,
                what: format!("undefined name `{name}`{remedy}"),
            });
        }
    }
    faults
}

/// The names that a template may use: the letter's (`support.phone` as `support.` and `support.phone`), and what any
/// template defines for itself or for those that extend or import it.
fn known_names(templates: &Templates) -> BTreeSet<String> {
    let letter = &letters(NoticeKind::Announcement, Locale::En)[0];
    let view = LetterView::new(letter, String::new());
    let mut known: BTreeSet<String> = ENGINE.iter().map(|name| (*name).to_owned()).collect();
    known.extend(["visit".to_owned(), "subject".to_owned()]);
    if let Ok(serde_json::Value::Object(facts)) = serde_json::to_value(&view) {
        for (name, value) in facts {
            if let serde_json::Value::Object(inner) = &value {
                known.insert(format!("{name}."));
                known.extend(inner.keys().map(|key| format!("{name}.{key}")));
            }
            known.insert(name);
        }
    }
    for (_, template) in templates.environment.templates() {
        let words: Vec<&str> = template.source().split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            if ["as", "macro", "set", "for"].contains(&pair[0]) {
                known.insert(pair[1].to_owned());
            }
        }
    }
    known
}

/// The line on which a tag names `name`.
fn line_of(source: &str, name: &str) -> usize {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let names_it = |line: &str| {
        line.match_indices(name).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + name.len()..].chars().next();
            !before.is_some_and(part) && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
    };
    let mut in_tag = false;
    for (number, line) in source.lines().enumerate() {
        let opens = line.contains("{{") || line.contains("{%");
        if (opens || in_tag) && names_it(line) {
            return number + 1;
        }
        let last_open = line.rfind("{{").max(line.rfind("{%"));
        let last_close = line.rfind("}}").max(line.rfind("%}"));
        in_tag = if last_open.is_some() || last_close.is_some() { last_open > last_close } else { in_tag };
    }
    0
}

/// Letters of a kind that tell everything that there may be to tell.
fn letters(kind: NoticeKind, locale: Locale) -> Vec<Letter> {
    let start: DateTime<Utc> = DateTime::from_timestamp(1_795_485_600, 0).unwrap_or_default();
    let plain = Letter {
        kind,
        locale,
        merchant_name: "Harbour Bakery Ltd".to_owned(),
        recipient: "owner@harbour-bakery.example".to_owned(),
        night: NaiveDate::from_ymd_opt(2026, 11, 23).unwrap_or_default(),
        visits: vec![visit(1, start, 1)],
        locks: Vec::new(),
        reason: None,
        emergency: false,
        support: SupportContact {
            name: "Help Desk".to_owned(),
            phone: "+44 20 7946 0000".to_owned(),
            email: "help@acquirer.example".to_owned(),
        },
        usual_unlock_minutes: 30,
        manage_url: None,
    };
    if kind.is_about_locks() {
        let one = Letter { visits: Vec::new(), locks: vec![lock(1, start, kind)], ..plain };
        let more = Letter {
            locks: vec![lock(1, start, kind), lock(2, start, kind)],
            manage_url: Some("https://maintenance.example/m/locks/x".to_owned()),
            ..one.clone()
        };
        return vec![one, more];
    }
    let called_off = |visit: LetterVisit| LetterVisit { cancelled: true, ..visit };
    let from = |visit: LetterVisit| LetterVisit {
        previous: Some((visit.starts_at - TimeDelta::days(1), visit.ends_at - TimeDelta::days(1))),
        ..visit
    };
    let plain = match kind {
        NoticeKind::Cancelled => Letter { visits: vec![called_off(visit(1, start, 1))], ..plain },
        NoticeKind::Moved => Letter { visits: vec![from(visit(1, start, 1))], ..plain },
        _ => plain,
    };
    let told = Letter {
        reason: Some("the line was down".to_owned()),
        emergency: true,
        manage_url: Some("https://maintenance.example/m/visit/x".to_owned()),
        ..plain.clone()
    };
    let mut several = vec![visit(1, start, 3), visit(2, start, 1)];
    several[0].terminals[1].ends_at += TimeDelta::minutes(15);
    several[1].site_address = None;
    match kind {
        NoticeKind::Cancelled => several = several.into_iter().map(called_off).collect(),
        NoticeKind::Moved => several.push(called_off(visit(3, start, 2))),
        _ => {}
    }
    let many = Letter { visits: several, ..told.clone() };
    let mut letters = vec![plain, told.clone(), many];
    if kind == NoticeKind::Moved {
        letters.push(Letter { visits: vec![called_off(visit(1, start, 1))], ..told });
    }
    letters
}

fn visit(number: u32, starts_at: DateTime<Utc>, terminals: u32) -> LetterVisit {
    let ends_at = starts_at + TimeDelta::minutes(30);
    let kinds = [WorkKind::Firmware, WorkKind::OnSiteInspection, WorkKind::RemoteInspection, WorkKind::AdHoc];
    let terminal = |till: u32| LetterTerminal {
        label: format!("Till {till}"),
        tid: format!("{till:08}"),
        serial: format!("{till:010}"),
        starts_at,
        ends_at,
        work: kinds
            .iter()
            .take(usize::try_from(till).unwrap_or(1))
            .map(|kind| WorkItem { kind: *kind, title: "3.2.0".to_owned() })
            .collect(),
    };
    LetterVisit {
        uid: format!("visit.{number}@mail.example"),
        sequence: 0,
        root_message_id: format!("thread.{number}@mail.example"),
        site_name: "Quay Street".to_owned(),
        site_code: format!("HB-0{number}"),
        site_address: Some("12 Quay Street, Bristol".to_owned()),
        zone: Tz::Europe__London,
        starts_at,
        ends_at,
        previous: None,
        cancelled: false,
        terminals: (1..=terminals).map(terminal).collect(),
    }
}

fn lock(number: i64, opened_at: DateTime<Utc>, kind: NoticeKind) -> LetterLock {
    LetterLock {
        number,
        root_message_id: format!("lock.{number}@mail.example"),
        site_name: "Quay Street".to_owned(),
        site_code: "HB-01".to_owned(),
        site_address: (number == 1).then(|| "12 Quay Street, Bristol".to_owned()),
        zone: Tz::Europe__London,
        label: "Till 1".to_owned(),
        tid: "20417733".to_owned(),
        opened_at,
        closed_at: (kind == NoticeKind::Unlocked).then(|| opened_at + TimeDelta::minutes(40)),
    }
}
