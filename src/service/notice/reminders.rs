//! When a merchant is reminded of a visit: as the settings say, or in its own way.

use crate::api::notice::{Reminders, RemindersChange};
use crate::db::fleet::MerchantRow;
use crate::db::{self, Connection, Instant};
use crate::domain::notice::ReminderLeads;
use crate::service::audit::{Change, record};
use crate::service::fleet::find_merchant;
use crate::service::{Actor, App, Error, schedule};

/// When this merchant is reminded.
pub fn show(app: &App, number: &str) -> Result<Reminders, Error> {
    app.database.read(|connection| {
        let merchant = find_merchant(connection, number)?;
        view(connection, app, &merchant)
    })
}

/// Has this merchant reminded so from now on; what is queued of visits to come is queued anew.
pub fn change(app: &App, actor: &Actor, number: &str, change: &RemindersChange) -> Result<Reminders, Error> {
    let leads = match change.before.as_deref() {
        None => None,
        Some(text) => {
            let leads: ReminderLeads =
                text.parse().map_err(|error: crate::domain::notice::ReminderLeadsError| {
                    Error::invalid("before", error)
                })?;
            Some(leads.to_string())
        }
    };
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let merchant = find_merchant(connection, number)?;
        let before = view(connection, app, &merchant)?;
        db::merchant_reminders::set(connection, merchant.id, leads.clone())?;
        let visits = db::visit::of_merchant(connection, merchant.id, Instant::from(app.clock.now()))?;
        schedule::remind_anew(connection, app, visits)?;
        let after = view(connection, app, &merchant)?;
        let entry = Change::new("merchant.reminders", format!("merchant {number}"))
            .before(&before)
            .after(&after)
            .because(change.reason.as_deref());
        record(connection, app, actor, entry)?;
        Ok(after)
    })
}

/// When this merchant is reminded, within the caller's transaction.
pub(in crate::service) fn view(
    connection: &mut Connection,
    app: &App,
    merchant: &MerchantRow,
) -> Result<Reminders, Error> {
    let own = db::merchant_reminders::of_merchants(connection, &[merchant.id])?.pop();
    let none_wanted = db::merchant_answer::does_without_optional(connection, merchant.id)?;
    Ok(Reminders {
        is_own: own.is_some(),
        before: own.map_or_else(|| app.settings.reminder_lead_minutes.to_string(), |row| row.leads),
        declined: none_wanted,
    })
}
