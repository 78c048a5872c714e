//! Waves and gates that are changed after the campaign was made: those that have not begun. What has begun stays as it
//! was agreed, and who is in it stays in it; the others are drawn again where their sizes change.

use std::collections::HashSet;

use super::waves::{self, state_of};
use super::{DRAWING_DAYS, Picking, Target, find, view};
use crate::api::campaign::CampaignView;
use crate::api::wave::{NewGate, NewWave, NewWaves};
use crate::db::campaign::CampaignRow;
use crate::db::wave::{MemberRow, WaveRow};
use crate::db::{self, Connection};
use crate::domain::campaign::{CampaignState, WaveState};
use crate::domain::fleet::clean_text;
use crate::service::audit::{Change, record};
use crate::service::version::Expected;
use crate::service::world::World;
use crate::service::{Actor, App, Error};

/// A change that may be made, as things stand.
struct Revision {
    campaign: CampaignRow,
    before: Vec<WaveRow>,
    /// Every wave, those that have begun as they are.
    after: Vec<WaveRow>,
    /// So many have begun.
    begun: usize,
}

impl Revision {
    fn of(
        connection: &mut Connection,
        app: &App,
        name: &str,
        expected: &Expected,
        new: &NewWaves,
    ) -> Result<Self, Error> {
        let campaign = find(connection, name)?;
        expected.check(&view(connection, app, campaign.clone())?)?;
        let state = campaign.state.as_str();
        let is_draft = state == CampaignState::Draft.as_str();
        if !is_draft && ![CampaignState::Active.as_str(), CampaignState::Paused.as_str()].contains(&state) {
            return Err(Error::Conflict(format!(
                "campaign `{name}` is {state}; its waves are past changing"
            )));
        }
        let before = db::wave::of_campaigns(connection, &[campaign.id])?;
        if before.is_empty() && !is_draft {
            return Err(Error::Conflict(format!(
                "campaign `{name}` was begun without waves: everything is planned at once; pause it, or make another one"
            )));
        }
        let mut after = waves::rows_of(campaign.id, &new.waves)?;
        let begun = if is_draft { 0 } else { begun_of(&before)? };
        if begun == before.len() && begun > 0 {
            return Err(Error::Conflict(format!(
                "every wave of campaign `{name}` has begun; none can be changed"
            )));
        }
        for (place, old) in before.iter().take(begun).enumerate() {
            match after.get_mut(place) {
                Some(new) if is_same(old, new) => *new = old.clone(),
                _ => {
                    return Err(Error::Conflict(format!(
                        "wave {} of campaign `{name}` has begun (it is {}); its size, soak and gate stay as they are",
                        old.number, old.state
                    )));
                }
            }
        }
        Ok(Revision { campaign, before, after, begun })
    }

    /// Whether somebody changes places: only where sizes change after the waves were drawn.
    fn draws_again(&self) -> bool {
        let shares = |rows: &[WaveRow]| rows.iter().map(|row| row.share.clone()).collect::<Vec<_>>();
        self.begun > 0 && shares(&self.before) != shares(&self.after)
    }
}

fn begun_of(rows: &[WaveRow]) -> Result<usize, Error> {
    for (place, row) in rows.iter().enumerate() {
        if state_of(row)? == WaveState::Waiting {
            return Ok(place);
        }
    }
    Ok(rows.len())
}

fn is_same(old: &WaveRow, new: &WaveRow) -> bool {
    let terms = |row: &WaveRow| {
        let WaveRow { share, soak_minutes, success_percent_min, failures_max, sample_min, .. } = row.clone();
        (share, soak_minutes, success_percent_min, failures_max, sample_min)
    };
    terms(old) == terms(new)
}

/// What is asked for, if it may be: otherwise why not. Whether the campaign has been started comes with it.
pub(in crate::service) fn waves_to_set(
    app: &App,
    name: &str,
    expected: &Expected,
    new: &NewWaves,
) -> Result<bool, Error> {
    app.database.read(|connection| {
        let revision = Revision::of(connection, app, name, expected, new)?;
        Ok(revision.campaign.state != CampaignState::Draft.as_str())
    })
}

/// Changes the waves of a campaign that have not begun.
pub fn set_waves(
    app: &App,
    actor: &Actor,
    name: &str,
    expected: &Expected,
    new: &NewWaves,
) -> Result<CampaignView, Error> {
    let reason = new.reason.as_deref().map(clean_text);
    let looked = app.database.read(|connection| Revision::of(connection, app, name, expected, new))?;
    let members = if looked.draws_again() { Some(draw_rest(app, &looked)?) } else { None };
    app.database.write(|connection| {
        connection.serialize_schedule()?;
        let revision = Revision::of(connection, app, name, expected, new)?;
        if revision.before != looked.before || revision.campaign.state != looked.campaign.state {
            return Err(Error::Conflict(format!(
                "the waves of campaign `{name}` have changed meanwhile; look again"
            )));
        }
        let id = revision.campaign.id;
        let first = revision.after.get(revision.begun).map_or(1, |row| row.number);
        db::wave::replace_from(connection, id, first, &revision.after[revision.begun..])?;
        if let Some(members) = &members {
            let rows: Vec<MemberRow> = members
                .iter()
                .map(|(terminal_id, wave)| MemberRow {
                    campaign_id: id,
                    terminal_id: *terminal_id,
                    wave: *wave,
                })
                .collect();
            db::wave::remove_members_from(connection, id, first)?;
            db::wave::insert_members(connection, &rows)?;
        }
        let change = Change::new("campaign.waves", format!("campaign {name}"))
            .before(&asked_of(&revision.before))
            .after(&asked_of(&revision.after))
            .because(reason.as_deref());
        record(connection, app, actor, change)?;
        let row = find(connection, name)?;
        view(connection, app, row)
    })
}

/// Who would be in which of the waves that have not begun.
fn draw_rest(app: &App, revision: &Revision) -> Result<Vec<(i64, i32)>, Error> {
    app.database.read(|connection| {
        let mut picking = Picking::begin(connection, revision.campaign.clone())?;
        let world = World::visit(connection, app, DRAWING_DAYS, &mut |place, terminal, site, merchant| {
            picking.look_at(place, terminal, site, merchant);
        })?;
        let last_begun = revision.before[revision.begun - 1].number;
        let fixed: HashSet<i64> = picking
            .members
            .iter()
            .filter(|(_, wave)| **wave <= last_begun)
            .map(|(terminal, _)| *terminal)
            .collect();
        let terminals: Vec<u32> = picking
            .targets(&world, app.settings.announce_allowance_minutes)
            .filter_map(Target::plannable)
            .filter(|terminal| !fixed.contains(&world.terminals[*terminal as usize].id.0))
            .collect();
        let drawn = (revision.begun, fixed.len());
        waves::allot_after(&world, &revision.campaign.name, &revision.after, drawn, &terminals)
    })
}

/// Waves as somebody asks for them.
fn asked_of(rows: &[WaveRow]) -> Vec<NewWave> {
    let unsigned = |value: i32| u32::try_from(value).unwrap_or_default();
    rows.iter()
        .map(|row| NewWave {
            share: row.share.clone(),
            soak_minutes: Some(unsigned(row.soak_minutes)),
            gate: NewGate {
                success_percent_min: Some(unsigned(row.success_percent_min)),
                failures_max: row.failures_max.clone(),
                sample_min: Some(unsigned(row.sample_min)),
            },
        })
        .collect()
}
