//! What a programme that is not saved would come to: the terminals that it picks, and when it falls due.

use chrono::TimeDelta;

use super::checked;
use crate::api::campaign::{NewProgramme, ProgrammePreview};
use crate::domain::calendar::CronLine;
use crate::domain::campaign::Recurrence;
use crate::domain::selector::Selector;
use crate::service::calendar::parse_zone;
use crate::service::world::World;
use crate::service::{App, Error};

/// Due times that are shown.
const DUE_MAX: usize = 6;

/// How many terminals it picks, and the next times it raises work.
pub fn preview(app: &App, new: &NewProgramme) -> Result<ProgrammePreview, Error> {
    let now = app.clock.now();
    checked(new, now)?;
    let selector = Selector::parse(&new.selector).map_err(|error| Error::invalid("selector", error))?;
    let due = match &new.recurrence {
        // Each terminal by its own last time: those that never had one fall due at once.
        Recurrence::EveryDays { days } => {
            vec![now, now + TimeDelta::days(i64::from(*days))]
        }
        Recurrence::Cron { line, zone } => {
            let line: CronLine = line.parse().map_err(|error| Error::invalid("recurrence", error))?;
            let zone = parse_zone(zone)?;
            std::iter::successors(line.next_after(zone, now), |at| line.next_after(zone, *at))
                .take(DUE_MAX)
                .collect()
        }
    };
    app.database.read(|connection| {
        let mut picked = 0;
        let world = World::visit(connection, app, 1, &mut |_, terminal, site, merchant| {
            picked += u64::from(selector.matches(terminal, site, merchant));
        })?;
        Ok(ProgrammePreview { picked, terminals: world.terminals.len() as u64, due: due.clone() })
    })
}
