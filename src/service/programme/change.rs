//! A programme gets other terms, or goes.

use super::{checked, view};
use crate::api::campaign::{NewProgramme, ProgrammeView};
use crate::db::campaign::{CampaignRow, ProgrammeRow};
use crate::db::{self, Connection, Instant};
use crate::domain::campaign::{CampaignState, Work};
use crate::service::audit::{Change, record};
use crate::service::campaign::{cancel_appointments, to_i32, to_json};
use crate::service::version::Expected;
use crate::service::{Actor, App, Error};

fn find(connection: &mut Connection, name: &str) -> Result<ProgrammeRow, Error> {
    db::campaign::programme_by_name(connection, name)?.ok_or_else(|| Error::NotFound {
        what: "programme",
        key: name.to_owned(),
        remedy: "see `offpeak programme list`",
    })
}

/// The campaign through which a programme that counts days acts.
fn rolling_campaign(connection: &mut Connection, row: &ProgrammeRow) -> Result<Option<CampaignRow>, Error> {
    if row.next_due_at.is_some() {
        return Ok(None);
    }
    let campaign = db::campaign::by_name(connection, &row.name)?;
    Ok(campaign.filter(|campaign| campaign.programme_id == Some(row.id)))
}

/// Gives a programme other terms. What stands, stays; the next plan goes by the new ones.
pub fn change(
    app: &App,
    actor: &Actor,
    name: &str,
    expected: &Expected,
    new: &NewProgramme,
) -> Result<ProgrammeView, Error> {
    if new.name != name {
        let message = format!("a programme keeps its name: `{name}`; create another one and remove this");
        return Err(Error::invalid("name", message));
    }
    let (term_days, next_due_at) = checked(new, app.clock.now())?;
    app.database.write(|connection| {
        let old = find(connection, name)?;
        let before = view(old.clone())?;
        expected.check(&before)?;
        if before.next_due_at.is_some() != next_due_at.is_some() {
            return Err(Error::Conflict(format!(
                "programme `{name}` cannot go from counting days to a crontab line or back; create another one and \
                 remove this"
            )));
        }
        let lead = new.notice_lead_minutes.unwrap_or(app.settings.notice_lead_minutes);
        let row = ProgrammeRow {
            on_site: new.on_site,
            selector: new.selector.clone(),
            recurrence: to_json(&new.recurrence)?,
            term_days: to_i32("term_days", term_days)?,
            duration_minutes: to_i32("duration_minutes", new.duration_minutes)?,
            priority: i32::from(new.priority.unwrap_or(3)),
            notice_lead_minutes: to_i32("notice_lead_minutes", lead)?,
            next_due_at: next_due_at.map(Instant::from),
            ..old.clone()
        };
        db::campaign::update_programme(connection, &row)?;
        if let Some(campaign) = rolling_campaign(connection, &old)? {
            let campaign = CampaignRow {
                work: to_json(&Work::Inspection { on_site: row.on_site })?,
                selector: row.selector.clone(),
                duration_minutes: row.duration_minutes,
                priority: row.priority,
                notice_lead_minutes: row.notice_lead_minutes,
                ..campaign
            };
            db::campaign::update_terms(connection, &campaign)?;
        }
        let now = view(row)?;
        if now.etag != before.etag {
            let entry = Change::new("programme.change", format!("programme {name}"));
            record(connection, app, actor, entry.before(&before).after(&now))?;
        }
        Ok(now)
    })
}

/// Removes a programme. The campaign of one that counts days is cancelled with its appointments; campaigns that a
/// crontab line has raised go on by themselves.
pub fn remove(app: &App, actor: &Actor, name: &str, expected: &Expected) -> Result<(), Error> {
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let row = find(connection, name)?;
        let before = view(row.clone())?;
        expected.check(&before)?;
        let reason = Some("its programme was removed");
        if let Some(campaign) = rolling_campaign(connection, &row)?
            && db::campaign::enter(connection, campaign.id, CampaignState::Cancelled)?
        {
            cancel_appointments(connection, app, actor, &campaign, reason)?;
            let entry = Change::new("campaign.state", format!("campaign {}", campaign.name))
                .before(&campaign.state)
                .after(&CampaignState::Cancelled)
                .because(reason);
            record(connection, app, actor, entry)?;
        }
        db::campaign::delete_programme(connection, row.id)?;
        let entry = Change::new("programme.remove", format!("programme {name}")).before(&before);
        record(connection, app, actor, entry)?;
        Ok(())
    })
}
