//! Programmes: recurring inspections. One that counts days keeps one campaign rolling for ever; one with a
//! crontab line raises a campaign each time the line comes due.

mod change;
mod preview;

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::campaign::{NewProgramme, ProgrammeView};
use crate::api::{ListQuery, Page};
use crate::db::campaign::{CampaignRow, ProgrammeRow};
use crate::db::{self, Connection, Instant, Table};
use crate::domain::calendar::CronLine;
use crate::domain::campaign::{CampaignState, Recurrence, Work};
use crate::service::audit::{Change, page_limit, page_of, record};
use crate::service::calendar::parse_zone;
use crate::service::campaign::{check_terms, to_i32, to_json};
use crate::service::lease::Leader;
use crate::service::version::{Expected, Versioned};
use crate::service::{Actor, App, Error};

pub use change::{change, remove};
pub use preview::preview;

/// Every programme, by name.
pub fn list(app: &App, query: &ListQuery) -> Result<Page<ProgrammeView>, Error> {
    let limit = page_limit(query.limit)?;
    let rows = app.database.read(|connection| {
        Ok::<_, Error>(db::campaign::programmes_after(connection, query.after.as_deref(), limit + 1)?)
    })?;
    let views = rows.into_iter().map(view).collect::<Result<_, _>>()?;
    Ok(page_of(views, limit, |view: &ProgrammeView| view.name.clone()))
}

/// One programme.
pub fn show(app: &App, name: &str) -> Result<ProgrammeView, Error> {
    app.database.read(|connection| view(find(connection, name)?))
}

fn find(connection: &mut Connection, name: &str) -> Result<ProgrammeRow, Error> {
    db::campaign::programme_by_name(connection, name)?.ok_or_else(|| Error::NotFound {
        what: "programme",
        key: name.to_owned(),
        remedy: "see `offpeak programme list`",
    })
}

/// Creates a programme; a rolling one gets its campaign at once.
pub fn create(app: &App, actor: &Actor, new: &NewProgramme) -> Result<ProgrammeView, Error> {
    let now = app.clock.now();
    let (term_days, next_due_at) = checked(new, now)?;
    let lead = new.notice_lead_minutes.unwrap_or(app.settings.notice_lead_minutes);
    app.database.write(|connection| {
        if db::campaign::programme_by_name(connection, &new.name)?.is_some() {
            return Err(Error::Conflict(format!(
                "there already is a programme `{}`; choose another name",
                new.name
            )));
        }
        let row = ProgrammeRow {
            id: db::allot(connection, Table::Programme, 1)?[0],
            name: new.name.clone(),
            on_site: new.on_site,
            selector: new.selector.clone(),
            recurrence: to_json(&new.recurrence)?,
            term_days: to_i32("term_days", term_days)?,
            duration_minutes: to_i32("duration_minutes", new.duration_minutes)?,
            priority: i32::from(new.priority.unwrap_or(3)),
            notice_lead_minutes: to_i32("notice_lead_minutes", lead)?,
            paused: false,
            next_due_at: next_due_at.map(Instant::from),
        };
        db::campaign::insert_programme(connection, row.clone())?;
        if next_due_at.is_none() {
            let for_ever = now + TimeDelta::days(365 * 100);
            raise_campaign(connection, app, actor, &row, row.name.clone(), now, for_ever)?;
        }
        let view = view(row)?;
        let change = Change::new("programme.create", format!("programme {}", view.name)).after(&view);
        record(connection, app, actor, change)?;
        Ok(view)
    })
}

/// The term in days, and when a crontab line comes due next; or what is wrong with the terms.
fn checked(new: &NewProgramme, now: DateTime<Utc>) -> Result<(u32, Option<DateTime<Utc>>), Error> {
    check_terms(&new.name, &new.selector, new.duration_minutes, new.priority)?;
    let term_days = new.term_days.unwrap_or(30);
    if !(1..=366).contains(&term_days) {
        return Err(Error::invalid("term_days", format!("{term_days} is out of range; use 1 to 366")));
    }
    let next_due_at = match &new.recurrence {
        Recurrence::EveryDays { days } if !(1..=3650).contains(days) => {
            return Err(Error::invalid("recurrence", format!("{days} days is out of range; use 1 to 3650")));
        }
        Recurrence::EveryDays { .. } => None,
        Recurrence::Cron { line, zone } => Some(next_due(line, zone, now)?.ok_or_else(|| {
            Error::invalid("recurrence", format!("`{line}` never comes due; give a date that exists"))
        })?),
    };
    Ok((term_days, next_due_at))
}

/// Pauses or resumes. A paused programme raises nothing; what stands, stays.
pub fn set_paused(
    app: &App,
    actor: &Actor,
    name: &str,
    paused: bool,
    expected: &Expected,
    reason: Option<&str>,
) -> Result<ProgrammeView, Error> {
    app.database.write(|connection| {
        let mut row = find(connection, name)?;
        expected.check(&view(row.clone())?)?;
        db::campaign::set_programme_paused(connection, row.id, paused)?;
        row.paused = paused;
        // A rolling programme acts through its campaign.
        if let Some(campaign) =
            db::campaign::by_name(connection, name)?.filter(|c| c.programme_id == Some(row.id))
        {
            let state = if paused { CampaignState::Paused } else { CampaignState::Active };
            if !db::campaign::enter(connection, campaign.id, state)? && campaign.state != state.as_str() {
                return Err(Error::Conflict(format!(
                    "programme `{name}` acts through its campaign, and that is {}; create another programme",
                    campaign.state
                )));
            }
        }
        let action = if paused { "programme.pause" } else { "programme.resume" };
        record(connection, app, actor, Change::new(action, format!("programme {name}")).because(reason))?;
        view(row)
    })
}

/// Raises the campaigns whose time has come; how many. Idempotent: the due time moves on in the same
/// transaction, and only from where it stood.
pub fn raise_due(app: &App, leader: &Leader) -> Result<u64, Error> {
    let now = app.clock.now();
    let due = |row: &ProgrammeRow| row.next_due_at.filter(|due| !row.paused && due.utc() <= now);
    // Nobody waits for a writer that has nothing to write.
    let programmes = app.database.read(|connection| Ok::<_, Error>(db::campaign::programmes(connection)?))?;
    if !programmes.iter().any(|row| due(row).is_some()) {
        return Ok(0);
    }
    leader.write(app, |connection| {
        let mut raised = 0;
        for row in db::campaign::programmes(connection)? {
            let Some(due_at) = due(&row) else { continue };
            let Recurrence::Cron { line, zone } = recurrence_of(&row)? else { continue };
            let next = next_due(&line, &zone, now)?;
            if !db::campaign::advance_programme(connection, row.id, due_at, next.map(Instant::from))? {
                continue;
            }
            let mut name = format!("{}-{}", row.name, due_at.utc().format("%Y%m%d-%H%M"));
            // Somebody may have taken the name: that must not hold up this programme and all others.
            while db::campaign::by_name(connection, &name)?.is_some() {
                name.push('x');
            }
            let deadline = now + TimeDelta::days(i64::from(row.term_days));
            raise_campaign(connection, app, leader.actor(), &row, name, now, deadline)?;
            raised += 1;
        }
        Ok(raised)
    })
}

fn raise_campaign(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    programme: &ProgrammeRow,
    name: String,
    release_at: DateTime<Utc>,
    deadline_at: DateTime<Utc>,
) -> Result<(), Error> {
    if db::campaign::by_name(connection, &name)?.is_some() {
        return Err(Error::Conflict(format!("there already is a campaign `{name}`; choose another name")));
    }
    let row = CampaignRow {
        id: db::allot(connection, Table::Campaign, 1)?[0],
        name,
        state: CampaignState::Active.as_str().to_owned(),
        work: to_json(&Work::Inspection { on_site: programme.on_site })?,
        selector: programme.selector.clone(),
        duration_minutes: programme.duration_minutes,
        priority: programme.priority,
        notice_lead_minutes: programme.notice_lead_minutes,
        release_at: Instant::from(release_at),
        deadline_at: Instant::from(deadline_at),
        programme_id: Some(programme.id),
        created_at: Instant::from(app.clock.now()),
        looked_over_at: None,
    };
    let change = Change::new("campaign.create", format!("campaign {}", row.name))
        .because(Some("raised by its programme"));
    db::campaign::insert(connection, row)?;
    record(connection, app, actor, change)?;
    Ok(())
}

fn next_due(line: &str, zone: &str, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Error> {
    let line: CronLine = line.parse().map_err(|error| Error::invalid("recurrence", error))?;
    Ok(line.next_after(parse_zone(zone)?, now))
}

fn recurrence_of(row: &ProgrammeRow) -> Result<Recurrence, Error> {
    serde_json::from_str(&row.recurrence)
        .map_err(|error| Error::Corrupt(format!("programme `{}` cannot be read: {error}", row.name)))
}

fn view(row: ProgrammeRow) -> Result<ProgrammeView, Error> {
    let recurrence = recurrence_of(&row)?;
    let unsigned = |value: i32| u32::try_from(value).unwrap_or_default();
    Ok(ProgrammeView {
        recurrence,
        name: row.name,
        on_site: row.on_site,
        selector: row.selector,
        term_days: unsigned(row.term_days),
        duration_minutes: unsigned(row.duration_minutes),
        priority: u8::try_from(row.priority).unwrap_or_default(),
        notice_lead_minutes: unsigned(row.notice_lead_minutes),
        paused: row.paused,
        next_due_at: row.next_due_at.map(Instant::utc),
        etag: String::new(),
    }
    .with_version())
}
