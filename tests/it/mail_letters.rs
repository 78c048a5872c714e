//! Letters that the mail tests share: every kind, one site and three, both languages.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use offpeak::domain::fleet::Locale;
use offpeak::domain::notice::{
    Letter, LetterLock, LetterTerminal, LetterVisit, NoticeKind, SupportContact, WorkItem, WorkKind,
};
use offpeak::mail::{Envelope, NamedAddress};

/// An instant from RFC 3339.
pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

pub(crate) fn envelope(message_id: &str) -> Envelope {
    Envelope {
        from: NamedAddress {
            name: "Harbour Payments".to_owned(),
            address: "notice@mail.harbour.example".to_owned(),
        },
        message_id: message_id.to_owned(),
        bounce_address: "bounce+7f3a@mail.harbour.example".to_owned(),
        date: at("2026-11-18T08:00:00Z"),
        product: "Offpeak".to_owned(),
        unsubscribe_url: None,
    }
}

/// A letter about one terminal at one site.
pub(crate) fn small(kind: NoticeKind, locale: Locale) -> Letter {
    let mut letter = skeleton(kind, locale);
    letter.visits = vec![visit(&letter, 0, &[(0, 30)], 1)];
    if kind.is_about_locks() {
        tell_of_locks(&mut letter);
    }
    letter
}

/// The same terminals, locked since the work on them.
fn tell_of_locks(letter: &mut Letter) {
    for visit in std::mem::take(&mut letter.visits) {
        for terminal in visit.terminals {
            letter.locks.push(LetterLock {
                number: 17 + letter.locks.len() as i64,
                root_message_id: format!("lock-{}.root@mail.harbour.example", terminal.serial),
                site_name: visit.site_name.clone(),
                site_code: visit.site_code.clone(),
                site_address: visit.site_address.clone(),
                zone: visit.zone,
                label: terminal.label,
                tid: terminal.tid,
                opened_at: terminal.ends_at,
                closed_at: (letter.kind == NoticeKind::Unlocked)
                    .then(|| terminal.ends_at + TimeDelta::minutes(47)),
            });
        }
    }
}

/// A letter about thirty terminals at three sites, in three steps each.
pub(crate) fn large(kind: NoticeKind, locale: Locale) -> Letter {
    let mut letter = skeleton(kind, locale);
    let steps = [(0, 20), (15, 35), (30, 50)];
    letter.visits =
        vec![visit(&letter, 0, &steps, 12), visit(&letter, 1, &steps, 11), visit(&letter, 2, &steps[..1], 7)];
    if kind.is_about_locks() {
        tell_of_locks(&mut letter);
    }
    letter
}

fn skeleton(kind: NoticeKind, locale: Locale) -> Letter {
    let chinese = locale == Locale::ZhCn;
    let text = |english: &str, chinese_text: &str| {
        if chinese { chinese_text.to_owned() } else { english.to_owned() }
    };
    Letter {
        kind,
        locale,
        merchant_name: text("Riverside Cafés", "滨江咖啡"),
        recipient: "owner@riverside.example".to_owned(),
        night: NaiveDate::from_ymd_opt(2026, 11, 24).expect("a date"),
        visits: Vec::new(),
        locks: Vec::new(),
        reason: None,
        emergency: false,
        support: SupportContact {
            name: text("Harbour merchant care", "海港支付商户服务"),
            phone: text("+1 212 555 0100", "400-555-0100"),
            email: "care@harbour.example".to_owned(),
        },
        usual_unlock_minutes: 45,
        manage_url: None,
    }
}

fn visit(letter: &Letter, index: usize, steps: &[(i64, i64)], terminal_count: usize) -> LetterVisit {
    let chinese = letter.locale == Locale::ZhCn;
    let zone = if chinese { Tz::Asia__Shanghai } else { Tz::America__New_York };
    let opening = at(if chinese { "2026-11-24T18:00:00Z" } else { "2026-11-25T07:00:00Z" });
    let starts_at = opening + TimeDelta::minutes(60 * index as i64);
    let terminals = (0..terminal_count)
        .map(|number| {
            let (from, to) = steps[number % steps.len()];
            LetterTerminal {
                label: if chinese {
                    format!("{}号收银台", number + 1)
                } else {
                    format!("Till {}", number + 1)
                },
                tid: format!("{:08}", 62_510_000 + index * 100 + number),
                serial: format!("SN{index}{number:04}"),
                starts_at: starts_at + TimeDelta::minutes(from),
                ends_at: starts_at + TimeDelta::minutes(to),
                work: vec![WorkItem { kind: WorkKind::Firmware, title: "3.2.0".to_owned() }],
            }
        })
        .collect();
    let length = steps.iter().map(|(_, to)| *to).max().expect("a step");
    let names = if chinese {
        ["人民路店", "火车站店", "大学城店"]
    } else {
        ["Main Street", "Grand Station", "Campus"]
    };
    let addresses = if chinese {
        ["人民路88号", "站前广场1号", "学府路9号"]
    } else {
        ["88 Main Street", "1 Station Square", "9 College Road"]
    };
    LetterVisit {
        uid: format!("visit-{}@harbour.example", 40 + index),
        sequence: u32::from(letter.kind == NoticeKind::Moved)
            + 2 * u32::from(letter.kind == NoticeKind::Cancelled),
        root_message_id: format!("visit-{}.root@mail.harbour.example", 40 + index),
        site_name: names[index].to_owned(),
        site_code: format!("S-{:04}", 120 + index),
        site_address: Some(addresses[index].to_owned()),
        zone,
        starts_at,
        ends_at: starts_at + TimeDelta::minutes(length),
        previous: (letter.kind == NoticeKind::Moved).then(|| {
            (starts_at - TimeDelta::hours(24), starts_at - TimeDelta::hours(24) + TimeDelta::minutes(length))
        }),
        cancelled: letter.kind == NoticeKind::Cancelled,
        terminals,
    }
}

/// Every kind in both languages, small and large, and the cases that read differently.
pub(crate) fn every_letter() -> Vec<(String, Letter)> {
    let mut letters = Vec::new();
    for locale in Locale::ALL {
        for kind in NoticeKind::ALL {
            letters.push((format!("{kind} {locale}, one visit"), small(kind, locale)));
            letters.push((format!("{kind} {locale}, three visits"), large(kind, locale)));
        }
        let mut emergency = small(NoticeKind::Announcement, locale);
        emergency.emergency = true;
        emergency.reason = Some("A certificate expires tonight & cards would be <declined>.".to_owned());
        emergency.manage_url = Some("https://merchant.harbour.example/v/AbC-1_2?x=1&y=2".to_owned());
        letters.push((format!("emergency {locale}"), emergency));
        for kind in [NoticeKind::Failed, NoticeKind::Completed, NoticeKind::Unlocked] {
            let mut linked = small(kind, locale);
            linked.manage_url = Some("https://merchant.harbour.example/v/AbC-1_2?x=1&y=2".to_owned());
            letters.push((format!("{kind} with a link {locale}"), linked));
        }
        let mut mixed = large(NoticeKind::Moved, locale);
        mixed.visits[1].cancelled = true;
        mixed.visits[1].previous = None;
        mixed.visits[2].terminals[1]
            .work
            .push(WorkItem { kind: WorkKind::OnSiteInspection, title: "2026-H2".to_owned() });
        mixed.visits[2].terminals[2].ends_at += TimeDelta::minutes(5);
        letters.push((format!("moved in part {locale}"), mixed));
        let mut away = small(NoticeKind::Moved, locale);
        away.visits[0].cancelled = true;
        letters.push((format!("moved away {locale}"), away.clone()));
        away.visits[0].terminals.clear();
        letters.push((format!("moved away to the last terminal {locale}"), away));
    }
    letters
}
