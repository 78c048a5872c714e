//! Made-up data for the pages of what comes back and of how sending goes.

use chrono::TimeDelta;
use offpeak::api::Page;
use offpeak::api::inbound::{InboundOutcome, InboundView};
use offpeak::api::lock::LockView;
use offpeak::api::merchant::AnswerView;
use offpeak::api::notice::{
    Delays, DomainFigures, KindFigures, NoticeStats, PausedDomain, PolicyRefusal, RelayState,
};
use offpeak::domain::lock::LockState;
use offpeak::domain::merchant_answer::Answer;
use offpeak::domain::notice::NoticeKind;
use offpeak::web::pages::inbox::{InboxPage, InboxPageQuery};
use offpeak::web::pages::locks::{LocksPage, LocksQuery};

use super::{Wording, hours, minutes, now};

/// What waits for somebody, what somebody has seen to, and a merchant whom the time does not suit.
pub(crate) fn inbox(wording: Wording) -> InboxPage {
    let letter = InboundView {
        id: 12,
        received_at: now() - hours(2),
        outcome: InboundOutcome::Kept,
        why: wording.text("neither a report nor an answer from a calendar: somebody wrote it"),
        sender: Some(wording.text("owner@shop.example")),
        recipient: Some(wording.text("bounce+904@mail.offpeak.example")),
        subject: wording.text("Re: 2 of your card terminals"),
        notice: Some(904),
        visit: None,
        excerpt: Some(wording.text("Please ring me first.\nThe back door is locked.")),
        done_at: None,
        done_by: None,
    };
    let seen = InboundView {
        id: 11,
        sender: None,
        subject: String::new(),
        notice: None,
        excerpt: None,
        done_at: Some(now() - hours(1)),
        done_by: Some(wording.text("operator:ann")),
        ..letter.clone()
    };
    let wish = AnswerView {
        visit: 7,
        merchant_number: wording.text("M01000"),
        merchant_name: wording.text("上海第一食品商店"),
        site_code: wording.text("S-0041"),
        night: now().date_naive(),
        starts_at: now() + TimeDelta::days(3),
        answer: Answer::WantsAnotherTime,
        via: "calendar".to_owned(),
        words: Some(wording.text("not on a Friday")),
        answered_at: now() - minutes(20),
        outdated: false,
    };
    InboxPage {
        mails: Page { items: vec![letter, seen], next: Some(wording.text("11")) },
        wishes: vec![wish],
        query: InboxPageQuery::default(),
    }
}

/// An inbox in which nothing is.
pub(crate) fn empty_inbox(outcome: Option<&str>) -> InboxPage {
    InboxPage {
        mails: Page { items: Vec::new(), next: None },
        wishes: Vec::new(),
        query: InboxPageQuery { outcome: outcome.map(str::to_owned), ..InboxPageQuery::default() },
    }
}

/// An outbox in trouble of every kind.
pub(crate) fn sending(wording: Wording) -> NoticeStats {
    let by_state = [("accepted".to_owned(), 1_174), ("deferred".to_owned(), 4)];
    let relay = |server: &str, left_alone_for_seconds, failure: Option<&str>| RelayState {
        server: wording.text(server),
        left_alone_for_seconds,
        failure: failure.map(|text| wording.text(text)),
    };
    NoticeStats {
        by_state: by_state.clone().into(),
        by_kind: vec![
            KindFigures { kind: NoticeKind::Announcement, by_state: by_state.into() },
            KindFigures { kind: NoticeKind::Reminder, by_state: [("accepted".to_owned(), 1)].into() },
        ],
        domains: vec![DomainFigures {
            domain: wording.text("shop.example"),
            total: 1_178,
            accepted: 1_174,
            waiting: 0,
            deferred: 4,
            refused: 0,
        }],
        due: 21,
        oldest_due_seconds: Some(95),
        delays: Some(Delays { notices: 1_174, median_seconds: 2, p95_seconds: 40, longest_seconds: 7_300 }),
        unreached: 3,
        suppressed: 2,
        refused_for_policy: vec![PolicyRefusal {
            domain: wording.text("bank.example"),
            count: 17,
            notice: 904,
            said: wording.text("554 5.7.1 your address has no good name here"),
        }],
        paused_domains: vec![PausedDomain {
            domain: wording.text("slow.example"),
            for_seconds: 290,
            why: wording.text("451 4.3.2 try again later"),
        }],
        relays: vec![
            relay("smtp://first.example:25", Some(40), Some("cannot connect")),
            relay("smtp://second.example:25", None, Some("421 4.3.2 going down")),
            relay("smtp://third.example:25", None, None),
        ],
    }
}

/// An outbox of which there is nothing to say.
pub(crate) fn nothing_sent() -> NoticeStats {
    NoticeStats {
        by_state: Default::default(),
        by_kind: Vec::new(),
        domains: Vec::new(),
        due: 0,
        oldest_due_seconds: None,
        delays: None,
        unreached: 0,
        suppressed: 0,
        refused_for_policy: Vec::new(),
        paused_domains: Vec::new(),
        relays: Vec::new(),
    }
}

/// A lock that holds, and one that has ended.
pub(crate) fn locks(wording: Wording) -> LocksPage {
    let lock = |(id, state): (i64, LockState)| LockView {
        id,
        state,
        serial: wording.text("A920-310074"),
        site_code: wording.text("S-0041"),
        cause: wording.text("the screen stays dark"),
        opened_at: now() - hours(9),
        opened_by: wording.text("olga"),
        closed_at: state.is_final().then(now),
    };
    let items = [(4, LockState::Reported), (3, LockState::Confirmed)].map(lock).to_vec();
    let query = LocksQuery { all: Some("1".to_owned()), after: None };
    LocksPage { locks: Page { items, next: Some(wording.text("3")) }, query }
}
