//! A merchant's visits as calendar files: one visit to save, all of them as a feed to subscribe to.

use super::links;
use super::page::visit_of;
use crate::db::visit::VisitRow;
use crate::db::{self, Connection, Instant};
use crate::domain::link::Purpose;
use crate::mail;
use crate::service::notice::letter_about;
use crate::service::{App, Error};

/// The visit of a link as a calendar file.
pub fn visit_file(app: &App, token: &str) -> Result<String, Error> {
    app.database.read(|connection| {
        let (link, _) = links::open(connection, app, token, Purpose::Visit)?;
        let visit = visit_of(connection, &link)?;
        calendar(connection, app, vec![visit])
    })
}

/// What stands and has not ended, of the merchant of a link.
pub fn feed(app: &App, token: &str) -> Result<String, Error> {
    app.database.read(|connection| {
        let (_, merchant) = links::open(connection, app, token, Purpose::Feed)?;
        let visits = db::visit::of_merchant(connection, merchant.id, Instant::from(app.clock.now()))?;
        calendar(connection, app, visits)
    })
}

fn calendar(connection: &mut Connection, app: &App, visits: Vec<VisitRow>) -> Result<String, Error> {
    let now = app.clock.now();
    if visits.is_empty() {
        return Ok(mail::empty_calendar());
    }
    let letter = letter_about(connection, app, visits)?;
    mail::published_calendar(&app.templates, &letter, now)
        .map_err(|error| Error::Corrupt(format!("a calendar cannot be put into words: {error}")))
}
