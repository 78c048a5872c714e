//! Campaigns that are over, though nobody has said so.

use chrono::{DateTime, Utc};

use super::{Picking, Target, TargetState, find, gates};
use crate::db::{self, Connection, Instant};
use crate::domain::campaign::CampaignState;
use crate::service::audit::{Change, record};
use crate::service::lease::Leader;
use crate::service::world::World;
use crate::service::{App, Error};

/// Active campaigns for which nothing stands, and whose deadline has passed or for which nothing is left, are
/// completed; how many.
pub fn complete_ended(app: &App, leader: &Leader) -> Result<u64, Error> {
    let now: DateTime<Utc> = app.clock.now();
    let mut completed = 0;
    // Nobody waits for a writer that has nothing to write.
    for (id, name) in app.database.read(idle)? {
        let why = match app.database.read(|connection| why_over(connection, app, &name, now))? {
            Look::Over(why) => why,
            Look::GoesOn => continue,
            Look::Left => {
                // It takes the whole fleet to say so: not again before something has ended since.
                leader.write(app, |connection| {
                    Ok(db::campaign::set_looked_over(connection, id, Instant::from(now))?)
                })?;
                continue;
            }
        };
        completed += leader.write(app, |connection| {
            connection.serialize_schedule()?;
            if db::campaign::has_standing(connection, id)?
                || !db::campaign::enter(connection, id, CampaignState::Completed)?
            {
                return Ok(0);
            }
            gates::completed(connection, app, id)?;
            let change = Change::new("campaign.state", format!("campaign {name}"))
                .before(&CampaignState::Active)
                .after(&CampaignState::Completed)
                .because(Some(why));
            record(connection, app, leader.actor(), change)?;
            Ok(1)
        })?;
    }
    Ok(completed)
}

/// Active campaigns for which nothing stands.
fn idle(connection: &mut Connection) -> Result<Vec<(i64, String)>, Error> {
    let mut idle = Vec::new();
    for row in db::campaign::active(connection)? {
        if !db::campaign::has_standing(connection, row.id)? {
            idle.push((row.id, row.name));
        }
    }
    Ok(idle)
}

enum Look {
    Over(&'static str),
    GoesOn,
    /// It was looked at every terminal, and some are left.
    Left,
}

fn why_over(connection: &mut Connection, app: &App, name: &str, now: DateTime<Utc>) -> Result<Look, Error> {
    let row = find(connection, name)?;
    if row.deadline_at.utc() <= now {
        return Ok(Look::Over("its deadline has passed"));
    }
    // A programme that rolls on is never at its end.
    let Some(last) = db::campaign::last_closed_at(connection, row.id)?.filter(|_| row.programme_id.is_none())
    else {
        return Ok(Look::GoesOn);
    };
    if row.looked_over_at.is_some_and(|looked| looked > last) {
        return Ok(Look::GoesOn);
    }
    let mut picking = Picking::begin(connection, row)?;
    let world = World::visit(connection, app, 1, &mut |place, terminal, site, merchant| {
        picking.look_at(place, terminal, site, merchant);
    })?;
    let is_left = |target: Target| match target.state {
        TargetState::Skipped(reason) => !reason.is_final(),
        TargetState::ToPlan { .. } | TargetState::Scheduled => true,
    };
    let left = picking.targets(&world, app.settings.announce_allowance_minutes).any(is_left);
    Ok(if left { Look::Left } else { Look::Over("nothing is left to do") })
}
