//! What a merchant answers: the time suits, none does, optional mail is not wanted.

use std::collections::HashMap;

use super::links;
use super::page::{head, is_movable, is_outdated, visit_of};
use crate::api::Page;
use crate::api::merchant::{AnswerQuery, AnswerView, MerchantOptional};
use crate::db::merchant_answer::VisitAnswerRow;
use crate::db::visit::VisitRow;
use crate::db::{self, Connection, Instant};
use crate::domain::fleet::{Locale, clean_text};
use crate::domain::link::{Link, Purpose};
use crate::domain::merchant_answer::Answer;
use crate::service::appointment::cursor;
use crate::service::audit::{Change, page_limit, page_of, record};
use crate::service::fleet::places_of;
use crate::service::{Actor, App, Error};

/// Longest words of a merchant that are kept, in characters.
const WORDS_CHARS_MAX: usize = 500;

/// An answer to a visit, and how it came.
#[derive(Clone, Debug)]
pub struct Saying<'a> {
    /// The answer.
    pub answer: Answer,
    /// `page` or `calendar`.
    pub via: &'static str,
    /// In the merchant's words.
    pub words: Option<&'a str>,
}

/// The time suits. Saying so again changes nothing.
pub fn confirm(app: &App, token: &str) -> Result<(), Error> {
    answer_link(app, token, &Saying { answer: Answer::Confirmed, via: "page", words: None })
}

/// No time that was offered suits: operators call the merchant.
pub fn wish(app: &App, token: &str, words: &str) -> Result<(), Error> {
    let words: String = clean_text(words).chars().take(WORDS_CHARS_MAX).collect();
    let words = Some(words.as_str()).filter(|words| !words.is_empty());
    answer_link(app, token, &Saying { answer: Answer::WantsAnotherTime, via: "page", words })
}

fn answer_link(app: &App, token: &str, saying: &Saying<'_>) -> Result<(), Error> {
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let (link, merchant) = links::open(connection, app, token, Purpose::Visit)?;
        let visit = visit_of(connection, &link)?;
        refuse_outdated(&link, &visit)?;
        if is_past_answering(connection, app, &visit)? {
            return Err(Error::Conflict("this has begun, or has been called off".to_owned()));
        }
        keep(connection, app, &Actor::merchant(&merchant.number), &visit, saying)
    })
}

/// A link of before the last change shows how things stand, and changes nothing.
pub(super) fn refuse_outdated(link: &Link, visit: &VisitRow) -> Result<(), Error> {
    if is_outdated(link, visit) {
        return Err(Error::Conflict(
            "the time has changed since this link was written; use the link in the latest mail".to_owned(),
        ));
    }
    Ok(())
}

/// Whether a visit has been called off, has begun or is over: there is nothing more to say to its time.
pub(in crate::service) fn is_past_answering(
    connection: &mut Connection,
    app: &App,
    visit: &VisitRow,
) -> Result<bool, Error> {
    let over = visit.cancelled || visit.starts_at.utc() <= app.clock.now();
    let here = db::appointment::of_visits(connection, &[visit.id])?;
    Ok(over || here.is_empty() || !here.iter().all(is_movable))
}

/// Keeps an answer, within the caller's transaction.
pub(in crate::service) fn keep(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    visit: &VisitRow,
    saying: &Saying<'_>,
) -> Result<(), Error> {
    let before = db::merchant_answer::about(connection, &[visit.id])?.pop();
    let same = |row: &VisitAnswerRow| {
        row.answer == saying.answer.as_str()
            && row.revision == visit.sequence
            && row.words.as_deref() == saying.words
    };
    if before.as_ref().is_some_and(same) {
        return Ok(());
    }
    let row = VisitAnswerRow {
        visit_id: visit.id,
        revision: visit.sequence,
        answer: saying.answer.as_str().to_owned(),
        via: saying.via.to_owned(),
        words: saying.words.map(str::to_owned),
        answered_at: Instant::from(app.clock.now()),
    };
    db::merchant_answer::keep(connection, row)?;
    let change = Change::new("visit.answer", format!("visit {}", visit.id))
        .before(&before.map(|row| row.answer))
        .after(&saying.answer)
        .because(saying.words);
    record(connection, app, actor, change)?;
    Ok(())
}

/// Whether the merchant of a link gets optional mail.
pub fn optional(app: &App, token: &str, locale: Option<Locale>) -> Result<MerchantOptional, Error> {
    app.database.read(|connection| {
        let (_, merchant) = links::open(connection, app, token, Purpose::Optional)?;
        let wanted = !db::merchant_answer::does_without_optional(connection, merchant.id)?;
        Ok(MerchantOptional { head: head(app, &merchant, locale), wanted })
    })
}

/// Has the merchant of a link get optional mail, or not.
pub fn set_optional(app: &App, token: &str, wanted: bool) -> Result<(), Error> {
    app.database.write(|connection| {
        let (_, merchant) = links::open(connection, app, token, Purpose::Optional)?;
        let before = !db::merchant_answer::does_without_optional(connection, merchant.id)?;
        if before == wanted {
            return Ok(());
        }
        let since = (!wanted).then(|| Instant::from(app.clock.now()));
        db::merchant_answer::set_without_optional(connection, merchant.id, since)?;
        let change = Change::new("merchant.optional_mail", format!("merchant {}", merchant.number))
            .before(&before)
            .after(&wanted);
        record(connection, app, &Actor::merchant(&merchant.number), change)?;
        Ok(())
    })
}

/// Answers, the latest first: what operators look through.
pub fn list(app: &App, query: &AnswerQuery) -> Result<Page<AnswerView>, Error> {
    let limit = page_limit(query.limit)?;
    let answer: Answer = match &query.answer {
        Some(word) => word.parse().map_err(|error: String| Error::invalid("answer", error))?,
        None => Answer::WantsAnotherTime,
    };
    let before = query.after.as_deref().map(cursor).transpose()?;
    app.database.read(|connection| {
        let rows = db::merchant_answer::latest(connection, answer.as_str(), before, limit + 1)?;
        let items = views(connection, rows)?;
        Ok(page_of(items, limit, |view: &AnswerView| {
            format!("{}_{}", view.answered_at.timestamp_micros(), view.visit)
        }))
    })
}

/// Answers as operators see them, in the order of the rows.
pub(in crate::service) fn views(
    connection: &mut Connection,
    rows: Vec<VisitAnswerRow>,
) -> Result<Vec<AnswerView>, Error> {
    let ids: Vec<i64> = rows.iter().map(|row| row.visit_id).collect();
    let visits: HashMap<i64, VisitRow> =
        db::visit::by_ids(connection, &ids)?.into_iter().map(|row| (row.id, row)).collect();
    let (sites, merchants) = places_of(connection, visits.values())?;
    let view = |row: VisitAnswerRow| {
        let visit = &visits[&row.visit_id];
        let merchant = &merchants[&visit.merchant_id];
        let corrupt = |error: String| Error::Corrupt(format!("visit {}: {error}", visit.id));
        Ok(AnswerView {
            visit: visit.id,
            merchant_number: merchant.number.clone(),
            merchant_name: merchant.name.clone(),
            site_code: sites[&visit.site_id].code.clone(),
            night: visit.night.parse().map_err(|error: chrono::ParseError| corrupt(error.to_string()))?,
            starts_at: visit.starts_at.utc(),
            answer: row.answer.parse().map_err(corrupt)?,
            via: row.via,
            words: row.words,
            answered_at: row.answered_at.utc(),
            outdated: row.revision != visit.sequence,
        })
    };
    rows.into_iter().map(view).collect()
}
