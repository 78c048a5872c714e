//! A merchant's second address, in ASCII. When a mail server takes no address beyond ASCII (no SMTPUTF8), what the
//! merchant was to be told goes there in a mail of its own.

use chrono::{DateTime, Utc};

use super::outbox;
use crate::api::notice::{AsciiAddress, AsciiAddressChange};
use crate::db::notice::NoticeRow;
use crate::db::{self, Connection, Instant, Table};
use crate::domain::fleet::is_email_address;
use crate::service::audit::{Change, record};
use crate::service::fleet::find_merchant;
use crate::service::{Actor, App, Error};

/// This merchant's second address.
pub fn show(app: &App, number: &str) -> Result<AsciiAddress, Error> {
    app.database.read(|connection| {
        let merchant = find_merchant(connection, number)?;
        Ok(AsciiAddress { address: db::merchant_ascii_address::of_merchant(connection, merchant.id)? })
    })
}

/// Gives this merchant another second address, or none.
pub fn change(
    app: &App,
    actor: &Actor,
    number: &str,
    change: &AsciiAddressChange,
) -> Result<AsciiAddress, Error> {
    let address = change.address.clone().filter(|address| !address.is_empty());
    if address.as_deref().is_some_and(|address| !address.is_ascii() || !is_email_address(address)) {
        return Err(Error::invalid(
            "address",
            "this is not a mail address in ASCII; write it as name@shop.example",
        ));
    }
    app.database.write(|connection| {
        let merchant = find_merchant(connection, number)?;
        let before = db::merchant_ascii_address::of_merchant(connection, merchant.id)?;
        db::merchant_ascii_address::set(connection, merchant.id, address.clone())?;
        let entry = Change::new("merchant.ascii_address", format!("merchant {number}"))
            .before(&before)
            .after(&address)
            .because(change.reason.as_deref());
        record(connection, app, actor, entry)?;
        Ok(AsciiAddress { address: address.clone() })
    })
}

/// Where a notice goes instead that a server refused for its address beyond ASCII, if there is such a place.
pub(in crate::service) fn instead_of(
    connection: &mut Connection,
    notice: &NoticeRow,
) -> Result<Option<String>, Error> {
    if notice.recipient.is_ascii() {
        return Ok(None);
    }
    Ok(db::merchant_ascii_address::of_merchant(connection, notice.merchant_id)?)
}

/// Queues a notice to `address` with all that `notice` was to tell, which tells nothing any more.
pub(in crate::service) fn take_over(
    connection: &mut Connection,
    app: &App,
    notice: &NoticeRow,
    address: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let id = db::allot(connection, Table::Notice, 1)?[0];
    let message_id = outbox::message_id(app, &notice.kind, id);
    let visits = db::notice::visits_of(connection, &[notice.id])?;
    let visits: Vec<i64> = visits.into_iter().map(|about| about.visit_id).collect();
    let (recipient, domain) = (address.to_owned(), outbox::domain_of(address));
    let row = NoticeRow { recipient, domain, ..notice.clone() };
    Ok(db::notice::hand_on(connection, &row, id, message_id, &visits, Instant::from(now))?)
}
