//! Edits of appointments: moved, called off, pinned. One and several go the same way: all of them or none, each
//! refusal with its reason.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{HORIZON_DAYS, deadlines, lead_minutes, views};
use crate::api::appointment::{
    AppointmentView, BatchAction, BatchItem, BatchRequest, BatchResult, MoveRequest, PreviousPlace,
};
use crate::db::appointment::AppointmentRow;
use crate::db::{self, Connection};
use crate::domain::appointment::AppointmentState;
use crate::domain::calendar::parse_when;
use crate::domain::fleet::clean_text;
use crate::domain::ids::{AppointmentId, TerminalId};
use crate::service::audit::{Change, record};
use crate::service::calendar::not_found;
use crate::service::legality::{Purpose, Question, decide, local_text};
use crate::service::notice::happened::tell_of_visits;
use crate::service::schedule::{self, Changes, Move, begun};
use crate::service::version::Expected;
use crate::service::world::Surroundings;
use crate::service::{Actor, App, Error};

/// Appointments that one request edits at most.
const BATCH_MAX: usize = 1000;

/// What is done to several appointments.
struct Edit<'a> {
    action: BatchAction,
    items: Vec<Item<'a>>,
    reason: Option<String>,
    dry_run: bool,
}

/// One of them.
struct Item<'a> {
    id: i64,
    expected: Expected,
    to: To<'a>,
}

/// Where an appointment is moved.
#[derive(Clone, Copy)]
enum To<'a> {
    /// In the words of who moves it.
    When(&'a str),
    /// So much later, or earlier.
    By(TimeDelta),
    /// It is not moved.
    Nowhere,
}

/// Moves an appointment that has not begun, if the rules allow it; its merchant is told.
pub fn move_to(
    app: &App,
    actor: &Actor,
    AppointmentId(id): AppointmentId,
    expected: &Expected,
    request: &MoveRequest,
) -> Result<AppointmentView, Error> {
    let item = Item { id, expected: expected.clone(), to: To::When(&request.at) };
    let reason = request.reason.as_deref().map(clean_text);
    one(app, actor, Edit { action: BatchAction::Move, items: vec![item], reason, dry_run: request.dry_run })
}

/// Calls an appointment off that has not begun; its merchant is told.
pub fn cancel(
    app: &App,
    actor: &Actor,
    AppointmentId(id): AppointmentId,
    expected: &Expected,
    reason: Option<&str>,
) -> Result<AppointmentView, Error> {
    let item = Item { id, expected: expected.clone(), to: To::Nowhere };
    let reason = reason.map(clean_text);
    one(app, actor, Edit { action: BatchAction::Cancel, items: vec![item], reason, dry_run: false })
}

/// Has plans leave an appointment where it is, or not any more.
pub fn set_pinned(
    app: &App,
    actor: &Actor,
    AppointmentId(id): AppointmentId,
    expected: &Expected,
    pinned: bool,
    reason: Option<&str>,
) -> Result<AppointmentView, Error> {
    let item = Item { id, expected: expected.clone(), to: To::Nowhere };
    let action = if pinned { BatchAction::Pin } else { BatchAction::Unpin };
    let reason = reason.map(clean_text);
    one(app, actor, Edit { action, items: vec![item], reason, dry_run: false })
}

/// Edits several appointments at once, all of them or none.
pub fn batch(app: &App, actor: &Actor, request: &BatchRequest) -> Result<BatchResult, Error> {
    let BatchRequest { action, items, reason, dry_run } = request;
    if !(1..=BATCH_MAX).contains(&items.len()) {
        let message = format!("{} appointments are named; name 1 to {BATCH_MAX}", items.len());
        return Err(Error::invalid("items", message));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = items.iter().find(|item| !seen.insert(item.id)) {
        return Err(Error::invalid("items", format!("appointment {} is named twice", twice.id)));
    }
    let items = items.iter().map(|item| item_of(*action, item)).collect::<Result<Vec<_>, _>>()?;
    let edit = Edit { action: *action, items, reason: reason.as_deref().map(clean_text), dry_run: *dry_run };
    let appointments = edited(app, actor, &edit)?;
    Ok(BatchResult { appointments, dry_run: *dry_run })
}

fn item_of(action: BatchAction, item: &BatchItem) -> Result<Item<'_>, Error> {
    let BatchItem { id, at, shift_minutes, etag } = item;
    let to = match (action, at, shift_minutes) {
        (BatchAction::Move, Some(at), None) => To::When(at),
        (BatchAction::Move, None, Some(minutes)) => {
            let shift = TimeDelta::try_minutes(*minutes).filter(|shift| shift.num_days().abs() <= 366);
            To::By(shift.ok_or_else(|| {
                Error::invalid("shift_minutes", format!("{minutes} is out of range; use at most 527040"))
            })?)
        }
        (BatchAction::Move, _, _) => {
            let message = format!("say for appointment {id} either `at` or `shift_minutes`");
            return Err(Error::invalid("items", message));
        }
        (_, None, None) => To::Nowhere,
        (_, _, _) => {
            let message = format!("only a move takes `at` and `shift_minutes` (appointment {id})");
            return Err(Error::invalid("items", message));
        }
    };
    let expected = etag.as_deref().map_or(Expected::ANYTHING, |tag| Expected::one_of([tag]));
    Ok(Item { id: *id, expected, to })
}

fn one(app: &App, actor: &Actor, edit: Edit<'_>) -> Result<AppointmentView, Error> {
    let id = edit.items.first().map_or(0, |item| item.id);
    match edited(app, actor, &edit) {
        Ok(mut views) => {
            views.pop().ok_or_else(|| not_found("appointment", id, "see `offpeak appointment list`"))
        }
        Err(Error::Batch(mut refusals)) => {
            Err(refusals.pop().map_or_else(|| Error::Batch(Vec::new()), |(_, error)| error))
        }
        Err(error) => Err(error),
    }
}

/// Every edit, or [`Error::Batch`]; where a rule forbids a move, with the nearest legal time, which is looked for when
/// nobody waits any more who wants to write.
fn edited(app: &App, actor: &Actor, edit: &Edit<'_>) -> Result<Vec<AppointmentView>, Error> {
    let mut asked = None;
    let done = app.database.write(|connection| apply(connection, app, actor, edit, &mut asked));
    match (done, asked) {
        (Err(Error::Batch(refused)), Some(asked)) => {
            let said = app.database.read(|connection| asked.refusals(connection, app, Purpose::Saying(app)));
            let mut said: HashMap<i64, Error> = said.unwrap_or_default().into_iter().collect();
            // What would be legal now, or cannot be asked: what was said first stands.
            let better = |(id, error)| match error {
                Error::Refused(refusals) => (id, said.remove(&id).unwrap_or(Error::Refused(refusals))),
                error => (id, error),
            };
            Err(Error::Batch(refused.into_iter().map(better).collect()))
        }
        (done, _) => done,
    }
}

/// Within the caller's transaction: every edit, or [`Error::Batch`] with the reason of each that may not be; if a rule
/// was the reason, what was `asked` of the rules.
fn apply(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    edit: &Edit<'_>,
    asked: &mut Option<Asked>,
) -> Result<Vec<AppointmentView>, Error> {
    *asked = None;
    connection.serialize_schedule()?;
    let rows = rows_of(connection, edit)?;
    match edit.action {
        BatchAction::Move => {
            let wanted = ask_moves(connection, app, edit, rows)?;
            let refused = wanted.refusals(connection, app, Purpose::Acting)?;
            if !refused.is_empty() {
                *asked = Some(wanted);
                return Err(Error::Batch(refused));
            }
            move_all(connection, app, actor, edit, wanted)
        }
        BatchAction::Cancel => cancel_rows(connection, app, actor, edit, rows),
        BatchAction::Pin => pin_rows(connection, app, actor, edit, rows, true),
        BatchAction::Unpin => pin_rows(connection, app, actor, edit, rows, false),
    }
}

/// The appointments as they stand, in the order of the items, each in the version that was expected and not begun.
fn rows_of(connection: &mut Connection, edit: &Edit<'_>) -> Result<Vec<AppointmentRow>, Error> {
    let ids: Vec<i64> = edit.items.iter().map(|item| item.id).collect();
    let rows = db::appointment::by_ids(connection, &ids)?;
    // Who expects no version needs none worked out.
    let versions_count = edit.items.iter().any(|item| item.expected != Expected::ANYTHING);
    let shown = if versions_count { views(connection, rows.clone())? } else { Vec::new() };
    let current: HashMap<i64, AppointmentView> = shown.into_iter().map(|view| (view.id, view)).collect();
    let mut rows: HashMap<i64, AppointmentRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    let verb = match edit.action {
        BatchAction::Move => "moved",
        BatchAction::Cancel => "called off",
        BatchAction::Pin => "pinned",
        BatchAction::Unpin => "let go",
    };
    let (mut found, mut refused) = (Vec::with_capacity(ids.len()), Vec::new());
    for Item { id, expected, .. } in &edit.items {
        let Some(row) = rows.remove(id) else {
            refused.push((*id, not_found("appointment", *id, "see `offpeak appointment list`")));
            continue;
        };
        let state: AppointmentState =
            row.state.parse().map_err(|error| Error::Corrupt(format!("appointment {id}: {error}")))?;
        match current.get(id).map_or(Ok(()), |view| expected.check(view)) {
            Err(error) => refused.push((*id, error)),
            Ok(()) if !state.is_movable() => refused.push((*id, begun(*id, verb))),
            Ok(()) => found.push(row),
        }
    }
    if refused.is_empty() { Ok(found) } else { Err(Error::Batch(refused)) }
}

/// Moves that are wanted, with what bears on them.
struct Asked {
    surroundings: Surroundings,
    /// In the order of the items; each terminal is among the surroundings'.
    moves: Vec<Move>,
    deadlines: HashMap<i64, DateTime<Utc>>,
}

fn ask_moves(
    connection: &mut Connection,
    app: &App,
    edit: &Edit<'_>,
    rows: Vec<AppointmentRow>,
) -> Result<Asked, Error> {
    let terminals: Vec<i64> = rows.iter().map(|row| row.terminal_id).collect();
    let surroundings = Surroundings::load(connection, app, HORIZON_DAYS, &terminals)?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let deadlines = deadlines(connection, &ids)?;
    let world = &surroundings.world;
    let (mut moves, mut refused) = (Vec::with_capacity(rows.len()), Vec::new());
    for (row, item) in rows.into_iter().zip(&edit.items) {
        let id = row.id;
        let Some(terminal) = world.terminal(TerminalId(row.terminal_id)) else {
            refused.push((id, Error::Conflict(format!("the terminal of appointment {id} is retired"))));
            continue;
        };
        let site = world.site(terminal);
        match target(item.to, &row, app.clock.now(), site.time_zone) {
            Ok(starts_at) => {
                let ends_at = starts_at + (row.ends_at.utc() - row.starts_at.utc());
                moves.push(Move { appointment: row, site_id: site.id, starts_at, ends_at });
            }
            Err(error) => refused.push((id, error)),
        }
    }
    if !refused.is_empty() {
        return Err(Error::Batch(refused));
    }
    Ok(Asked { surroundings, moves, deadlines })
}

impl Asked {
    /// What forbids each move that may not be, with those before it counted where they would stand.
    fn refusals(
        &self,
        connection: &mut Connection,
        app: &App,
        purpose: Purpose<'_>,
    ) -> Result<Vec<(i64, Error)>, Error> {
        let Asked { surroundings, moves, .. } = self;
        let starts = moves.iter().map(|one| one.starts_at).min();
        let Some((from, to)) = starts.zip(moves.iter().map(|one| one.ends_at).max()) else {
            return Ok(Vec::new());
        };
        let questions = moves.iter().map(|one| self.question(app, one)).collect::<Result<Vec<_>, _>>()?;
        let answers =
            decide(
                connection,
                surroundings,
                purpose,
                from..to,
                |rules| Ok(rules.place_together(&questions)),
            )?;
        let answers = moves.iter().map(|one| one.appointment.id).zip(answers);
        let refused = answers.filter(|(_, refusals)| !refusals.is_empty());
        Ok(refused.map(|(id, refusals)| (id, Error::Refused(refusals))).collect())
    }

    fn question(&self, app: &App, one: &Move) -> Result<Question<'_>, Error> {
        let row = &one.appointment;
        let minutes = (one.ends_at - one.starts_at).num_minutes();
        let terminal = self.surroundings.world.terminal(TerminalId(row.terminal_id));
        Ok(Question {
            terminal: terminal.ok_or_else(|| Error::Corrupt(format!("no terminal of {}", row.id)))?,
            starts_at: one.starts_at,
            duration_minutes: u32::try_from(minutes).unwrap_or(u32::MAX),
            notice_lead_minutes: Some(lead_minutes(app, row.notice_lead_minutes)),
            deadline_at: self.deadlines.get(&row.id).copied(),
            moving: Some(row.id),
        })
    }
}

fn move_all(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    edit: &Edit<'_>,
    Asked { surroundings, mut moves, .. }: Asked,
) -> Result<Vec<AppointmentView>, Error> {
    let ids: Vec<i64> = moves.iter().map(|one| one.appointment.id).collect();
    let world = &surroundings.world;
    moves.retain(|one| one.appointment.starts_at.utc() != one.starts_at);
    if edit.dry_run || moves.is_empty() {
        return in_order(connection, &ids);
    }
    let mut previous: HashMap<i64, PreviousPlace> = HashMap::new();
    for one in &moves {
        let row = &one.appointment;
        let change = Change::new("appointment.move", format!("appointment {}", row.id))
            .before(&row.starts_at.utc())
            .after(&one.starts_at)
            .because(edit.reason.as_deref());
        record(connection, app, actor, change)?;
        let zone = world.terminal(TerminalId(row.terminal_id)).map(|terminal| world.site(terminal).time_zone);
        let place = PreviousPlace {
            revision: row.revision,
            starts_at: row.starts_at.utc(),
            ends_at: row.ends_at.utc(),
            local_start: local_text(row.starts_at.utc(), zone.unwrap_or(chrono_tz::Tz::UTC)),
        };
        previous.insert(row.id, place);
    }
    schedule::apply(connection, app, Changes { moves, reason: edit.reason.clone(), ..Changes::default() })?;
    let mut views = in_order(connection, &ids)?;
    views.iter_mut().for_each(|view| view.previous = previous.remove(&view.id));
    Ok(views)
}

/// When an appointment is to start.
fn target(
    to: To<'_>,
    row: &AppointmentRow,
    now: DateTime<Utc>,
    zone: chrono_tz::Tz,
) -> Result<DateTime<Utc>, Error> {
    match to {
        To::When(text) => parse_when(text, now, zone).map_err(|error| Error::invalid("at", error)),
        To::By(shift) => row.starts_at.utc().checked_add_signed(shift).ok_or_else(|| {
            Error::invalid("shift_minutes", "it leads out of the calendar; use a smaller number")
        }),
        To::Nowhere => Ok(row.starts_at.utc()),
    }
}

fn cancel_rows(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    edit: &Edit<'_>,
    rows: Vec<AppointmentRow>,
) -> Result<Vec<AppointmentView>, Error> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    if edit.dry_run {
        return in_order(connection, &ids);
    }
    let mut visits: Vec<i64> = rows.iter().map(|row| row.visit_id).collect();
    visits.sort_unstable();
    visits.dedup();
    for row in &rows {
        let change = Change::new("appointment.cancel", format!("appointment {}", row.id))
            .before(&row.state)
            .after(&AppointmentState::Cancelled)
            .because(edit.reason.as_deref());
        record(connection, app, actor, change)?;
    }
    let changes = Changes { cancel: rows, reason: edit.reason.clone(), ..Changes::default() };
    schedule::apply(connection, app, changes)?;
    tell_of_visits(connection, app, &visits)?;
    in_order(connection, &ids)
}

fn pin_rows(
    connection: &mut Connection,
    app: &App,
    actor: &Actor,
    edit: &Edit<'_>,
    rows: Vec<AppointmentRow>,
    pinned: bool,
) -> Result<Vec<AppointmentView>, Error> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let changed: Vec<i64> = rows.iter().filter(|row| row.pinned != pinned).map(|row| row.id).collect();
    if !edit.dry_run && !changed.is_empty() {
        db::appointment::set_pinned(connection, &changed, pinned)?;
        let action = if pinned { "appointment.pin" } else { "appointment.unpin" };
        for id in changed {
            let change = Change::new(action, format!("appointment {id}"))
                .before(&!pinned)
                .after(&pinned)
                .because(edit.reason.as_deref());
            record(connection, app, actor, change)?;
        }
    }
    in_order(connection, &ids)
}

/// These appointments as they are now, in this order.
fn in_order(connection: &mut Connection, ids: &[i64]) -> Result<Vec<AppointmentView>, Error> {
    let rows = db::appointment::by_ids(connection, ids)?;
    let mut known: HashMap<i64, AppointmentView> =
        views(connection, rows)?.into_iter().map(|view| (view.id, view)).collect();
    Ok(ids.iter().filter_map(|id| known.remove(id)).collect())
}
