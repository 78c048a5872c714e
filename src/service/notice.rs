//! Notices: the outbox as people see it, and the steps of sending one: claim, put into words, send (elsewhere),
//! settle. Whoever delivers calls these; they own the transactions between.

pub mod ascii_address;
pub(super) mod happened;
mod letter;
pub(super) mod outbox;
pub mod reminders;
mod sending;
mod settling;
mod stats;
pub mod suppressing;
mod truth;
pub mod unreached;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::api::notice::{Message, NoticeQuery, NoticeView, PreviewRequest};
use crate::api::{AuditView, Page};
use crate::config::Settings;
use crate::db::notice::{Filter, NoticeRow};
use crate::db::{self, Connection, Instant};
use crate::domain::access::Part;
use crate::domain::ids::NoticeId;
use crate::mail::{self, Envelope, NamedAddress};
use crate::service::audit::{about, page_cursor, page_limit, page_of};
use crate::service::calendar::not_found;
use crate::service::part::page_within;
use crate::service::{App, Error};

pub(super) use letter::{about as letter_about, sample as letter_of_sample};
pub use sending::{Claim, Sendable, Wanted, claim, claim_wanted};
pub use settling::{RefusedFor, Settlement, give_back, settle, settle_all};
pub use stats::stats;

/// How many mails may go at once and how fast, as the settings say; for each process.
#[derive(Clone, Copy, Debug)]
pub struct MailLimits {
    /// Mails under way at once.
    pub at_once: usize,
    /// Of these, to one domain.
    pub domain_at_once: usize,
    /// Mails a minute; 0 is no limit.
    pub per_minute: u32,
    /// Mails a minute to one domain; 0 is no limit.
    pub domain_per_minute: u32,
    /// Errors in a row that pause a domain.
    pub errors_max: u32,
    /// The first pause.
    pub pause: Duration,
}

/// The limits that hold in this process.
pub fn mail_limits(app: &App) -> MailLimits {
    let settings = &app.settings;
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    MailLimits {
        at_once: count(settings.mail_connections_max),
        domain_at_once: count(settings.mail_domain_connections_max),
        per_minute: settings.mail_rate_per_minute,
        domain_per_minute: settings.mail_domain_rate_per_minute,
        errors_max: settings.mail_domain_errors_max,
        pause: Duration::from_secs(u64::from(settings.mail_domain_pause_seconds)),
    }
}

/// Other mails that a notice's page shows.
const SIBLINGS: i64 = 10;

/// The outbox, the latest first.
pub fn list(app: &App, query: &NoticeQuery) -> Result<Page<NoticeView>, Error> {
    list_in(app, None, query)
}

/// What belongs to a part of the fleet: mail to the merchant, or mail that tells of something in the region.
pub(super) fn list_in(
    app: &App,
    part: Option<&Part>,
    query: &NoticeQuery,
) -> Result<Page<NoticeView>, Error> {
    let limit = page_limit(query.limit)?;
    let filter = Filter {
        state: query
            .state
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|error| Error::invalid("state", error))?,
        kind: query
            .kind
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|error: String| Error::invalid("kind", error))?,
        merchant_number: match part {
            Some(Part::Merchant(number)) => Some(number.as_str()),
            _ => query.merchant.as_deref(),
        },
        merchant_id: None,
        ids: None,
        before_id: query.after.as_deref().map(page_cursor).transpose()?,
    };
    if let (Some(Part::Merchant(own)), Some(other)) = (part, query.merchant.as_deref())
        && own != other
    {
        return Ok(Page { items: Vec::new(), next: None });
    }
    app.database.read(|connection| {
        if let Some(Part::Region(region)) = part {
            let look = |before_id, limit| {
                let filter = Filter { before_id, ..filter.clone() };
                let rows = db::notice::list(connection, &filter, limit)?;
                let inside = in_region(connection, region, &rows)?;
                Ok::<_, Error>((rows, inside))
            };
            let (rows, next) = page_within(limit, filter.before_id, |row: &NoticeRow| row.id, look)?;
            let items = views(connection, rows)?;
            return Ok(Page { items, next: next.map(|id| id.to_string()) });
        }
        let rows = db::notice::list(connection, &filter, limit + 1)?;
        let items = views(connection, rows)?;
        Ok(page_of(items, limit, |view: &NoticeView| view.id.to_string()))
    })
}

fn in_region(connection: &mut Connection, region: &str, rows: &[NoticeRow]) -> Result<HashSet<i64>, Error> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    Ok(db::part::notices_in(connection, region, &ids)?)
}

/// Whether a notice belongs to a part of the fleet; one that is not there does not.
pub(super) fn is_in(app: &App, part: &Part, NoticeId(id): NoticeId) -> Result<bool, Error> {
    app.database.read(|connection| {
        let Some(row) = db::notice::find(connection, id)? else { return Ok(false) };
        Ok(match part {
            Part::Region(region) => db::part::notices_in(connection, region, &[id])?.contains(&id),
            Part::Merchant(number) => db::fleet::merchants_by_id(connection, &[row.merchant_id])?
                .iter()
                .any(|merchant| merchant.number == *number),
        })
    })
}

/// Notices from which on they are not counted at every look.
const LARGE: i64 = 50_000;

/// How many notices there are, by state; many as they were a moment ago.
pub fn counts(app: &App) -> Result<BTreeMap<String, i64>, Error> {
    app.database.read(|connection| counts_now(connection, app))
}

/// The same on the caller's snapshot.
pub(super) fn counts_now(connection: &mut Connection, app: &App) -> Result<BTreeMap<String, i64>, Error> {
    let is_large = |counts: &BTreeMap<String, i64>| counts.values().sum::<i64>() > LARGE;
    app.figures.get(app, connection, "notices", is_large, |connection| Ok(db::notice::counts(connection)?))
}

/// One notice.
pub fn show(app: &App, NoticeId(id): NoticeId) -> Result<NoticeView, Error> {
    app.database.read(|connection| {
        let row = find(connection, id)?;
        views(connection, vec![row])?
            .pop()
            .ok_or_else(|| not_found("notice", id, "see `offpeak notice list`"))
    })
}

/// The stored bytes of a notice that has been put into words.
pub fn message_bytes(app: &App, NoticeId(id): NoticeId) -> Result<Vec<u8>, Error> {
    app.database.read(|connection| {
        find(connection, id)?;
        db::notice_attempt::messages_of(connection, &[id])?.remove(&id).ok_or_else(|| {
            Error::Conflict(format!(
                "notice {id} has not been put into words yet; `offpeak notice preview` shows what it would say now"
            ))
        })
    })
}

/// A notice as the merchant reads it: as it was sent, or as it would be put into words now.
pub fn message(app: &App, NoticeId(id): NoticeId) -> Result<Message, Error> {
    app.database.read(|connection| {
        let row = find(connection, id)?;
        match db::notice_attempt::messages_of(connection, &[id])?.remove(&id) {
            Some(bytes) => readable(&bytes),
            None => {
                let letter = letter::of_notice(connection, app, &row)?.ok_or_else(|| {
                    Error::Conflict(format!(
                        "notice {id} has nothing left to say; what it was about has changed"
                    ))
                })?;
                readable(&composed(app, &letter, &row.message_id, unsigned_bounce(app), None)?.bytes)
            }
        }
    })
}

/// A notice that is not queued, for an appointment's merchant and night, or a made-up one.
pub fn preview(app: &App, request: &PreviewRequest) -> Result<Message, Error> {
    let locale = request.locale.as_deref().map(str::parse).transpose();
    let locale = locale.map_err(|error: String| Error::invalid("locale", error))?;
    let mut letter = match request.appointment {
        Some(id) => {
            app.database.read(|connection| letter::of_appointment(connection, app, id, request.kind))?
        }
        None => letter_of_sample(&app.settings, app.clock.now(), request.kind, locale.unwrap_or_default()),
    };
    letter.locale = locale.unwrap_or(letter.locale);
    let message_id = format!("preview@{}", app.settings.mail_domain);
    readable(&composed(app, &letter, &message_id, unsigned_bounce(app), None)?.bytes)
}

/// What stands for a bounce address in a mail that is only looked at.
fn unsigned_bounce(app: &App) -> String {
    format!("bounce@{}", app.settings.mail_domain)
}

/// Other mails of a notice's merchant, the latest first, as far as they belong to the part, and what was done about
/// it by hand.
pub fn around(
    app: &App,
    part: Option<&Part>,
    notice: &NoticeView,
) -> Result<(Vec<NoticeView>, Vec<AuditView>), Error> {
    app.database.read(|connection| {
        let merchant = find(connection, notice.id)?.merchant_id;
        let filter = Filter { merchant_id: Some(merchant), ..Filter::default() };
        let mut rows = db::notice::list(connection, &filter, SIBLINGS + 1)?;
        rows.retain(|row| row.id != notice.id);
        if let Some(Part::Region(region)) = part {
            let inside = in_region(connection, region, &rows)?;
            rows.retain(|row| inside.contains(&row.id));
        }
        let audit = about(connection, &[format!("notice {}", notice.id)], SIBLINGS)?;
        Ok((views(connection, rows)?, audit))
    })
}

fn composed(
    app: &App,
    letter: &crate::domain::notice::Letter,
    message_id: &str,
    bounce_address: String,
    unsubscribe_url: Option<String>,
) -> Result<mail::ComposedMail, Error> {
    Words::of(app).compose(letter, message_id, bounce_address, unsubscribe_url)
}

/// What a letter is put into words with.
pub(in crate::service) struct Words<'a> {
    pub(in crate::service) settings: &'a Settings,
    pub(in crate::service) templates: &'a mail::Templates,
    pub(in crate::service) dkim: Option<&'a mail::DkimKey>,
    pub(in crate::service) now: DateTime<Utc>,
}

impl<'a> Words<'a> {
    pub(in crate::service) fn of(app: &'a App) -> Self {
        let App { settings, templates, dkim, .. } = app;
        Words { settings, templates, dkim: dkim.as_deref(), now: app.clock.now() }
    }

    pub(in crate::service) fn compose(
        &self,
        letter: &crate::domain::notice::Letter,
        message_id: &str,
        bounce_address: String,
        unsubscribe_url: Option<String>,
    ) -> Result<mail::ComposedMail, Error> {
        let settings = self.settings;
        let envelope = Envelope {
            from: NamedAddress { name: settings.mail_from_name.clone(), address: settings.mail_from.clone() },
            message_id: message_id.to_owned(),
            bounce_address,
            date: self.now,
            product: "Offpeak".to_owned(),
            unsubscribe_url,
        };
        mail::compose_with(self.templates, letter, &envelope, self.dkim)
            .map_err(|error| Error::Conflict(format!("the notice cannot be put into words: {error}")))
    }
}

pub(in crate::service) fn readable(bytes: &[u8]) -> Result<Message, Error> {
    let read = mail::reader::read(bytes).map_err(|error| Error::Corrupt(error.to_string()))?;
    let calendars = read
        .attachments
        .iter()
        .map(|attachment| String::from_utf8_lossy(&attachment.content).into_owned())
        .collect();
    Ok(Message {
        subject: read.subject,
        from: read.from,
        to: read.to,
        text: read.text,
        html: read.html,
        calendars,
    })
}

fn find(connection: &mut Connection, id: i64) -> Result<NoticeRow, Error> {
    db::notice::find(connection, id)?.ok_or_else(|| not_found("notice", id, "see `offpeak notice list`"))
}

pub(super) fn views(connection: &mut Connection, rows: Vec<NoticeRow>) -> Result<Vec<NoticeView>, Error> {
    let mut ids: Vec<i64> = rows.iter().map(|row| row.merchant_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let merchants: HashMap<i64, _> =
        db::fleet::merchants_by_id(connection, &ids)?.into_iter().map(|row| (row.id, row)).collect();
    rows.into_iter()
        .map(|row| {
            let corrupt = |error: String| Error::Corrupt(format!("notice {}: {error}", row.id));
            let merchant = &merchants[&row.merchant_id];
            Ok(NoticeView {
                id: row.id,
                kind: row.kind.parse().map_err(corrupt)?,
                state: row
                    .state
                    .parse()
                    .map_err(|error: crate::domain::notice::UnknownState| corrupt(error.to_string()))?,
                merchant_number: merchant.number.clone(),
                merchant_name: merchant.name.clone(),
                recipient: row.recipient,
                locale: row.locale,
                night: row.night.parse().map_err(|error: chrono::ParseError| corrupt(error.to_string()))?,
                subject: row.subject,
                message_id: row.message_id,
                send_after: row.send_after.utc(),
                expires_at: row.expires_at.utc(),
                attempts: row.attempts,
                accepted_at: row.accepted_at.map(Instant::utc),
                last_error: row.last_error,
            })
        })
        .collect()
}
