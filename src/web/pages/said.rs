//! Sentences that the service gives as data, in the reader's language: `said.<code>` with its facts filled in.
//! `templates/assets/words.js` does the same for scripts.

use std::fmt::Display;

use chrono::{DateTime, TimeDelta, Utc};

use super::context::PageContext;
use super::format::{exact_length, moment};
use super::words::{messages, say};
use crate::domain::said::{Fact, Said};

/// The sentence, or `english` where it is older than its data, or newer than our words.
pub(super) fn sentence(said: Option<&Said>, english: &str, page_context: &PageContext) -> String {
    let locale = page_context.locale;
    let Some(said) = said else { return english.to_owned() };
    let key = format!("said.{}", said.code);
    if !messages(locale).contains_key(&key) {
        return english.to_owned();
    }
    let facts: Vec<(&str, String)> =
        said.facts.iter().map(|(name, fact)| (name.as_str(), shown(name, fact, page_context))).collect();
    let values: Vec<(&str, &dyn Display)> =
        facts.iter().map(|(name, text)| (*name, text as &dyn Display)).collect();
    say(locale, &key, &values)
}

fn shown(name: &str, fact: &Fact, page_context: &PageContext) -> String {
    let PageContext { now, zone, locale, .. } = *page_context;
    match fact {
        Fact::Number(minutes) if name.ends_with("_minutes") => {
            exact_length(TimeDelta::minutes(*minutes), locale)
        }
        Fact::Number(number) => super::format::count(*number),
        Fact::Text(text) if name.ends_with("_at") => match text.parse::<DateTime<Utc>>() {
            Ok(at) => moment(at, now, zone, locale),
            Err(_) => text.clone(),
        },
        Fact::Text(text) => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;
    use crate::domain::fleet::Locale;
    use crate::domain::said::Saying;

    #[test]
    fn a_sentence_takes_its_facts_into_the_readers_language_and_zone() {
        let now = Utc.with_ymd_and_hms(2026, 12, 5, 20, 0, 0).single().expect("an instant");
        let said = Saying::TooSoonToTell.with([("lead_minutes", 4320.into()), ("earliest_at", now.into())]);
        let mut page_context = PageContext::plain(now, chrono_tz::Asia::Shanghai);
        let english = sentence(Some(&said), "", &page_context);
        assert_eq!(english, "the merchant must be told 3 days before; the earliest start is Sun 6 Dec 04:00");
        page_context.locale = Locale::ZhCn;
        let chinese = sentence(Some(&said), "", &page_context);
        assert_eq!(chinese, "须提前 3 天通知商户，最早可从 12月6日 周日 04:00 开始");
        assert_eq!(sentence(None, "as it was stored", &page_context), "as it was stored");
        let unknown = Said { code: "of_another_release".to_owned(), ..said };
        assert_eq!(sentence(Some(&unknown), "as it was stored", &page_context), "as it was stored");
    }
}
