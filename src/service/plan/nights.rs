//! What is down in a night, as the appointments say it: kept, since every picture of that night counts the same rows.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::kept::{Kept, Made, Wish};
use crate::db::places::spans;
use crate::db::{self, Connection, Instant};
use crate::domain::appointment::AppointmentState;
use crate::domain::calendar::SlotGrid;
use crate::service::{App, Error};

/// Appointments from which on a night is read anew beside whoever looks.
const LARGE: usize = 5_000;

/// Nights by the date of their evening.
pub type KeptNights = Kept<NaiveDate, Night>;

/// A night, from UTC noon to noon.
#[derive(Debug)]
pub struct Night {
    pub(super) grid: SlotGrid,
    pub(super) rows: Vec<NightRow>,
}

/// One terminal that is or was down in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct NightRow {
    pub(super) terminal_id: i64,
    /// Half-open, within the night.
    pub(super) slots: (u16, u16),
    /// It is still to come or under way; otherwise it is done.
    pub(super) is_standing: bool,
}

/// The noon at which the night of this date begins.
pub(super) fn noon_of(date: NaiveDate) -> Result<DateTime<Utc>, Error> {
    date.and_hms_opt(12, 0, 0)
        .map(|noon| noon.and_utc())
        .ok_or_else(|| Error::invalid("night", format!("{date} is out of range")))
}

/// A night as it was when the trail's last entry was `version`; if it need not be `exact`, a large one may be older.
pub(super) fn night(
    app: &App,
    date: NaiveDate,
    version: Option<i64>,
    exact: bool,
) -> Result<std::sync::Arc<Night>, Error> {
    let wish = Wish { place: |app| &app.nights, key: date, holds: |_, _, _| true, exact };
    wish.get(app, version, move |connection, app| read(connection, app, date))
}

fn read(connection: &mut Connection, app: &App, date: NaiveDate) -> Result<Made<Night>, Error> {
    let from = noon_of(date)?;
    let to = from + TimeDelta::days(1);
    let grid = SlotGrid::covering(from..to, app.settings.slot_minutes)
        .map_err(|error| Error::Corrupt(format!("the slots of a night: {error}")))?;
    let over = [AppointmentState::Done.as_str(), AppointmentState::Failed.as_str()];
    let mut rows = Vec::new();
    for (states, is_standing) in [(&db::appointment::standing_words()[..], true), (&over[..], false)] {
        for (terminal_id, starts_at, ends_at) in
            spans(connection, states, Instant::from(from), Instant::from(to))?
        {
            let first = grid.slot_floor(starts_at.utc());
            let end = grid.slot_ceil(ends_at.utc()).min(grid.slots());
            let short = |slot: u32| u16::try_from(slot).unwrap_or(u16::MAX);
            rows.push(NightRow { terminal_id, slots: (short(first), short(end)), is_standing });
        }
    }
    let is_large = rows.len() > LARGE;
    Ok(Made { value: Night { grid, rows }, is_large })
}
